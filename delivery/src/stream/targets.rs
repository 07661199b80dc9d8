//! The destinations that are open, one for each target however many streams deliver there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standpipe_config::settings::delivery::Destination;

use crate::destination::s3::memory::UploadMemory;
use crate::destination::{AnyDestination, Target};
use crate::failure::Failure;

/// The destinations that are open. A handle: clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    /// As many as the settings of all streams, and files sealed under earlier ones, name.
    open: Arc<Mutex<BTreeMap<Target, AnyDestination>>>,
    memory: UploadMemory,
}

/// Where a stream's settings say that its objects go.
#[derive(Clone, Debug)]
pub(super) struct Current(Vec<Target>);

impl Current {
    /// What the settings name.
    pub(super) fn of(destination: &Destination) -> Self {
        Self(all_of(destination))
    }

    /// How long a sealed file is tried again: as the settings have it by now.
    pub(super) fn retry(&self, sealed: &Target) -> Option<Duration> {
        self.with_credentials(sealed).retry()
    }

    /// Where a sealed file goes: where it was sealed for (rule 16), with the credentials that the
    /// settings have for that place by now, or else with those that they had. Where they name it
    /// twice, with the options of that role.
    fn with_credentials(&self, sealed: &Target) -> Target {
        let mut places = self.0.iter().filter(|target| target.is_place(sealed));
        let alike = places.clone().find(|target| target.stores_as(sealed));
        alike.or(places.next()).unwrap_or(sealed).clone()
    }
}

/// A destination, where its failed records go, and its backup.
pub(super) fn all_of(destination: &Destination) -> Vec<Target> {
    let beside = [Some(destination.errors()), destination.backup()];
    let all = std::iter::once(destination).chain(beside.into_iter().flatten());
    all.map(Target::of).collect()
}

impl Targets {
    /// None is open yet; `memory` bytes are what the streams share.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            open: Arc::default(),
            memory: UploadMemory::of(memory),
        }
    }

    /// The destination that a file was sealed for.
    pub(super) fn open(
        &self,
        sealed: &Target,
        current: &Current,
    ) -> Result<AnyDestination, Failure> {
        let target = current.with_credentials(sealed);
        if let Some(known) = self.lock().get(&target) {
            return Ok(known.clone());
        }
        // Reads a secret, so not under the lock. Two at once: the first one stays.
        let opened = target.open(&self.memory)?;
        Ok(self.lock().entry(target).or_insert(opened).clone())
    }

    /// Opens it anew the next time: with the secret that is there by then.
    pub(super) fn close(&self, sealed: &Target, current: &Current) {
        self.lock().remove(&current.with_credentials(sealed));
    }

    /// Opens all of them anew the next time.
    pub(super) fn close_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Target, AnyDestination>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
