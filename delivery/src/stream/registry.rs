//! Which streams there are, and what became of each: the registry behind the handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery as settings;

use super::about::note_birth;
use super::counted::Counted;
use super::folder::{Folder, Folders};
use super::paused;
use super::recovery::{self, Damage};
use super::running::{Running, Surroundings};
use super::status::{State, StreamStatus};
use super::{LEAVING, LOOK, StartError, blocking};
use crate::disk::DataFolder;
use crate::journal::{Totals, Waiting};
use crate::lane::Stop;
use crate::lane::checkpoint::{Counts, Settled};

/// The streams of this process, by name.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folders: Folders,
    pub(super) data: Arc<DataFolder>,
    pub(super) around: Surroundings,
    /// Held for moments only. A stream leaves it never, so that its door says "closed" rather than
    /// "no such stream" while the process stops.
    pub(super) streams: Mutex<BTreeMap<StreamName, Life>>,
    /// What the streams run with, by name.
    pub(super) settings: Mutex<BTreeMap<StreamName, Arc<settings::Stream>>>,
    /// Held while streams start, are removed or renamed: one at a time.
    pub(super) changes: tokio::sync::Mutex<()>,
}

/// What became of a stream.
#[derive(Clone, Debug)]
pub(super) enum Life {
    Running(Arc<Running>),
    Halted(Arc<Halted>),
    Stopped,
}

/// A stream that could not be opened. Its folder is held, and nothing in it is touched.
#[derive(Debug)]
pub(super) struct Halted {
    pub(super) damage: Damage,
    pub(super) drains: bool,
    paused: bool,
    _folder: Option<Arc<Folder>>,
}

impl Shared {
    pub(super) fn streams(&self) -> MutexGuard<'_, BTreeMap<StreamName, Life>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, BTreeMap<StreamName, Arc<settings::Stream>>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn life(&self, name: &StreamName) -> Option<Life> {
        self.streams().get(name).cloned()
    }

    /// Closes a stream's door for good; what it was.
    pub(super) fn close(&self, name: &StreamName) -> Option<Life> {
        let mut streams = self.streams();
        streams
            .get_mut(name)
            .map(|life| std::mem::replace(life, Life::Stopped))
    }

    pub(super) fn halt(
        &self,
        name: &StreamName,
        damage: Damage,
        drains: bool,
        folder: Option<Arc<Folder>>,
    ) {
        tracing::error!(stream = %name, "halted, and nothing was deleted: {}", damage.message);
        let halted = Halted {
            damage,
            drains,
            paused: paused::is_paused(&self.folders.of(name)),
            _folder: folder,
        };
        self.streams()
            .insert(name.clone(), Life::Halted(Arc::new(halted)));
    }

    /// Gives the folder of `former` to `name`, which has none yet (rule 16).
    pub(super) async fn take_over(
        self: &Arc<Self>,
        former: &StreamName,
        name: &StreamName,
    ) -> Result<(), StartError> {
        if matches!(self.life(former), Some(Life::Running(_) | Life::Halted(_))) {
            return Err(StartError::FormerRuns(former.clone(), name.clone()));
        }
        let (shared, from, to) = (self.clone(), former.clone(), name.clone());
        let rename = move || match shared.folders.exists(&from) && !shared.folders.exists(&to) {
            true => shared.folders.rename(&from, &to),
            false => Ok(()),
        };
        blocking(rename).await?;
        self.streams().remove(former);
        Ok(())
    }

    pub(super) async fn start(
        self: &Arc<Self>,
        settings: &settings::Stream,
        drains: bool,
    ) -> Result<(), StartError> {
        let name = &settings.name;
        let folder = Arc::new(self.take_folder(name).await?);
        self.settings()
            .insert(name.clone(), Arc::new(settings.clone()));
        let born = folder.clone();
        blocking(move || note_birth(born.path())).await;
        match recovery::open(&folder, settings, &self.data).await {
            Ok(parts) => {
                let running = Running::start(parts, settings, drains, folder, &self.around);
                let life = Life::Running(Arc::new(running));
                self.streams().insert(name.clone(), life);
            }
            Err(damage) => self.halt(name, damage, drains, Some(folder)),
        }
        Ok(())
    }

    /// Takes a stream's folder; waits for the last file operation of an earlier life.
    async fn take_folder(self: &Arc<Self>, name: &StreamName) -> Result<Folder, StartError> {
        let deadline = Instant::now() + LEAVING;
        loop {
            let (shared, wanted) = (self.clone(), name.clone());
            if let Some(folder) = blocking(move || shared.folders.take(&wanted)).await? {
                return Ok(folder);
            }
            if Instant::now() >= deadline {
                return Err(StartError::Busy(name.clone()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Removes a stream that drained; whether it is gone.
    async fn remove_drained(self: &Arc<Self>, name: &StreamName) -> bool {
        let _change = self.changes.lock().await;
        match self.life(name) {
            Some(Life::Running(running)) if running.drains => {
                if !running.is_empty() {
                    return false;
                }
                running
                    .stop((Instant::now() + LEAVING).into(), Stop::Now)
                    .await;
            }
            Some(Life::Halted(halted)) if halted.drains => return false,
            _ => return true,
        }
        self.streams().remove(name);
        self.settings().remove(name);
        let (shared, gone) = (self.clone(), name.clone());
        let removed = blocking(move || {
            // Free once the last file operation has ended.
            while shared.folders.take(&gone)?.is_none() {
                std::thread::sleep(LOOK);
            }
            shared.folders.remove(&gone)
        });
        match removed.await {
            Ok(()) => tracing::info!(stream = %name, "drained: its folder is removed"),
            Err(error) => {
                tracing::warn!(stream = %name, %error, "drained, but its folder stays until the next start")
            }
        }
        true
    }
}

impl Halted {
    pub(super) fn status(&self) -> StreamStatus {
        let state = self.damage.state.as_deref();
        let sealed = state.map(|s| s.sealed()).unwrap_or_default();
        let settled = state.map(|s| s.settled.clone()).unwrap_or_default();
        let counted = Counted {
            // What the journal holds beyond the checkpoint cannot be counted while it is damaged.
            totals: accounted(&settled, sealed.waiting),
            waiting: Waiting::default(),
            sealed,
            settled,
            position: state.map_or(0, |state| state.position),
        };
        StreamStatus {
            state: State::Halted,
            paused: self.paused,
            last_error: Some(self.damage.message.clone()),
            ..counted.status()
        }
    }
}

/// What was accepted, as far as the checkpoint alone accounts for it.
fn accounted(settled: &Settled, waiting: Counts) -> Totals {
    let others = [settled.delivered, settled.dropped, waiting];
    let mut totals = Totals::default();
    for counts in settled.failed.values().copied().chain(others) {
        totals.accepted_records += counts.records;
        totals.accepted_bytes += counts.bytes;
    }
    totals
}

/// Looks now and then whether a stream has drained.
pub(super) async fn watch_draining(shared: Weak<Shared>, name: StreamName) {
    loop {
        tokio::time::sleep(LOOK).await;
        match shared.upgrade() {
            Some(shared) if !shared.remove_drained(&name).await => {}
            _ => return,
        }
    }
}
