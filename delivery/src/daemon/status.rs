//! What `/status` says.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;
use standpipe_config::faults;
use standpipe_config::names::StreamName;

use super::reload::{Account, Reloads};
use crate::ingest::{Agents, Seen};
use crate::stream::{StreamStatus, Streams};

/// How the daemon is doing.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub(super) version: &'static str,
    pub(super) settings: Account,
    pub(super) memory: Memory,
    pub(super) streams: BTreeMap<StreamName, StreamStatus>,
    /// Agents heard of since the start.
    pub(super) agents: Vec<Seen>,
}

/// The memory of the process, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub(super) struct Memory {
    /// Resident.
    pub(super) used: u64,
    /// What all buffers may take.
    pub(super) limit: u64,
}

impl Memory {
    /// Now.
    pub(super) fn of(limit: u64) -> Self {
        // Where the operating system does not say, nothing is said.
        let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        let used = resident.map_or(0, |pages: u64| pages * rustix::param::page_size() as u64);
        Self { used, limit }
    }
}

impl Status {
    /// Now. `None`: the streams are being recovered.
    pub(super) fn of(
        streams: Option<&Streams>,
        reloads: &Reloads,
        agents: &Agents,
        memory: u64,
    ) -> Self {
        faults::takes_time("status");
        Self {
            version: env!("CARGO_PKG_VERSION"),
            settings: reloads.account(),
            memory: Memory::of(memory),
            streams: streams.map(Streams::status).unwrap_or_default(),
            agents: agents.seen(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
