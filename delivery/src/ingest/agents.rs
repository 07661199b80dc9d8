//! Which agents were heard of, when, and how far behind they said they were: for the status.
//!
//! In memory only, and bounded: it begins anew with the process. What an agent says of itself is for
//! operators; nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::http::HeaderMap;
use serde::Serialize;
use standpipe_config::frame::{AGENT_HOST, AGENT_WAITING};
use standpipe_config::names::{AgentId, StreamName};

/// So many are remembered; beyond it the one that was silent longest is forgotten.
const MOST: usize = 2000;

/// The longest name of a host, in characters (RFC 1035).
const LONGEST_HOST: usize = 253;

/// The agents that were heard of. A handle: clones see the same.
#[derive(Clone, Debug, Default)]
pub struct Agents {
    heard: Arc<Mutex<BTreeMap<(AgentId, StreamName), Heard>>>,
}

/// What an agent says of itself with a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Said {
    host: Option<String>,
    waiting: Option<u64>,
}

#[derive(Clone, Debug)]
struct Heard {
    at: Instant,
    said: Said,
}

/// An agent and a stream that it ships to, as the status shows them.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Seen {
    /// The agent.
    pub agent: AgentId,
    /// The machine it runs on, as it says.
    pub host: Option<String>,
    /// The stream.
    pub stream: StreamName,
    /// Seconds since its last request.
    pub seconds_ago: f64,
    /// Bytes in its files that it had not sent when it made that request, as it says.
    pub waiting: Option<u64>,
}

impl Said {
    /// What the head of a request says.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = text(AGENT_HOST).filter(|host| host.chars().all(legal));
        Self {
            host: host.map(|host| host.chars().take(LONGEST_HOST).collect()),
            waiting: text(AGENT_WAITING).and_then(|bytes| bytes.parse().ok()),
        }
    }
}

impl Agents {
    /// An agent sent something to a stream.
    pub(super) fn heard(&self, agent: AgentId, stream: &StreamName, said: Said) {
        let at = Instant::now();
        let mut heard = self.lock();
        heard.insert((agent, stream.clone()), Heard { at, said });
        if heard.len() > MOST {
            let silent = heard.iter().min_by_key(|(_, heard)| heard.at);
            let silent = silent.map(|(key, _)| key.clone());
            silent.map(|key| heard.remove(&key));
        }
    }

    /// All that were heard of, by stream and host.
    pub fn seen(&self) -> Vec<Seen> {
        let heard = self.lock().clone();
        let seen = heard.into_iter().map(|((agent, stream), heard)| Seen {
            agent,
            host: heard.said.host,
            stream,
            seconds_ago: heard.at.elapsed().as_secs_f64(),
            waiting: heard.said.waiting,
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|one, other| (&one.stream, &one.host).cmp(&(&other.stream, &other.host)));
        seen
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(AgentId, StreamName), Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
