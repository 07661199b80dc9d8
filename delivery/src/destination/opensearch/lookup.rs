//! What became of documents whose request had no answer (rule 24).
//!
//! In one plain index nothing has to be asked: sent again under its id, a document that is there is
//! found there (409). Behind an alias or in a data stream the index that takes documents may have
//! changed since, and the same id would be taken twice. So each backing index is asked, by a
//! real-time get, since a search sees only what was refreshed; and not before the cluster's own
//! timeout has passed twice, when nothing of the lost request is under way any more. What is to be
//! given up is asked for in the same way, wherever it lies (rule 18).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::attempt::{Attempt, blocking};
use super::client::{Asked, JSON};
use super::compose::Composer;
use super::encoded;
use super::place::Document;
use crate::failure::Failure;
use standpipe_config::settings::delivery::DocumentIds;

/// Documents that are asked for at once, in all backing indices together.
const AT_ONCE: usize = 2_000;

/// Backing indices, by the name that documents are sent to.
type Backing = BTreeMap<String, Vec<String>>;

impl Attempt<'_> {
    /// Finds out what is there of what may be there, where sending it again would not show it.
    pub(super) async fn resolve(&self) -> Result<(), Failure> {
        let Some(since) = self.progress().unknown_since() else {
            return Ok(());
        };
        if self.cluster.place.ids == DocumentIds::None {
            // Nobody can tell; the manual says that these may double.
            self.progress().resolved();
            return Ok(());
        }
        let backing = self.backing().await?;
        let rolls = |(name, indices): (&String, &Vec<String>)| {
            !indices.is_empty() && indices[..] != [name.clone()]
        };
        if !backing.iter().any(rolls) && !self.object.is_last_try {
            return Ok(());
        }
        tokio::time::sleep_until(since + 2 * self.cluster.place.timeout()).await;
        let most = backing.values().map(Vec::len).max().unwrap_or(0).max(1);
        let mut composer = self.composer().await?;
        loop {
            let (rest, names) = self.names(composer, (AT_ONCE / most).max(1)).await?;
            composer = rest;
            if names.is_empty() {
                break;
            }
            self.ask(&names, &backing).await?;
        }
        self.progress().resolved();
        Ok(())
    }

    async fn composer(&self) -> Result<Composer, Failure> {
        let (place, object) = (self.cluster.place.clone(), self.object.clone());
        blocking(move || Composer::open(&place, &object)).await
    }

    /// The next documents that may be there.
    async fn names(
        &self,
        mut composer: Composer,
        most: usize,
    ) -> Result<(Composer, Vec<(u64, Document)>), Failure> {
        let progress = self.progress.clone();
        let wanted = move |row| match progress.lock() {
            Ok(progress) => progress.is_unknown(row),
            Err(poisoned) => poisoned.into_inner().is_unknown(row),
        };
        let read = move || {
            let names = composer.names(most, wanted)?;
            Ok((composer, names))
        };
        blocking(read).await
    }

    /// The indices behind each name that a document in question was sent to.
    async fn backing(&self) -> Result<Backing, Failure> {
        let mut names = BTreeSet::new();
        let mut composer = self.composer().await?;
        loop {
            let (rest, some) = self.names(composer, AT_ONCE).await?;
            composer = rest;
            if some.is_empty() {
                break;
            }
            names.extend(some.into_iter().map(|(_, document)| document.index));
        }
        let mut backing = Backing::new();
        for name in names {
            let indices = self.indices_of(&name).await?;
            backing.insert(name, indices);
        }
        Ok(backing)
    }

    async fn indices_of(&self, name: &str) -> Result<Vec<String>, Failure> {
        let path = format!("/{}/_settings/index.uuid", encoded(name));
        let said = self.question(Method::GET, &path, Value::Null).await?;
        let indices = said.as_object().map(|all| all.keys().cloned().collect());
        Ok(indices.unwrap_or_default())
    }

    /// Notes which documents are there.
    async fn ask(&self, names: &[(u64, Document)], backing: &Backing) -> Result<(), Failure> {
        let none = Vec::new();
        let (mut docs, mut rows) = (Vec::new(), Vec::new());
        for (row, document) in names {
            for index in backing.get(&document.index).unwrap_or(&none) {
                let mut doc = json!({"_index": index, "_id": document.id});
                if let Some(routing) = &document.routing {
                    doc["routing"] = json!(routing);
                }
                docs.push(doc);
                rows.push((*row, document.version.unwrap_or(0)));
            }
        }
        if docs.is_empty() {
            return Ok(());
        }
        let path = "/_mget?_source=false&realtime=true";
        let asked = rows.len();
        let said = self
            .question(Method::POST, path, json!({"docs": docs}))
            .await?;
        let answers = said["docs"].as_array().filter(|all| all.len() == asked);
        let Some(answers) = answers else {
            return Err(self.unclear(&said.to_string()));
        };
        for ((row, version), answer) in rows.into_iter().zip(answers) {
            if is_gone(answer) {
                continue;
            }
            match answer["found"].as_bool() {
                Some(true) if answer["_version"].as_u64().unwrap_or(0) >= version => {
                    self.progress().is_there(row);
                }
                Some(_) => {}
                None => return Err(self.unclear(&answer.to_string())),
            }
        }
        Ok(())
    }

    /// What the cluster answers; null where it knows nothing of what is asked for.
    async fn question(&self, method: Method, path: &str, body: Value) -> Result<Value, Failure> {
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        match self.cluster.client.ask(method, path, (JSON, body)).await {
            Asked::NotSent(why) | Asked::Unknown(why) => Err(self.unclear(&why)),
            Asked::Answered(answer) => match answer.status {
                200 => {
                    serde_json::from_slice(&answer.body).map_err(|e| self.unclear(&e.to_string()))
                }
                404 => Ok(Value::Null),
                400..=499 if answer.status != 429 => {
                    Err(self.cluster.refuses("to say what is there", &answer))
                }
                _ => Err(self.unclear(&answer.said())),
            },
        }
    }

    fn unclear(&self, why: &str) -> Failure {
        Failure::retry(format!(
            "what is there of earlier attempts in {} cannot be asked: {why}",
            self.cluster.place
        ))
    }
}

/// Whether an index that was asked is not there any more.
fn is_gone(answer: &Value) -> bool {
    let kind = answer["error"]["type"].as_str().unwrap_or_default();
    let deeper = answer["error"]["root_cause"][0]["type"].as_str();
    kind == "index_not_found_exception" || deeper == Some("index_not_found_exception")
}
