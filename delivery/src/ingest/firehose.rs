//! The Firehose door: AWS JSON 1.1, `POST /`, as the service itself speaks it.
//!
//! A request is judged by its head first: what it asks for, who says he sends it, how long it is.
//! Then it waits for memory (rule 29), and only then its body is read. Its signature covers the
//! body, so it is believed after that, by a thread that answers nobody. From there on the request
//! is handled in a task of its own: a caller that hangs up changes nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::Response;
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{AccessKey, Firehose as Settings};

use super::admission::{Admission, Grant};
use super::body::{self, linger};
use super::current::Current;
use super::store::Store;
use super::work::{Workers, broken};
use crate::stream::Streams;
use created::{Created, requests};
use exception::{Exception, Kind};
use input::Input;
use keys::{Caller, Claimant, Keys};
use names::Names;
use operation::Operation;
use put::{Put, WaitingRoom};

pub mod created;
mod describe;
mod exception;
#[cfg(feature = "faults")]
pub mod hostile;
mod input;
mod keys;
mod list;
mod names;
mod operation;
mod put;
mod reply;
mod sigv4;
mod tags;

/// What every request of the Firehose door shares.
#[derive(Clone, Debug)]
struct Firehose {
    store: Store,
    created: Created,
    keys: Keys,
    names: Names,
    admission: Admission,
    waiting: WaitingRoom,
    workers: Workers,
    pace: body::Pace,
}

/// The Firehose door. A handle: clones are the same door.
#[derive(Clone, Debug)]
pub struct FirehoseDoor(Current<Firehose>);

impl FirehoseDoor {
    /// A door as its settings say.
    pub fn new(
        streams: Streams,
        created: Created,
        settings: Settings,
        admission: Admission,
    ) -> Self {
        let Settings {
            keys,
            region,
            account,
            ..
        } = settings;
        Self(Current::new(Firehose {
            store: Store::Streams(streams),
            created,
            keys: Keys::new(keys),
            names: Names { region, account },
            waiting: WaitingRoom::beside(&admission),
            admission,
            workers: Workers::default(),
            pace: body::PACE,
        }))
    }

    /// Its one endpoint.
    pub fn router(&self) -> Router {
        routes(self.0.clone())
    }

    /// Opens it to those who sign with these keys, and to nobody else, from the next request on.
    pub fn accept(&self, keys: Vec<AccessKey>) {
        self.0.change(|door| door.keys = Keys::new(keys));
    }
}

fn routes(door: Current<Firehose>) -> Router {
    Router::new().fallback(enter).with_state(door)
}

/// A request that may be read.
#[derive(Debug)]
struct Admitted {
    operation: Operation,
    claimant: Claimant,
    /// Of the body, in bytes, at most.
    length: usize,
    /// Covers the body and all that is made of it.
    grant: Grant,
}

async fn enter(
    State(door): State<Arc<Firehose>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    reply::reply(hear(door, &peer, &parts, body).await)
}

async fn hear(
    door: Arc<Firehose>,
    peer: &SocketAddr,
    parts: &Parts,
    mut body: Body,
) -> Result<Vec<u8>, Exception> {
    let announced = body.size_hint().exact();
    let admitted = match door.admit(peer, parts, announced).await {
        Ok(admitted) => admitted,
        Err(exception) => {
            // Who waits for `100 Continue` sends nothing more.
            if !parts.headers.contains_key(header::EXPECT) {
                linger(body);
            }
            return Err(exception);
        }
    };
    let bytes = match body::read(&mut body, Some(admitted.length), door.pace).await {
        Ok(bytes) => bytes,
        Err(refused) => {
            if refused.kind() != super::refused::Kind::Slow {
                linger(body);
            }
            return Err(refused.into());
        }
    };
    let task = tokio::spawn(answer(door, admitted, bytes));
    task.await
        .unwrap_or_else(|error| Err(broken(&error.to_string()).into()))
}

