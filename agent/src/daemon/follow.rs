//! The thread that owns the follower. It sleeps until it is asked, told, or due.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use standpipe_config::frame::Reply;
use standpipe_config::names::StreamName;
use standpipe_config::settings::agent::Flow;
use tokio::sync::oneshot;

use super::watch::{Notices, Watch};
use crate::progress::ProgressError;
use crate::tail::{Follower, ReloadError, Request, Rules, Settled, Status};

/// Everything is looked at this often, whatever notices say, or less often, so that it takes no more than
/// one part in [`LOOK_SHARE`] of the time.
const SCAN: Duration = Duration::from_secs(5);

/// See [`SCAN`]: an agent with many thousand idle files must not be seen on a machine.
const LOOK_SHARE: u32 = 150;

/// Everything is looked at at least this often.
const RARELY: Duration = Duration::from_secs(60);

/// The same where there are no notices: not more often, and at most so often that it takes one part
/// in [`POLL_SHARE`] of the time.
const POLL: Duration = Duration::from_millis(250);

/// See [`POLL`]: a look at 10,000 files takes 13 ms.
const POLL_SHARE: u32 = 20;

/// Notices within this time are handled together.
const GLANCE: Duration = Duration::from_millis(10);

/// A scan that a notice asks for waits so many times as long as the last one took, [`SCAN`] at most.
const SCAN_SHARE: u32 = 10;

/// How many orders may wait. Each stream has two at most.
const ORDERS: usize = 1024;

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Order {
    /// A stream of an era wants its next request, now or when there is one, and gives back the
    /// body of one that it has no use for any more.
    Want(u64, usize, Vec<u8>, oneshot::Sender<Request>),
    /// A stream's oldest request was answered.
    Answered(usize, u64, Reply, oneshot::Sender<Settled>),
    /// A stream's oldest request was refused for what it is.
    Refused(usize, oneshot::Sender<Settled>),
    /// There are notices.
    Look,
    /// Say that the thread does not hang.
    Answer(oneshot::Sender<()>),
    /// How does everything stand?
    Status(SyncSender<Status>),
    /// Read no more: who waits for a request waits in vain.
    Stop,
    /// Go on, with other flows if there are some; who asks from now on says this era.
    Begin(u64, Option<(Vec<Flow>, Rules)>, oneshot::Sender<Begun>),
    /// Make progress durable and end.
    End,
}

/// Whether other flows are followed now, and which streams are fed.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) exchanged: Result<bool, globset::Error>,
    pub(super) streams: Vec<StreamName>,
}

/// How to ask the thread. Clones ask the same one.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    orders: SyncSender<Order>,
    /// Counts the times that the flows were exchanged: streams have other numbers then.
    era: u64,
}

/// A way to ask, and where the thread listens.
pub(super) fn asking() -> (Asking, SyncSender<Order>, Receiver<Order>) {
    let (orders, listening) = sync_channel(ORDERS);
    let asking = Asking {
        orders: orders.clone(),
        era: 0,
    };
    (asking, orders, listening)
}

impl Asking {
    pub(super) fn tell(&self, order: Order) {
        // If the thread ended, whoever waits for an answer finds out by its absence.
        let _ = self.orders.send(order);
    }

    /// The stream's next request, which may fill the memory of `spent`; `None` when there will be
    /// no more.
    pub(super) async fn want(&self, stream: usize, spent: Vec<u8>) -> Option<Request> {
        let (reply, answer) = oneshot::channel();
        self.tell(Order::Want(self.era, stream, spent, reply));
        answer.await.ok()
    }

    /// Goes on after [`Order::Stop`], with other flows if there are some. `None`: the thread ended.
    pub(super) async fn begin(&mut self, flows: Option<(Vec<Flow>, Rules)>) -> Option<Begun> {
        self.era += 1;
        let (reply, answer) = oneshot::channel();
        self.tell(Order::Begin(self.era, flows, reply));
        answer.await.ok()
    }

