//! What is to be delivered on one way, and when. No clock of its own: now is a parameter.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use tokio::time::{Duration, Instant};

/// How long the first failure makes a file wait; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How long a file waits at most: a disk that is full opens its door within 30 s of the
/// destination's return.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How often a halted way is tried again; as often, for the same reason.
const HALT_PAUSE: Duration = Duration::from_secs(20);

/// Files on their way to one destination; each stands for the group that goes with it.
#[derive(Debug)]
pub(super) struct Way {
    /// How many are sent at once.
    at_once: usize,
    /// To be sent as soon as there is room; the oldest first.
    ready: BTreeSet<u64>,
    /// To be sent again at a time.
    later: BTreeSet<(Instant, u64)>,
    /// Being sent, and since when.
    under_way: BTreeMap<u64, Instant>,
    /// What failed and is not done yet.
    failures: BTreeMap<u64, Failures>,
    /// The file that an operator is needed for, and when it is tried again.
    halted: Option<(u64, Instant)>,
}

/// How it went so far with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Failures {
    /// How often it failed.
    pub(super) count: u32,
    /// When it was tried first, in this process (rule 21).
    pub(super) since: Instant,
    /// An operator wants it diverted if it cannot be delivered now.
    pub(super) given_up: bool,
}

impl Way {
    /// A way for so many at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            under_way: BTreeMap::new(),
            failures: BTreeMap::new(),
            halted: None,
        }
    }

    /// Whether nothing is on it.
    pub(super) fn is_empty(&self) -> bool {
        let waits = self.ready.is_empty() && self.later.is_empty();
        waits && self.under_way.is_empty() && self.halted.is_none()
    }

    /// A new file.
    pub(super) fn add(&mut self, id: u64) {
        self.ready.insert(id);
    }

    /// The next file to send now, and how it failed. While the stream stops, only what never failed.
    pub(super) fn start(&mut self, now: Instant, stops: bool) -> Option<(u64, Option<Failures>)> {
        let id = match self.halted {
            Some((id, time)) => {
                let idle = self.under_way.is_empty();
                (idle && !stops && time <= now).then_some(id)?
            }
            None if self.under_way.len() >= self.at_once => return None,
            None => self.due(now, stops)?,
        };
        self.ready.remove(&id);
        self.under_way.insert(id, now);
        Some((id, self.failures.get(&id).copied()))
    }

    /// When it wants to be asked again, if nothing else happens.
    pub(super) fn wakes(&self) -> Option<Instant> {
        match self.halted {
            Some((id, time)) => (!self.under_way.contains_key(&id)).then_some(time),
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
        let pause = self.fail(id, now);
        self.later.insert((now + pause, id));
        self.go_on_after(id);
    }

    /// A file failed, and an operator is needed.
    pub(super) fn halt(&mut self, id: u64, now: Instant) {
        self.fail(id, now);
        match self.halted {
            Some((halted, _)) if halted != id => {
                // It waits for the one that halted the way first.
                self.ready.insert(id);
            }
            _ => self.halted = Some((id, now + HALT_PAUSE)),
        }
    }

    /// The file that a group was called by is there, but not all of the group: what is left of it is
    /// called by another, and inherits how it went.
    pub(super) fn rename(&mut self, from: u64, to: u64) {
        self.ready.remove(&to);
        if let Some(since) = self.under_way.remove(&from) {
            self.under_way.insert(to, since);
        }
        if let Some(failures) = self.failures.remove(&from) {
            self.failures.insert(to, failures);
        }
        if let Some((halted, _)) = &mut self.halted
            && *halted == from
        {
            *halted = to;
        }
    }

    /// Everything that waits is sent again at once.
    pub(super) fn try_again(&mut self, now: Instant) {
        let later = std::mem::take(&mut self.later);
        self.ready.extend(later.into_iter().map(|(_, id)| id));
        if let Some((_, time)) = &mut self.halted {
            *time = now;
        }
    }

    /// Gives up what has failed, or `all` that is on it, unless the next attempt goes well; how many
    /// files.
    pub(super) fn give_up(&mut self, all: bool, now: Instant) -> usize {
        if all {
            let halted = self.halted.map(|(id, _)| id);
            let later = self.later.iter().map(|(_, id)| *id);
            let waiting = self.ready.iter().copied().chain(later).chain(halted);
            let waiting: Vec<_> = waiting.chain(self.under_way.keys().copied()).collect();
            for id in waiting {
                let fresh = Failures {
                    count: 0,
                    since: now,
                    given_up: true,
                };
                self.failures.entry(id).or_insert(fresh);
            }
        }
        self.failures.values_mut().for_each(|f| f.given_up = true);
        self.try_again(now);
        self.failures.len()
    }

    /// A file that is there no more, wherever it waited.
    pub(super) fn forget(&mut self, id: u64) {
        self.ready.remove(&id);
        self.later.retain(|(_, other)| *other != id);
        self.done(id);
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
    fn fail(&mut self, id: u64, now: Instant) -> Duration {
        let since = self.under_way.remove(&id).unwrap_or(now);
        let first = Failures {
            count: 0,
            since,
            given_up: false,
        };
        let failures = self.failures.entry(id).or_insert(first);
        failures.count += 1;
        pause(failures.count)
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
