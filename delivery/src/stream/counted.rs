//! What was counted of a stream's records: what was accepted, what is settled, and what waits, each
//! by itself (rule 34).

use standpipe_config::names::Arrival;

use super::status::{Attempts, Books, State, StreamStatus};
use crate::journal::{Totals, Waiting};
use crate::lane::checkpoint::{Sealed, Settled};
use crate::lane::failed::failures::Failures;

/// What was counted of a stream's records.
pub(super) struct Counted {
    pub(super) totals: Totals,
    /// In the journal and not sealed.
    pub(super) waiting: Waiting,
    pub(super) sealed: Sealed,
    pub(super) settled: Settled,
    /// Sealed up to here.
    pub(super) position: u64,
}

impl Counted {
    /// The counts, in a status that says nothing else yet.
    pub(super) fn status(self) -> StreamStatus {
        let Self {
            totals,
            waiting,
            sealed,
            settled,
            position,
        } = self;
        let failed = settled.failed.values();
        let (records, bytes) = failed.fold((0, 0), |sum, c| (sum.0 + c.records, sum.1 + c.bytes));
        let oldest = waiting.oldest.into_iter().chain(sealed.oldest).min();
        let waiting_bytes = waiting.bytes + sealed.waiting.bytes;
        StreamStatus {
            state: State::Running,
            paused: false,
            books: Books {
                accepted: totals.accepted_records,
                delivered: settled.delivered.records,
                failed: records,
                dropped: settled.dropped.records,
                waiting: waiting.records + sealed.waiting.records,
                redriven: totals.redriven_records,
            },
            bytes: Books {
                accepted: totals.accepted_bytes,
                delivered: settled.delivered.bytes,
                failed: bytes,
                dropped: settled.dropped.bytes,
                waiting: waiting_bytes,
                redriven: totals.redriven_bytes,
            },
            waiting_bytes,
            oldest_waiting_seconds: oldest.map_or(0.0, age),
            destination: String::new(),
            attempts: Attempts::default(),
            sealed_files: sealed.files,
            sealed_bytes: sealed.bytes,
            position: position + waiting.records,
            sealed_position: position,
            objects_delivered: settled.objects,
            failed: settled
                .failed
                .into_iter()
                .map(|(kind, c)| (kind, c.records))
                .collect(),
            errors: Failures::default(),
            disk_used: 0,
            disk_quota: 0,
            backup: None,
            last_error: None,
        }
    }
}

fn age(arrival: Arrival) -> f64 {
    let milliseconds = Arrival::now().0.saturating_sub(arrival.0).max(0);
    milliseconds as f64 / 1000.0
}
