//! What an operator sees of the followed files.

use std::path::Path;

use serde::{Deserialize, Serialize};
use standpipe_config::names::{SourceId, StreamName};

use super::Follower;
use super::file::{Cursor, File};
use super::plan::Ending;
use crate::progress::{Counts, Source, Standing};

/// The agent's status.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// How many times everything was looked at since the start.
    #[serde(default)]
    pub looks: u64,
    /// One per file and stream: those that are followed, and those that are remembered.
    pub sources: Vec<SourceStatus>,
    /// What became of all bytes.
    pub bytes: Bytes,
    /// Patterns that match nothing.
    #[serde(default)]
    pub unmatched: Vec<Unmatched>,
    /// Files and folders that match and cannot be read.
    #[serde(default)]
    pub unreadable: Vec<Unreadable>,
}

/// How one file stands with one stream.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Where it was seen last. What is no UTF-8 is replaced.
    pub path: String,
    /// The source's id.
    pub id: String,
    /// The stream it feeds.
    pub stream: String,
    /// Device number of the file.
    pub device: u64,
    /// Inode number of the file.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970; 0 where it is not known.
    pub birth: i64,
    /// Counts its truncations.
    pub epoch: u64,
    /// Bytes.
    pub size: u64,
    /// Bytes read.
    pub read: u64,
    /// Bytes acknowledged.
    pub acknowledged: u64,
    /// One of [`STATES`].
    pub state: String,
    /// What became of its bytes.
    pub bytes: Bytes,
}

impl SourceStatus {
    /// Whether its file is followed, and not only remembered.
    pub fn is_followed(&self) -> bool {
        self.state != "final" && self.state != "missing"
    }
}

/// All states of a source: being read; nothing left to read; it cannot be read; renamed out of the
/// patterns or deleted; gone, and nobody can read the rest; remembered after its end; remembered
/// and not found yet.
pub const STATES: [&str; 7] = [
    "reading", "drained", "failing", "rotated", "gone", "final", "missing",
];

/// What became of bytes, since the agent's birth. Delivered, excluded and gone only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Bytes {
    /// Acknowledged by the daemon.
    pub delivered: u64,
    /// Seen and not acknowledged yet.
    pub waiting: u64,
    /// Excluded by settings.
    pub excluded: u64,
    /// Gone before they could be read; a lower bound.
    pub gone: u64,
    /// The same by reason.
    #[serde(rename = "gone_by", default)]
    pub reasons: Reasons,
}

/// Why bytes are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reasons {
    /// The file was truncated.
    pub truncated: u64,
    /// The file was deleted while nobody held it.
    pub deleted: u64,
    /// The end of the file was cut off; what had been read stayed.
    pub cut_off: u64,
    /// They cannot be read, or never were written.
    pub unreadable: u64,
}

impl Reasons {
    /// Each with its name.
    pub fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("truncated", self.truncated),
            ("deleted", self.deleted),
            ("cut_off", self.cut_off),
            ("unreadable", self.unreadable),
        ]
    }
}

/// A pattern that matches nothing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Unmatched {
    /// The pattern.
    pub pattern: String,
    /// The stream that it should feed.
    pub stream: String,
}

