//! The delivery loop: sends sealed files, several at once, again and again until they are there.
//!
//! Data and error files are delivered, copies for source backup are too, each place on a way of its
//! own with its own verdict (rule 23): a dead search cluster does not keep failed records from the
//! bucket they go to. What fails waits longer each time; a way that is halted is tried with the
//! file that halted it, slowly.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{FuturesUnordered, StreamExt};
use standpipe_config::names::{LaneId, StreamName};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::blocking;
use super::tally::Tally;
use super::targets::{Current, Targets};
use crate::destination::{
    Destination, Note, Notes, Object, Outcome, Provenance, RowsFiles, Target,
};
use crate::failure::{Failure, Verdict};
use crate::lane::Fatal;
use crate::lane::checkpoint::{Checkpoint, Entry, SealedFile};
use crate::lane::health::Health;
use crate::spool::Spool;
use orders::{Order, Settle};
use outcome::record;
use way::Failures;
use ways::{WayName, Ways};

pub(super) mod orders;
mod outcome;
mod way;
mod ways;

/// A stream's delivery.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) stream: StreamName,
    pub(super) lane: LaneId,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) spool: Arc<Spool>,
    pub(super) health: Arc<Health>,
    pub(super) tally: Arc<Tally>,
    pub(super) targets: Targets,
    /// Where the settings say that objects go.
    pub(super) current: Current,
    /// Told after each seal.
    pub(super) sealed: Arc<Notify>,
    /// True while an operator wants nothing delivered.
    pub(super) paused: watch::Receiver<bool>,
    /// Becomes true when nothing new is to begin.
    pub(super) stop: watch::Receiver<bool>,
}

/// What is to be sent.
struct Turn {
    way: WayName,
    /// The file that the group is called by.
    id: u64,
    /// How it went so far.
    failures: Option<Failures>,
}

/// How an attempt ended.
struct Attempt {
    way: WayName,
    id: u64,
    /// The first file of the group that is not done.
    left: Option<u64>,
    result: Result<(), Failure>,
}

