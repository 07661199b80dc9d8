//! The doors: how records come in. The native one stands here, the Firehose API in `firehose`.
//!
//! | endpoint | does |
//! |---|---|
//! | `POST /v1/streams/{name}/records` | stores lines of text, or an agent's frames; 200 when they are on disk |
//! | `GET /v1/streams/{name}/sources?agent=ID` | lists what is held of an agent's sources (rule 6) |
//!
//! A request is judged by its head first: who sends it, to which stream, what it is, how long it
//! is. Then it waits for memory (rule 29), and only then its body is read. From there on it is
//! handled in a task of its own: a caller that hangs up changes nothing. The handler decides
//! nothing about repeats; the journal's writer does (rule 2).

use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::Uri;
use axum::routing::{get, post};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::Token;

use crate::stream::Streams;
use current::Current;
use gate::{Gate, Visitor};
use refused::{Kind, Refused};
use store::Store;
use work::Workers;

pub use admission::{Admission, PATIENCE, share};
pub use agents::{Agents, Seen};

mod admission;
mod agents;
mod apart;
mod body;
mod current;
pub mod firehose;
mod gate;
mod head;
mod inflate;
pub(crate) mod lines;
mod records;
mod refused;
mod sources;
mod store;
mod work;

/// What every request of the native door shares.
#[derive(Clone, Debug)]
struct Ingest {
    store: Store,
    gate: Gate,
    admission: Admission,
    agents: Agents,
    workers: Workers,
    pace: body::Pace,
}

/// The native door. A handle: clones are the same door.
#[derive(Clone, Debug)]
pub struct NativeDoor(Current<Ingest>);

impl NativeDoor {
    /// A door open to the bearers of `tokens`, or without any to this machine. Which agents came is
    /// noted in `agents`.
    pub fn new(streams: Streams, tokens: Vec<Token>, admission: Admission, agents: Agents) -> Self {
        Self(Current::new(Ingest {
            store: Store::Streams(streams),
            gate: Gate::new(tokens),
            admission,
            agents,
            workers: Workers::default(),
            pace: body::PACE,
        }))
    }

    /// Its endpoints.
    pub fn router(&self) -> Router {
        routes(self.0.clone())
    }

    /// Opens it to the bearers of these tokens, and to nobody else, from the next request on.
    pub fn accept(&self, tokens: Vec<Token>) {
        self.0.change(|ingest| ingest.gate = Gate::new(tokens));
    }
}

fn routes(ingest: Current<Ingest>) -> Router {
    Router::new()
        .route("/v1/streams/{name}/records", post(records::post))
        .route("/v1/streams/{name}/sources", get(sources::get))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(ingest)
}

async fn no_such_path(uri: Uri) -> Refused {
    let message = format!(
        "there is no {:?} here; there are POST /v1/streams/NAME/records and GET /v1/streams/NAME/sources?agent=ID",
        uri.path()
    );
    Refused::new(Kind::NoSuchPath, message)
}

async fn no_such_method() -> Refused {
    let message = "records takes POST, sources takes GET";
    Refused::new(Kind::NoSuchMethod, message)
}

/// A request whose sender may do what it asks, on a stream that exists.
#[derive(Clone, Debug)]
struct Entry {
    visitor: Visitor,
    stream: StreamName,
}

impl Ingest {
    fn enter(
        &self,
        peer: &SocketAddr,
        headers: &HeaderMap,
        stream: &str,
    ) -> Result<Entry, Refused> {
        let visitor = self.gate.admit(peer, headers)?;
        let existing = self.store.names();
        let unknown = || {
            let known = existing.iter();
            Refused::no_such_stream(stream, known.filter(|s| self.gate.opens(visitor, s)))
        };
        let name = stream.parse().map_err(|_| unknown())?;
        if !self.gate.opens(visitor, &name) {
            let message = format!("the token does not open the stream {stream:?}");
            return Err(Refused::new(Kind::Unauthorized, message));
        }
        if existing.contains(&name) {
            let stream = name;
            Ok(Entry { visitor, stream })
        } else {
            Err(unknown())
        }
    }
}

#[cfg(test)]
mod tests;
