//! `POST /v1/streams/{name}/records`

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::{Bytes, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use standpipe_config::faults;
use standpipe_config::frame::{self, Answer, DecodeError, Frame, Message, Reply};
use standpipe_config::limits::MAX_BODY;
use standpipe_config::names::StreamName;
use standpipe_config::records::Records;
use standpipe_config::settings::delivery::Deaggregation;

use super::admission::Grant;
use super::agents::Said;
use super::body::{linger, read, too_large};
use super::head::{Head, Shape};
use super::inflate::inflate;
use super::lines::{offsets_size, split};
use super::refused::{Kind, Refused};
use super::work::broken;
use super::{Entry, Ingest, apart};
use crate::journal::{Append, Appended, Content};

/// Stores a request: all of it or nothing.
pub(super) async fn post(
    State(ingest): State<Arc<Ingest>>,
    name: Result<Path<String>, PathRejection>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refused> {
    let (parts, mut body) = request.into_parts();
    let length = body.size_hint().exact();
    let admitted = match admit(&ingest, name, &peer, &parts.headers, length).await {
        Ok(admitted) => admitted,
        Err(refused) => {
            // Who waits for `100 Continue` sends nothing more.
            if !parts.headers.contains_key(header::EXPECT) {
                linger(body);
            }
            return Err(refused);
        }
    };
    match read(&mut body, admitted.length, ingest.pace).await {
        Ok(bytes) => detached(ingest, admitted, bytes).await,
        Err(refused) => {
            if refused.kind() != Kind::Slow {
                linger(body);
            }
            Err(refused)
        }
    }
}

/// A request that may be read.
struct Admitted {
    entry: Entry,
    head: Head,
    /// What an agent says of itself.
    said: Said,
    /// Of the body, in bytes, where its sender said so.
    length: Option<usize>,
    /// Covers the body, whatever its length turns out to be.
    grant: Grant,
}

/// Judges a request by its head, then waits for memory.
async fn admit(
    ingest: &Ingest,
    name: Result<Path<String>, PathRejection>,
    peer: &SocketAddr,
    headers: &HeaderMap,
    length: Option<u64>,
) -> Result<Admitted, Refused> {
    let Path(name) = name.map_err(|wrong| Refused::new(Kind::Wrong, wrong.body_text()))?;
    let entry = ingest.enter(peer, headers, &name)?;
    let head = Head::read(headers)?;
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    let length = length.map(|length| length as usize);
    let grant = ingest.admission.take(length.unwrap_or(MAX_BODY)).await?;
    Ok(Admitted {
        entry,
        head,
        said: Said::of(headers),
        length,
        grant,
    })
}

/// In a task of its own: what was read is stored, even if nobody waits for the reply any more.
async fn detached(
    ingest: Arc<Ingest>,
    admitted: Admitted,
    body: Vec<u8>,
) -> Result<Response, Refused> {
    let task = tokio::spawn(store(ingest, admitted, body));
    task.await
        .unwrap_or_else(|error| Err(broken(&error.to_string())))
}

async fn store(
    ingest: Arc<Ingest>,
    admitted: Admitted,
    mut body: Vec<u8>,
) -> Result<Response, Refused> {
    faults::answers();
    let Admitted {
        entry,
        head,
        said,
        mut grant,
        ..
    } = admitted;
    body.shrink_to_fit();
    grant.shrink_to(body.len());
    let body = inflate(body, head.encoding, &mut grant, &ingest.workers).await?;
    let parts = Parts::of(&ingest, &entry.stream);
    let content = match head.shape {
        Shape::Text => text(&ingest, body, parts, &mut grant).await?,
        Shape::Frames => frames(&ingest, body, parts, &mut grant).await?,
    };
    if let Content::Frames(agent, _) = &content {
        ingest.agents.heard(*agent, &entry.stream, said);
    }
    let append = Append {
        permit: Some(grant.into_permit()),
        content,
        idempotency_key: head.idempotency_key,
    };
    let stored = ingest.store.append(&entry.stream, append).await;
    let stored = stored.map_err(|error| {
        let known = |name: &StreamName| ingest.gate.opens(entry.visitor, name);
        Refused::by_stream(&entry.stream, error, known)
    })?;
    Ok(reply(head.shape, stored.appended))
}

/// What a stream's records are taken apart into, if they are.
struct Parts(Option<Deaggregation>);

impl Parts {
    /// Aggregates of the Kinesis Producer Library come through the Firehose door only.
    fn of(ingest: &Ingest, stream: &StreamName) -> Self {
        let found = ingest.store.deaggregation(stream);
        Self(found.filter(|how| *how != Deaggregation::Kpl))
    }

    /// Bytes that parts of records in a body of this length take at most.
    fn size(&self, body: usize) -> usize {
        self.0.as_ref().map_or(0, |_| apart::MOST_COPIES * body)
    }

    fn take(&self, records: Records) -> Records {
        let taken = self.0.as_ref();
        let taken = taken.and_then(|how| apart::take_apart(&records, how));
        taken.map_or(records, |(parts, _)| parts)
    }
}

async fn text(
    ingest: &Ingest,
    body: Vec<u8>,
    parts: Parts,
    grant: &mut Grant,
) -> Result<Content, Refused> {
    let beside = offsets_size(&body) + parts.size(body.len());
    grant.grow_to(body.len() + beside).await?;
    let size = body.len();
    let split = move || split(body).map(|records| parts.take(records));
    let records = ingest.workers.run(size, split).await??;
    Ok(Content::Text(records))
}

async fn frames(
    ingest: &Ingest,
    body: Vec<u8>,
    parts: Parts,
    grant: &mut Grant,
) -> Result<Content, Refused> {
    let body = Bytes::from(body);
    let beside = frame::decoded_size(&body) + parts.size(body.len());
    grant.grow_to(body.len() + beside).await?;
    let size = body.len();
    let decode = move || {
        let mut message = frame::decode(body)?;
        for frame in &mut message.frames {
            if let Frame::Records(_, records) = frame {
                *records = parts.take(std::mem::take(records));
            }
        }
        Ok(message)
    };
    let decoded: Result<Message, DecodeError> = ingest.workers.run(size, decode).await?;
    let message = decoded.map_err(|wrong| Refused::new(Kind::Wrong, wrong.to_string()))?;
    Ok(Content::Frames(message.agent, message.frames))
}

#[derive(Serialize)]
struct Accepted {
    accepted: u64,
    first_position: u64,
}

fn reply(shape: Shape, appended: Appended) -> Response {
    match shape {
        Shape::Text => Json(Accepted {
            accepted: appended.accepted,
            first_position: appended.first_position,
        })
        .into_response(),
        Shape::Frames => {
            let answer = |(outcome, mark)| Answer { outcome, mark };
            let answers = appended.answers.into_iter().map(answer).collect();
            Json(Reply { answers }).into_response()
        }
    }
}
