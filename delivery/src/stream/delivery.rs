//! The delivery loop: sends sealed files, several at once, again and again until they are there.
//!
//! Data and error files go one way, copies for source backup another; each way has its own verdict
//! (rule 23). A file that fails waits longer each time; a way that is halted is tried with the file
//! that halted it, slowly.

use std::sync::Arc;

use futures::stream::{FuturesUnordered, StreamExt};
use standpipe_config::faults;
use standpipe_config::names::LaneId;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::blocking;
use super::targets::{Current, Targets};
use crate::destination::{Destination, Note, Notes, Object, Provenance};
use crate::failure::{Failure, Verdict};
use crate::lane::Fatal;
use crate::lane::checkpoint::{Checkpoint, Entry, Role, SealedFile};
use crate::lane::divert::divert;
use crate::lane::failed::Reason;
use crate::lane::health::{Health, Part};
use crate::lane::seal::SealError;
use crate::spool::Spool;
use way::Way;

mod way;

/// A stream's delivery.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) lane: LaneId,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) spool: Arc<Spool>,
    pub(super) health: Arc<Health>,
    pub(super) targets: Targets,
    /// Where the settings say that objects go.
    pub(super) current: Current,
    /// Told after each seal.
    pub(super) sealed: Arc<Notify>,
    /// Becomes true when nothing new is to begin.
    pub(super) stop: watch::Receiver<bool>,
}

/// How an attempt ended.
struct Attempt {
    id: u64,
    part: Part,
    result: Result<(), Failure>,
}

/// The two ways, by part.
struct Ways {
    delivery: Way,
    backup: Way,
}

impl Ways {
    fn of(&mut self, part: Part) -> &mut Way {
        match part {
            Part::Backup => &mut self.backup,
            Part::Lane | Part::Delivery => &mut self.delivery,
        }
    }
}

impl Delivery {
    /// Runs until it is told to stop, and then until what is under way has ended and what was never
    /// tried was tried. Dropping the future is safe at any time: it is delivered again onto the
    /// same names.
    pub(super) async fn run(&self) -> Result<(), Fatal> {
        let mut ways = Ways {
            delivery: Way::default(),
            backup: Way::default(),
        };
        let mut attempts = FuturesUnordered::new();
        let mut stop = self.stop.clone();
        loop {
            self.sort_in(&mut ways);
            for part in [Part::Delivery, Part::Backup] {
                while let Some((id, tries)) = ways.of(part).start(Instant::now(), self.stops()) {
                    attempts.push(self.attempt(id, part, tries));
                }
            }
            if self.stops() && attempts.is_empty() {
                return Ok(());
            }
            let wakes = [&ways.delivery, &ways.backup].map(Way::wakes);
            tokio::select! {
                Some(ended) = attempts.next() => self.ended(&mut ways, ended?),
                () = self.sealed.notified() => {}
                () = sleep_until(wakes.into_iter().flatten().min()) => {}
                _ = stop.changed() => {}
            }
        }
    }

