//! The lane: one ordered sequence of a stream's records, from the journal to sealed files.
//!
//! One task. It reads what is synced, chunk by chunk, writes it into the open batch's spool files,
//! and seals the batch when it is large or old enough, or when the disk asks for it. What touches
//! files or compresses runs on threads made for blocking, never on one that answers requests.

use std::sync::Arc;

use standpipe_config::settings::delivery::Buffering;
use tokio::sync::{Notify, watch};
use tokio::time::Duration;

use crate::disk::Quota;
use crate::journal::{Journal, LocalJournal};
use crate::spool::Spool;
use crate::transform::AnyTransform;
use batch::Batch;
use checkpoint::Checkpoint;
use health::Health;
use levers::Levers;
use plan::Plan;
use shape::{Shaped, Shaping};

pub use partitions::PartitionMemory;
pub use shares::{Shares, Threads};

pub mod batch;
pub mod checkpoint;
mod close;
pub mod divert;
pub mod failed;
mod fill;
pub mod health;
mod kind;
pub mod levers;
pub mod mishap;
pub mod object;
mod partition;
mod partitions;
pub mod plan;
pub mod seal;
pub mod shape;
pub mod share;
mod shares;

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

/// With so many sealed files waiting, nothing is read any more: a dead destination fills the
/// journal, and not the memory. A seal of partitions adds thousands.
const MOST_FILES: u64 = 10_000;

/// The smallest batch that a full disk is tried with, in bytes.
const LEAST: u64 = 64 * 1024;

/// How long a lane waits on a full disk before it tries again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// How long a halted lane waits before it tries again.
const HALT_PAUSE: Duration = Duration::from_secs(30);

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
    /// What an operator can pull.
    pub levers: Arc<Levers>,
    /// Says when the lane is to end, and how.
    pub stop: watch::Receiver<Stop>,
}

/// Whether a lane is to end, and what becomes of its open batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It goes on.
    No,
    /// It ends now: the open batch is read from the journal again.
    Now,
    /// It seals the open batch and ends: the next life has other settings (rule 16).
    Sealed,
}

/// What to do next.
enum Next {
    Stop,
    Seal,
    Open,
    Read,
    Take,
}

/// Why a lane cannot go on; what is on disk is unknown, and the process must end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// A lane at work.
struct Work<'a> {
    lane: &'a Lane,
    batch: Option<Batch>,
    /// Records on their way through the stream's transform, once it is open.
    shaping: Option<Shaping>,
    /// The position that goes into the batch next.
    position: u64,
    /// Bytes at which a batch closes; less than the hint while the disk is full.
    size: u64,
}

