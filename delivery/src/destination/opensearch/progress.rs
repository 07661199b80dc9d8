//! How far a file is: which of its rows are there, are refused, or may be there.
//!
//! Kept in memory between the attempts of one process, so that a retry sends only what is missing.
//! After a restart all of a file that was tried may be there.

use tokio::time::Instant;

use crate::destination::Rejections;

/// How far a file is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    done: Rows,
    rejections: Rejections,
    /// Rows that were sent and not answered, all since when.
    unknown: Rows,
    all_unknown: bool,
    since: Option<Instant>,
}

impl Progress {
    /// Of a file that an earlier process may have sent.
    pub(super) fn resumed(now: Instant) -> Self {
        Self {
            all_unknown: true,
            since: Some(now),
            ..Self::default()
        }
    }

    /// A row is there.
    pub(super) fn is_there(&mut self, row: u64) {
        self.done.insert(row);
        self.unknown.remove(row);
    }

    /// A row will never be there.
    pub(super) fn reject(&mut self, row: u64, code: &str, message: &str) {
        if !self.is_done(row) {
            self.done.insert(row);
            self.unknown.remove(row);
            self.rejections.add(row, code, message);
        }
    }

    /// A row was sent and not answered.
    pub(super) fn lose(&mut self, row: u64, now: Instant) {
        self.unknown.insert(row);
        self.since = Some(self.since.map_or(now, |since| since.max(now)));
    }

    /// Whether nothing is to be done about a row any more.
    pub(super) fn is_done(&self, row: u64) -> bool {
        self.done.contains(row)
    }

    /// Whether a row may be there.
    pub(super) fn is_unknown(&self, row: u64) -> bool {
        !self.is_done(row) && (self.all_unknown || self.unknown.contains(row))
    }

    /// Since when it is unknown of some rows whether they are there.
    pub(super) fn unknown_since(&self) -> Option<Instant> {
        let any = self.all_unknown || !self.unknown.is_empty();
        self.since.filter(|_| any)
    }

    /// All that was unknown was asked for: what is not done is not there.
    pub(super) fn resolved(&mut self) {
        self.unknown = Rows::default();
        self.all_unknown = false;
        self.since = None;
    }

    /// What is refused, when all rows are done.
    pub(super) fn into_rejections(self) -> Rejections {
        self.rejections
    }
}

/// A set of rows: a bit for each up to the last one in it.
#[derive(Debug, Default)]
struct Rows {
    bits: Vec<u64>,
    count: u64,
}

impl Rows {
    fn insert(&mut self, row: u64) {
        let (word, bit) = place(row);
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.count += u64::from(self.bits[word] & bit == 0);
        self.bits[word] |= bit;
    }

    fn remove(&mut self, row: u64) {
        let (word, bit) = place(row);
        if let Some(bits) = self.bits.get_mut(word) {
            self.count -= u64::from(*bits & bit != 0);
            *bits &= !bit;
        }
    }

    fn contains(&self, row: u64) -> bool {
        let (word, bit) = place(row);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn place(row: u64) -> (usize, u64) {
    ((row / 64) as usize, 1 << (row % 64))
}