    fn stops(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Takes up what was sealed since the last look.
    fn sort_in(&self, ways: &mut Ways) {
        for id in self.checkpoint.take_fresh() {
            if let Some(file) = self.checkpoint.file(id) {
                ways.of(part_of(&file)).add(id);
            }
        }
    }

    async fn attempt(&self, id: u64, part: Part, tries: u32) -> Result<Attempt, Fatal> {
        let Some(file) = self.checkpoint.file(id) else {
            return Err(Fatal(format!("file {id} left the checkpoint undelivered")));
        };
        let result = match self.deliver(&file).await? {
            Ok(()) => self.delivered(file).await?,
            Err(failure) => self.refused(file, failure, tries).await?,
        };
        Ok(Attempt { id, part, result })
    }

    /// Sends a file once, and keeps the notes that the destination takes on the way.
    async fn deliver(&self, file: &SealedFile) -> Result<Result<(), Failure>, Fatal> {
        let target = match self.targets.open(&file.target, &self.current) {
            Ok(target) => target,
            Err(failure) => return Ok(Err(failure)),
        };
        let (notes, mut taken) = Notes::new(file.attempts.clone());
        let group = [self.object(file, notes)];
        let mut sending = std::pin::pin!(target.deliver(&group));
        let mut results = loop {
            tokio::select! {
                results = &mut sending => break results,
                Some(note) = taken.recv() => self.keep(file.id, note).await?,
            }
        };
        let result = match results.pop() {
            Some(result) => result,
            None => Err(Failure::retry("the destination did not answer for a file")),
        };
        if matches!(&result, Err(failure) if failure.verdict == Verdict::Halt) {
            // What halts it may be a secret that has been replaced.
            self.targets.close(&file.target, &self.current);
        }
        Ok(result)
    }

    fn object(&self, file: &SealedFile, notes: Notes) -> Object {
        Object {
            key: file.key.clone(),
            path: self.spool.path(&file.object.name),
            size: file.object.size,
            hash: file.hash.clone(),
            provenance: Provenance {
                lane: self.lane,
                run: file.run,
                first: file.first,
                last: file.last,
                records: file.counts.records,
            },
            notes,
        }
    }

    /// Keeps what a destination must remember (rule 26), and tells it so.
    async fn keep(&self, file: u64, note: Note) -> Result<(), Fatal> {
        let (checkpoint, attempts) = (self.checkpoint.clone(), note.attempts);
        let spool = self.spool.clone();
        let note_it = move || {
            // Holds the stream's folder: no other life begins while this one writes.
            let _held = spool;
            record(&checkpoint, Entry::Attempted { file, attempts })
        };
        let kept = blocking(note_it).await?;
        // Whoever does not wait any more does not need to know.
        let _ = note.kept.send(kept);
        Ok(())
    }

    /// A delivered file leaves the checkpoint, and then the disk.
    async fn delivered(&self, file: Arc<SealedFile>) -> Result<Result<(), Failure>, Fatal> {
        let (checkpoint, spool) = (self.checkpoint.clone(), self.spool.clone());
        faults::reach("delivery", "delivered");
        let forget = move || {
            let recorded = record(&checkpoint, Entry::Delivered { file: file.id })?;
            if recorded.is_ok() {
                faults::reach("delivery", "forgotten");
                spool.remove(file.spool_files());
                faults::reach("delivery", "removed");
            }
            Ok(recorded)
        };
        blocking(forget).await
    }

    /// What is to be done about a file that failed; `Ok` inside if it was diverted.
    async fn refused(
        &self,
        file: Arc<SealedFile>,
        failure: Failure,
        tries: u32,
    ) -> Result<Result<(), Failure>, Fatal> {
        let Failure { verdict, message } = failure;
        let verdict = match (verdict, &file.role) {
            (Verdict::Divert, Role::Data) => return self.divert(file, message, tries).await,
            // An error file is never diverted again, and a copy never: both are kept.
            (Verdict::Divert, Role::Error(_)) => Verdict::Retry,
            (Verdict::Divert, Role::Backup) => Verdict::Halt,
            (other, _) => other,
        };
        Ok(Err(Failure { verdict, message }))
    }

    async fn divert(
        &self,
        file: Arc<SealedFile>,
        message: String,
        tries: u32,
    ) -> Result<Result<(), Failure>, Fatal> {
        tracing::warn!(key = %file.key, "refused for good, its records go under the error prefix: {message}");
        let (checkpoint, spool, lane) = (self.checkpoint.clone(), self.spool.clone(), self.lane);
        let work = move || {
            let reason = Reason {
                code: "Standpipe.ObjectRefused",
                message: &message,
                attempts: tries + 1,
            };
            match divert(&file, lane, &reason, &spool, &checkpoint) {
                Ok(()) => Ok(Ok(())),
                Err(SealError::Full(why)) => Ok(Err(Failure::retry(why))),
                Err(SealError::Halt(failure)) => Ok(Err(failure)),
                Err(SealError::Fatal(why)) => Err(Fatal(why)),
            }
        };
        blocking(work).await
    }

    fn ended(&self, ways: &mut Ways, attempt: Attempt) {
        let Attempt { id, part, result } = attempt;
        let way = ways.of(part);
        match result {
            Ok(()) => {
                way.done(id);
                if !way.has_failures() {
                    self.health.clear(part);
                }
            }
            Err(failure) if failure.verdict == Verdict::Halt => {
                way.halt(id, Instant::now());
                self.health.halt(part, &failure.message);
            }
            Err(failure) => {
                way.retry(id, Instant::now());
                if !way.is_halted() {
                    self.health.worry(part, &failure.message);
                }
            }
        }
    }
}

/// Records an entry. On a full disk the file is tried again later; after any other failure what is on
/// disk is unknown.
fn record(checkpoint: &Checkpoint, entry: Entry) -> Result<Result<(), Failure>, Fatal> {
    match checkpoint.record(entry) {
        Ok(()) => Ok(Ok(())),
        Err(error) if error.is_full() => Ok(Err(Failure::retry(error.to_string()))),
        Err(error) => Err(Fatal(error.to_string())),
    }
}

/// The way that a file goes.
fn part_of(file: &SealedFile) -> Part {
    match file.role {
        Role::Backup => Part::Backup,
        Role::Data | Role::Error(_) => Part::Delivery,
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
