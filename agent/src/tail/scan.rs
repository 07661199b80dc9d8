//! The scan: everything that matches is looked at, and everything followed is looked for.
//! Correctness rests on it; notices only make it quick.

use std::io;
use std::path::{Path, PathBuf};

use super::archives::Search;
use super::file::{Cursor, File, folder_of};
use super::plan::Ending;
use super::{Follower, Key};
use crate::discover::Found;
use crate::disk::{Kind, Sight};
use crate::identity::Incarnation;
use crate::progress::{Entry, ProgressError};

impl Follower {
    /// Looks at everything once.
    pub fn scan(&mut self) -> Result<(), ProgressError> {
        self.scans += 1;
        self.unopened.clear();
        self.crowded = self.crowded && self.open >= self.rules.most_open;
        let found = self.discover.find(&self.disk);
        for (path, error) in &found.unreadable {
            self.unopened.insert(path.clone(), error.to_string());
            if self.scans == 1 {
                tracing::warn!(path = %path.display(), %error, "cannot list a folder; it is tried again");
            }
        }
        for (path, flows) in &found.paths {
            self.meet(path, flows)?;
        }
        self.look_for_unmet(&found)?;
        self.look_for_dormant(&found)?;
        self.decide_all();
        self.begin_journals()?;
        self.retire();
        if self.disk.now() >= self.remember_at {
            self.remember();
        }
        if !self.progress.state().begun && !self.crowded {
            self.progress.stage(&Entry::Begun);
        }
        self.unmatched = found.unmatched;
        self.folders = found.folders;
        self.sync_births()?;
        Ok(())
    }

