//! Notices of the operating system that something happened in a folder. They only make things
//! quick: what they miss, the next scan sees.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::follow::Order;
use crate::journald::Wake;

/// How many paths are told apart before everything is simply looked at.
const MOST_PATHS: usize = 10_000;

/// What happened since it was asked last.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Files that were written to.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Something else happened: names came or went, or notices were lost.
    pub(super) scan: bool,
}

/// Collects notices; wakes the follower when there was none before.
#[derive(Clone, Debug)]
pub(super) struct Notices {
    noticed: Arc<Mutex<Noticed>>,
    orders: SyncSender<Order>,
}

impl Notices {
    pub(super) fn new(orders: SyncSender<Order>) -> Self {
        Self {
            noticed: Arc::default(),
            orders,
        }
    }

    /// What wakes the follower from another thread.
    pub(super) fn wake(&self) -> Wake {
        let orders = self.orders.clone();
        Arc::new(move || {
            // A full queue wakes it anyway.
            let _ = orders.try_send(Order::Look);
        })
    }

    pub(super) fn take(&self) -> Noticed {
        std::mem::take(&mut self.noticed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, event: notify::Result<Event>) {
        let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = noticed.scan || !noticed.paths.is_empty();
        take_in(&mut noticed, event);
        let after = noticed.scan || !noticed.paths.is_empty();
        drop(noticed);
        if after && !before {
            // A full queue wakes it anyway.
            let _ = self.orders.try_send(Order::Look);
        }
    }
}

fn take_in(noticed: &mut Noticed, event: notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => noticed.scan = true,
        Ok(event) => match event.kind {
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => {}
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => {
                noticed.paths.extend(event.paths);
            }
            _ => noticed.scan = true,
        },
        Err(_) => noticed.scan = true,
    }
    if noticed.paths.len() > MOST_PATHS {
        noticed.paths.clear();
        noticed.scan = true;
    }
}

/// Watches the folders that the follower names.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// The system would not watch all of them in the last attempt.
    failing: bool,
    /// That was said.
    said: bool,
}

impl Watch {
    pub(super) fn new(notices: Notices) -> Self {
        let watcher = notify::recommended_watcher(move |event| notices.add(event));
        let watcher = watcher.map_err(|error| {
            tracing::warn!(%error, "the system gives no notices of changes: files are looked at several times a second instead");
        });
        Self {
            watcher: watcher.ok(),
            watched: BTreeSet::new(),
            failing: false,
            said: false,
        }
    }

    /// Whether there will be notices of everything; if not, somebody has to look.
    pub(super) fn is_complete(&self) -> bool {
        self.watcher.is_some() && !self.failing
    }

    /// Watches these folders and no others. Whether some are watched that were not before.
    pub(super) fn set(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        for gone in self.watched.difference(folders) {
            // It may have vanished, and its watch with it.
            let _ = watcher.unwatch(gone);
        }
        self.watched.retain(|folder| folders.contains(folder));
        let before = self.watched.len();
        self.failing = false;
        let new: Vec<PathBuf> = folders.difference(&self.watched).cloned().collect();
        let tried: Vec<_> = new
            .iter()
            .map(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))
            .collect();
        for (folder, watching) in new.iter().zip(tried) {
            self.tried(folder, watching);
        }
        self.watched.len() > before
    }

    fn tried(&mut self, folder: &Path, watching: notify::Result<()>) {
        match watching {
            Ok(()) => {
                self.watched.insert(folder.to_owned());
            }
            // A folder that is not there yet is watched when it is.
            Err(_) if !folder.is_dir() => {}
            Err(error) => {
                self.failing = true;
                if !std::mem::replace(&mut self.said, true) {
                    tracing::warn!(folder = %folder.display(), %error, "cannot watch a folder: files are looked at several times a second instead (see fs.inotify.max_user_watches)");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