impl Firehose {
    /// Judges a request by its head, then waits for memory.
    async fn admit(
        &self,
        peer: &SocketAddr,
        parts: &Parts,
        announced: Option<u64>,
    ) -> Result<Admitted, Exception> {
        only_post_to_root(parts)?;
        let operation = Operation::of(&parts.headers)?;
        let claimant = self.keys.claim(peer, &parts.method, &parts.headers)?;
        let longest = operation.longest_body();
        let length = announced.map_or(longest, |length| {
            usize::try_from(length).unwrap_or(usize::MAX)
        });
        if length > longest {
            let message = format!(
                "the body of {} is longer than {longest} bytes",
                operation.name()
            );
            return Err(Exception::new(Kind::TooLarge, message));
        }
        let grant = self.admission.take(operation.memory(length)).await?;
        Ok(Admitted {
            operation,
            claimant,
            length,
            grant,
        })
    }
}

fn only_post_to_root(parts: &Parts) -> Result<(), Exception> {
    let wrong = |kind, message: &str| Err(Exception::new(kind, message));
    if parts.uri.path() != "/" {
        return wrong(
            Kind::NoSuchPath,
            "the Firehose API has one path, and that is /",
        );
    }
    if parts.method != Method::POST {
        return wrong(Kind::NoSuchMethod, "the Firehose API takes POST only");
    }
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return wrong(
            Kind::IncompleteSignature,
            "the Firehose API takes no query, so it takes no presigned requests either: sign in the Authorization header",
        );
    }
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return wrong(
            Kind::Serialization,
            "the Firehose API takes no compressed requests: leave Content-Encoding out",
        );
    }
    Ok(())
}

/// What a request asks for, read.
enum Asked {
    Put(Put),
    Other(Input),
}

impl Asked {
    fn read(operation: Operation, body: &[u8]) -> Result<Self, Exception> {
        match operation.puts() {
            true => Put::read(operation, body).map(Self::Put),
            false => Input::read(body).map(Self::Other),
        }
    }
}

/// In a task of its own: what was read is stored, even if nobody waits for the reply any more.
async fn answer(
    door: Arc<Firehose>,
    admitted: Admitted,
    body: Vec<u8>,
) -> Result<Vec<u8>, Exception> {
    let Admitted {
        operation,
        claimant,
        mut grant,
        ..
    } = admitted;
    grant.shrink_to(operation.memory(body.len()));
    let believer = door.clone();
    // The hash of the body is most of the work that this door does.
    let believe = move || {
        let caller = believer.keys.verify(claimant, &body)?;
        let mut asked = Asked::read(operation, &body)?;
        drop(body);
        if let Asked::Put(put) = &mut asked
            && let Some(how) = believer.store.deaggregation(&put.stream)
        {
            put.take_apart(&how);
        }
        Ok((caller, asked))
    };
    let believed: Result<_, Exception> = door.workers.run(grant.size(), believe).await?;
    let (caller, asked) = believed?;
    metrics::counter!("standpipe_firehose_requests_total", "operation" => operation.name())
        .increment(1);
    match asked {
        Asked::Put(put) => put::answer(&door, (operation, caller), put, grant).await,
        Asked::Other(input) => door.other(operation, caller, input).await,
    }
}

impl Firehose {
    async fn other(
        &self,
        operation: Operation,
        caller: Caller,
        input: Input,
    ) -> Result<Vec<u8>, Exception> {
        let value = match operation {
            Operation::Describe => describe::answer(self, caller, input).await?,
            Operation::List => list::answer(self, caller, input)?,
            Operation::Tag => tags::add(self, caller, input).await?,
            Operation::Untag => tags::remove(self, caller, input).await?,
            Operation::ListTags => tags::list(self, caller, input).await?,
            Operation::Create => requests::create(self, caller, input).await?,
            Operation::Update => requests::update(self, caller, input).await?,
            Operation::Delete => requests::delete(self, caller, input).await?,
            Operation::StartEncryption => requests::start_encryption(self, caller, input).await?,
            Operation::StopEncryption => requests::stop_encryption(self, caller, input).await?,
            // These came another way.
            Operation::PutRecord | Operation::PutRecordBatch => {
                return Err(input::serialization("a put was read as another operation"));
            }
        };
        Ok(value.to_string().into_bytes())
    }

    /// Which stream an input means, if its caller may do this to it. What else is wrong with the
    /// input is told first.
    fn stream(
        &self,
        (operation, caller): (Operation, Caller),
        stream: Option<StreamName>,
        input: Input,
    ) -> Result<StreamName, Exception> {
        input.finish()?;
        let missing = || input::serialization("DeliveryStreamName cannot be read");
        let stream = stream.ok_or_else(missing)?;
        self.keys.allow(caller, operation, &stream)?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests;
