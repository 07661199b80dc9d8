//! Starting and stopping: lock, open, follow, ship; then stop in the opposite order, within a
//! deadline.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::files::{FileError, FolderError, FolderLock};
use standpipe_config::process::admin::{self, Gate};
use standpipe_config::process::door::{Bounds, CannotOpen, Door};
use standpipe_config::process::exit::Exit;
use standpipe_config::process::metrics::{Metrics, Taken};
use standpipe_config::process::published::{Published, publish, publish_token, retract};
use standpipe_config::process::readiness::Readiness;
use standpipe_config::process::service;
use standpipe_config::process::signals::{Asked, Signals};
use standpipe_config::settings::AdminToken;
use standpipe_config::settings::agent::Settings;
use tokio::sync::{mpsc, oneshot};

use super::follow::Asking;
use super::lost::{self, Kept};
use super::parts::{DEADLINE, Parts, Why};
use crate::disk::{Disk, most_open_files};
use crate::metrics;
use crate::progress::ProgressError;
use crate::ship::client::NoClient;
use crate::ship::receiver::Receiver;
use crate::tail::{Follower, Rules};

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
    #[error(transparent)]
    Http(#[from] NoClient),
    /// A thread or a signal handler cannot be had.
    #[error("the operating system refuses a thread or a signal handler: {0}")]
    System(#[from] io::Error),
    /// A task of ours ended when it should not.
    #[error(
        "a part of the agent ended unexpectedly: {0}; this is a defect, the supervisor restarts it"
    )]
    Part(String),
}

/// What is wanted of a running agent.
#[derive(Debug)]
pub(super) enum Wish {
    /// To stop, and who asks. The first time in good order, the second time at once.
    Stop(&'static str),
    /// To go on with other settings.
    Reload(Box<Settings>),
}

pub(super) type Wishes = mpsc::Receiver<Wish>;

/// Runs the agent until a signal stops it, or with `once` until everything is shipped. `again` reads
/// the settings again; `None` where something is wrong with them, which it says.
pub async fn run(
    settings: Settings,
    once: bool,
    again: impl Fn() -> Option<Settings> + Send + 'static,
) -> Result<Exit, CannotStart> {
    let mut signals = Signals::catch()?;
    let (wish, wishes) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let wanted = match signals.next().await {
                Asked::Stop(signal) => Wish::Stop(signal),
                Asked::Reload => match again() {
                    Some(settings) => Wish::Reload(Box::new(settings)),
                    None => {
                        tracing::error!("the settings are wrong: going on with those from before");
                        continue;
                    }
                },
            };
            if wish.send(wanted).await.is_err() {
                return;
            }
        }
    });
    run_until(settings, once, wishes).await
}

/// Runs the agent until it is told to stop, or with `once` until everything is shipped.
pub(super) async fn run_until(
    mut settings: Settings,
    once: bool,
    mut wishes: Wishes,
) -> Result<Exit, CannotStart> {
    let _lock = FolderLock::acquire(&settings.data_dir, settings.allow_tmpfs)?;
    retract(&settings.data_dir)?;
    let receiver = receiver(&settings)?;
    let kept = tokio::select! {
        kept = lost::open(&settings, &receiver) => kept?,
        signal = stopped(&mut wishes) => {
            tracing::info!(signal, "stopped before anything was read");
            return Ok(if once { Exit::Failed } else { Exit::Done });
        }
    };
    let follower = follower(&settings, kept, once)?;
    let mut parts = Parts::start(follower, receiver, once)?;
    let readiness = Readiness::default();
    let latch = readiness.latch("the first look at all files");
    let first_scan = parts.first_scan.take();
    let mut door = open_door(&settings, &readiness, &parts.asking).await?;
    if let Some(first) = first_scan {
        // Its absence shows as the end of the thread, below.
        let _ = first.await;
    }
    latch.release();
    service::ready();
    let asking = parts.asking.clone();
    tokio::spawn(service::signs_of_life(move |patience| {
        let asking = asking.clone();
        async move { asking.silent(patience).await }
    }));
    let ended = loop {
        match parts.wait(&mut wishes).await {
            Why::Reload(new) => {
                settings = parts.reload(settings, *new).await?;
                door.iter_mut().for_each(|door| door.accept(&settings));
            }
            other => break other,
        }
    };
    readiness.stopping();
    service::stopping(DEADLINE);
    parts.end(ended, &mut wishes, once).await
}

/// Where it ships to; what should be known of that is said.
pub(super) fn receiver(settings: &Settings) -> Result<Arc<Receiver>, CannotStart> {
    let receiver = Receiver::new(&settings.ship)?;
    if let Some(caveat) = receiver.caveat() {
        tracing::warn!("{caveat}");
    }
    Ok(Arc::new(receiver))
}

/// The next request to stop, and who asks. A reload before the start is over is none.
pub(super) async fn stopped(wishes: &mut Wishes) -> &'static str {
    loop {
        match wishes.recv().await {
            Some(Wish::Stop(signal)) => return signal,
            Some(Wish::Reload(_)) => {
                tracing::warn!("not reloading: the start is not over, or the end has begun");
            }
            None => std::future::pending().await,
        }
    }
}

pub(super) fn rules(settings: &Settings, once: bool) -> Rules {
    Rules {
        once,
        in_flight: settings.in_flight,
        most_open: most_open_files(),
        ..Rules::default()
    }
}

fn follower(settings: &Settings, kept: Kept, once: bool) -> Result<Follower, CannotStart> {
    let rules = rules(settings, once);
    let flows = settings.flows.clone();
    let mut follower = Follower::new(kept.agent, Disk::real(), kept.progress, flows, rules)?;
    follower.put_dead_letters_in(&settings.data_dir);
    if let Some(entries) = &kept.rebuilt {
        follower.rebuild(entries)?;
    }
    Ok(follower)
}

/// The admin door while it is open; its addresses are published as long.
struct OpenDoor {
    _published: Published,
    _closing: oneshot::Sender<()>,
    gate: Gate,
    /// Whose bearers the gate lets in.
    tokens: Vec<AdminToken>,
}

impl OpenDoor {
    /// Lets in whom the settings name by now.
    fn accept(&mut self, settings: &Settings) {
        if let Some(admin) = &settings.admin {
            self.gate.change(&mut self.tokens, &admin.tokens);
        }
    }
}

async fn open_door(
    settings: &Settings,
    readiness: &Readiness,
    asking: &Asking,
) -> Result<Option<OpenDoor>, CannotStart> {
    let Some(admin) = &settings.admin else {
        return Ok(None);
    };
    let metrics = Metrics::install()?;
    let own = publish_token(&settings.data_dir)?;
    let gate = Gate::new(&admin.tokens, Some(own));
    let (address, tls) = (admin.address, admin.tls.clone());
    let door = Door::open("admin", address, tls, Bounds::default()).await?;
    let asking = asking.clone();
    let status = move || {
        faults::takes_time("status");
        asking.status()
    };
    let shown = admin::Shown {
        readiness: readiness.clone(),
        metrics: metrics.clone(),
        gate: gate.clone(),
    };
    // It has no endpoints of its own.
    let router = admin::router(shown, status, metrics::record, Default::default());
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
        gate,
        tokens: admin.tokens.clone(),
    }))
}
