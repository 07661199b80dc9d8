//! The accepted records whose fate one file decides.

use standpipe_config::names::{Arrival, Run};

use super::checkpoint::Counts;
use crate::record::Row;

/// The accepted records whose fate one file decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// Position and run of the first.
    pub first: (u64, Run),
    /// The oldest arrival.
    pub oldest: Arrival,
    /// Accepted records, each once however many rows of it there are (rule 34).
    pub counts: Counts,
    /// Position of the last.
    pub last: Option<u64>,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            first: (0, Run([0; 8])),
            oldest: Arrival(i64::MAX),
            counts: Counts::default(),
            last: None,
        }
    }
}

impl Share {
    /// Adds a row of a record, as it was accepted.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        if self.last.is_none() {
            self.first = (row.position, row.run);
        }
        self.oldest = self.oldest.min(row.arrival);
        self.counts.bytes += row.bytes.len() as u64;
        if self.last.replace(row.position) != Some(row.position) {
            self.counts.records += 1;
        }
    }
}

impl Counts {
    /// What of `all` these records are, whose bytes were counted after a transform: never more
    /// than there are, and all where all are meant. So the books balance in bytes too.
    pub(super) fn within(self, all: Self) -> Self {
        let bytes = match self.records == all.records {
            true => all.bytes,
            false => self.bytes.min(all.bytes),
        };
        Self { bytes, ..self }
    }
}
