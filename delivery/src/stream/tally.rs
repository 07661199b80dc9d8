//! Counts how attempts to deliver ended.

use std::sync::atomic::{AtomicU64, Ordering};

use super::status::Attempts;
use crate::failure::Verdict;

/// The counts of one life of a stream.
#[derive(Debug, Default)]
pub(super) struct Tally {
    delivered: AtomicU64,
    retry: AtomicU64,
    divert: AtomicU64,
    halt: AtomicU64,
}

impl Tally {
    /// A file is there.
    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// A file is not there.
    pub(super) fn failed(&self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Retry => &self.retry,
            Verdict::Divert => &self.divert,
            Verdict::Halt => &self.halt,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    pub(super) fn attempts(&self) -> Attempts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Attempts {
            delivered: of(&self.delivered),
            retry: of(&self.retry),
            divert: of(&self.divert),
            halt: of(&self.halt),
        }
    }
}
