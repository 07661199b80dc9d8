//! What an operator may order at the admin door (rule 30). What comes from elsewhere, and what a
//! browser sends, does not get here (`process::admin`).
//!
//! | endpoint | does | answers |
//! |---|---|---|
//! | `POST /streams/{name}/pause`, `…/resume` | stops and continues the delivery of a stream | what it came to, as `message` |
//! | `POST /streams/{name}/flush` | seals what was accepted so far; waits for that, for at most a minute | `message` |
//! | `POST /streams/{name}/retry` | tries again whatever it waits for or is halted by | `message` |
//! | `POST /streams/{name}/divert` | `{"all":false}`: what has failed goes under the error prefix, unless the next attempt delivers it | `message` |
//! | `POST /streams/{name}/settle` | `{"files":[1]}`: forgets files that were taken elsewhere | `settled`: those that were still there |

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use standpipe_config::names::StreamName;

use crate::stream::{NotObeyed, Streams};

/// The streams, once they are recovered.
type Seen = Arc<OnceLock<Streams>>;

/// The endpoints.
pub(super) fn router(streams: Seen) -> Router {
    Router::new()
        .route("/streams/{name}/pause", post(pause))
        .route("/streams/{name}/resume", post(resume))
        .route("/streams/{name}/flush", post(flush))
        .route("/streams/{name}/retry", post(retry))
        .route("/streams/{name}/divert", post(divert))
        .route("/streams/{name}/settle", post(settle))
        .with_state(streams)
}

/// Why not.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "message": self.1 }));
        (self.0, body).into_response()
    }
}

impl From<NotObeyed> for Refused {
    fn from(why: NotObeyed) -> Self {
        let status = match why {
            NotObeyed::NoSuchStream { .. } => StatusCode::NOT_FOUND,
            NotObeyed::Damaged(..) => StatusCode::CONFLICT,
            NotObeyed::Gone(_) => StatusCode::SERVICE_UNAVAILABLE,
            NotObeyed::File(_) | NotObeyed::Start(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, why.to_string())
    }
}

type Answer = Result<Json<Value>, Refused>;

async fn pause(State(seen): State<Seen>, Path(name): Path<String>) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    streams.pause(&name, true).await?;
    said(format!(
        "{name} is paused: it takes records and delivers nothing until `resume {name}`, also over restarts"
    ))
}

async fn resume(State(seen): State<Seen>, Path(name): Path<String>) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    streams.pause(&name, false).await?;
    said(format!("{name} delivers"))
}

async fn flush(State(seen): State<Seen>, Path(name): Path<String>) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    let flushed = streams.flush(&name).await?;
    let files = flushed.files;
    match flushed.sealed >= flushed.wanted {
        true => said(format!(
            "{name}: all that was accepted is sealed; {files} files wait for their delivery"
        )),
        false => Err(Refused(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "{name} is sealed up to position {} of {} only: `status` says why",
                flushed.sealed, flushed.wanted
            ),
        )),
    }
}

async fn retry(State(seen): State<Seen>, Path(name): Path<String>) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    streams.retry(&name).await?;
    said(format!("{name} tries again; `status` says how that went"))
}

#[derive(Deserialize)]
struct Divert {
    /// Not only what has failed so far.
    #[serde(default)]
    all: bool,
}

async fn divert(
    State(seen): State<Seen>,
    Path(name): Path<String>,
    Json(order): Json<Divert>,
) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    let files = streams.divert(&name, order.all).await?;
    said(match files {
        0 => format!(
            "{name}: nothing has failed that waits, so nothing is diverted (`--all`: whatever waits)"
        ),
        files => format!(
            "{name}: {files} files are tried once more, and go under the error prefix if they are not delivered"
        ),
    })
}

#[derive(Deserialize)]
struct Settle {
    files: Vec<u64>,
}

async fn settle(
    State(seen): State<Seen>,
    Path(name): Path<String>,
    Json(order): Json<Settle>,
) -> Answer {
    let (streams, name) = meant(&seen, &name)?;
    let settled = streams.settle(&name, order.files).await?;
    Ok(Json(json!({ "settled": settled })))
}

fn meant<'a>(seen: &'a Seen, name: &str) -> Result<(&'a Streams, StreamName), Refused> {
    let name = name
        .parse()
        .map_err(|_| Refused(StatusCode::NOT_FOUND, format!("{name:?} names no stream")))?;
    let streams = seen.get().ok_or_else(|| {
        let message = "the streams are being recovered: try again when the daemon is ready";
        Refused(StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
    })?;
    Ok((streams, name))
}

fn said(message: String) -> Answer {
    Ok(Json(json!({ "message": message })))
}