/// Something that matches and cannot be read.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Unreadable {
    /// Where.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Follower {
    /// How everything stands.
    pub fn status(&self) -> Status {
        let followed = self.files.values().flat_map(|file| {
            let cursors = file.cursors.iter();
            cursors.map(|cursor| self.source_status(file, cursor))
        });
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            looks: self.scans,
            sources: followed
                .chain(self.journal_status())
                .chain(self.remembered())
                .collect(),
            bytes: self.bytes(),
            unmatched: self.unmatched(),
            unreadable: self.unreadable(),
        }
    }

    /// What became of all bytes.
    pub fn bytes(&self) -> Bytes {
        let (mut counts, mut waiting) = self.journal_bytes();
        counts.add(&self.progress.state().totals);
        for file in self.files.values() {
            for cursor in &file.cursors {
                counts.add(&cursor.counts);
                waiting += self.waiting(file, cursor);
            }
        }
        self.asleep().for_each(|(.., s)| counts.add(&s.counts));
        bytes(&counts, waiting)
    }

    /// Bytes of a stream's files that are not sent, those on their way not counted.
    pub(super) fn unsent(&mut self, stream: usize) -> u64 {
        // Of many thousand files nearly all have nothing to say: each request would ask them again.
        let mut stirred = std::mem::take(&mut self.stirred);
        stirred.retain(|key| self.files.get(key).is_some_and(|file| self.waits(file)));
        let cursors = stirred.iter().filter_map(|key| {
            let file = self.files.get(key)?;
            Some((file, file.cursor(stream)?))
        });
        let waiting: u64 = cursors
            .map(|(file, cursor)| self.waiting(file, cursor))
            .sum();
        self.stirred = stirred;
        let sent = self.streams[stream].outstanding.iter();
        let sent: u64 = sent.map(|request| request.raw).sum();
        (waiting + self.journals.unsent(stream)).saturating_sub(sent)
    }

    /// The same, each file asked.
    #[cfg(test)]
    pub(super) fn unsent_of_all(&mut self, stream: usize) -> u64 {
        self.stirred = self.files.keys().copied().collect();
        self.unsent(stream)
    }

    fn waits(&self, file: &File) -> bool {
        let mut cursors = file.cursors.iter();
        cursors.any(|cursor| self.waiting(file, cursor) > 0)
    }

    /// Streams that no followed file feeds now.
    fn asleep(&self) -> impl Iterator<Item = (SourceId, &Source, &StreamName, &Standing)> {
        let sources = &self.progress.state().sources;
        let ids = self.dormant.values().flatten();
        ids.filter_map(|id| Some((*id, sources.get(id)?)))
            .flat_map(|(id, source)| source.streams.iter().map(move |(n, s)| (id, source, n, s)))
    }

    fn remembered(&self) -> impl Iterator<Item = SourceStatus> {
        self.asleep().map(|(id, source, stream, standing)| {
            let at = standing.place.offset;
            let state = if standing.is_final {
                "final"
            } else {
                "missing"
            };
            SourceStatus {
                path: lossy(&source.path),
                id: id.to_string(),
                stream: stream.to_string(),
                device: source.incarnation.device,
                inode: source.incarnation.inode,
                birth: source.incarnation.birth,
                epoch: standing.place.epoch,
                size: standing.size.max(at),
                read: at,
                acknowledged: at,
                state: state.to_owned(),
                bytes: bytes(&standing.counts, standing.size.saturating_sub(at)),
            }
        })
    }

    fn unmatched(&self) -> Vec<Unmatched> {
        let named = |(flow, pattern): &(usize, String)| Unmatched {
            pattern: pattern.clone(),
            stream: self.flows[*flow].stream.to_string(),
        };
        self.unmatched.iter().map(named).collect()
    }

    fn unreadable(&self) -> Vec<Unreadable> {
        let failing = self.files.values();
        let failing = failing.filter_map(|file| Some((&file.path, file.failing.as_ref()?)));
        let all = self.unopened.iter().chain(failing);
        all.map(|(path, reason)| Unreadable {
            path: lossy(path),
            reason: reason.clone(),
        })
        .chain(self.journals.troubles().map(|(name, reason)| Unreadable {
            path: name.to_owned(),
            reason,
        }))
        .collect()
    }

    fn waiting(&self, file: &File, cursor: &Cursor) -> u64 {
        if file.is_repetition() {
            return 0;
        }
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
        let current = cursor.acknowledged.epoch == cursor.epoch;
        SourceStatus {
            path: lossy(&file.path),
            id: cursor.source.to_string(),
            stream: self.streams[cursor.stream].name.to_string(),
            device: file.sight.device,
            inode: file.sight.inode,
            birth: file.sight.birth,
            epoch: cursor.epoch,
            size: file.seen,
            read: cursor.next.offset,
            acknowledged: if current {
                cursor.acknowledged.offset
            } else {
                0
            },
            state: self.state(file, cursor).to_owned(),
            bytes: bytes(&cursor.counts, self.waiting(file, cursor)),
        }
    }

    fn state(&self, file: &File, cursor: &Cursor) -> &'static str {
        match file.ending {
            Ending::Gone => "gone",
            _ if file.failing.is_some() => "failing",
            _ if file.detached.is_some() => "rotated",
            _ if self.waiting(file, cursor) == 0 => "drained",
            _ => "reading",
        }
    }
}

pub(super) fn bytes(counts: &Counts, waiting: u64) -> Bytes {
    Bytes {
        delivered: counts.delivered,
        waiting,
        excluded: counts.excluded,
        gone: counts.gone(),
        reasons: Reasons {
            truncated: counts.truncated,
            deleted: counts.deleted,
            cut_off: counts.cut_off,
            unreadable: counts.unreadable,
        },
    }
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
