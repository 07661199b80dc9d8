//! The destinations that are open, one for each target however many streams deliver there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::destination::{AnyDestination, Target};

/// The destinations that are open. A handle: clones are the same.
#[derive(Clone, Default, Debug)]
pub(super) struct Targets {
    /// As many as the settings of all streams, and files sealed under earlier ones, name.
    open: Arc<Mutex<BTreeMap<Target, AnyDestination>>>,
}

impl Targets {
    /// The destination at `target`.
    pub(super) fn open(&self, target: &Target) -> AnyDestination {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.entry(target.clone());
        known.or_insert_with(|| target.open()).clone()
    }
}
