//! One life of a stream: its journal's thread, its lane's task, its delivery's task.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{Buffering, Stream as Settings};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, timeout_at};

use super::Stopped;
use super::control::Control;
use super::counted::Counted;
use super::delivery::Delivery;
use super::delivery::orders::Order;
use super::folder::Folder;
use super::paused;
use super::recovery::Parts;
use super::redrive;
use super::status::{Backup, State, StreamStatus};
use super::tally::Tally;
use super::targets::{Current, Targets};
use crate::destination::Target;
use crate::disk::Quota;
use crate::journal::LocalJournal;
use crate::lane::checkpoint::Checkpoint;
use crate::lane::health::{Health, Part};
use crate::lane::levers::Levers;
use crate::lane::plan::Plan;
use crate::lane::{Fatal, Lane, Shares, Stop, mishap};

/// Orders of operators that wait for a delivery's attention.
const ORDERS: usize = 16;

/// Says that a thread or task ended that should not have; the process ends then.
#[derive(Clone, Debug)]
pub(super) struct Ended(pub(super) watch::Sender<Option<String>>);

impl Ended {
    pub(super) fn say(&self, what: String) {
        tracing::error!("{what}");
        self.0.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert(what);
            first
        });
    }
}

/// What every stream of the process uses.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) shares: Shares,
    pub(super) targets: Targets,
    pub(super) ended: Ended,
}

/// A stream at work.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) journal: LocalJournal,
    /// Its door is closed; it goes when it is empty (rule 16).
    pub(super) drains: bool,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) quota: Arc<Quota>,
    /// Held by a redrive.
    pub(super) redrives: redrive::Desk,
    pub(super) folder: Arc<Folder>,
    health: Arc<Health>,
    has_backup: bool,
    tally: Arc<Tally>,
    destination: String,
    pub(super) control: Control,
    pub(super) lane_stop: watch::Sender<Stop>,
    delivery_stop: watch::Sender<bool>,
    /// Taken by the stop.
    tasks: Mutex<Option<Tasks>>,
}

#[derive(Debug)]
struct Tasks {
    /// Says whether records wait before the transform.
    lane: JoinHandle<bool>,
    delivery: JoinHandle<()>,
    journal: JoinHandle<()>,
}

impl Tasks {
    /// Begins the work of a stream; `barred` says why its lane must not, if so.
    fn begin(
        lane: Lane,
        delivery: Delivery,
        orders: mpsc::Receiver<Order>,
        barred: Option<String>,
        ended: Ended,
    ) -> Self {
        let (journal, stream) = (lane.journal.clone(), lane.plan.stream.clone());
        let threads = lane.shares.threads.clone();
        Self {
            journal: tokio::spawn(watch_journal(journal, stream, ended.clone())),
            delivery: tokio::spawn(run_delivery(delivery, orders, ended.clone())),
            lane: match barred {
                None => threads.spawn(run_lane(lane, ended)),
                Some(why) => {
                    lane.health.halt(Part::Lane, &why);
                    tokio::spawn(std::future::ready(false))
                }
            },
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.lane.abort();
        for task in [&self.delivery, &self.journal] {
            task.abort();
        }
    }
}

impl Running {
    /// Starts the tasks of a stream whose parts are open.
    pub(super) fn start(
        parts: Parts,
        settings: &Settings,
        drains: bool,
        folder: Arc<Folder>,
        around: &Surroundings,
    ) -> Self {
        let health = Arc::new(Health::new(settings.name.clone()));
        let sealed = Arc::new(Notify::new());
        let (lane_stop, lane_stops) = watch::channel(Stop::No);
        let (delivery_stop, delivery_stops) = watch::channel(false);
        let levers = Arc::new(Levers::default());
        let tally = Arc::new(Tally::default());
        let (paused, pauses) = watch::channel(paused::is_paused(folder.path()));
        let (orders, ordered) = mpsc::channel(ORDERS);
        let delivery = Delivery {
            stream: settings.name.clone(),
            lane: parts.journal.lane(),
            checkpoint: parts.checkpoint.clone(),
            spool: parts.spool.clone(),
            health: health.clone(),
            tally: tally.clone(),
            targets: around.targets.clone(),
            current: Current::of(&settings.destination),
            sealed: sealed.clone(),
            paused: pauses,
            stop: delivery_stops,
        };
        let plan = Arc::new(plan(&parts, settings, drains, &folder));
        let has_backup = plan.backup().is_some();
        let lane = Lane {
            plan,
            journal: parts.journal.clone(),
            checkpoint: parts.checkpoint.clone(),
            spool: parts.spool,
            quota: parts.quota.clone(),
            shares: around.shares.clone(),
            health: health.clone(),
            sealed,
            levers: levers.clone(),
            stop: lane_stops,
        };
        let control = Control {
            levers,
            paused,
            orders,
            is_barred: parts.mishap.is_some(),
        };
        let ended = around.ended.clone();
        let tasks = Tasks::begin(lane, delivery, ordered, parts.mishap, ended);
        Self {
            journal: parts.journal,
            drains,
            checkpoint: parts.checkpoint,
            quota: parts.quota,
            redrives: redrive::Desk::default(),
            folder,
            health,
            has_backup,
            tally,
            destination: Target::of(&settings.destination).kind(),
            control,
            lane_stop,
            delivery_stop,
            tasks: Mutex::new(Some(tasks)),
        }
    }

