//! The ways of a stream's sealed files: one for each place that some of them go to, and one of its
//! own for copies, although they may go to the same place (rule 23).

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::way::{Failures, Way};
use crate::destination::Target;
use crate::lane::checkpoint::{Role, SealedFile};
use crate::lane::health::Part;

/// Which way: whether it is that of copies, and the place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct WayName {
    is_backup: bool,
    target: Target,
}

impl WayName {
    fn of(file: &SealedFile) -> Self {
        Self {
            is_backup: file.role == Role::Backup,
            target: file.target.clone(),
        }
    }

    /// The part of the stream that it is.
    pub(super) fn part(&self) -> Part {
        match self.is_backup {
            true => Part::Backup,
            false => Part::Delivery,
        }
    }
}

/// All ways that something is on.
#[derive(Default, Debug)]
pub(super) struct Ways(BTreeMap<WayName, Way>);

impl Ways {
    /// A new file, or the one that a new group is called by.
    pub(super) fn add(&mut self, file: &SealedFile) {
        self.of(&WayName::of(file)).add(file.id);
    }

    /// The way of this name.
    pub(super) fn of(&mut self, name: &WayName) -> &mut Way {
        let at_once = name.target.at_once();
        self.0
            .entry(name.clone())
            .or_insert_with(|| Way::new(at_once))
    }

    /// What is to be sent next, and how it went so far.
    pub(super) fn start(
        &mut self,
        now: Instant,
        stops: bool,
    ) -> Option<(WayName, u64, Option<Failures>)> {
        self.0.iter_mut().find_map(|(name, way)| {
            let (id, failures) = way.start(now, stops)?;
            Some((name.clone(), id, failures))
        })
    }

    /// When something wants to be sent again, if nothing else happens.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.0.values().filter_map(Way::wakes).min()
    }

    /// Everything that waits is sent again at once.
    pub(super) fn try_again(&mut self, now: Instant) {
        self.0.values_mut().for_each(|way| way.try_again(now));
    }

    /// Gives up what has failed, or `all` that waits, unless the next attempt goes well; how many
    /// files or groups. Copies are never diverted.
    pub(super) fn give_up(&mut self, all: bool, now: Instant) -> u64 {
        let ways = self.0.iter_mut().filter(|(name, _)| !name.is_backup);
        let given_up: usize = ways.map(|(_, way)| way.give_up(all, now)).sum();
        given_up as u64
    }

    /// A file that is there no more.
    pub(super) fn forget(&mut self, id: u64) {
        self.0.values_mut().for_each(|way| way.forget(id));
        self.forget_empty();
    }

    /// Whether an operator is needed for a part.
    pub(super) fn is_halted(&self, part: Part) -> bool {
        self.of_part(part).any(Way::is_halted)
    }

    /// Whether something of a part failed and is not there yet.
    pub(super) fn has_failures(&self, part: Part) -> bool {
        self.of_part(part).any(Way::has_failures)
    }

    /// Lets go of ways that nothing is on: a place that the settings named once is not looked at
    /// for ever.
    pub(super) fn forget_empty(&mut self) {
        self.0.retain(|_, way| !way.is_empty());
    }

    fn of_part(&self, part: Part) -> impl Iterator<Item = &Way> {
        let ways = self.0.iter().filter(move |(name, _)| name.part() == part);
        ways.map(|(_, way)| way)
    }
}
