//! The journal on this machine's disk: segments of entries, one writer thread, one sync for all
//! that wait.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, Arrival, LaneId, NoRandomness, Run};
use tokio::sync::{oneshot, watch};

use super::shared::{Ended, Shared, lock};
use super::stage::room_for;
use super::writer::{Order, Writer, farewell};
use super::{Append, Appended, Batch, Chunk, Journal, Refusal, birth, reader};
use crate::disk::{Full, Quota};
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
    /// Of the records, those that failed before and were put back (rule 27).
    pub redriven_records: u64,
    /// Bytes of these records.
    pub redriven_bytes: u64,
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
    /// Not even room for a segment without records.
    #[error("cannot begin a segment of the journal: {0}")]
    Full(Full),
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
    handle: Arc<Handle>,
}

/// Ends the writer thread when the last clone is gone.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    /// The writer's queue. Unbounded: what is in it holds permits, which are.
    orders: Sender<Order>,
    /// Taken by the shutdown.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl LocalJournal {
    /// Opens the journal in `folder`, or begins one: recovers what is there, mints a run and makes
    /// it durable (rule 13), and starts the writer thread. A journal of the same folder that is
    /// still open must have been shut down before.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, OpenError> {
        let folder = folder.to_owned();
        let writer = tokio::task::spawn_blocking(move || birth::open(&folder, &options))
            .await
            .map_err(|e| OpenError::Thread(e.to_string()))??;
        let shared = Arc::clone(&writer.shared);
        #[expect(
            clippy::disallowed_methods,
            reason = "what is in the queue holds memory permits, which bound it; a full queue would block a worker or break the promise that a polled append happens"
        )]
        let (orders, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(writer, &queue))
            .map_err(|e| OpenError::Thread(e.to_string()))?;
        Ok(Self {
            handle: Arc::new(Handle {
                shared,
                orders,
                thread: Mutex::new(Some(thread)),
            }),
        })
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// The lane, born with the journal.
    pub fn lane(&self) -> LaneId {
        self.shared().lane
    }

    /// This life of the daemon.
    pub fn run(&self) -> Run {
        self.shared().run
    }

    /// The first position that can still be read; [`end`](Self::end) where there is none.
    pub fn begin(&self) -> u64 {
        let end = self.end();
        self.shared().with_index(|index| index.begin(end))
    }

    /// Behind the last synced record (rule 11).
    pub fn end(&self) -> u64 {
        *self.shared().end.borrow()
    }

    /// Follows [`end`](Self::end).
    pub fn watch_end(&self) -> watch::Receiver<u64> {
        self.shared().end.subscribe()
    }

    /// What was accepted since the stream's birth.
    pub fn totals(&self) -> Totals {
        self.shared().totals()
    }

    /// The last batch of a redrive that was stored (rule 27).
    pub fn last_redrive(&self) -> Batch {
        self.shared().last_redrive()
    }

    /// What lies in the journal at or past `position`. May read a few heads from disk, once per
    /// position.
    pub fn waiting_from(&self, position: u64) -> Waiting {
        reader::waiting(self.shared(), position)
    }

    /// What is held of an agent's sources (rule 6), durable only.
    pub fn sources(&self, agent: AgentId) -> Vec<HeldSource> {
        self.shared().sources(agent)
    }

    /// Takes no more appends, finishes those in hand, writes a rest entry and ends the writer
    /// thread. What was appended can still be read.
    pub async fn shutdown(&self) -> Result<(), Failure> {
        // Fails if the thread has ended already.
        let _ = self.handle.orders.send(Order::Stop);
        let thread = lock(&self.handle.thread).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(|| thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                return Err(Failure::halt("the journal's writer thread panicked"));
            }
        }
        match &*self.shared().ended.borrow() {
            Some(Ended::Failed(why)) => Err(Failure::halt(why.clone())),
            _ => Ok(()),
        }
    }

    /// Returns when the writer thread has come to this question, or has ended: it does not hang.
    pub async fn answer(&self) {
        let (reply, answer) = oneshot::channel();
        // No order is taken and no answer given only if the thread has ended.
        let _ = self.handle.orders.send(Order::Answer(reply));
        let _ = answer.await;
    }

    /// Resolves, with the reason, if the writer thread ended although nobody shut it down. The
    /// process must end then: what is on disk is unknown.
    pub async fn failed(&self) -> String {
        let mut ended = self.shared().ended.subscribe();
        loop {
            if let Some(Ended::Failed(why)) = &*ended.borrow_and_update() {
                return why.clone();
            }
            if ended.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The writer thread, from its first order to its last.
fn serve(mut writer: Writer, queue: &Receiver<Order>) {
    faults::answers();
    let guard = Guard(Arc::clone(&writer.shared));
    let ended = match writer.run(queue) {
        Ok(()) => Ended::Stopped,
        Err(error) => Ended::Failed(farewell(&error)),
    };
    // Before the callers in hand hear that they were dropped.
    guard.0.ended.send_replace(Some(ended));
}

/// Says so if the thread ends by a panic.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.ended.send_if_modified(|ended| {
            let silent = ended.is_none();
            if silent {
                *ended = Some(Ended::Failed(
                    "the journal's writer thread ended unexpectedly".to_owned(),
                ));
            }
            silent
        });
    }
}

impl Journal for LocalJournal {
    async fn append(&self, append: Append) -> Result<Appended, Refusal> {
        self.shared().admit(room_for(&append))?;
        let (reply, answer) = oneshot::channel();
        let sent = self.handle.orders.send(Order::Append(append, reply));
        sent.map_err(|_| self.shared().refusal())?;
        answer.await.map_err(|_| self.shared().silence())?
    }

    async fn read(&self, position: u64, budget: usize) -> Result<Chunk, Failure> {
        let mut end = self.watch_end();
        let mut ended = self.shared().ended.subscribe();
        tokio::select! {
            biased;
            reached = end.wait_for(|end| *end > position) => {
                reached.map_err(|_| Failure::retry("the journal was closed"))?;
            }
            _ = ended.wait_for(Option::is_some) => {
                return Err(Failure::retry("the journal was closed, and holds no more records"));
            }
        }
        let shared = Arc::clone(&self.handle.shared);
        tokio::task::spawn_blocking(move || reader::read(&shared, position, budget))
            .await
            .map_err(|e| Failure::halt(format!("reading the journal ended unexpectedly: {e}")))?
    }

    async fn release(&self, position: u64) -> Result<(), Failure> {
        let closed = |_| Failure::retry("the journal was closed");
        let (reply, answer) = oneshot::channel();
        let sent = self.handle.orders.send(Order::Release(position, reply));
        sent.map_err(|_| Failure::retry("the journal was closed"))?;
        answer.await.map_err(closed)?
    }
}

#[cfg(test)]
impl LocalJournal {
    /// What the writer shares.
    pub(super) fn shared_for_tests(&self) -> &Shared {
        self.shared()
    }

    /// Ends the writer thread as a kill would: no rest entry. All clones must be gone.
    pub(super) fn kill(self) {
        let thread = lock(&self.handle.thread).take();
        drop(self);
        if let Some(thread) = thread {
            thread.join().expect("the writer thread");
        }
    }
}

#[cfg(test)]
mod tests;
