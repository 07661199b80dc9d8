//! The power of one disk or several.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Power, which goes when it is told to, at all disks at once. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Power(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_off: bool,
    /// After so many changes it goes.
    left: Option<u64>,
    changes: u64,
}

impl Power {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is there, and goes at the change that follows `changes` more, if a number is given.
    pub fn on(&self, changes: Option<u64>) {
        *self.state() = State {
            is_off: false,
            left: changes,
            changes: 0,
        };
    }

    /// It goes.
    pub fn off(&self) {
        self.state().is_off = true;
    }

    /// Whether it is there.
    pub fn is_on(&self) -> bool {
        !self.state().is_off
    }

    /// Changes that it let happen since it was there.
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Counts a change; whether the power goes at it.
    pub(super) fn is_spent(&self) -> bool {
        let mut state = self.state();
        state.changes += 1;
        match state.left.map(|left| left.checked_sub(1)) {
            Some(None) => state.is_off = true,
            Some(left) => state.left = left,
            None => {}
        }
        state.is_off
    }
}