    /// Stops the tasks: they finish what they have in hand, or are abandoned at the deadline. `how`
    /// says what becomes of the open batch.
    pub(super) async fn stop(&self, deadline: Instant, how: Stop) -> Stopped {
        let Some(mut tasks) = self.take_tasks() else {
            return Stopped::default();
        };
        self.lane_stop.send_replace(how);
        let lane = timeout_at(deadline, &mut tasks.lane).await;
        tasks.lane.abort();
        let waits = lane.map_or(true, |ended| ended.unwrap_or(false));
        // A writer thread that failed has said so itself.
        let _ = self.journal.shutdown().await;
        self.delivery_stop.send_replace(true);
        let delivery = timeout_at(deadline, &mut tasks.delivery).await;
        let left = !self.checkpoint.state().files.is_empty();
        Stopped {
            work_left: left || waits || delivery.is_err(),
        }
    }

    fn take_tasks(&self) -> Option<Tasks> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.take()
    }

    /// Abandons all tasks where they are.
    #[cfg(test)]
    pub(super) fn kill(&self) {
        drop(self.take_tasks());
    }

    /// The sealed files that wait.
    #[cfg(test)]
    pub(super) fn sealed_files(&self) -> Vec<crate::lane::checkpoint::SealedFile> {
        let state = self.checkpoint.state();
        state.files.values().map(|file| (**file).clone()).collect()
    }

    /// Whether nothing waits any more.
    pub(super) fn is_empty(&self) -> bool {
        let state = self.checkpoint.state();
        state.files.is_empty() && state.position >= self.journal.end()
    }

    /// Whether an operator is needed.
    pub(super) fn is_halted(&self) -> bool {
        let parts = [Part::Lane, Part::Delivery];
        parts.into_iter().any(|part| self.health.is_halted(part))
    }

    /// The position sealed up to, and how many sealed files wait.
    pub(super) fn sealed(&self) -> (u64, u64) {
        let state = self.checkpoint.state();
        (state.position, state.files.len() as u64)
    }

    /// How the stream is doing.
    pub(super) fn status(&self) -> StreamStatus {
        let counted = self.count();
        let paused = *self.control.paused.borrow();
        let backup = Backup {
            delivered: counted.settled.backup.records,
            waiting: counted.sealed.backup.records,
            sealed_files: counted.sealed.backup_files,
            halted: self.health.is_halted(Part::Backup),
        };
        let shown = self.has_backup || backup != Backup::default();
        StreamStatus {
            state: match (self.is_halted(), paused, self.drains) {
                (true, _, _) => State::Halted,
                (false, true, _) => State::Paused,
                (false, false, true) => State::Draining,
                (false, false, false) => State::Running,
            },
            paused,
            destination: self.destination.clone(),
            attempts: self.tally.attempts(),
            errors: self.checkpoint.failures(),
            disk_used: self.quota.used(),
            disk_quota: self.quota.bytes(),
            backup: shown.then_some(backup),
            last_error: self.health.last_error(),
            ..counted.status()
        }
    }

    /// Counts what was accepted, what is settled and what waits, at one moment if the stream is
    /// quiet enough for one.
    fn count(&self) -> Counted {
        let mut counted = self.count_once();
        for _ in 0..3 {
            if counted.totals == self.journal.totals() {
                break;
            }
            counted = self.count_once();
        }
        counted
    }

    fn count_once(&self) -> Counted {
        // Held, so that the lane cannot seal and release between the counts.
        let state = self.checkpoint.state();
        let totals = self.journal.totals();
        Counted {
            totals,
            waiting: self.journal.waiting_from(state.position),
            sealed: state.sealed(),
            settled: state.settled.clone(),
            position: state.position,
        }
    }
}

fn plan(parts: &Parts, settings: &Settings, drains: bool, folder: &Folder) -> Plan {
    let buffering = match drains {
        // Nothing comes any more that a batch could wait for.
        true => Buffering {
            interval: Duration::ZERO,
            ..settings.buffering
        },
        false => settings.buffering,
    };
    Plan {
        stream: settings.name.clone(),
        version: parts.checkpoint.state().version.number,
        lane: parts.journal.lane(),
        buffering,
        transform: settings.transform.clone(),
        partitioning: settings.partitioning.clone(),
        format: settings.format.clone(),
        destination: settings.destination.clone(),
        folder: folder.path().to_owned(),
    }
}

/// Runs a lane; if it panics, the position is noted before the process ends (rule 15).
async fn run_lane(lane: Lane, ended: Ended) -> bool {
    let stream = lane.plan.stream.clone();
    let why = match AssertUnwindSafe(lane.run()).catch_unwind().await {
        Ok(Ok(waits)) => return waits,
        Ok(Err(Fatal(why))) => why,
        Err(panic) => {
            let why = said(panic);
            let position = lane.checkpoint.state().position;
            if let Err(error) = mishap::note(&lane.plan.folder, position, &why) {
                tracing::error!(%stream, %error, "the position of a panic was not noted");
            }
            format!("panicked at position {position}: {why}")
        }
    };
    ended.say(format!("the lane of stream {stream} ended: {why}"));
    false
}

async fn run_delivery(delivery: Delivery, orders: mpsc::Receiver<Order>, ended: Ended) {
    let stream = delivery.stream.clone();
    let why = match AssertUnwindSafe(delivery.run(orders)).catch_unwind().await {
        Ok(Ok(())) => return,
        Ok(Err(Fatal(why))) => why,
        Err(panic) => format!("panicked: {}", said(panic)),
    };
    ended.say(format!("the delivery of stream {stream} ended: {why}"));
}

async fn watch_journal(journal: LocalJournal, stream: StreamName, ended: Ended) {
    let why = journal.failed().await;
    ended.say(format!("the journal of stream {stream} ended: {why}"));
}

/// What a panic said.
fn said(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}
