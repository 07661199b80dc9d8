//! What survives: ids, epochs, and per source and stream the offset that was acknowledged.
//!
//! Changes are staged and become durable together, in one append and one sync. A *birth* (a
//! source, an epoch, a stream that begins in a source) must be durable before a byte is sent under
//! it (rule 1); an offset may wait, as the daemon recognises repeats.

use std::path::Path;

use standpipe_config::faults;
use standpipe_config::files::{EntryLog, FileError, LogError, LogKind, write_whole};
use standpipe_config::names::{AgentId, NoRandomness};

mod counts;
mod journal;
mod path_text;
mod place;
mod state;
mod streams;

pub use counts::Counts;
pub use journal::JournalStanding;
pub use path_text::{path_from_text, path_to_text};
pub use place::Place;
pub use state::{ENDED_KEPT, Entry, Source, Standing, State};
pub use streams::Streams;

/// The log in the agent's data folder.
pub const LOG: LogKind = LogKind {
    name: "progress",
    magic: *b"SPAP",
    version: 1,
};

/// The file that holds the agent's id, apart from the log so that it outlives its damage.
const AGENT_FILE: &str = "agent-id";

/// Why there is no progress.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The log cannot be opened or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The agent's id cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No id can be minted.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl ProgressError {
    /// Whether it passes by itself: the disk is full.
    pub fn passes(&self) -> bool {
        match self {
            Self::Log(LogError::File(e)) | Self::File(e) => e.is_full(),
            _ => false,
        }
    }
}

/// What is remembered, and where.
#[derive(Debug)]
pub struct Progress {
    state: State,
    store: Store,
    staged: Vec<Vec<u8>>,
    /// Something staged must be durable before anything is sent.
    birth_staged: bool,
}

#[derive(Debug)]
enum Store {
    Log(EntryLog),
    #[cfg(test)]
    Memory(memory::Kept),
}

impl Progress {
    /// Opens the log in a folder that this process has locked, or begins it.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        let opened = EntryLog::open(folder, LOG)?;
        let damaged = |_| LogError::Damaged {
            path: opened.log.path().to_owned(),
            offset: 0,
            why: "an entry is not what this program writes",
        };
        let state = fold(&opened.entries).map_err(damaged)?;
        Ok(Self::with(state, Store::Log(opened.log)))
    }

    fn with(state: State, store: Store) -> Self {
        Self {
            state,
            store,
            staged: Vec::new(),
            birth_staged: false,
        }
    }

    /// What is remembered, staged changes included.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes in a change; durable after the next [`sync`](Self::sync).
    pub fn stage(&mut self, entry: &Entry) {
        let begins = match entry {
            Entry::Standing { source, stream, .. } => {
                let known = self.state.sources.get(source);
                known.is_some_and(|known| !known.streams.contains_key(stream))
            }
            Entry::Journal {
                name,
                stream,
                standing,
            } => {
                let named = (name.clone(), stream.clone());
                let known = self.state.journals.get(&named);
                known.is_none_or(|known| known.source != standing.source)
            }
            Entry::Forgotten { .. } | Entry::Unknown | Entry::Totals { .. } => false,
            _ => true,
        };
        self.birth_staged |= begins;
        self.state.apply(entry);
        self.staged.extend(encode(entry));
    }

    /// Whether nothing may be sent before a sync (rule 1).
    pub fn must_sync(&self) -> bool {
        self.birth_staged
    }

    /// Whether something is staged.
    pub fn is_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Makes everything staged durable. What fails stays staged.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        faults::reach("progress", "staged");
        self.store.append(&self.staged)?;
        self.staged.clear();
        self.birth_staged = false;
        self.compact();
        Ok(())
    }

    /// A smaller file. Nothing depends on it, so that a full disk only delays it.
    fn compact(&mut self) {
        if !self.store.wants_compaction() {
            return;
        }
        let state: Vec<_> = self.state.snapshot().iter().flat_map(encode).collect();
        if let Err(error) = self.store.compact(&state) {
            tracing::warn!(%error, "cannot compact the progress; it goes on in the old file");
        }
    }
}

impl Store {
    fn append(&mut self, entries: &[Vec<u8>]) -> Result<(), LogError> {
        match self {
            Self::Log(log) => log.append(entries),
            #[cfg(test)]
            Self::Memory(kept) => kept.append(entries),
        }
    }

    fn wants_compaction(&self) -> bool {
        match self {
            Self::Log(log) => log.wants_compaction(),
            #[cfg(test)]
            Self::Memory(_) => false,
        }
    }

    fn compact(&mut self, state: &[Vec<u8>]) -> Result<(), LogError> {
        match self {
            Self::Log(log) => log.compact(state),
            #[cfg(test)]
            Self::Memory(_) => Ok(()),
        }
    }
}

fn fold(entries: &[Vec<u8>]) -> Result<State, serde_json::Error> {
    let mut state = State::default();
    for entry in entries {
        state.apply(&serde_json::from_slice(entry)?);
    }
    Ok(state)
}

/// No entry holds what JSON cannot say, so that there is always one.
fn encode(entry: &Entry) -> Option<Vec<u8>> {
    serde_json::to_vec(entry).ok()
}

/// Whether an agent has lived in this folder before.
pub fn has_agent_id(folder: &Path) -> bool {
    folder.join(AGENT_FILE).exists()
}

/// The agent's id: minted at birth, kept in a file of its own.
pub fn agent_id(folder: &Path) -> Result<AgentId, ProgressError> {
    let path = folder.join(AGENT_FILE);
    let kept = std::fs::read_to_string(&path);
    if let Some(id) = kept.ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(id);
    }
    let id = AgentId::mint()?;
    write_whole(&path, format!("{id}\n").as_bytes(), AGENT_FILE)?;
    faults::reach("agent", "id-kept");
    Ok(id)
}

#[cfg(test)]
pub(crate) mod memory;

#[cfg(test)]
mod tests;
