//! Requests to a cluster: to one node, and to the next where it does not answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::tls::Certificate;
use standpipe_config::secret::known;

use super::access::Entry;
use super::place::Place;
use crate::failure::Failure;

/// How long a node may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// Bytes of an answer that are read: what was said of each document of a bulk request.
const ANSWER: usize = 64 * 1024 * 1024;

/// How much of an answer is shown, in characters.
const SAID: usize = 500;

/// Lines of JSON, as bulk requests are made of.
pub(super) const LINES: &str = "application/x-ndjson";

/// JSON.
pub(super) const JSON: &str = "application/json";

/// How a request went.
#[derive(Debug)]
pub(super) enum Asked {
    /// It was answered.
    Answered(Answer),
    /// It was not sent, to no node.
    NotSent(String),
    /// It was sent, and what became of it is unknown.
    Unknown(String),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Answer {
    /// The beginning of what it says, for people.
    pub(super) fn said(&self) -> String {
        let body = known::excerpt(&self.body, SAID);
        format!("{} {body}", self.status)
    }
}

/// Asks a cluster.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    nodes: Vec<String>,
    /// Which is asked first.
    node: AtomicUsize,
    entry: Entry,
}

impl Client {
    /// Reads secrets and certificates; asks nobody yet.
    pub(super) fn open(place: &Place) -> Result<Self, Failure> {
        let halt = |why: String| Failure::halt(format!("{place} cannot be asked: {why}"));
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECTING)
            // The cluster's own timeout may pass twice: once for the index, once for the shard.
            .timeout(2 * place.timeout() + CONNECTING)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = &place.ca {
            let pem = std::fs::read(path)
                .map_err(|e| halt(format!("cannot read {}: {e}", path.display())))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .map_err(|e| halt(format!("{} holds no certificates: {e}", path.display())))?;
            builder = builder.tls_certs_merge(certificates);
        }
        Ok(Self {
            http: builder.build().map_err(|e| halt(e.to_string()))?,
            nodes: place.nodes.clone(),
            node: AtomicUsize::new(0),
            entry: Entry::of(place)?,
        })
    }

    /// Asks the nodes one after the other until the request was sent to one.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        content: (&'static str, Bytes),
    ) -> Asked {
        let first = self.node.load(Ordering::Relaxed);
        let mut why = String::new();
        for turn in 0..self.nodes.len() {
            let node = (first + turn) % self.nodes.len();
            let url = format!("{}{path}", self.nodes[node]);
            match self.ask_node(&method, &url, &content).await {
                Asked::NotSent(problem) => why = problem,
                asked => {
                    let ahead = usize::from(matches!(asked, Asked::Unknown(_)));
                    self.node.store(node + ahead, Ordering::Relaxed);
                    return asked;
                }
            }
        }
        Asked::NotSent(why)
    }

    async fn ask_node(
        &self,
        method: &Method,
        url: &str,
        (kind, body): &(&'static str, Bytes),
    ) -> Asked {
        let headers = match self.entry.headers(method, url, (kind, body)).await {
            Ok(headers) => headers,
            Err(why) => return Asked::NotSent(why),
        };
        let request = self.http.request(method.clone(), url).headers(headers);
        let mut answer = match request.body(body.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => return lost(&error),
        };
        let status = answer.status().as_u16();
        let mut body = BytesMut::new();
        loop {
            match answer.chunk().await {
                Ok(Some(more)) if body.len() + more.len() <= ANSWER => {
                    body.extend_from_slice(&more)
                }
                Ok(Some(_)) => return Asked::Unknown(format!("{url} answers without end")),
                Ok(None) => break,
                Err(error) => return lost(&error),
            }
        }
        Asked::Answered(Answer {
            status,
            body: body.freeze(),
        })
    }
}

fn lost(error: &reqwest::Error) -> Asked {
    let why = causes(error);
    match error.is_connect() || error.is_builder() {
        true => Asked::NotSent(why),
        false => Asked::Unknown(why),
    }
}

/// An error with what caused it, which reqwest leaves out.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
