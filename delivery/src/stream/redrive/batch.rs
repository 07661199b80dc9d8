//! Lines that are put back together: one entry of the journal.

use standpipe_config::names::Fingerprint;
use standpipe_config::records::Builder;

use super::ranges::Ranges;
use crate::format::error_line::Read;
use crate::journal::{Batch, Name, Redrive};
use crate::record::Stage;

/// Lines of one object that share a stage.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    stage: Stage,
    records: Builder,
    names: Vec<Name>,
    lines: Ranges,
}

impl Gathered {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many there are, and bytes of their records.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.names.len() as u64, self.records.size() as u64)
    }

    /// Whether a line of so many bytes goes in, where `limit` bytes do.
    pub(super) fn takes(&self, line: &Read<'_>, bytes: usize, limit: u64) -> bool {
        let size = self.records.size() + bytes;
        self.is_empty() || (self.stage == line.stage && size as u64 <= limit)
    }

    /// Adds the line of this number.
    pub(super) fn push(&mut self, number: u64, line: &Read<'_>, bytes: &[u8]) {
        self.stage = line.stage;
        self.records.push_plain(bytes);
        self.names.push(Name {
            id: line.id,
            arrival: line.arrival,
        });
        self.lines.push(number);
    }

    /// What the journal stores, as the batch after `last`, and which lines these are.
    pub(super) fn finish(self, object: &str, last: Batch) -> (Redrive, Ranges) {
        let records = self.records.finish();
        let mut content = object.as_bytes().to_vec();
        for name in &self.names {
            content.extend_from_slice(name.id.to_string().as_bytes());
        }
        let batch = Batch {
            number: last.number + 1,
            content: Fingerprint::of(&content),
        };
        let redrive = Redrive {
            batch,
            stage: self.stage,
            records,
            names: self.names,
        };
        (redrive, self.lines)
    }
}
