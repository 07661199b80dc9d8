//! `GET /v1/streams/{name}/sources?agent=ID`: a JSON list of what is held of an agent's sources,
//! so that an agent that lost its progress can rebuild it (rule 6).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, StreamName};

use super::Ingest;
use super::refused::{Kind, Refused};

#[derive(Deserialize)]
pub(super) struct Question {
    agent: AgentId,
}

/// Lists the sources.
pub(super) async fn get(
    State(ingest): State<Arc<Ingest>>,
    name: Result<Path<String>, PathRejection>,
    question: Result<Query<Question>, QueryRejection>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Vec<HeldSource>>, Refused> {
    let Path(name) = name.map_err(|wrong| Refused::new(Kind::Wrong, wrong.body_text()))?;
    let entry = ingest.enter(&peer, &headers, &name)?;
    let Query(question) = question.map_err(|wrong| {
        let message = format!("say which agent, as ?agent=ID: {}", wrong.body_text());
        Refused::new(Kind::Wrong, message)
    })?;
    let held = ingest.store.sources(&entry.stream, question.agent);
    held.map(Json).map_err(|error| {
        let known = |name: &StreamName| ingest.gate.opens(entry.visitor, name);
        Refused::by_stream(&entry.stream, error, known)
    })
}
