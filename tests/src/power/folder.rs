//! The entries of one folder, twice: as programs see them, and as they lie on the disk.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::fate::Fate;
use crate::random::Random;

/// Names and the inodes that they stand for.
pub(super) type Names = BTreeMap<OsString, u64>;

/// What one operation changes: names, and what they stand for after it.
type Operation = Vec<(OsString, Option<u64>)>;

/// A folder's entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    seen: Names,
    kept: Names,
    unsynced: Vec<Operation>,
}

impl Folder {
    /// The entries as programs see them.
    pub(super) fn names(&self) -> &Names {
        &self.seen
    }

    /// What a name stands for.
    pub(super) fn get(&self, name: &OsStr) -> Option<u64> {
        self.seen.get(name).copied()
    }

    /// Gives an inode a name.
    pub(super) fn set(&mut self, name: &OsStr, inode: u64) {
        self.change(vec![(name.to_owned(), Some(inode))]);
    }

    /// Removes a name.
    pub(super) fn remove(&mut self, name: &OsStr) {
        self.change(vec![(name.to_owned(), None)]);
    }

    /// Gives what one name stands for another name.
    pub(super) fn rename(&mut self, from: &OsStr, to: &OsStr) {
        let inode = self.get(from);
        // Two names of one file: nothing happens, says POSIX.
        if inode != self.get(to) {
            self.change(vec![(from.to_owned(), None), (to.to_owned(), inode)]);
        }
    }

    fn change(&mut self, operation: Operation) {
        apply(&mut self.seen, &operation);
        self.unsynced.push(operation);
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) {
        self.unsynced.clear();
        self.kept.clone_from(&self.seen);
    }

    /// Ends with what was not synced all there, or all lost.
    pub(super) fn settle(&mut self, survives: bool) {
        if survives {
            return self.sync();
        }
        self.unsynced.clear();
        self.seen.clone_from(&self.kept);
    }

    /// Forgets what was not synced, or not all of it.
    pub(super) fn cut(&mut self, random: &mut Random) {
        let operations = std::mem::take(&mut self.unsynced);
        let fate = Fate::draw(operations.len(), random);
        for (nth, operation) in operations.iter().enumerate() {
            if fate.spares(nth, random) {
                apply(&mut self.kept, operation);
            }
        }
        self.seen.clone_from(&self.kept);
    }
}

fn apply(names: &mut Names, operation: &Operation) {
    for (name, inode) in operation {
        match inode {
            Some(inode) => names.insert(name.clone(), *inode),
            None => names.remove(name),
        };
    }
}

#[cfg(test)]
mod tests;