    pub(super) async fn answered(&self, stream: usize, id: u64, said: Reply) -> Option<Settled> {
        let (reply, answer) = oneshot::channel();
        self.tell(Order::Answered(stream, id, said, reply));
        answer.await.ok()
    }

    pub(super) async fn refused(&self, stream: usize) -> Option<Settled> {
        let (reply, answer) = oneshot::channel();
        self.tell(Order::Refused(stream, reply));
        answer.await.ok()
    }

    /// The thread's name, if it does not answer within `patience`.
    pub(super) async fn silent(&self, patience: Duration) -> Vec<String> {
        let (reply, answer) = oneshot::channel();
        // A full queue is as good as no answer; a thread that ended is noticed by others.
        let asked = match self.orders.try_send(Order::Answer(reply)) {
            Ok(()) => tokio::time::timeout(patience, answer).await.is_ok(),
            Err(error) => matches!(error, TrySendError::Disconnected(_)),
        };
        match asked {
            true => vec![],
            false => vec!["the thread that follows files".to_owned()],
        }
    }

    /// How everything stands; empty if the thread is busy for too long.
    pub(super) fn status(&self) -> Status {
        let (reply, answer) = sync_channel(1);
        self.tell(Order::Status(reply));
        let patience = Duration::from_secs(2);
        answer.recv_timeout(patience).unwrap_or_default()
    }
}

/// How following ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// It was told to.
    Stopped,
    /// All of it is shipped (`--once`). How many files could not be read.
    Drained {
        /// Files that match and could not be opened or read.
        unread: usize,
    },
}

/// The thread's state beside the follower.
pub(super) struct Follow {
    pub(super) follower: Follower,
    pub(super) listening: Receiver<Order>,
    pub(super) notices: Notices,
    pub(super) watch: Option<Watch>,
    pub(super) once: bool,
    pub(super) first_scan: Option<oneshot::Sender<()>>,
}

struct Due {
    scan: Duration,
    /// Not before this time for a notice.
    scan_for_notice: Duration,
    glance: Duration,
    scan_wanted: bool,
    look: bool,
}

impl Follow {
    /// Runs until it is told to end, or everything is shipped.
    pub(super) fn run(mut self) -> Result<Ended, ProgressError> {
        let mut wants = HashMap::new();
        let mut due = Due {
            scan: Duration::ZERO,
            scan_for_notice: Duration::ZERO,
            glance: Duration::ZERO,
            scan_wanted: false,
            look: false,
        };
        let mut stopped = false;
        let mut now_era = 0;
        loop {
            if !stopped {
                self.look(&mut due)?;
                self.serve(&mut wants)?;
            }
            let now = self.follower.now();
            if self.follower.commit_at().is_some_and(|at| at <= now) {
                self.follower.commit()?;
            }
            if self.once && !stopped && self.follower.is_drained() && !self.follower.is_crowded() {
                let unread = self.follower.unread();
                return Ok(Ended::Drained { unread });
            }
            let order = match self.listening.recv_timeout(self.sleep(&due, stopped)) {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => Order::End,
            };
            for order in std::iter::once(order).chain(self.waiting_orders()) {
                match order {
                    Order::End => {
                        self.follower.remember();
                        self.follower.commit()?;
                        return Ok(Ended::Stopped);
                    }
                    Order::Stop => {
                        stopped = true;
                        wants.clear();
                    }
                    Order::Want(era, stream, spent, reply) if !stopped && era == now_era => {
                        self.follower.reuse(spent);
                        drop(wants.insert(stream, reply));
                    }
                    Order::Begin(era, flows, reply) => {
                        (stopped, now_era) = (false, era);
                        due.scan = Duration::ZERO;
                        let _ = reply.send(self.begin(flows)?);
                    }
                    Order::Look => due.look = true,
                    other => self.answer(other)?,
                }
            }
        }
    }

    fn waiting_orders(&self) -> Vec<Order> {
        self.listening.try_iter().take(ORDERS).collect()
    }

