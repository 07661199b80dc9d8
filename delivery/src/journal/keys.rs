//! Idempotency keys of text requests (rule 10): a repeat is answered like the first.

use std::collections::{HashMap, VecDeque};

/// How many keys are remembered, the newest.
pub(super) const KEPT: usize = 10_000;

/// For how long a key is remembered, in milliseconds of the daemon's running time.
pub(super) const KEPT_FOR: u64 = 24 * 60 * 60 * 1000;

/// What the first request with a key was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    /// Position of its first record.
    pub(super) first: u64,
    /// Records accepted.
    pub(super) accepted: u64,
}

/// A key that is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) key: String,
    pub(super) reply: Reply,
    /// Running time of the first request.
    pub(super) running: u64,
}

/// All keys that are remembered.
#[derive(Default, Debug)]
pub(super) struct Keys {
    replies: HashMap<String, Reply>,
    /// Oldest first: keys and running times.
    order: VecDeque<(String, u64)>,
    /// How many at the end of `order` belong to the group in hand.
    in_hand: usize,
}

impl Keys {
    /// The reply to a repeat.
    pub(super) fn reply(&self, key: &str) -> Option<Reply> {
        self.replies.get(key).copied()
    }

    /// Remembers a key, with the group in hand.
    pub(super) fn remember(&mut self, known: Known) {
        self.replies.insert(known.key.clone(), known.reply);
        self.order.push_back((known.key, known.running));
        self.in_hand += 1;
    }

    /// The group in hand is synced.
    pub(super) fn commit(&mut self) {
        self.in_hand = 0;
    }

    /// The group in hand was refused.
    pub(super) fn undo(&mut self) {
        for _ in 0..std::mem::take(&mut self.in_hand) {
            if let Some((key, _)) = self.order.pop_back() {
                self.replies.remove(&key);
            }
        }
    }

    /// Forgets what is too old or too much. Only between groups.
    pub(super) fn forget(&mut self, running: u64) {
        while let Some((key, since)) = self.order.front() {
            if self.order.len() <= KEPT && running.saturating_sub(*since) <= KEPT_FOR {
                break;
            }
            self.replies.remove(key);
            self.order.pop_front();
        }
    }

    /// All keys, oldest first, for a snapshot.
    pub(super) fn iter(&self) -> impl Iterator<Item = Known> {
        self.order.iter().filter_map(|(key, running)| {
            Some(Known {
                key: key.clone(),
                reply: self.reply(key)?,
                running: *running,
            })
        })
    }
}

#[cfg(test)]
mod tests;
