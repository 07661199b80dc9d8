//! Entries on their way from the thread that reads the journal to the one that ships them.

use std::collections::VecDeque;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Entry;

/// Bytes that may wait here: the journal itself is the queue.
const MOST: usize = 1024 * 1024;

/// Both ends. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Nothing more will come.
    ended: bool,
    /// Nobody wants more.
    closed: bool,
    /// Why nothing comes now.
    trouble: Option<String>,
    child: Option<Child>,
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry in, when there is room. Whether anyone wants more, and whether there was
    /// nothing before.
    pub(super) fn put(&self, entry: Entry) -> (bool, bool) {
        let full = |state: &mut State| state.bytes >= MOST && !state.closed;
        let state = self.0.changed.wait_while(self.state(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let first = state.entries.is_empty();
        state.bytes += entry.line.len();
        state.trouble = None;
        state.entries.push_back(entry);
        (!state.closed, first)
    }

    /// All entries that are there.
    pub(crate) fn take(&self) -> VecDeque<Entry> {
        let mut state = self.state();
        state.bytes = 0;
        let entries = std::mem::take(&mut state.entries);
        drop(state);
        self.0.changed.notify_all();
        entries
    }

    /// Nothing comes now, and why; `for_good`, or until more is put in.
    pub(super) fn troubled(&self, why: Option<String>, for_good: bool) {
        let mut state = self.state();
        state.trouble = why;
        state.ended |= for_good;
    }

    /// Why nothing comes now, if so.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Whether nothing is there and nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state();
        state.ended && state.entries.is_empty()
    }

    /// Keeps the process that is read from. `false`: nobody wants to read.
    pub(super) fn reads_from(&self, child: Child) -> bool {
        let mut state = self.state();
        let before = state.child.replace(child);
        debug_assert!(before.is_none(), "one at a time");
        !state.closed
    }

    /// The process that was read from.
    pub(super) fn done(&self) -> Option<Child> {
        self.state().child.take()
    }

    /// Waits, unless nobody wants more; whether somebody does.
    pub(super) fn rest(&self, time: Duration) -> bool {
        let wanted = |state: &mut State| !state.closed;
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.state(), time, wanted);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Nobody wants more: the process that is read from ends, and so does who reads.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        if let Some(child) = &mut state.child {
            // It may have ended by itself.
            let _ = child.kill();
        }
        drop(state);
        self.0.changed.notify_all();
    }
}
