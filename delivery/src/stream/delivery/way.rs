//! What is to be delivered on one way, and when. No clock of its own: now is a parameter.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use tokio::time::{Duration, Instant};

/// Files of one way that are sent at once.
const AT_ONCE: usize = 4;

/// How long the first failure makes a file wait; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How long a file waits at most: a disk that is full opens its door within 30 s of the
/// destination's return.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How often a halted way is tried again; as often, for the same reason.
const HALT_PAUSE: Duration = Duration::from_secs(20);

/// Files on their way to one destination.
#[derive(Default, Debug)]
pub(super) struct Way {
    /// To be sent as soon as there is room; the oldest first.
    ready: BTreeSet<u64>,
    /// To be sent again at a time.
    later: BTreeSet<(Instant, u64)>,
    /// Being sent.
    under_way: BTreeSet<u64>,
    /// How often each failed that is not done yet.
    failures: BTreeMap<u64, u32>,
    /// The file that an operator is needed for, and when it is tried again.
    halted: Option<(u64, Instant)>,
}

impl Way {
    /// A new file.
    pub(super) fn add(&mut self, id: u64) {
        self.ready.insert(id);
    }

    /// The next file to send now, and how often it failed. While the stream stops, only what never
    /// failed.
    pub(super) fn start(&mut self, now: Instant, stops: bool) -> Option<(u64, u32)> {
        let id = match self.halted {
            Some((id, time)) => {
                let idle = self.under_way.is_empty();
                (idle && !stops && time <= now).then_some(id)?
            }
            None if self.under_way.len() >= AT_ONCE => return None,
            None => self.due(now, stops)?,
        };
        self.ready.remove(&id);
        self.under_way.insert(id);
        Some((id, self.failures.get(&id).copied().unwrap_or(0)))
    }

    /// When it wants to be asked again, if nothing else happens.
    pub(super) fn wakes(&self) -> Option<Instant> {
        match self.halted {
            Some((id, time)) => (!self.under_way.contains(&id)).then_some(time),
            None => self.later.first().map(|(time, _)| *time),
        }
    }

    /// A file is there.
    pub(super) fn done(&mut self, id: u64) {
        self.under_way.remove(&id);
        self.failures.remove(&id);
        self.go_on_after(id);
    }

    /// A file failed and is sent again later. If it halted the way, what halted it is gone.
    pub(super) fn retry(&mut self, id: u64, now: Instant) {
        let pause = self.fail(id);
        self.later.insert((now + pause, id));
        self.go_on_after(id);
    }

    /// A file failed, and an operator is needed.
    pub(super) fn halt(&mut self, id: u64, now: Instant) {
        self.fail(id);
        match self.halted {
            Some((halted, _)) if halted != id => {
                // It waits for the one that halted the way first.
                self.ready.insert(id);
            }
            _ => self.halted = Some((id, now + HALT_PAUSE)),
        }
    }

    /// Whether an operator is needed.
    pub(super) fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Whether a file failed that is not there yet.
    pub(super) fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    fn due(&mut self, now: Instant, stops: bool) -> Option<u64> {
        if let Some(&(time, id)) = self.later.first()
            && time <= now
            && !stops
        {
            self.later.pop_first();
            return Some(id);
        }
        let tried = |id: &&u64| !stops || !self.failures.contains_key(id);
        self.ready.iter().find(tried).copied()
    }

    fn go_on_after(&mut self, id: u64) {
        if self.halted.is_some_and(|(halted, _)| halted == id) {
            self.halted = None;
        }
    }

    /// Counts a failure; how long the file waits now.
    fn fail(&mut self, id: u64) -> Duration {
        self.under_way.remove(&id);
        let failures = self.failures.entry(id).or_default();
        *failures += 1;
        pause(*failures)
    }
}

/// How long to wait after so many failures: doubled each time, a random half of it, so that many
/// files do not come back at once.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(failures.saturating_sub(1).min(10));
    let longest = doubled.min(LONGEST_PAUSE);
    let share = RandomState::new().hash_one(failures) % 1024;
    longest / 2 + longest / 2 * share as u32 / 1024
}

#[cfg(test)]
mod tests;
