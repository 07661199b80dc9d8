//! Starting, in the order in which the parts need each other.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use standpipe_config::files::{FileError, FolderError, FolderLock};
use standpipe_config::process::admin::{self, Gate};
use standpipe_config::process::door::CannotOpen;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::metrics::{Metrics, Taken};
use standpipe_config::process::published::{Published, publish, publish_token, retract};
use standpipe_config::process::readiness::Readiness;
use standpipe_config::process::service;
use standpipe_config::settings::delivery::Settings;

use super::access::Access;
use super::control;
use super::doors::Doors;
use super::metrics::record;
use super::page;
use super::preflight;
use super::redrive;
use super::reload::{Reloads, guests};
use super::status::Status;
use crate::ingest::firehose::FirehoseDoor;
use crate::ingest::firehose::created::{Created, NotStarted};
use crate::ingest::{self, Admission, Agents, NativeDoor};
use crate::lane::Threads;
use crate::stream::{OpenError, Resources, StartError, Streams};

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) readiness: Readiness,
    /// Where the doors are, for whoever asked for port 0.
    pub(super) published: Published,
    /// Where records come in. Closed first.
    pub(super) records: Doors,
    /// Who may enter.
    pub(super) access: Access,
    pub(super) streams: Streams,
    /// What it runs with: what cannot change while it does as it was at the start, the rest as of the
    /// last reload.
    pub(super) settings: Settings,
    /// What was set aside for the components of all streams, in bytes.
    pub(super) guests: u64,
    pub(super) reloads: Reloads,
    /// Where a stop can be watched. Closed last.
    pub(super) admin: Doors,
    pub(super) metrics: Metrics,
    /// Keeps other processes out of the data folder. Released at the very end.
    pub(super) lock: FolderLock,
}

