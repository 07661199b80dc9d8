//! The native door, from outside: one request, one reply, or the reason why not.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Identity, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use standpipe_config::frame::{AGENT_HOST, AGENT_WAITING, HeldSource, MEDIA_TYPE, Reply};
use standpipe_config::names::{AgentId, StreamName};
use standpipe_config::secret::{Secret, known};
use standpipe_config::tls::{Trust, Wrong, authorities};

/// How long a reply may take: the daemon may wait for memory and for its disk.
const REPLY: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of a reply that nobody understands is worth repeating, in characters.
const QUOTED: usize = 300;

/// A daemon of ours.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<Secret>,
    /// What this machine is called.
    host: String,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// It passes: the same request may be sent again, after a time if the daemon named one.
    #[error("{why}")]
    Passing {
        /// What happened.
        why: String,
        /// When to come back.
        after: Option<Duration>,
    },
    /// The daemon will not take this request as it is; a smaller one perhaps.
    #[error("{0}")]
    Refused(String),
    /// Somebody must change something here or at the daemon: token, address, stream.
    #[error("{0}")]
    Operator(String),
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// A certificate, a key or an authority cannot be used.
    #[error("cannot prepare TLS: what ship names {0}")]
    Trust(#[from] Wrong),
    /// An address is none.
    #[error("cannot ship to {address:?}: {why}")]
    Address {
        /// What was said.
        address: String,
        /// Why.
        why: String,
    },
    /// Anything else.
    #[error("cannot prepare HTTP: {0}")]
    Http(#[from] reqwest::Error),
}

impl Client {
    /// A client for the daemon at `url`. Needs a TLS provider installed in the process. Blocks,
    /// as it reads the files of `trust`.
    pub fn new(url: &str, token: Option<Secret>, trust: &Trust) -> Result<Self, NoClient> {
        let mut http = reqwest::Client::builder()
            .timeout(REPLY)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(ca) = &trust.ca {
            http = http.tls_certs_only(Certificate::from_pem_bundle(&authorities(ca)?)?);
        }
        if let Some(identity) = &trust.identity {
            http = http.identity(Identity::from_pem(&identity.read()?.pem())?);
        }
        let http = http.build()?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            token,
            host: host(),
        })
    }

    /// Sends a message of `frames` frames, compressed with zstd; `unsent` bytes wait beside it.
    pub async fn send(
        &self,
        stream: &StreamName,
        body: Bytes,
        frames: usize,
        unsent: u64,
    ) -> Result<Reply, Trouble> {
        let url = format!("{}/v1/streams/{stream}/records", self.url);
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(CONTENT_ENCODING, "zstd")
            .header(AGENT_HOST, &self.host)
            .header(AGENT_WAITING, unsent)
            .body(body);
        let reply: Reply = self.ask(request).await?;
        if reply.answers.len() == frames {
            return Ok(reply);
        }
        let why = format!(
            "the daemon gave {} answers to {frames} frames; nothing of it counts",
            reply.answers.len()
        );
        Err(Trouble::Passing { why, after: None })
    }

    /// What the daemon holds of an agent's sources (rule 6).
    pub async fn sources(
        &self,
        stream: &StreamName,
        agent: AgentId,
    ) -> Result<Vec<HeldSource>, Trouble> {
        let url = format!("{}/v1/streams/{stream}/sources?agent={agent}", self.url);
        self.ask(self.http.get(url)).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Trouble> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = request.send().await.map_err(|e| self.passing(&e))?;
        let (status, after) = (response.status(), retry_after(response.headers()));
        let body = response.bytes().await.map_err(|e| self.passing(&e))?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| Trouble::Passing {
                why: format!("the daemon's reply is not to be understood: {error}"),
                after: None,
            });
        }
        Err(trouble(status, after, &body))
    }

    fn passing(&self, error: &reqwest::Error) -> Trouble {
        let mut why = format!("cannot reach the daemon at {}: {error}", self.url);
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            why.push_str(&format!(": {deeper}"));
            cause = deeper.source();
        }
        Trouble::Passing { why, after: None }
    }
}

/// What this machine is called; empty where that is not to be had.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().filter(|c| legal(*c)).collect()
}

fn trouble(status: StatusCode, after: Option<Duration>, body: &[u8]) -> Trouble {
    let message = match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => known::excerpt(body, QUOTED),
    };
    let why = format!("the daemon says {status}: {message}");
    match status.as_u16() {
        400 | 413 => Trouble::Refused(why),
        408 | 425 | 429 | 500.. => Trouble::Passing { why, after },
        _ => Trouble::Operator(why),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