    fn meet(&mut self, path: &Path, flows: &[usize]) -> Result<(), ProgressError> {
        match self.disk.look(path) {
            Ok(sight) if sight.kind == Kind::File => {
                match self.key_of(&sight) {
                    Some(key) => self.met(key, path, sight),
                    None if self.is_passed_over(&sight) => {}
                    None => self.admit(path, flows)?,
                }
                if let Some(key) = self.key_of(&sight) {
                    self.join(key, flows)?;
                    self.wake(key);
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.cannot_open(path, &error),
        }
        Ok(())
    }

    pub(super) fn key_of(&self, sight: &Sight) -> Option<Key> {
        let key = (sight.device, sight.inode, sight.birth);
        self.by_incarnation.get(&key).copied()
    }

    /// A followed file is where a pattern finds it.
    pub(super) fn met(&mut self, key: Key, path: &Path, sight: Sight) {
        let open = self.open_ending();
        if let Some(file) = self.files.get_mut(&key) {
            // A file with two names keeps the first one it is met under in each scan.
            // To compare paths part by part is dear.
            let moved = file.path.as_os_str() != path.as_os_str();
            if file.met != self.scans && moved {
                if self.by_path.get(&file.path) == Some(&key) {
                    self.by_path.remove(&file.path);
                }
                file.path = path.to_owned();
            }
            file.met = self.scans;
            // A compressed file is found and has ended all the same.
            if !file.is_archive() {
                (file.detached, file.nowhere) = (None, false);
                file.ending = open;
            }
            if self.by_path.get(path) != Some(&key) {
                self.by_path.insert(path.to_owned(), key);
            }
        }
        self.observe(key, sight);
    }

    pub(super) fn open_ending(&self) -> Ending {
        if self.rules.once {
            Ending::Once
        } else {
            Ending::Open
        }
    }

    pub(super) fn cannot_open(&mut self, path: &Path, error: &io::Error) {
        self.unopened.insert(path.to_owned(), error.to_string());
        if self.scans == 1 || self.rules.once {
            tracing::warn!(path = %path.display(), %error, "cannot open a file; it is tried again");
        } else {
            tracing::debug!(path = %path.display(), %error, "cannot open a file; it is tried again");
        }
    }

    /// Followed files that no pattern found: renamed, deleted, or in a folder that cannot be listed.
    fn look_for_unmet(&mut self, found: &Found) -> Result<(), ProgressError> {
        let blind = |folder: &Path| found.unreadable.iter().any(|(path, _)| path == folder);
        let unmet = self.files.iter().filter(|(_, file)| file.met != self.scans);
        let unmet: Vec<(Key, bool)> = unmet
            .map(|(key, file)| (*key, blind(folder_of(&file.path))))
            .collect();
        for (key, blind) in unmet {
            self.unmet(key, blind)?;
        }
        Ok(())
    }

    fn unmet(&mut self, key: Key, blind: bool) -> Result<(), ProgressError> {
        let now = self.disk.now();
        let Some(file) = self.files.get_mut(&key) else {
            return Ok(());
        };
        let looked = file.handle.as_ref().map(|handle| handle.look());
        match looked {
            Some(Ok(sight)) => {
                if !blind {
                    file.detached.get_or_insert(now);
                }
                self.observe(key, sight);
            }
            Some(Err(error)) => self.failed(key, &error),
            None if blind || file.ending == Ending::Gone => {}
            None => return self.look_for_closed(key),
        }
        self.wake(key);
        Ok(())
    }

    /// A file without a descriptor: under its old name no more, perhaps under another one in its
    /// folder.
    fn look_for_closed(&mut self, key: Key) -> Result<(), ProgressError> {
        let now = self.disk.now();
        let Some(file) = self.files.get(&key) else {
            return Ok(());
        };
        let (folder, wanted) = (folder_of(&file.path).to_owned(), file.incarnation);
        match self.locate(&folder, &wanted) {
            Located::At(path, sight) => {
                if let Some(file) = self.files.get_mut(&key) {
                    file.path = path;
                    file.nowhere = false;
                    file.detached.get_or_insert(now);
                }
                if self.open_again(key) {
                    self.observe(key, sight);
                }
            }
            Located::Nowhere => {
                if let Some(file) = self.files.get_mut(&key) {
                    file.nowhere = true;
                    file.detached.get_or_insert(now);
                }
                self.look_for_compressed(key)?;
            }
            Located::Unknown => {}
        }
        self.wake(key);
        Ok(())
    }

    /// A closed file that is not where it was may have been compressed, with lines that came late.
    fn look_for_compressed(&mut self, key: Key) -> Result<(), ProgressError> {
        let file = self.files.get(&key);
        let drained = file.filter(|file| file.cursors.iter().all(Cursor::is_drained));
        let Some(id) = drained.and_then(|file| Some(file.cursors.first()?.source)) else {
            return Ok(());
        };
        if let Search::Found(path, handle) = self.find_archive(id, self.rules.once) {
            self.put_to_sleep(key);
            self.take_over(id, handle, &path)?;
        }
        Ok(())
    }

    /// Looks for a file by what it is, in a folder.
    pub(super) fn locate(&self, folder: &Path, wanted: &Incarnation) -> Located {
        let Ok(names) = self.disk.list(folder) else {
            return Located::Unknown;
        };
        for name in names.iter().filter(|name| name.inode == wanted.inode) {
            let path = folder.join(&name.name);
            match self.disk.look(&path) {
                Ok(sight) if Incarnation::of(&sight).key() == wanted.key() => {
                    return Located::At(path, sight);
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Located::Unknown,
                _ => {}
            }
        }
        // An empty mount point is not an empty folder.
        match self.disk.look(folder) {
            Ok(sight) if sight.device == wanted.device => Located::Nowhere,
            _ => Located::Unknown,
        }
    }

    /// Ends what is over, and closes what is open for no reason.
    fn retire(&mut self) {
        let now = self.disk.now();
        let keys: Vec<Key> = self.files.keys().copied().collect();
        for key in keys {
            let renamed = self.was_renamed(key);
            let Some(file) = self.files.get_mut(&key) else {
                continue;
            };
            let quiet = now.saturating_sub(file.changed);
            let since = file.detached.map(|since| now.saturating_sub(since));
            let over = since.is_some_and(|since| since.min(quiet) >= self.rules.rotate_wait);
            let known = file.handle.is_some() || file.nowhere;
            if file.detached.is_some() && known && (over || self.rules.once) {
                file.ending = match file.handle {
                    Some(_) => Ending::Closing,
                    None => Ending::Gone,
                };
                self.wake(key);
            } else if renamed && file.ending == Ending::Open && quiet >= self.rules.rotate_wait {
                file.ending = Ending::Renamed;
                self.wake(key);
            } else if file.is_idle() && quiet >= self.rules.idle {
                self.close(key);
            }
            self.drop_if_over(key);
        }
    }

    /// Whether a file that a pattern finds, and of which something is unread, had another name when
    /// it was first seen, which is not its name any more.
    fn was_renamed(&self, key: Key) -> bool {
        let Some(file) = self.files.get(&key) else {
            return false;
        };
        let unread = |c: &&Cursor| c.next.offset < file.seen;
        let Some(cursor) = file.cursors.iter().find(unread) else {
            return false;
        };
        let sources = &self.progress.state().sources;
        let first = sources.get(&cursor.source).map(|source| &source.path);
        first.is_some_and(|first| *first != file.path && !self.is_at(first, &file.incarnation))
    }

    /// Whether a path leads to this incarnation. What cannot be looked at proves nothing.
    fn is_at(&self, path: &Path, wanted: &Incarnation) -> bool {
        match self.disk.look(path) {
            Ok(sight) => Incarnation::of(&sight).key() == wanted.key(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// A file that ended and of which nothing is waited for is followed no longer. What is
    /// remembered of it stays, in case it comes back.
    fn drop_if_over(&mut self, key: Key) {
        let Some(file) = self.files.get(&key).filter(|file| file.is_over()) else {
            return;
        };
        // Whoever still has it open may have written to it since it was looked at.
        if file.handle.is_some() {
            self.look_at(key);
        }
        if !self.files.get(&key).is_some_and(File::is_over) {
            return;
        }
        if let Some(path) = self.put_to_sleep(key) {
            tracing::info!(path = %path.display(), "a file is final: it ended, and all of it is acknowledged");
        }
    }

    /// Follows a file no longer; its sources are remembered. Where it was.
    fn put_to_sleep(&mut self, key: Key) -> Option<PathBuf> {
        for stream in 0..self.streams.len() {
            if self.dirty.remove(&(key, stream)) {
                self.stage_standing(key, stream);
            }
        }
        self.close(key);
        let file = self.files.remove(&key)?;
        let id = file.incarnation;
        let names = (id.device, id.inode, id.birth);
        if self.by_incarnation.get(&names) == Some(&key) {
            self.by_incarnation.remove(&names);
        }
        self.by_path.retain(|_, other| *other != key);
        let sleeping = self.dormant.entry(id.key()).or_default();
        for cursor in &file.cursors {
            if !sleeping.contains(&cursor.source) {
                sleeping.push(cursor.source);
            }
        }
        Some(file.path)
    }
}

/// Where a file is that was looked for.
pub(super) enum Located {
    At(PathBuf, Sight),
    /// Certainly not in that folder.
    Nowhere,
    /// It could not be found out.
    Unknown,
}