impl Delivery {
    /// Runs until it is told to stop, and then until what is under way has ended and what was never
    /// tried was tried. Dropping the future is safe at any time: it is delivered again onto the
    /// same names.
    pub(super) async fn run(&self, mut orders: mpsc::Receiver<Order>) -> Result<(), Fatal> {
        let mut ways = Ways::default();
        let mut attempts = FuturesUnordered::new();
        // Files that an operator took elsewhere: settled when nothing is under way.
        let mut held: Vec<Settle> = Vec::new();
        let (mut stop, mut paused) = (self.stop.clone(), self.paused.clone());
        loop {
            self.sort_in(&mut ways);
            if attempts.is_empty() {
                for settle in held.drain(..) {
                    self.settle_elsewhere(settle, &mut ways).await?;
                }
            }
            let rests = !held.is_empty() || *paused.borrow_and_update();
            while !rests && let Some((way, id, failures)) = ways.start(Instant::now(), self.stops())
            {
                attempts.push(self.attempt(Turn { way, id, failures }));
            }
            if self.stops() && attempts.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(ended) = attempts.next() => self.ended(&mut ways, ended?),
                () = self.sealed.notified() => {}
                () = sleep_until(ways.wakes()), if !rests => {}
                Some(order) = orders.recv() => self.obey(order, &mut ways, &mut held),
                Ok(()) = paused.changed() => {}
                _ = stop.changed() => {}
            }
        }
    }

    fn stops(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Takes up what was sealed since the last look: of a group one file, by which it is called.
    fn sort_in(&self, ways: &mut Ways) {
        let mut groups = BTreeSet::new();
        let mut fresh = self.checkpoint.take_fresh();
        fresh.sort_unstable();
        for file in fresh.into_iter().filter_map(|id| self.checkpoint.file(id)) {
            if !file.goes_with_its_seal() || groups.insert((file.seal, file.target.clone())) {
                ways.add(&file);
            }
        }
    }

    async fn attempt(&self, turn: Turn) -> Result<Attempt, Fatal> {
        let id = turn.id;
        let group = self.checkpoint.state().group(id);
        if group.is_empty() {
            return Err(Fatal(format!("file {id} left the checkpoint undelivered")));
        }
        let tries = turn.failures.map_or(0, |failures| failures.count) + 1;
        let given_up = turn.failures.is_some_and(|failures| failures.given_up);
        let mut results = self.deliver(&group, &turn).await?.into_iter();
        let mut worst: Result<(), Failure> = Ok(());
        let mut left = None;
        for file in group {
            let id = file.id;
            let unsaid = || Err(Failure::retry("the destination did not answer for a file"));
            let result = match results.next().unwrap_or_else(unsaid) {
                Ok(outcome) => {
                    self.tally.delivered();
                    self.settle(file, outcome, tries).await?
                }
                Err(failure) => {
                    self.tally.failed(failure.verdict);
                    self.failed(file, failure, (tries, given_up)).await?
                }
            };
            if let Err(failure) = result {
                left.get_or_insert(id);
                worst = match worst {
                    Err(before) if before.verdict == Verdict::Halt => Err(before),
                    _ => Err(failure),
                };
            }
        }
        Ok(Attempt {
            way: turn.way,
            id,
            left,
            result: worst,
        })
    }

    /// Sends a group once, and keeps the notes that the destination takes on the way.
    async fn deliver(
        &self,
        group: &[Arc<SealedFile>],
        turn: &Turn,
    ) -> Result<Vec<Result<Outcome, Failure>>, Fatal> {
        let Some(sealed) = group.first().map(|file| &file.target) else {
            return Ok(Vec::new());
        };
        let all = |failure: Failure| group.iter().map(|_| Err(failure.clone())).collect();
        let target = match self.targets.open(sealed, &self.current) {
            Ok(target) => target,
            Err(failure) => return Ok(all(failure)),
        };
        let waiting_from = self.waiting_from(sealed);
        let (notes, mut taken) = Notes::of(group.iter().map(|f| (f.id, f.attempts.clone())));
        let objects: Vec<_> = group.iter().zip(notes).collect();
        let objects: Vec<_> = objects
            .into_iter()
            .map(|(file, notes)| Object {
                waiting_from,
                ..self.object(file, turn, notes)
            })
            .collect();
        let mut sending = std::pin::pin!(target.deliver(&objects));
        let results = loop {
            tokio::select! {
                results = &mut sending => break results,
                Some(note) = taken.recv() => self.keep(note).await?,
            }
        };
        let halts =
            |result: &Result<_, Failure>| matches!(result, Err(f) if f.verdict == Verdict::Halt);
        if results.iter().any(halts) {
            // What halts it may be a secret that has been replaced.
            self.targets.close(sealed, &self.current);
        }
        Ok(results)
    }

    /// The first position that lies sealed, for a place that keeps a ledger of what it has.
    fn waiting_from(&self, sealed: &Target) -> u64 {
        if !sealed.takes_seals() {
            return 0;
        }
        let state = self.checkpoint.state();
        let waiting = state.files.values().map(|file| file.first);
        waiting.min().unwrap_or(0)
    }

    fn object(&self, file: &SealedFile, turn: &Turn, notes: Notes) -> Object {
        let retry = self.current.retry(&file.target);
        let tried = turn.failures.map(|failures| failures.since.elapsed());
        Object {
            key: file.key.clone(),
            path: self.spool.path(&file.object.name),
            size: file.object.size,
            hash: file.hash.clone(),
            encoding: file.encoding.clone(),
            rows: match &file.kept[..] {
                [data, index] => Some(RowsFiles {
                    data: self.spool.path(&data.name),
                    index: self.spool.path(&index.name),
                }),
                _ => None,
            },
            provenance: Provenance {
                lane: self.lane,
                run: file.run,
                first: file.first,
                last: file.last,
                records: file.counts.records,
            },
            waiting_from: 0,
            is_last_try: turn.failures.is_some_and(|failures| failures.given_up)
                || retry
                    .zip(tried)
                    .is_some_and(|(retry, tried)| tried >= retry),
            notes,
        }
    }

    /// Keeps what a destination must remember (rule 26), and tells it so.
    async fn keep(&self, note: Note) -> Result<(), Fatal> {
        let checkpoint = self.checkpoint.clone();
        let spool = self.spool.clone();
        let (file, attempts) = (note.file, note.attempts);
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

    fn ended(&self, ways: &mut Ways, attempt: Attempt) {
        let Attempt {
            way: name,
            mut id,
            left,
            result,
        } = attempt;
        let part = name.part();
        let way = ways.of(&name);
        if let Some(left) = left
            && left != id
        {
            way.rename(id, left);
            id = left;
        }
        match result {
            Ok(()) => way.done(id),
            Err(failure) if failure.verdict == Verdict::Halt => {
                way.halt(id, Instant::now());
                self.health.halt(part, &failure.message);
            }
            Err(failure) => {
                way.retry(id, Instant::now());
                if !ways.is_halted(part) {
                    self.health.worry(part, &failure.message);
                }
            }
        }
        if !ways.has_failures(part) {
            self.health.clear(part);
        }
        ways.forget_empty();
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
