//! The journal on this machine's disk: segments of entries, one writer thread, one sync for all
//! that wait.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_config::files::FileError;
use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, Arrival, LaneId, NoRandomness, Run};
use tokio::sync::watch;

use super::{Append, Appended, Chunk, Journal, Refusal};
use crate::disk::Quota;
use crate::failure::Failure;

/// How a journal is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Size of a segment in bytes. An entry that is larger gets a segment of its own. At most an
    /// eighth of the quota is used.
    pub segment_bytes: u64,
    /// How many released segments are kept for reuse: overwriting them makes a sync cheap.
    pub recycled: usize,
    /// The position of the lane's checkpoint, `None` where there is none yet.
    pub sealed: Option<u64>,
    /// Counts the bytes of all segments, recycled ones included (rule 28).
    pub quota: Arc<Quota>,
}

/// What was accepted since the stream's birth, durable over restarts. Counted, not computed from
/// positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Records.
    pub accepted_records: u64,
    /// Bytes of these records.
    pub accepted_bytes: u64,
    /// Raw bytes that agents reported as gone (rule 5).
    pub gap_bytes: u64,
}

/// What lies in the journal at or past a position, counted from its entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Records.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// When the first of them arrived.
    pub oldest: Option<Arrival>,
}

/// Why a journal cannot be opened. Nothing was deleted; its stream halts (rule 15).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Bytes that were durable once do not read back.
    #[error("the journal is damaged: {} at byte {offset}: {why}; restore the file, or move the stream's folder away to begin anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        why: String,
    },
    /// Written by a newer program (rule 33).
    #[error("{} has version {found}, this daemon reads versions up to {known}: update the daemon", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The newest version known.
        known: u16,
    },
    /// Records between the checkpoint and the journal's first are gone.
    #[error("the journal in {} does not fit its checkpoint: {why}; restore what is missing, or move the stream's folder away to begin anew", folder.display())]
    Lost {
        /// The journal's folder.
        folder: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// No id could be minted.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The writer thread did not start.
    #[error("cannot start the journal's writer thread: {0}")]
    Thread(String),
}

/// A stream's journal on this machine's disk. Cheap to clone; all clones are the same journal.
#[derive(Clone, Debug)]
pub struct LocalJournal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lane: LaneId,
    run: Run,
    end: watch::Sender<u64>,
}

impl LocalJournal {
    /// Opens the journal in `folder`, or begins one: recovers what is there, mints a run and makes
    /// it durable (rule 13), and starts the writer thread.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, OpenError> {
        let _ = options;
        Err(OpenError::Thread(format!(
            "{}: not built yet",
            folder.display()
        )))
    }

    /// The lane, born with the journal.
    pub fn lane(&self) -> LaneId {
        self.shared.lane
    }

    /// This life of the daemon.
    pub fn run(&self) -> Run {
        self.shared.run
    }

    /// The first position that can still be read.
    pub fn begin(&self) -> u64 {
        0
    }

    /// Behind the last synced record (rule 11).
    pub fn end(&self) -> u64 {
        *self.shared.end.borrow()
    }

    /// Follows [`end`](Self::end).
    pub fn watch_end(&self) -> watch::Receiver<u64> {
        self.shared.end.subscribe()
    }

    /// What was accepted since the stream's birth.
    pub fn totals(&self) -> Totals {
        Totals::default()
    }

    /// What lies in the journal at or past `position`.
    pub fn waiting_from(&self, position: u64) -> Waiting {
        let _ = position;
        Waiting::default()
    }

    /// What is held of an agent's sources (rule 6), durable only.
    pub fn sources(&self, agent: AgentId) -> Vec<HeldSource> {
        let _ = agent;
        Vec::new()
    }

    /// Takes no more appends, finishes those in hand, and ends the writer thread.
    pub async fn shutdown(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Resolves, with the reason, if the writer thread ended although nobody shut it down. The
    /// process must end then: what is on disk is unknown.
    pub async fn failed(&self) -> String {
        std::future::pending().await
    }
}

impl Journal for LocalJournal {
    async fn append(&self, _append: Append) -> Result<Appended, Refusal> {
        Err(Refusal::Closed)
    }

    async fn read(&self, _position: u64, _budget: usize) -> Result<Chunk, Failure> {
        Err(Failure::halt("not built yet"))
    }

    async fn release(&self, _position: u64) -> Result<(), Failure> {
        Err(Failure::halt("not built yet"))
    }
}
