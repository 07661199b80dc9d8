//! One stream, as the agent sees it: who has something to say to it, and what is on its way.

use std::collections::VecDeque;
use std::time::Duration;

use standpipe_config::names::StreamName;

use super::Key;
use super::request::Outstanding;

/// One stream, as the agent sees it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: StreamName,
    /// Files with something to do, in turn.
    pub(super) ready: VecDeque<Key>,
    /// A line of this file is being cut: nothing comes between its parts.
    pub(super) cut: Option<Key>,
    /// Requests handed out, oldest first.
    pub(super) outstanding: VecDeque<Outstanding>,
    /// Counts the times that everything handed out became void.
    pub(super) generation: u64,
    pub(super) next_request: u64,
    /// Raw bytes of the next request, at most; halved when one is refused as too large.
    pub(super) limit: u64,
    /// When the daemon is told next which sources live.
    pub(super) live_at: Duration,
}

impl Stream {
    /// One that nothing was read of yet.
    pub(super) fn new(name: StreamName, limit: u64) -> Self {
        Self {
            name,
            ready: VecDeque::new(),
            cut: None,
            outstanding: VecDeque::new(),
            generation: 0,
            next_request: 0,
            limit,
            live_at: Duration::ZERO,
        }
    }
}
