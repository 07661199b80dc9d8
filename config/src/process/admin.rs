//! The admin door, the same in both programs.
//!
//! | endpoint | says |
//! |---|---|
//! | `GET /live` | 200 while the process can answer at all |
//! | `GET /ready` | 200 when it takes work; before that and while it stops 503 and what is missing, a line each |
//! | `GET /metrics` | Prometheus' text form |
//! | `GET /status` | how it is doing, as JSON |
//!
//! A program may add endpoints of its own. Those that change something take requests with the header
//! [`COMMAND`] only, and none that a browser sends: no page of another site can reach them.
//!
//! Metrics and status are put together beside the threads that answer: there may be many streams.
//!
//! It answers this machine only, or the bearers of tokens ([`gate`]): status and metrics name streams,
//! paths and destinations.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::metrics::Metrics;
use super::readiness::Readiness;
use gate::guard;

pub use gate::Gate;

mod gate;

/// The header that a request must have which changes something. Browsers ask before they send it to
/// another site, and nobody answers them.
pub const COMMAND: &str = "standpipe-command";

const ENDPOINTS: &str =
    "There are /live, /ready, /metrics and /status, and with the daemon a page at /.\n";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What every process has to show, and to whom.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Whether it takes work.
    pub readiness: Readiness,
    /// What it counts.
    pub metrics: Metrics,
    /// Who may see it.
    pub gate: Gate,
}

/// The endpoints, and `more` of the program's own. `status` is asked at each request; `record` sets
/// metrics from what it said.
pub fn router<S, F>(shown: Shown, status: F, record: fn(&S), more: Router) -> Router
where
    S: Serialize + 'static,
    F: Fn() -> S + Clone + Send + Sync + 'static,
{
    let Shown {
        readiness,
        metrics,
        gate,
    } = shown;
    let seen = status.clone();
    Router::new()
        .route("/live", get(async || "live\n"))
        .route("/ready", get(async move || ready(&readiness)))
        .route(
            "/metrics",
            get(async move || beside(move || scrape(&metrics, &status(), record)).await),
        )
        .route(
            "/status",
            get(async move || beside(move || Json(seen()).into_response()).await),
        )
        .merge(more.layer(from_fn(only_commands)))
        .fallback(async || (StatusCode::NOT_FOUND, ENDPOINTS))
        .layer(from_fn_with_state(gate, guard))
}

fn ready(readiness: &Readiness) -> (StatusCode, String) {
    let missing = readiness.missing();
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".into());
    }
    let lines = missing.iter().map(|part| format!("not ready: {part}\n"));
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

fn scrape<S>(metrics: &Metrics, status: &S, record: fn(&S)) -> Response {
    let text = metrics.render(|| record(status));
    ([(header::CONTENT_TYPE, PROMETHEUS)], text).into_response()
}

async fn beside(answer: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(answer).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn only_commands(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_meant = headers.contains_key(COMMAND) && !headers.contains_key(header::ORIGIN);
    if request.method().is_safe() || is_meant {
        return next.run(request).await;
    }
    let message = format!("commands need the header {COMMAND}: 1, and none come from browsers\n");
    (StatusCode::FORBIDDEN, message).into_response()
}

#[cfg(test)]
mod tests;