impl Lane {
    /// Runs until it is told to stop; whether records wait before the transform then. Dropping the
    /// future is safe at any time; an open batch is read again at the next start.
    pub async fn run(&self) -> Result<bool, Fatal> {
        let mut work = Work {
            lane: self,
            batch: None,
            shaping: None,
            position: self.checkpoint.state().position,
            size: self.plan.batch_size(self.quota.reach()),
        };
        loop {
            match work.next().await {
                Next::Stop => return Ok(work.waits()),
                Next::Seal => work.seal().await?,
                Next::Open => work.open().await,
                Next::Read => work.read().await?,
                Next::Take => work.take_shaped().await?,
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow() != Stop::No || self.stop.has_changed().is_err()
    }

    fn seals_at_its_end(&self) -> bool {
        *self.stop.borrow() == Stop::Sealed
    }

    /// Waits, at most until the lane is to stop, or an operator wants it tried again.
    async fn pause(&self, time: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            _ = stop.wait_for(|stop| *stop != Stop::No) => {}
            () = self.levers.tried_again() => {}
        }
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
    async fn next(&mut self) -> Next {
        let mut end = self.lane.journal.watch_end();
        let mut stop = self.lane.stop.clone();
        loop {
            let reached = *end.borrow_and_update();
            let unread = reached > self.position;
            if self.lane.is_stopping() {
                let seals = self.lane.seals_at_its_end() && self.holds_records();
                return if seals { Next::Seal } else { Next::Stop };
            }
            if self.is_due(unread) {
                return Next::Seal;
            }
            let is_backed_up = self.sealed_files() >= MOST_FILES;
            if !is_backed_up && let Some(next) = self.next_records(reached) {
                return next;
            }
            let ticks = self.batch.is_some() || self.is_gathering() || is_backed_up;
            tokio::select! {
                _ = stop.changed() => {}
                _ = end.changed() => {}
                () = ready(&mut self.shaping) => {}
                () = tokio::time::sleep(TICK), if ticks => {}
            }
        }
    }

    /// Where records before `end` come from next.
    fn next_records(&mut self, end: u64) -> Option<Next> {
        if self.lane.plan.transform.is_none() {
            return (end > self.position).then_some(Next::Read);
        }
        let Some(shaping) = &mut self.shaping else {
            return Some(Next::Open);
        };
        let sealed = self.lane.checkpoint.state().position;
        shaping.send_due(self.lane.quota.is_pressed() || self.lane.levers.wants(sealed));
        if shaping.is_ready() {
            return Some(Next::Take);
        }
        shaping.can_read(end).then_some(Next::Read)
    }

    /// Whether the open batch holds anything. Once it was tried to seal it, there is none.
    fn holds_records(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| !batch.is_empty())
    }

    fn is_gathering(&self) -> bool {
        self.shaping.as_ref().is_some_and(Shaping::is_gathering)
    }

    /// Whether records wait before the transform.
    fn waits(&self) -> bool {
        let unread = *self.lane.journal.watch_end().borrow() > self.position;
        let through = self.shaping.as_ref().is_some_and(|s| !s.is_at_work());
        self.lane.plan.transform.is_some() && unread && !through
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
        let sealed = self.lane.checkpoint.state().position;
        let due = due || self.lane.levers.flushes(sealed, batch.next(), unread);
        due && !self.waits_for_line(batch, age) && self.sealed_files() < MANY_FILES
    }

    fn is_pressed_at(&self, age: Duration) -> bool {
        age >= PRESSED_AGE && self.lane.quota.is_pressed()
    }

    fn waits_for_line(&self, batch: &Batch, age: Duration) -> bool {
        let Buffering { interval, .. } = self.lane.plan.buffering;
        batch.is_in_line() && age < interval + LINE_PATIENCE
    }

    fn sealed_files(&self) -> u64 {
        self.lane.checkpoint.state().files.len() as u64
    }

    /// Makes the stream's transform ready.
    async fn open(&mut self) {
        let lane = self.lane;
        let Some(settings) = &lane.plan.transform else {
            return;
        };
        match AnyTransform::open(settings, &lane.plan.stream, &lane.shares.engine).await {
            Ok(transform) => {
                let (memory, health) = (lane.shares.transforms.clone(), lane.health.clone());
                let shaping = Shaping::new(transform, settings, memory, health, self.position);
                self.shaping = Some(shaping);
            }
            Err(failure) => self.failed(&failure).await,
        }
    }

    /// Reads one chunk: into the transform where there is one, else into batches, sealing those
    /// that get full.
    async fn read(&mut self) -> Result<(), Fatal> {
        let lane = self.lane;
        let Ok(_share) = lane.shares.chunks.acquire().await else {
            return Ok(());
        };
        let position = self.shaping.as_ref().map_or(self.position, Shaping::ahead);
        match (lane.journal.read(position, CHUNK).await, &mut self.shaping) {
            (Ok(chunk), Some(shaping)) => shaping.gather(&chunk),
            (Ok(chunk), None) => return self.take_all(Shaped::Read(chunk)).await,
            (Err(failure), _) => self.failed(&failure).await,
        }
        Ok(())
    }

    /// Writes the oldest records that came out of the transform into batches.
    async fn take_shaped(&mut self) -> Result<(), Fatal> {
        match self.shaping.as_mut().and_then(Shaping::take) {
            Some(Ok(shaped)) => self.take_all(shaped).await,
            Some(Err(failure)) => {
                self.failed(&failure).await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Waits until records came out of the transform.
async fn ready(shaping: &mut Option<Shaping>) {
    match shaping {
        Some(shaping) if !shaping.is_ready() => shaping.ready().await,
        _ => std::future::pending().await,
    }
}