    fn answer(&mut self, order: Order) -> Result<(), ProgressError> {
        match order {
            Order::Answered(stream, id, said, reply) => {
                let settled = self.follower.answered(stream, id, &said)?;
                let _ = reply.send(settled);
            }
            Order::Refused(stream, reply) => {
                let _ = reply.send(self.follower.refused(stream));
            }
            Order::Answer(reply) => drop(reply.send(())),
            Order::Status(reply) => {
                let _ = reply.try_send(self.follower.status());
            }
            Order::Want(..) | Order::Begin(..) | Order::Look | Order::Stop | Order::End => {}
        }
        Ok(())
    }

    fn begin(&mut self, flows: Option<(Vec<Flow>, Rules)>) -> Result<Begun, ProgressError> {
        let exchanged = match flows.map(|(flows, rules)| self.follower.reload(flows, rules)) {
            None => Ok(false),
            Some(Ok(done)) => Ok(done),
            Some(Err(ReloadError::Pattern(error))) => Err(error),
            Some(Err(ReloadError::Progress(error))) => return Err(error),
        };
        Ok(Begun {
            exchanged,
            streams: self.follower.streams().cloned().collect(),
        })
    }

    fn serve(
        &mut self,
        wants: &mut HashMap<usize, oneshot::Sender<Request>>,
    ) -> Result<(), ProgressError> {
        let streams: Vec<usize> = wants.keys().copied().collect();
        for stream in streams {
            if let Some(request) = self.follower.compose(stream)?
                && let Some(reply) = wants.remove(&stream)
            {
                // Nobody waits only when everything stops.
                let _ = reply.send(request);
            }
        }
        Ok(())
    }

    fn look(&mut self, due: &mut Due) -> Result<(), ProgressError> {
        if self.follower.is_hot() {
            self.follower.look_at_originals();
        }
        let now = self.follower.now();
        if due.look && now >= due.glance {
            due.look = false;
            due.glance = now + GLANCE;
            let noticed = self.notices.take();
            due.scan_wanted |= noticed.scan;
            for path in &noticed.paths {
                due.scan_wanted |= !self.follower.noticed(path);
            }
        }
        let for_notice = due.scan_wanted && now >= due.scan_for_notice;
        if now >= due.scan || for_notice {
            self.scan(due)?;
        }
        Ok(())
    }

    fn scan(&mut self, due: &mut Due) -> Result<(), ProgressError> {
        let began = self.follower.now();
        due.scan_wanted = false;
        self.follower.scan()?;
        let mut polls = self.follower.polls();
        if let Some(watch) = &mut self.watch {
            let new = watch.set(self.follower.folders());
            // What happened before a folder was watched gave no notice.
            due.scan_wanted |= new;
            polls |= !watch.is_complete();
        }
        if let Some(first) = self.first_scan.take() {
            let _ = first.send(());
        }
        let now = self.follower.now();
        // With too many files for one round, the next round begins when some are done.
        let often = self.once && self.follower.is_crowded();
        let took = now.saturating_sub(began);
        due.scan = now
            + match often {
                true => GLANCE,
                false if polls => (took * POLL_SHARE).clamp(POLL, SCAN),
                false => (took * LOOK_SHARE).clamp(SCAN, RARELY),
            };
        due.scan_for_notice = now + (took * SCAN_SHARE).clamp(GLANCE, SCAN);
        Ok(())
    }

    fn sleep(&self, due: &Due, stopped: bool) -> Duration {
        let now = self.follower.now();
        let mut next = if stopped { now + SCAN } else { due.scan };
        if self.follower.is_hot() && !stopped {
            next = now;
        }
        if due.look && !stopped {
            next = next.min(due.glance);
        }
        if due.scan_wanted && !stopped {
            next = next.min(due.scan_for_notice);
        }
        if let Some(commit) = self.follower.commit_at() {
            next = next.min(commit);
        }
        // One that is due and stays is a stream's that nobody asks for now.
        if let Some(release) = self.follower.release_at().filter(|at| *at > now) {
            next = next.min(release);
        }
        next.saturating_sub(now).max(Duration::from_millis(1))
    }
}
