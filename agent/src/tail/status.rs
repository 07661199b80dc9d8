//! What an operator sees of the followed files.

use serde::Serialize;

use super::Follower;
use super::file::{Cursor, File};
use super::plan::Ending;
use crate::progress::Counts;

/// The agent's status.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: &'static str,
    /// One per followed file and stream.
    pub sources: Vec<SourceStatus>,
    /// What became of all bytes.
    pub bytes: Bytes,
}

/// How one file stands with one stream.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SourceStatus {
    /// Where it was seen last. What is no UTF-8 is replaced.
    pub path: String,
    /// The source's id.
    pub id: String,
    /// The stream it feeds.
    pub stream: String,
    /// Counts its truncations.
    pub epoch: u64,
    /// Bytes.
    pub size: u64,
    /// Bytes read.
    pub read: u64,
    /// Bytes acknowledged.
    pub acknowledged: u64,
    /// `reading`, `drained`, `failing`, `rotated` or `gone`.
    pub state: &'static str,
}

/// What became of bytes, since the agent's birth. Delivered, excluded and gone only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Bytes {
    /// Acknowledged by the daemon.
    pub delivered: u64,
    /// Seen and not acknowledged yet.
    pub waiting: u64,
    /// Excluded by settings.
    pub excluded: u64,
    /// Gone before they could be read; a lower bound.
    pub gone: u64,
}

impl Follower {
    /// How everything stands.
    pub fn status(&self) -> Status {
        let sources = self.files.values().flat_map(|file| {
            let cursors = file.cursors.iter();
            cursors.map(|cursor| self.source_status(file, cursor))
        });
        Status {
            version: env!("CARGO_PKG_VERSION"),
            sources: sources.collect(),
            bytes: self.bytes(),
        }
    }

    /// What became of all bytes.
    pub fn bytes(&self) -> Bytes {
        let mut counts = self.progress.state().totals;
        let mut waiting = 0;
        for file in self.files.values() {
            for cursor in &file.cursors {
                counts.add(&cursor.counts);
                waiting += self.waiting(file, cursor);
            }
        }
        self.asleep().for_each(|other| counts.add(&other));
        Bytes {
            delivered: counts.delivered,
            waiting,
            excluded: counts.excluded,
            gone: counts.gone,
        }
    }

    /// Counts of streams that no followed file feeds now.
    fn asleep(&self) -> impl Iterator<Item = Counts> {
        let sources = &self.progress.state().sources;
        let ids = self.dormant.values().flatten();
        ids.filter_map(|id| sources.get(id))
            .flat_map(|source| source.streams.values().map(|s| s.counts))
    }

    fn waiting(&self, file: &File, cursor: &Cursor) -> u64 {
        let at = cursor.acknowledged;
        if at.epoch == cursor.epoch {
            return file.seen.saturating_sub(at.offset);
        }
        let source = self.progress.state().sources.get(&cursor.source);
        let closed = source.into_iter().flat_map(|s| s.closed.range(at.epoch..));
        let unread: u64 = closed.map(|(_, size)| *size).sum();
        unread.saturating_sub(at.offset) + file.seen
    }

    fn source_status(&self, file: &File, cursor: &Cursor) -> SourceStatus {
        SourceStatus {
            path: file.path.to_string_lossy().into_owned(),
            id: cursor.source.to_string(),
            stream: self.streams[cursor.stream].name.to_string(),
            epoch: cursor.epoch,
            size: file.seen,
            read: cursor.next.offset,
            acknowledged: cursor.acknowledged.offset,
            state: self.state(file, cursor),
        }
    }

    fn state(&self, file: &File, cursor: &Cursor) -> &'static str {
        match file.ending {
            Ending::Gone => "gone",
            _ if file.failing => "failing",
            _ if file.detached.is_some() => "rotated",
            _ if self.waiting(file, cursor) == 0 => "drained",
            _ => "reading",
        }
    }
}
