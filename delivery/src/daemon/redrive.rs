//! Error objects and redrives, for whoever may ask the admin door.
//!
//! | endpoint | does |
//! |---|---|
//! | `GET /streams/{name}/errors` | says what lies under the stream's error prefix |
//! | `POST /streams/{name}/redrive` | puts back what the body selects, as JSON |
//!
//! Both take a while: what they say comes line by line, each a JSON object, the outcome last. A redrive
//! whose caller hangs up ends after the batch in hand.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use standpipe_config::names::StreamName;
use tokio::sync::mpsc::Receiver;

use crate::stream::redrive::{NotRedriven, Said, Selection};
use crate::stream::{AppendError, Streams};

pub(super) mod command;

/// The streams, once they are open.
pub(super) type Opened = Arc<OnceLock<Streams>>;

const LINES: &str = "application/x-ndjson";

/// The endpoints.
pub(super) fn router(streams: Opened) -> Router {
    Router::new()
        .route("/streams/{name}/errors", get(errors))
        .route("/streams/{name}/redrive", post(redrive))
        .with_state(streams)
}

async fn errors(State(streams): State<Opened>, Path(name): Path<String>) -> Response {
    answer(&streams, &name, Streams::errors)
}

async fn redrive(
    State(streams): State<Opened>,
    Path(name): Path<String>,
    Json(selection): Json<Selection>,
) -> Response {
    answer(&streams, &name, |streams, name| {
        streams.redrive(name, selection)
    })
}

fn answer(
    streams: &Opened,
    name: &str,
    begin: impl FnOnce(&Streams, &StreamName) -> Result<Receiver<Said>, NotRedriven>,
) -> Response {
    let Some(streams) = streams.get() else {
        let message = "the streams are being recovered: try again later";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, message);
    };
    let Ok(name) = name.parse() else {
        return refusal(
            StatusCode::NOT_FOUND,
            &format!("{name:?} is no stream's name"),
        );
    };
    match begin(streams, &name) {
        Ok(said) => ([(header::CONTENT_TYPE, LINES)], lines(said)).into_response(),
        Err(why) => {
            let status = match &why {
                NotRedriven::Stream(AppendError::NoSuchStream { .. }) => StatusCode::NOT_FOUND,
                NotRedriven::Busy(_) => StatusCode::CONFLICT,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            refusal(status, &why.to_string())
        }
    }
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}

/// Each thing that is said, on a line.
fn lines(said: Receiver<Said>) -> Body {
    let next = |mut said: Receiver<Said>| async move {
        let mut line = serde_json::to_vec(&said.recv().await?).ok()?;
        line.push(b'\n');
        Some((Ok::<_, Infallible>(Bytes::from(line)), said))
    };
    Body::from_stream(futures::stream::unfold(said, next))
}
