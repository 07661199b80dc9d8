//! Streams that live in a test: they keep what they were given, and fail as they are told.

use std::sync::Mutex;

use tokio::sync::Semaphore;

use standpipe_config::names::{LaneId, Run};

use super::*;
use crate::journal::{Appended, Content, Refusal};

#[derive(Debug)]
pub(in crate::ingest) struct StandIn {
    pub(in crate::ingest) names: Vec<StreamName>,
    /// What was stored, with the bytes of memory that each append held.
    pub(in crate::ingest) stored: Mutex<Vec<(Content, usize, Option<String>)>>,
    pub(in crate::ingest) refusal: Mutex<Option<Refusal>>,
    pub(in crate::ingest) held: Mutex<Vec<HeldSource>>,
    /// Appends wait here while it is empty.
    pub(in crate::ingest) gate: Semaphore,
    /// The stream is gone when the append arrives.
    pub(in crate::ingest) vanished: bool,
    pub(in crate::ingest) deaggregation: Option<Deaggregation>,
}

impl StandIn {
    pub(in crate::ingest) fn new(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            stored: Mutex::default(),
            refusal: Mutex::default(),
            held: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            vanished: false,
            deaggregation: None,
        }
    }

    pub(super) fn names(&self) -> Vec<StreamName> {
        self.names.clone()
    }

    pub(super) async fn append(
        &self,
        name: &StreamName,
        append: Append,
    ) -> Result<Stored, AppendError> {
        self.gate.acquire().await.unwrap().forget();
        if self.vanished || !self.names.contains(name) {
            let existing = self.names();
            return Err(AppendError::NoSuchStream { existing });
        }
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal.into());
        }
        let held = append.permit.map_or(0, |permit| permit.num_permits());
        let accepted = match &append.content {
            Content::Text(records) => records.len() as u64,
            Content::Frames(..) | Content::Redriven(_) => 0,
        };
        let answers = match &append.content {
            Content::Text(_) | Content::Redriven(_) => vec![],
            Content::Frames(_, frames) => {
                vec![(standpipe_config::frame::Outcome::Stored, None); frames.len()]
            }
        };
        let mut stored = self.stored.lock().unwrap();
        stored.push((append.content, held, append.idempotency_key));
        Ok(Stored {
            lane: LaneId([0xab; 16]),
            run: Run([0xcd; 8]),
            appended: Appended {
                first_position: 17,
                accepted,
                answers,
            },
        })
    }

    pub(super) fn sources(
        &self,
        _: &StreamName,
        _: AgentId,
    ) -> Result<Vec<HeldSource>, AppendError> {
        Ok(self.held.lock().unwrap().clone())
    }
}
