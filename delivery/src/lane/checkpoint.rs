//! What a lane remembers: the position sealed up to, and the sealed files not yet delivered.
//!
//! An append-only log with snapshots (`config::files::EntryLog`), so that a delivered file costs
//! the same however many others wait. Entries that come at once share a sync. An entry counts when it is synced: the state in memory
//! follows the disk, never the other way round.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use standpipe_config::files::{EntryLog, FileError, LogError, LogKind};
use standpipe_config::names::LaneId;

use super::failed::failures::Failures;

pub use crate::destination::Attempts;
pub use entry::{Counts, Entry, Role, Seal, SealedFile, Version};
pub use state::{Sealed, Settled, State};

mod entry;
mod state;

/// The checkpoint's log.
pub const KIND: LogKind = LogKind {
    name: "checkpoint",
    magic: *b"SPCK",
    version: 1,
};

/// A stream's checkpoint, open. Lane and delivery both write to it.
#[derive(Debug)]
pub struct Checkpoint {
    folder: PathBuf,
    /// Held over write and sync, so that entries stand in the log as they were applied.
    log: Mutex<EntryLog>,
    /// Entries whose callers wait for the log: whoever has it next writes them all, with one sync.
    queue: Mutex<Vec<Waiting>>,
    /// Held for moments only, so that `status` never waits for a disk.
    state: Mutex<State>,
    /// Files that delivery has not heard of yet; as many as it takes to come and look.
    fresh: Mutex<Vec<u64>>,
    /// Why records failed since the start. Not kept on disk.
    failures: Mutex<Failures>,
}

/// An entry whose caller waits.
#[derive(Debug)]
struct Waiting {
    entry: Entry,
    bytes: Vec<u8>,
    applied: Applied,
}

/// Set once an entry is durable: whether it is in the state, or why it cannot follow what is.
type Applied = Arc<OnceLock<Result<(), String>>>;

/// Why a checkpoint cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What it says does not add up.
    #[error("the checkpoint in {path} makes no sense: {why}")]
    Senseless {
        /// Its folder.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl CheckpointError {
    /// The disk is full; nothing was written and the checkpoint goes on (rule 28).
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Log(LogError::File(e)) if e.is_full())
    }
}

impl From<FileError> for CheckpointError {
    fn from(error: FileError) -> Self {
        Self::Log(error.into())
    }
}

impl Checkpoint {
    /// Reads the checkpoint in `folder`; `None` if there is none. Changes nothing on disk but the
    /// torn tail of an append that nobody was told about.
    pub fn read(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        if !EntryLog::exists(folder, KIND)? {
            return Ok(None);
        }
        let opened = EntryLog::open(folder, KIND)?;
        let path = opened.log.path().display().to_string();
        let state = replay(&opened.entries, path)?;
        Ok(state.map(|state| Self::with(folder, opened.log, state)))
    }

    /// What the checkpoint in `folder` says, while the daemon writes to it or not; `None` if there
    /// is none. Changes nothing.
    pub fn look(folder: &Path) -> Result<Option<State>, CheckpointError> {
        let Some(found) = EntryLog::look(folder, KIND)? else {
            return Ok(None);
        };
        let path = folder.join(KIND.name).display().to_string();
        replay(&found, path)
    }

    /// Begins the checkpoint of a lane that has done nothing yet.
    pub fn begin(folder: &Path, lane: LaneId) -> Result<Self, CheckpointError> {
        let opened = EntryLog::open(folder, KIND)?;
        let checkpoint = Self::with(folder, opened.log, State::new(lane));
        checkpoint.compact(&mut lock(&checkpoint.log))?;
        Ok(checkpoint)
    }

    /// Adds an entry; durable, and in the state, on return. Blocks.
    pub fn record(&self, entry: Entry) -> Result<(), CheckpointError> {
        let bytes = entry.encode().map_err(|why| self.senseless(why))?;
        let applied = Applied::default();
        lock(&self.queue).push(Waiting {
            entry,
            bytes,
            applied: applied.clone(),
        });
        let mut log = lock(&self.log);
        if applied.get().is_none() {
            self.write_queue(&mut log, &applied)?;
            if log.wants_compaction()
                && let Err(error) = self.compact(&mut log)
            {
                tracing::warn!(%error, "a checkpoint was not compacted; it is tried again later");
            }
        }
        match applied.get() {
            Some(Err(why)) => Err(self.senseless(why.clone())),
            _ => Ok(()),
        }
    }

    /// Writes all entries that wait. If that fails, only `mine` is given up: the others wait on, and
    /// their callers find out by themselves.
    fn write_queue(&self, log: &mut EntryLog, mine: &Applied) -> Result<(), CheckpointError> {
        let mut waiting = std::mem::take(&mut *lock(&self.queue));
        let bytes = waiting.iter_mut().map(|w| std::mem::take(&mut w.bytes));
        let bytes: Vec<_> = bytes.collect();
        if let Err(error) = log.append(&bytes) {
            for (waiting, bytes) in waiting.iter_mut().zip(bytes) {
                waiting.bytes = bytes;
            }
            waiting.retain(|waiting| !Arc::ptr_eq(&waiting.applied, mine));
            lock(&self.queue).splice(0..0, waiting);
            return Err(error.into());
        }
        for Waiting { entry, applied, .. } in waiting {
            let added = entry.adds();
            let done = self.state().apply(entry);
            if done.is_ok() {
                lock(&self.fresh).extend(added);
            }
            // Each is applied once.
            let _ = applied.set(done);
        }
        Ok(())
    }

    fn senseless(&self, why: String) -> CheckpointError {
        CheckpointError::Senseless {
            path: self.folder.display().to_string(),
            why,
        }
    }

    /// Files that were added since the last call; at first, all there are.
    pub fn take_fresh(&self) -> Vec<u64> {
        std::mem::take(&mut *lock(&self.fresh))
    }

    /// A file that is not delivered yet.
    pub fn file(&self, id: u64) -> Option<Arc<SealedFile>> {
        self.state().files.get(&id).cloned()
    }

    /// Records failed whose error file is in the state.
    pub fn failed(&self, failures: Failures) {
        lock(&self.failures).append(failures);
    }

    /// Why records failed since the start.
    pub fn failures(&self) -> Failures {
        lock(&self.failures).clone()
    }

    /// The state. Hold it for moments only.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn with(folder: &Path, log: EntryLog, state: State) -> Self {
        Self {
            folder: folder.to_owned(),
            log: Mutex::new(log),
            queue: Mutex::default(),
            fresh: Mutex::new(state.files.keys().copied().collect()),
            state: Mutex::new(state),
            failures: Mutex::default(),
        }
    }

    fn compact(&self, log: &mut EntryLog) -> Result<(), CheckpointError> {
        let entries = self.state().snapshot();
        let encoded: Result<Vec<_>, _> = entries.iter().map(Entry::encode).collect();
        let encoded = encoded.map_err(|why| self.senseless(why))?;
        Ok(log.compact(&encoded)?)
    }
}

/// What the entries of the file at `path` add up to.
fn replay(found: &[Vec<u8>], path: String) -> Result<Option<State>, CheckpointError> {
    let senseless = |why| CheckpointError::Senseless { path, why };
    let mut entries = Vec::with_capacity(found.len());
    for bytes in found {
        entries.extend(Entry::decode(bytes).map_err(|why| senseless.clone()(why))?);
    }
    if entries.is_empty() {
        // Its birth was cut between the empty log and the first snapshot.
        return Ok(None);
    }
    State::replay(entries).map(Some).map_err(senseless)
}

/// A lock that a panic elsewhere does not take away: what it guards is replaced, not half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
