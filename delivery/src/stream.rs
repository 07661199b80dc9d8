//! A stream while it runs: one journal thread, one lane task, one delivery task; and the registry
//! of all of them, which is all that the doors and the daemon see.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use standpipe_config::files::FileError;
use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, StreamName};
use standpipe_config::settings::delivery::{self as settings, HighWater};

use crate::journal::{Append, Appended, Refusal};

pub use status::{Backup, Books, State, StreamStatus};

mod status;

/// What all streams of a process share.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Journals, spools and checkpoints lie below it. The caller holds its lock.
    pub data_dir: PathBuf,
    /// When its file system counts as full.
    pub high_water: HighWater,
    /// Bytes of memory for lanes and encoders together.
    pub memory: u64,
}

/// The streams of this process, by name. A handle: clones see the same streams.
#[derive(Clone, Debug)]
pub struct Streams {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    resources: Resources,
    running: Mutex<BTreeMap<StreamName, ()>>,
}

/// Why no stream of this data folder can run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a stream cannot be started at all. A damaged one is no such case: it comes up halted.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is one of this name.
    #[error("the stream {0} is running already")]
    Running(StreamName),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why nothing of a request was stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No stream of this name takes records.
    #[error("there is no such stream")]
    NoSuchStream {
        /// The streams that there are.
        existing: Vec<StreamName>,
    },
    /// The stream refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// How a stop went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stopped {
    /// The deadline came while records waited that a later start has to deliver. Nothing is lost.
    pub work_left: bool,
}

impl Streams {
    /// Opens the data folder. No stream runs yet.
    pub async fn open(resources: Resources) -> Result<Self, OpenError> {
        let running = Mutex::default();
        Ok(Self {
            shared: Arc::new(Shared { resources, running }),
        })
    }

    /// Starts a stream, also while others run. A damaged one comes up halted and says why in its
    /// status (rule 15).
    pub async fn start(&self, settings: &settings::Stream) -> Result<(), StartError> {
        let _ = (settings, &self.shared.resources);
        Ok(())
    }

    /// Starts what lies in the data folder but was not started: doors closed, it goes on
    /// delivering with the settings it last ran with, and its folder goes when it is empty
    /// (rule 16). Call it when all streams of the settings were started.
    pub async fn drain_removed(&self) {}

    /// Stores one request; durable on return.
    pub async fn append(&self, name: &StreamName, append: Append) -> Result<Appended, AppendError> {
        let _ = (name, append);
        Err(AppendError::NoSuchStream {
            existing: self.names(),
        })
    }

    /// What a stream holds of an agent's sources (rule 6).
    pub fn sources(
        &self,
        name: &StreamName,
        agent: AgentId,
    ) -> Result<Vec<HeldSource>, AppendError> {
        let _ = (name, agent);
        Err(AppendError::NoSuchStream {
            existing: self.names(),
        })
    }

    /// The streams whose doors are open, sorted.
    pub fn names(&self) -> Vec<StreamName> {
        let running = self.shared.running.lock();
        running
            .map(|r| r.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// How each stream is doing, draining ones included.
    pub fn status(&self) -> BTreeMap<StreamName, StreamStatus> {
        BTreeMap::new()
    }

    /// Stops one stream: its door closes, appends in hand finish, lane and deliveries finish or
    /// are abandoned at the deadline, which is safe.
    pub async fn stop(&self, name: &StreamName, deadline: Instant) -> Stopped {
        let _ = (name, deadline);
        Stopped::default()
    }

    /// Stops all streams at once; see [`stop`](Self::stop).
    pub async fn stop_all(&self, deadline: Instant) -> Stopped {
        let _ = deadline;
        Stopped::default()
    }

    /// Waits until a thread or task of a stream ends that should not have, and says which and why.
    /// The process must end then, so that its supervisor starts it again.
    pub async fn unexpected_end(&self) -> String {
        std::future::pending().await
    }
}
