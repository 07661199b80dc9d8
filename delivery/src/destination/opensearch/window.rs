//! How many bulk requests are under way at once: one more for every round that goes well, half as
//! many when the cluster says that it is busy (as TCP does it).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Requests at once at first.
const FIRST: f64 = 2.0;

/// Requests at once at most.
const MOST: f64 = 16.0;

/// How many requests may be under way. A handle: clones share it.
#[derive(Clone, Debug)]
pub(super) struct Window {
    state: Arc<Mutex<State>>,
    room: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    under_way: u32,
}

/// A request under way, until dropped.
#[derive(Debug)]
pub(super) struct Turn(Window);

impl Window {
    pub(super) fn new() -> Self {
        let state = State {
            limit: FIRST,
            under_way: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            room: Arc::default(),
        }
    }

    /// Waits for a turn.
    pub(super) async fn enter(&self) -> Turn {
        loop {
            let room = self.room.notified();
            if self.try_enter() {
                // There may be room for one more, of which nobody was told.
                self.room.notify_one();
                return Turn(self.clone());
            }
            room.await;
        }
    }

    fn try_enter(&self) -> bool {
        let mut state = self.lock();
        let has_room = state.under_way < state.limit as u32;
        if has_room {
            state.under_way += 1;
        }
        has_room
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// It went well.
    pub(super) fn well(self) {
        let mut state = self.0.lock();
        state.limit = (state.limit + 1.0 / state.limit).min(MOST);
    }

    /// The cluster is busy.
    pub(super) fn busy(self) {
        let mut state = self.0.lock();
        state.limit = (state.limit / 2.0).max(1.0);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests;
