//! A stream while it runs: one journal thread, one lane task, one delivery task; and the registry
//! of all of them, which is all that the doors and the daemon see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use standpipe_config::files::FileError;
use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, LaneId, Run, StreamName};
use standpipe_config::settings::delivery::{self as settings, HighWater};

use tokio::sync::watch;

use crate::destination::Target;
use crate::disk::DataFolder;
use crate::journal::{Append, Appended, Journal, Refusal};
use crate::lane::{Shares, Stop, Threads};
use folder::{Folders, kept_settings};
use recovery::Damage;
use registry::{Life, Shared, watch_draining};
use running::{Ended, Running, Surroundings};
use targets::Targets;

pub use about::{Described, NotDescribed};
pub use control::{Flushed, NotObeyed};
pub use status::{Attempts, Backup, Books, State, StreamStatus};

mod about;
mod change;
mod control;
mod counted;
mod delivery;
mod folder;
pub mod look;
pub mod paused;
mod recovery;
pub mod redrive;
mod registry;
mod running;
mod status;
mod tally;
mod targets;

/// How long a stream that has to leave may take, before it is abandoned.
const LEAVING: Duration = Duration::from_secs(10);

/// How often somebody looks whether a folder is free, or a stream has drained.
const LOOK: Duration = Duration::from_millis(100);

/// Where a stream went by the settings it last ran with, under this name or its former one; nowhere
/// if it never ran.
pub fn known_targets(data_dir: &Path, stream: &settings::Stream) -> Vec<Target> {
    let names = std::iter::once(&stream.name).chain(&stream.former_name);
    let folders = names.map(|name| folder::path(data_dir, name));
    let kept = folders.filter_map(|folder| kept_settings(&folder).ok());
    kept.flat_map(|stream| targets::all_of(&stream.destination))
        .collect()
}

/// What all streams of a process share.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Journals, spools and checkpoints lie below it. The caller holds its lock.
    pub data_dir: PathBuf,
    /// When its file system counts as full.
    pub high_water: HighWater,
    /// Bytes of memory for lanes and encoders together.
    pub memory: u64,
    /// Where lanes run.
    pub threads: Threads,
}

