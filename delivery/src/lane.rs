//! The lane: one ordered sequence of a stream's records, from the journal to sealed files.
//!
//! One task. It reads what is synced, chunk by chunk, writes it into the open batch's spool files,
//! and seals the batch when it is large or old enough, or when the disk asks for it. What touches
//! files or compresses runs on threads made for blocking, never on one that answers requests.

use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::settings::delivery::Buffering;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Duration;

use crate::disk::Quota;
use crate::failure::Failure;
use crate::journal::{Chunk, Journal, LocalJournal};
use crate::spool::Spool;
use batch::{Batch, NotTaken, Taken};
use checkpoint::Checkpoint;
use health::{Health, Part};
use plan::Plan;
use seal::SealError;

pub mod batch;
pub mod checkpoint;
pub mod divert;
pub mod failed;
pub mod health;
pub mod mishap;
pub mod object;
pub mod plan;
pub mod seal;

/// Bytes of records that are read from the journal at once.
const CHUNK: usize = 1024 * 1024;

/// How often an open batch looks at the disk, and a lane at what it waits for.
const TICK: Duration = Duration::from_millis(200);

/// Under pressure a batch seals at this age: a trickle must not become a file per record.
const PRESSED_AGE: Duration = Duration::from_secs(1);

/// How long a batch that is due waits for the rest of a line that was cut.
const LINE_PATIENCE: Duration = Duration::from_secs(2);

/// With so many sealed files waiting, batches seal by size only: the checkpoint is held in memory.
const MANY_FILES: u64 = 1000;

/// The smallest batch that a full disk is tried with, in bytes.
const LEAST: u64 = 64 * 1024;

/// How long a lane waits on a full disk before it tries again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// How long a halted lane waits before it tries again.
const HALT_PAUSE: Duration = Duration::from_secs(30);

/// What all lanes of a process share, so that their memory is bounded.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Chunks that may be in memory.
    pub chunks: Arc<Semaphore>,
    /// Encoders that may run.
    pub encoders: Arc<Semaphore>,
}

impl Shares {
    /// Shares of `memory` bytes.
    pub fn of(memory: u64) -> Self {
        let chunks = (memory / 8 / CHUNK as u64).clamp(2, 16) as usize;
        let encoders = if memory < 512 * 1024 * 1024 { 1 } else { 2 };
        Self {
            chunks: Arc::new(Semaphore::new(chunks)),
            encoders: Arc::new(Semaphore::new(encoders)),
        }
    }
}

/// A stream's lane.
#[derive(Debug)]
pub struct Lane {
    /// What it must know of its stream.
    pub plan: Arc<Plan>,
    /// Where records come from.
    pub journal: LocalJournal,
    /// What it remembers.
    pub checkpoint: Arc<Checkpoint>,
    /// Where its files lie.
    pub spool: Arc<Spool>,
    /// What the stream may use of the disk.
    pub quota: Arc<Quota>,
    /// What all lanes share.
    pub shares: Shares,
    /// What is wrong with it.
    pub health: Arc<Health>,
    /// Told after each seal.
    pub sealed: Arc<Notify>,
    /// Becomes true when the lane is to end.
    pub stop: watch::Receiver<bool>,
}

/// What to do next.
enum Next {
    Stop,
    Seal,
    Read,
}

/// Why a lane cannot go on; what is on disk is unknown, and the process must end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// A lane at work.
struct Work<'a> {
    lane: &'a Lane,
    batch: Option<Batch>,
    /// The position to read next.
    position: u64,
    /// Bytes at which a batch closes; less than the hint while the disk is full.
    size: u64,
}

