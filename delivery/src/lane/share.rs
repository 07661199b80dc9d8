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
    /// Position of the row that was added last.
    pub(super) added: Option<u64>,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            first: (0, Run([0; 8])),
            oldest: Arrival(i64::MAX),
            counts: Counts::default(),
            last: None,
            added: None,
        }
    }
}

impl Share {
    /// Adds a row of a record, as it was accepted.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        // Of several files, one behind the other, rows do not come in the order of positions.
        if self.last.is_none() || row.position < self.first.0 {
            self.first = (row.position, row.run);
        }
        self.last = self.last.max(Some(row.position));
        self.oldest = self.oldest.min(row.arrival);
        self.counts.bytes += row.bytes.len() as u64;
        if self.added.replace(row.position) != Some(row.position) {
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