/// The streams of this process, by name. A handle: clones see the same streams.
#[derive(Clone, Debug)]
pub struct Streams {
    shared: Arc<Shared>,
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
    /// The stream whose folder it should take over runs itself.
    #[error(
        "the stream {1} cannot take over from {0}, which is running: remove {0} from the settings, or former_name from {1}"
    )]
    FormerRuns(StreamName, StreamName),
    /// An earlier life of it has not let go of its folder.
    #[error("an earlier life of the stream {0} is still writing: try again later")]
    Busy(StreamName),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What became of a request, and what its records are called (rule 13).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The stream's lane.
    pub lane: LaneId,
    /// The run in which its records were appended.
    pub run: Run,
    /// What was stored.
    pub appended: Appended,
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
        let data_dir = resources.data_dir.clone();
        let folders = blocking(move || Folders::open(&data_dir)).await?;
        let data = DataFolder::new(&resources.data_dir, resources.high_water);
        let around = Surroundings {
            shares: Shares::of(resources.memory, &resources.data_dir, resources.threads),
            targets: Targets::new(resources.memory),
            ended: Ended(watch::Sender::new(None)),
        };
        let shared = Shared {
            folders,
            data: Arc::new(data),
            around,
            streams: Mutex::default(),
            settings: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Starts a stream, also while others run. A damaged one comes up halted and says why in its
    /// status (rule 15).
    pub async fn start(&self, settings: &settings::Stream) -> Result<(), StartError> {
        let _change = self.shared.changes.lock().await;
        let name = &settings.name;
        for former in settings.former_name.iter().chain([name]) {
            self.stop_draining(former).await;
        }
        if self
            .shared
            .life(name)
            .is_some_and(|life| !matches!(life, Life::Stopped))
        {
            return Err(StartError::Running(name.clone()));
        }
        if let Some(former) = &settings.former_name {
            self.shared.take_over(former, name).await?;
        }
        self.shared.start(settings, false).await
    }

    /// Starts what lies in the data folder but was not started: doors closed, it goes on
    /// delivering with the settings it last ran with, and its folder goes when it is empty
    /// (rule 16). Call it when all streams of the settings were started.
    pub async fn drain_removed(&self) {
        let _change = self.shared.changes.lock().await;
        let shared = self.shared.clone();
        let names = match blocking(move || shared.folders.names()).await {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "streams that are no longer in the settings cannot be found");
                return;
            }
        };
        for name in names {
            let life = self.shared.life(&name);
            if matches!(life, None | Some(Life::Stopped)) {
                self.drain(&name).await;
            }
        }
    }

    /// Stores one request; durable on return.
    pub async fn append(&self, name: &StreamName, append: Append) -> Result<Stored, AppendError> {
        let journal = &self.door(name)?.journal;
        Ok(Stored {
            lane: journal.lane(),
            run: journal.run(),
            appended: journal.append(append).await?,
        })
    }

    /// What a stream holds of an agent's sources (rule 6).
    pub fn sources(
        &self,
        name: &StreamName,
        agent: AgentId,
    ) -> Result<Vec<HeldSource>, AppendError> {
        Ok(self.door(name)?.journal.sources(agent))
    }

    /// The streams whose doors are open, or would be if they were not halted; sorted.
    pub fn names(&self) -> Vec<StreamName> {
        let streams = self.shared.streams();
        let has_door = |life: &Life| match life {
            Life::Running(running) => !running.drains,
            Life::Halted(halted) => !halted.drains,
            Life::Stopped => false,
        };
        let open = streams.iter().filter(|(_, life)| has_door(life));
        open.map(|(name, _)| name.clone()).collect()
    }

    /// How each stream is doing, draining ones included.
    pub fn status(&self) -> BTreeMap<StreamName, StreamStatus> {
        let streams = self.shared.streams().clone();
        let status = |(name, life)| match life {
            Life::Running(running) => Some((name, running.status())),
            Life::Halted(halted) => Some((name, halted.status())),
            Life::Stopped => None,
        };
        streams.into_iter().filter_map(status).collect()
    }

    /// Stops one stream: its door closes, appends in hand finish, lane and deliveries finish or
    /// are abandoned at the deadline, which is safe. The folder is free when the last file
    /// operation has ended; a start waits for that.
    pub async fn stop(&self, name: &StreamName, deadline: Instant) -> Stopped {
        self.end(name, deadline, Stop::Now).await
    }

    async fn end(&self, name: &StreamName, deadline: Instant, how: Stop) -> Stopped {
        let before = self.shared.close(name);
        match before {
            Some(Life::Running(running)) => running.stop(deadline.into(), how).await,
            _ => Stopped::default(),
        }
    }

    /// Stops all streams at once; see [`stop`](Self::stop).
    pub async fn stop_all(&self, deadline: Instant) -> Stopped {
        let names: Vec<_> = self.shared.streams().keys().cloned().collect();
        let stops = names.iter().map(|name| self.stop(name, deadline));
        let stopped = futures::future::join_all(stops).await;
        Stopped {
            work_left: stopped.iter().any(|stopped| stopped.work_left),
        }
    }

    /// Asks all journal threads, and the threads that touch files; names those that do not answer
    /// within `patience`.
    pub async fn silent(&self, patience: Duration) -> Vec<String> {
        let files = async {
            let answer = tokio::time::timeout(patience, blocking(|| ())).await;
            answer.is_err().then(|| "the threads for files".to_owned())
        };
        let streams = self.shared.streams().clone();
        let journals = streams.into_iter().map(|(name, life)| async move {
            let Life::Running(running) = life else {
                return None;
            };
            let answer = tokio::time::timeout(patience, running.journal.answer()).await;
            answer
                .is_err()
                .then(|| format!("the journal of stream {name}"))
        });
        let journals = futures::future::join_all(journals);
        let (files, journals) = futures::future::join(files, journals).await;
        files
            .into_iter()
            .chain(journals.into_iter().flatten())
            .collect()
    }

    /// Waits until a thread or task of a stream ends that should not have, and says which and why.
    /// The process must end then, so that its supervisor starts it again.
    pub async fn unexpected_end(&self) -> String {
        let mut ended = self.shared.around.ended.0.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// The stream, if its door is open.
    fn door(&self, name: &StreamName) -> Result<Arc<Running>, AppendError> {
        match self.shared.life(name) {
            Some(Life::Running(running)) if !running.drains => Ok(running),
            Some(Life::Halted(halted)) if !halted.drains => {
                Err(Refusal::Halted(halted.damage.message.clone()).into())
            }
            Some(Life::Stopped) => Err(Refusal::Closed.into()),
            _ => Err(AppendError::NoSuchStream {
                existing: self.names(),
            }),
        }
    }

    async fn stop_draining(&self, name: &StreamName) {
        let drains = match self.shared.life(name) {
            Some(Life::Running(running)) => running.drains,
            Some(Life::Halted(halted)) => halted.drains,
            _ => false,
        };
        if drains {
            self.stop(name, Instant::now() + LEAVING).await;
        }
    }

    async fn drain(&self, name: &StreamName) {
        let (shared, folder) = (self.shared.clone(), self.shared.folders.of(name));
        let started = match blocking(move || kept_settings(&folder)).await {
            Ok(mut settings) => {
                // A folder that was renamed and never ran under its new name.
                settings.name = name.clone();
                shared.start(&settings, true).await
            }
            Err(why) => {
                shared.halt(
                    name,
                    Damage {
                        message: why,
                        state: None,
                    },
                    true,
                    None,
                );
                Ok(())
            }
        };
        match started {
            Ok(()) => drop(tokio::spawn(watch_draining(
                Arc::downgrade(&self.shared),
                name.clone(),
            ))),
            Err(error) => {
                tracing::error!(stream = %name, %error, "a stream that is no longer in the settings cannot drain")
            }
        }
    }
}

/// Runs what touches files on a thread made for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        // The runtime is shutting down: nobody waits for the result any more.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
