//! Readiness as a latch: every part that must be up before work can be taken holds one, and
//! releases it when it is. What is not released is what `/ready` says is missing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Whether this process takes work. A handle: clones see the same state.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    missing: BTreeSet<&'static str>,
    stopping: bool,
}

/// Held by a part that is not up yet. Dropping it without [`release`](Self::release) leaves the
/// process not ready, which is right: that part never came up.
#[derive(Debug)]
#[must_use = "the process is not ready until the latch is released"]
pub struct Latch {
    readiness: Readiness,
    part: &'static str,
}

impl Readiness {
    /// A latch for `part`, a few words that name it: "the streams".
    pub fn latch(&self, part: &'static str) -> Latch {
        self.change(|state| state.missing.insert(part));
        Latch {
            readiness: self.clone(),
            part,
        }
    }

    /// Not ready from now on: the process stops.
    pub fn stopping(&self) {
        self.change(|state| state.stopping = true);
    }

    /// What is missing; empty when ready.
    pub fn missing(&self) -> Vec<&'static str> {
        self.change(|state| {
            let stopping = state.stopping.then_some("this process is stopping");
            state.missing.iter().copied().chain(stopping).collect()
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Latch {
    /// The part is up.
    pub fn release(self) {
        self.readiness
            .change(|state| state.missing.remove(self.part));
    }
}

#[cfg(test)]
mod tests;
