//! What an operator can pull while a lane runs.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The levers of a lane.
#[derive(Debug, Default)]
pub struct Levers {
    /// Everything before this position is to be sealed without waiting for size or age.
    flush_to: AtomicU64,
    again: Notify,
}

impl Levers {
    /// Has everything before `position` sealed as soon as it is read.
    pub fn flush_to(&self, position: u64) {
        self.flush_to.fetch_max(position, Ordering::Relaxed);
    }

    /// Ends the pause of a lane that waits before it tries again.
    pub fn try_again(&self) {
        self.again.notify_waiters();
    }

    /// Whether something behind `sealed` is to be sealed, and a batch that ends at `next` is all of
    /// it that can be had; `unread`: there is more.
    pub(super) fn flushes(&self, sealed: u64, next: u64, unread: bool) -> bool {
        self.wants(sealed) && (next >= self.flush_to.load(Ordering::Relaxed) || !unread)
    }

    /// Whether something behind `sealed` is to be sealed.
    pub(super) fn wants(&self, sealed: u64) -> bool {
        self.flush_to.load(Ordering::Relaxed) > sealed
    }

    pub(super) async fn tried_again(&self) {
        self.again.notified().await;
    }
}

#[cfg(test)]
mod tests;
