//! Follows files: knows what was read, what is acknowledged, and what comes next.
//!
//! [`Follower`] is one state, driven by one thread. It looks at files through
//! [`Disk`](crate::disk::Disk) alone, reads only when a stream asks for a request, and learns from
//! the answers. It neither waits nor sleeps, so that a simulator can drive it through any history.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use standpipe_config::names::{AgentId, SourceId, StreamName};
use standpipe_config::settings::agent::{Flow, Watching};

use crate::dead::DeadLetters;
use crate::discover::Discover;
use crate::disk::Disk;
use crate::parse::Shaper;
use crate::progress::{Entry, Place, Progress, ProgressError};

mod answers;
mod archives;
mod compose;
mod copies;
mod doubt;
mod durable;
mod file;
mod find;
mod hold;
mod journals;
mod moved;
mod observe;
pub mod plan;
mod reading;
mod reload;
mod request;
mod scan;
mod shape;
mod status;
mod stream;

pub use answers::Settled;
pub use durable::COMMIT_INTERVAL;
pub(crate) use file::{line_end_before, tail_at};
pub use reload::ReloadError;
pub use request::Request;
pub use status::{Bytes, Reasons, STATES, SourceStatus, Status, Unmatched, Unreadable};

use file::File;
use plan::Step;
use stream::Stream;

/// How a follower behaves.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Read to the end, ship, and be done.
    pub once: bool,
    /// How long a renamed or deleted file must be quiet before it is final.
    pub rotate_wait: Duration,
    /// How long a file must be quiet before its descriptor is closed; it is opened again when it
    /// grows.
    pub idle: Duration,
    /// How often the daemon is told which sources live (rule 7).
    pub live: Duration,
    /// Bytes read and not acknowledged, at most.
    pub in_flight: u64,
    /// Files open at once, at most.
    pub most_open: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            once: false,
            rotate_wait: Duration::from_secs(30),
            idle: Duration::from_secs(300),
            live: Duration::from_secs(600),
            in_flight: 32 * 1024 * 1024,
            most_open: 512,
        }
    }
}

/// Names a followed file within this process.
type Key = u64;

/// Follows files for a set of flows.
#[derive(Debug)]
pub struct Follower {
    agent: AgentId,
    disk: Disk,
    progress: Progress,
    discover: Discover,
    flows: Vec<Flow>,
    /// What shapes the lines of each flow.
    shapers: Vec<Shaper>,
    /// Which stream each flow feeds.
    stream_of: Vec<usize>,
    streams: Vec<Stream>,
    /// Flows that read no files.
    journals: journals::Journals,
    rules: Rules,
    files: BTreeMap<Key, File>,
    next_key: Key,
    by_incarnation: HashMap<(u64, u64, i64), Key>,
    by_path: HashMap<PathBuf, Key>,
    /// Remembered sources that belong to no followed file, by inode and birth.
    dormant: HashMap<(u64, i64), Vec<SourceId>>,
    /// Since when remembered sources are looked for and not found.
    missing: HashMap<SourceId, Duration>,
    /// Compressed files that are no logs, as they were looked at.
    passed_over: HashMap<(u64, i64), (u64, i64)>,
    /// The same that are not the rest of a source either.
    refused: HashMap<SourceId, BTreeMap<archives::Looked, archives::Refused>>,
    /// When sizes are remembered next.
    remember_at: Duration,
    scans: u64,
    /// Files and folders that match and could not be opened in the last scan, and why.
    unopened: BTreeMap<PathBuf, String>,
    /// Patterns that matched nothing in the last scan, each with its flow.
    unmatched: Vec<(usize, String)>,
    /// Open files, by count.
    open: usize,
    crowded: bool,
    /// New files that may be copies of others.
    doubtful: BTreeSet<Key>,
    /// Files of which something may wait to be acknowledged.
    stirred: BTreeSet<Key>,
    /// Events that wait for their end, and until when.
    held: BTreeSet<(Duration, Key, usize)>,
    /// Where a stream stands has changed since it was last staged.
    dirty: BTreeSet<(Key, usize)>,
    /// Staged and not durable yet.
    staged: Vec<(Key, usize, Place)>,
    last_commit: Duration,
    full: bool,
    /// Progress was lost: what is not recognised is worth a warning.
    rebuilt: bool,
    folders: BTreeSet<PathBuf>,
    /// Where lines go that do not parse, if the settings say so.
    dead: DeadLetters,
    /// Kept for its memory.
    spare: compose::Spare,
}

