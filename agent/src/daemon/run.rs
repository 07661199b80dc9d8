//! Starting and stopping: lock, open, follow, ship; then stop in the opposite order, within a
//! deadline.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use standpipe_config::files::{FileError, FolderError, FolderLock};
use standpipe_config::process::admin;
use standpipe_config::process::door::{Bounds, CannotOpen, Door};
use standpipe_config::process::exit::Exit;
use standpipe_config::process::metrics::{Metrics, Taken};
use standpipe_config::process::published::{publish, retract};
use standpipe_config::process::readiness::Readiness;
use standpipe_config::process::service;
use standpipe_config::process::signals::Signals;
use standpipe_config::settings::agent::{Settings, Ship};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::follow::{Asking, Ended, Follow, Order, asking};
use super::lost::{self, Kept};
use super::sender::Sender;
use super::watch::{Notices, Watch};
use crate::disk::{Disk, most_open_files};
use crate::metrics;
use crate::progress::ProgressError;
use crate::ship::client::Client;
use crate::tail::{Follower, Rules};

/// How long what is on its way may take after the signal to stop.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why the agent does not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// `data_dir` cannot be ours.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file of `data_dir` cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Progress cannot be opened or written.
    #[error("{0}; nothing was lost, the files hold what is not acknowledged")]
    Progress(#[from] ProgressError),
    /// A door does not open.
    #[error(transparent)]
    Door(#[from] CannotOpen),
    /// Metrics are installed already.
    #[error(transparent)]
    Metrics(#[from] Taken),
    /// A pattern cannot be compiled.
    #[error("a pattern cannot be used: {0}")]
    Pattern(#[from] globset::Error),
    /// The HTTP client cannot be built.
    #[error("cannot prepare HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// A thread or a signal handler cannot be had.
    #[error("the operating system refuses a thread or a signal handler: {0}")]
    System(#[from] io::Error),
    /// A task of ours ended when it should not.
    #[error(
        "a part of the agent ended unexpectedly: {0}; this is a defect, the supervisor restarts it"
    )]
    Part(String),
}

/// Requests to stop, each with who asks. The first one is in good order, the second at once.
pub(super) type Stops = mpsc::Receiver<&'static str>;

/// Runs the agent until a signal stops it, or with `once` until everything is shipped.
pub async fn run(settings: Settings, once: bool) -> Result<Exit, CannotStart> {
    let mut signals = Signals::catch()?;
    let (stop, stops) = mpsc::channel(2);
    tokio::spawn(async move { while stop.send(signals.stop().await).await.is_ok() {} });
    run_until(settings, once, stops).await
}

/// Runs the agent until it is told to stop, or with `once` until everything is shipped.
pub(super) async fn run_until(
    settings: Settings,
    once: bool,
    mut stops: Stops,
) -> Result<Exit, CannotStart> {
    let _lock = FolderLock::acquire(&settings.data_dir, settings.allow_tmpfs)?;
    retract(&settings.data_dir)?;
    let Ship::Standpipe { url, token } = &settings.ship;
    let client = Arc::new(Client::new(url, token.clone())?);
    let kept = tokio::select! {
        kept = lost::open(&settings, &client) => kept?,
        Some(signal) = stops.recv() => {
            tracing::info!(signal, "stopped before anything was read");
            return Ok(if once { Exit::Failed } else { Exit::Done });
        }
    };
    let follower = follower(&settings, kept, once)?;
    let mut parts = Parts::start(follower, client, once)?;
    let readiness = Readiness::default();
    let latch = readiness.latch("the first look at all files");
    let first_scan = parts.first_scan.take();
    let _door = open_door(&settings, &readiness, &parts.asking).await?;
    if let Some(first) = first_scan {
        // Its absence shows as the end of the thread, below.
        let _ = first.await;
    }
    latch.release();
    service::ready();
    let ended = parts.wait(&mut stops).await;
    readiness.stopping();
    service::stopping(DEADLINE);
    parts.end(ended, &mut stops, once).await
}

fn follower(settings: &Settings, kept: Kept, once: bool) -> Result<Follower, CannotStart> {
    let rules = Rules {
        once,
        in_flight: settings.in_flight,
        most_open: most_open_files(),
        ..Rules::default()
    };
    let flows = settings.flows.clone();
    let mut follower = Follower::new(kept.agent, Disk::real(), kept.progress, flows, rules)?;
    if let Some(entries) = &kept.rebuilt {
        follower.rebuild(entries)?;
    }
    Ok(follower)
}

/// The admin door while it is open; its addresses are published as long.
struct OpenDoor {
    _published: standpipe_config::process::published::Published,
    _closing: oneshot::Sender<()>,
}

async fn open_door(
    settings: &Settings,
    readiness: &Readiness,
    asking: &Asking,
) -> Result<Option<OpenDoor>, CannotStart> {
    let Some(address) = settings.admin else {
        return Ok(None);
    };
    let metrics = Metrics::install()?;
    let door = Door::open("admin", address, Bounds::default()).await?;
    let asking = asking.clone();
    let status = move || tokio::task::block_in_place(|| asking.status());
    let router = admin::router(readiness.clone(), metrics.clone(), status, metrics::record);
    let doors = BTreeMap::from([(door.name(), door.address())]);
    let published = publish(&settings.data_dir, &doors)?;
    let (closing, closed) = oneshot::channel::<()>();
    tokio::spawn(async move { metrics.upkeep().await });
    tokio::spawn(door.serve(router, async {
        let _ = closed.await;
    }));
    Ok(Some(OpenDoor {
        _published: published,
        _closing: closing,
    }))
}

type Thread = JoinHandle<Result<Ended, ProgressError>>;

/// What runs.
struct Parts {
    asking: Asking,
    senders: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// Ends when the thread does.
    over: oneshot::Receiver<()>,
    thread: Thread,
    first_scan: Option<oneshot::Receiver<()>>,
}

/// Why it is time to stop.
enum Why {
    Signal,
    /// The following thread ended.
    Over,
    /// A sender ended.
    Broken(String),
}

impl Parts {
    fn start(follower: Follower, client: Arc<Client>, once: bool) -> Result<Self, CannotStart> {
        let (asking, orders, listening) = asking();
        let notices = Notices::new(orders);
        let (stop, stopped) = watch::channel(false);
        let mut senders = JoinSet::new();
        for (stream, name) in follower.streams().enumerate() {
            let sender = Sender {
                stream,
                name: name.clone(),
                asking: asking.clone(),
                client: client.clone(),
                stop: stopped.clone(),
            };
            senders.spawn(sender.run());
        }
        let (scanned, first_scan) = oneshot::channel();
        let (ending, over) = oneshot::channel();
        let watch = (!once).then(|| Watch::new(notices.clone()));
        let follow = Follow {
            follower,
            listening,
            notices,
            watch,
            once,
            first_scan: Some(scanned),
        };
        let thread = std::thread::Builder::new()
            .name("follow".into())
            .spawn(move || {
                let _ending = ending;
                follow.run()
            })?;
        Ok(Self {
            asking,
            senders,
            stop,
            over,
            thread,
            first_scan: Some(first_scan),
        })
    }

    async fn wait(&mut self, stops: &mut Stops) -> Why {
        tokio::select! {
            Some(signal) = stops.recv() => {
                tracing::info!(signal, "stopping: nothing more is read, what is on its way is waited for");
                Why::Signal
            }
            _ = &mut self.over => Why::Over,
            ended = self.senders.join_next() => Why::Broken(match ended {
                Some(Err(error)) => error.to_string(),
                _ => "a sender".to_owned(),
            }),
        }
    }

    async fn end(mut self, why: Why, stops: &mut Stops, once: bool) -> Result<Exit, CannotStart> {
        self.asking.tell(Order::Stop);
        // Nobody listens only if all have ended.
        let _ = self.stop.send(true);
        let finished = tokio::select! {
            done = tokio::time::timeout(DEADLINE, self.all_sent()) => done.is_ok(),
            Some(_) = stops.recv() => false,
        };
        self.senders.abort_all();
        self.asking.tell(Order::End);
        let thread = self.thread;
        let ended = tokio::task::spawn_blocking(move || thread.join());
        let ended = ended.await.map_err(|e| CannotStart::Part(e.to_string()))?;
        let ended =
            ended.map_err(|_| CannotStart::Part("the thread that follows files".into()))??;
        match (why, ended) {
            (Why::Broken(_), Ended::Drained { .. }) | (Why::Over, _) => Ok(outcome(ended)),
            (Why::Broken(what), Ended::Stopped) => Err(CannotStart::Part(what)),
            (Why::Signal, Ended::Drained { .. }) => Ok(outcome(ended)),
            (Why::Signal, Ended::Stopped) if once => Ok(Exit::Failed),
            (Why::Signal, Ended::Stopped) if finished => Ok(Exit::Done),
            (Why::Signal, Ended::Stopped) => Ok(Exit::WorkLeft),
        }
    }

    async fn all_sent(&mut self) {
        while self.senders.join_next().await.is_some() {}
    }
}

fn outcome(ended: Ended) -> Exit {
    match ended {
        Ended::Drained { unread: 0 } => {
            tracing::info!("everything is shipped and acknowledged");
            Exit::Done
        }
        Ended::Drained { unread } => {
            tracing::error!(
                unread,
                "everything that could be read is shipped; some files could not be read"
            );
            Exit::Failed
        }
        Ended::Stopped => Exit::Failed,
    }
}
