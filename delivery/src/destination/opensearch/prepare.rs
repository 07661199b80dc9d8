//! What is done once before the first document: the cluster is asked how large a request may be,
//! and gets the index template that the settings name.

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use super::client::{Asked, JSON};
use super::{Inner, encoded};
use crate::failure::Failure;

/// Where the nodes say how large a request may be.
const LIMITS: &str = "/_nodes/http?filter_path=nodes.*.http.max_content_length_in_bytes";

impl Inner {
    /// Done once; again if it failed.
    pub(super) async fn prepare(&self) -> Result<(), Failure> {
        let prepare = async || {
            self.learn_the_limit().await;
            self.put_template().await
        };
        self.prepared.get_or_try_init(prepare).await.map(drop)
    }

    /// Half of what the smallest node takes, so that there is room for what a request has beside
    /// its documents. Who does not say it says 413 later.
    async fn learn_the_limit(&self) {
        let asked = self.client.ask(Method::GET, LIMITS, (JSON, Bytes::new()));
        let Asked::Answered(answer) = asked.await else {
            return;
        };
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let nodes = said["nodes"].as_object();
        let limits = nodes.into_iter().flatten().filter_map(|(_, node)| {
            let limit = node["http"]["max_content_length_in_bytes"].as_u64();
            limit.and_then(|limit| usize::try_from(limit).ok())
        });
        if let Some(limit) = limits.min() {
            self.learn(limit / 2);
        }
    }

    /// Puts the template there, unless one of its name is.
    async fn put_template(&self) -> Result<(), Failure> {
        let Some(file) = &self.place.template else {
            return Ok(());
        };
        let body = std::fs::read(file)
            .map_err(|e| Failure::halt(format!("cannot read {}: {e}", file.display())))?;
        let path = format!("/_index_template/{}", encoded(&self.place.index));
        let asked = self.client.ask(Method::HEAD, &path, (JSON, Bytes::new()));
        match asked.await {
            Asked::Answered(answer) if answer.status == 404 => {}
            Asked::Answered(answer) if answer.status == 200 => return Ok(()),
            other => return self.no_template(other),
        }
        let asked = self.client.ask(Method::PUT, &path, (JSON, body.into()));
        match asked.await {
            Asked::Answered(answer) if answer.status == 200 => Ok(()),
            other => self.no_template(other),
        }
    }

    fn no_template(&self, asked: Asked) -> Result<(), Failure> {
        match asked {
            Asked::Answered(answer) if answer.status < 500 && answer.status != 429 => {
                Err(self.refuses("its index template", &answer))
            }
            Asked::Answered(answer) => Err(Failure::retry(answer.said())),
            Asked::NotSent(why) | Asked::Unknown(why) => Err(Failure::retry(format!(
                "{} does not answer: {why}",
                self.place
            ))),
        }
    }
}