impl Follower {
    fn compiled(
        agent: AgentId,
        disk: Disk,
        progress: Progress,
        (discover, flows): (Discover, Vec<Flow>),
        rules: Rules,
    ) -> Self {
        let mut follower = Self {
            agent,
            shapers: Vec::new(),
            discover,
            stream_of: Vec::new(),
            flows: Vec::new(),
            streams: Vec::new(),
            journals: journals::Journals::default(),
            rules,
            files: BTreeMap::new(),
            next_key: 0,
            by_incarnation: HashMap::new(),
            by_path: HashMap::new(),
            dormant: HashMap::new(),
            missing: HashMap::new(),
            passed_over: HashMap::new(),
            refused: HashMap::new(),
            remember_at: Duration::ZERO,
            scans: 0,
            unopened: BTreeMap::new(),
            unmatched: Vec::new(),
            open: 0,
            crowded: false,
            doubtful: BTreeSet::new(),
            stirred: BTreeSet::new(),
            held: BTreeSet::new(),
            dirty: BTreeSet::new(),
            staged: Vec::new(),
            last_commit: disk.now(),
            full: false,
            rebuilt: false,
            folders: BTreeSet::new(),
            dead: DeadLetters::default(),
            spare: compose::Spare::default(),
            disk,
            progress,
        };
        follower.begin_flows(flows);
        follower
    }

    /// Puts lines that do not parse into files below this folder, where the settings say so.
    pub fn put_dead_letters_in(&mut self, data_dir: &Path) {
        self.dead = DeadLetters::of(data_dir);
    }

    /// Takes in what the daemon remembers, after progress was lost (rule 6). What is not
    /// recognised from now on is said.
    pub fn rebuild(&mut self, entries: &[Entry]) -> Result<(), ProgressError> {
        for entry in entries {
            self.progress.stage(entry);
            if let Entry::Source {
                source,
                incarnation,
                ..
            } = entry
            {
                let sleeping = self.dormant.entry(incarnation.key()).or_default();
                if !sleeping.contains(source) {
                    sleeping.push(*source);
                }
            }
        }
        self.progress.stage(&Entry::Begun);
        self.rebuilt = true;
        Ok(self.progress.sync()?)
    }

    /// The streams that are fed; everywhere else they are named by their place here.
    pub fn streams(&self) -> impl Iterator<Item = &StreamName> {
        self.streams.iter().map(|stream| &stream.name)
    }

    /// Folders in which something may appear, as the last scan saw them.
    pub fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    /// Whether there are files of which no notices are wanted.
    pub fn polls(&self) -> bool {
        self.flows.iter().any(|flow| flow.watch == Watching::Poll)
    }

    /// The clock.
    pub fn now(&self) -> Duration {
        self.disk.now()
    }

    /// Everything that was seen is shipped, acknowledged and remembered.
    pub fn is_drained(&self) -> bool {
        let idle = |file: &File| {
            file.failing.is_some()
                || file.cursors.iter().all(|cursor| {
                    let source = self.progress.state().sources.get(&cursor.source);
                    let step = source.map(|source| file.step(cursor, source));
                    cursor.is_drained() && matches!(step, None | Some(Step::Nothing))
                })
        };
        self.streams.iter().all(|s| s.outstanding.is_empty())
            && self.files.values().all(idle)
            && self.journals.are_drained()
            && self.dirty.is_empty()
            && !self.progress.is_staged()
    }

    /// Files that match and could not be opened or read.
    pub fn unread(&self) -> usize {
        let failing = self.files.values().filter(|file| file.failing.is_some());
        self.unopened.len() + failing.count() + self.journals.troubles().count()
    }

    /// Files wait because too many are open.
    pub fn is_crowded(&self) -> bool {
        self.crowded
    }

    /// Puts a file into the queues of the streams that have something to do with it.
    fn wake(&mut self, key: Key) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        self.stirred.insert(key);
        let mut woken = Vec::new();
        for place in 0..file.cursors.len() {
            let cursor = &file.cursors[place];
            let Some(source) = self.progress.state().sources.get(&cursor.source) else {
                continue;
            };
            let wanted = file.step(cursor, source) != Step::Nothing || file.must_identify(cursor);
            if !cursor.queued && wanted && !file.is_doubtful() {
                file.cursors[place].queued = true;
                woken.push(file.cursors[place].stream);
            }
        }
        for stream in woken {
            self.streams[stream].ready.push_back(key);
        }
    }
}

#[cfg(test)]
pub(crate) mod simulator;
#[cfg(test)]
mod tests;