impl Lane {
    /// Runs until it is told to stop. Dropping the future is safe at any time; an open batch is
    /// read again at the next start.
    pub async fn run(&self) -> Result<(), Fatal> {
        let mut work = Work {
            lane: self,
            batch: None,
            position: self.checkpoint.state().position,
            size: self.plan.buffering.size,
        };
        loop {
            match work.next().await {
                Next::Stop => return Ok(()),
                Next::Seal => work.seal().await?,
                Next::Read => work.read().await?,
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Waits, at most until the lane is to stop.
    async fn pause(&self, time: Duration) {
        let mut stop = self.stop.clone();
        let _ = tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await;
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            // The runtime is shutting down: nobody waits for the result any more.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Work<'_> {
    async fn next(&self) -> Next {
        let mut end = self.lane.journal.watch_end();
        let mut stop = self.lane.stop.clone();
        loop {
            let unread = *end.borrow_and_update() > self.position;
            if self.lane.is_stopping() {
                return Next::Stop;
            }
            if self.is_due(unread) {
                return Next::Seal;
            }
            if unread {
                return Next::Read;
            }
            tokio::select! {
                _ = stop.changed() => {}
                _ = end.changed() => {}
                () = tokio::time::sleep(TICK), if self.batch.is_some() => {}
            }
        }
    }

    /// Whether the open batch is to be sealed now.
    fn is_due(&self, unread: bool) -> bool {
        let Some(batch) = self.batch.as_ref().filter(|batch| !batch.is_empty()) else {
            return false;
        };
        let age = batch.opened().elapsed();
        let Buffering { interval, .. } = self.lane.plan.buffering;
        let due = if interval.is_zero() {
            !unread
        } else {
            age >= interval || (!unread && self.is_pressed_at(age))
        };
        due && !self.waits_for_line(batch, age) && !self.has_many_files()
    }

    fn is_pressed_at(&self, age: Duration) -> bool {
        age >= PRESSED_AGE && self.lane.quota.is_pressed()
    }

    fn waits_for_line(&self, batch: &Batch, age: Duration) -> bool {
        let Buffering { interval, .. } = self.lane.plan.buffering;
        batch.is_in_line() && age < interval + LINE_PATIENCE
    }

    fn has_many_files(&self) -> bool {
        self.lane.checkpoint.state().files.len() as u64 >= MANY_FILES
    }

    /// Reads one chunk and writes it into batches, sealing those that get full.
    async fn read(&mut self) -> Result<(), Fatal> {
        let lane = self.lane;
        let Ok(_share) = lane.shares.chunks.acquire().await else {
            return Ok(());
        };
        let chunk = match lane.journal.read(self.position, CHUNK).await {
            Ok(chunk) => Arc::new(chunk),
            Err(failure) => {
                self.failed(&failure).await;
                return Ok(());
            }
        };
        let end = chunk.end().unwrap_or(self.position);
        while self.position < end && !lane.is_stopping() {
            if !self.take(&chunk).await? {
                break;
            }
        }
        Ok(())
    }

    /// Writes what it can of `chunk` into the open batch; `false` if the lane has to read again.
    async fn take(&mut self, chunk: &Arc<Chunk>) -> Result<bool, Fatal> {
        let (plan, spool) = (self.lane.plan.clone(), self.lane.spool.clone());
        let (open, position, size) = (self.batch.take(), self.position, self.size_now());
        let chunk = chunk.clone();
        let write = move || {
            let mut batch = match open {
                Some(batch) => batch,
                None => Batch::open(&spool, &plan, position).map_err(|error| NotTaken {
                    error,
                    can_seal: false,
                })?,
            };
            let taken = batch.take(&chunk, size);
            Ok((batch, taken))
        };
        match self.lane.blocking(write).await {
            Ok((batch, taken)) => {
                self.position = batch.next();
                self.batch = Some(batch);
                self.taken(taken).await
            }
            Err(refused) => self.taken(Err(refused)).await,
        }
    }

    async fn taken(&mut self, taken: Result<Taken, NotTaken>) -> Result<bool, Fatal> {
        let before = self.position;
        match taken {
            Ok(Taken::All) => return Ok(true),
            Ok(Taken::Full) => self.seal().await?,
            Err(NotTaken { error, can_seal }) if error.is_full() => {
                if can_seal {
                    self.seal().await?;
                } else {
                    let held = self.batch.as_ref().map_or(0, Batch::bytes);
                    self.shrink(&error.to_string(), held).await;
                }
            }
            Err(NotTaken { error, .. }) => return Err(Fatal(error.to_string())),
        }
        Ok(self.position == before)
    }

    /// Under pressure batches are smaller: what is being spooled lies in the journal as well.
    fn size_now(&self) -> u64 {
        let quota = &self.lane.quota;
        if quota.is_pressed() {
            self.size.min((quota.reach() / 8).max(LEAST))
        } else {
            self.size
        }
    }

    /// Seals the open batch.
    async fn seal(&mut self) -> Result<(), Fatal> {
        let Some(batch) = self.batch.take() else {
            return Ok(());
        };
        let held = batch.bytes();
        let lane = self.lane;
        let share = match lane.plan.is_encoded() {
            true => lane.shares.encoders.acquire().await.ok(),
            false => None,
        };
        let (plan, spool) = (lane.plan.clone(), lane.spool.clone());
        let checkpoint = lane.checkpoint.clone();
        let work = move || seal::seal(batch, &plan, &spool, &checkpoint);
        let sealed = lane.blocking(work).await;
        drop(share);
        match sealed {
            Ok(()) => self.sealed().await,
            Err(SealError::Full(why)) => self.shrink(&why, held).await,
            Err(SealError::Halt(failure)) => self.failed(&failure).await,
            Err(SealError::Fatal(why)) => return Err(Fatal(why)),
        }
        Ok(())
    }

    async fn sealed(&mut self) {
        let lane = self.lane;
        lane.sealed.notify_one();
        lane.health.clear(Part::Lane);
        self.size = (self.size * 2).min(lane.plan.buffering.size);
        let position = lane.checkpoint.state().position;
        if let Err(failure) = lane.journal.release(position).await {
            tracing::warn!(stream = %lane.plan.stream, "the journal did not release what was sealed: {failure}");
        }
        faults::reach("seal", "released");
        let spool = lane.spool.clone();
        lane.blocking(move || spool.keep_reserve()).await;
    }

    /// The disk is full: gives the open batch up, which held so many bytes of records, and tries
    /// again with a smaller one (rule 28).
    async fn shrink(&mut self, why: &str, held: u64) {
        self.give_up();
        self.size = (self.size.min(held) / 2).max(LEAST);
        let spool = self.lane.spool.clone();
        let found_room = self.lane.blocking(move || spool.give_up_reserve()).await;
        self.lane.health.worry(Part::Lane, why);
        if !found_room {
            self.lane.pause(FULL_PAUSE).await;
        }
    }

    /// An operator is needed, or the journal could not be read: again, slowly.
    async fn failed(&mut self, failure: &Failure) {
        self.give_up();
        if self.lane.is_stopping() {
            return;
        }
        self.lane.health.halt(Part::Lane, &failure.message);
        self.lane.pause(HALT_PAUSE).await;
    }

    fn give_up(&mut self) {
        self.batch = None;
        self.position = self.lane.checkpoint.state().position;
    }
}