/// What can be seen at the admin door.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Once they are recovered.
    streams: Arc<OnceLock<Streams>>,
    reloads: Reloads,
    agents: Agents,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotStart {
    #[error("the operating system gives no signal handlers: {0}")]
    Signals(io::Error),
    #[error("the operating system gives no threads: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Metrics(Taken),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Door(#[from] CannotOpen),
    #[error(transparent)]
    Streams(#[from] OpenError),
    #[error(transparent)]
    Stream(#[from] StartError),
    #[error(transparent)]
    Created(#[from] NotStarted),
    #[error("a destination refuses us, and nothing was started:\n{0}")]
    Destination(String),
}

impl CannotStart {
    /// A folder that forgets is a wrong setting; the rest is the machine's state.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Folder(FolderError::InMemory(_)) => Exit::Wrong,
            _ => Exit::Failed,
        }
    }
}

impl Running {
    /// Returns when records can come in.
    pub(super) async fn start(settings: Settings, metrics: Metrics) -> Result<Self, CannotStart> {
        let lock = FolderLock::acquire(&settings.data_dir, settings.allow_tmpfs)?;
        retract(&settings.data_dir)?;
        let readiness = Readiness::default();
        let (recovery, opening) = (
            readiness.latch("the streams are being recovered"),
            readiness.latch("the doors for records are closed"),
        );
        let seen = Seen::default();
        let gate = gate(&settings)?;
        let shown = admin::Shown {
            readiness: readiness.clone(),
            metrics: metrics.clone(),
            gate: gate.clone(),
        };
        let admin = admin(&settings, shown, &seen).await?;
        let answers = preflight::ask(&settings).await;
        preflight::judge(answers, &settings.streams, &settings.data_dir)
            .map_err(CannotStart::Destination)?;
        let (streams, created) = streams(&settings).await?;
        let _ = seen.streams.set(streams.clone());
        recovery.release();
        let (records, mut access) = records(&settings, &streams, created, &seen.agents).await?;
        access.admin = Some(gate);
        let published = addresses(&settings.data_dir, &records, &admin)?;
        opening.release();
        service::ready();
        tracing::info!(streams = settings.streams.len(), "ready");
        Ok(Self {
            readiness,
            published,
            records,
            access,
            streams,
            guests: guests(&settings),
            settings,
            reloads: seen.reloads,
            admin,
            metrics,
            lock,
        })
    }

    /// Waits until a part ends that should not, and says which.
    pub(super) async fn unexpected_end(&mut self) -> String {
        tokio::select! {
            what = self.streams.unexpected_end() => what,
            what = self.records.unexpected_end() => what,
            what = self.admin.unexpected_end() => what,
            () = service::signs_of_life(|patience| self.streams.silent(patience)) => "the signs of life".to_owned(),
            () = self.metrics.upkeep() => "the upkeep of the metrics".to_owned(),
        }
    }
}

/// Who may ask at the admin door. The commands of this program always may, where they may read the data.
fn gate(settings: &Settings) -> Result<Gate, FileError> {
    let Some(admin) = &settings.listen.admin else {
        return Ok(Gate::default());
    };
    let own = publish_token(&settings.data_dir)?;
    Ok(Gate::new(&admin.tokens, Some(own)))
}

async fn admin(settings: &Settings, shown: admin::Shown, seen: &Seen) -> Result<Doors, CannotOpen> {
    let mut doors = Doors::default();
    if let Some(admin) = &settings.listen.admin {
        let looked_at = seen.clone();
        let memory = settings.limits.memory;
        let status = move || {
            let Seen {
                streams,
                reloads,
                agents,
            } = &looked_at;
            Status::of(streams.get(), reloads, agents, memory)
        };
        let more = control::router(seen.streams.clone())
            .merge(redrive::router(seen.streams.clone()))
            .merge(page::router());
        let router = admin::router(shown, status, record, more);
        doors
            .open("admin", admin.address, admin.tls.clone(), router)
            .await?;
    }
    Ok(doors)
}

async fn streams(settings: &Settings) -> Result<(Streams, Created), CannotStart> {
    let memory = settings.limits.memory;
    let streams = Streams::open(Resources {
        data_dir: settings.data_dir.clone(),
        high_water: settings.limits.disk,
        memory: memory.saturating_sub(ingest::share(memory) + guests(settings)),
        threads: Threads::new().map_err(CannotStart::Threads)?,
    })
    .await?;
    for stream in &settings.streams {
        streams.start(stream).await?;
    }
    let firehose = settings.listen.firehose.as_ref();
    let created = Created::start(&settings.data_dir, firehose, &streams).await?;
    streams.drain_removed().await;
    Ok((streams, created))
}

async fn records(
    settings: &Settings,
    streams: &Streams,
    created: Created,
    agents: &Agents,
) -> Result<(Doors, Access), CannotOpen> {
    let (mut doors, mut access) = (Doors::default(), Access::default());
    let memory = Admission::new(ingest::share(settings.limits.memory), ingest::PATIENCE);
    if let Some(firehose) = &settings.listen.firehose {
        let (settings, memory) = (firehose.clone(), memory.clone());
        let door = FirehoseDoor::new(streams.clone(), created, settings, memory);
        let (tls, router) = (firehose.tls.clone(), door.router());
        doors
            .open("firehose", firehose.address, tls, router)
            .await?;
        access.firehose = Some(door);
    }
    if let Some(native) = &settings.listen.native {
        let tokens = native.tokens.clone();
        let door = NativeDoor::new(streams.clone(), tokens, memory, agents.clone());
        let (tls, router) = (native.tls.clone(), door.router());
        doors.open("native", native.address, tls, router).await?;
        access.native = Some(door);
    }
    Ok((doors, access))
}

fn addresses(data_dir: &Path, records: &Doors, admin: &Doors) -> Result<Published, FileError> {
    let mut all = records.addresses().clone();
    all.extend(admin.addresses());
    publish(data_dir, &all)
}
