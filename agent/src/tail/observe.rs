//! What a look at a followed file changes: growth, truncation, failure to look.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::file::{File, prefix_now};
use super::{Follower, Key};
use crate::disk::{Handle, Sight};
use crate::identity::{Incarnation, PREFIX, Prefix};
use crate::progress::{Entry, path_to_text};

/// How often sizes are remembered that only grew; what is acknowledged is remembered at once.
const REMEMBER: Duration = Duration::from_secs(5);

impl Follower {
    /// A notice says that something happened at a path. Whether it is one of a followed file; if
    /// not, a scan should look.
    pub fn noticed(&mut self, path: &PathBuf) -> bool {
        let Some(key) = self.by_path.get(path).copied() else {
            return false;
        };
        match self.disk.look(path) {
            Ok(sight) if self.is_file(key, &sight) => {
                self.observe(key, sight);
                self.look_at_namesakes(&BTreeSet::from([key]));
                self.decide(key);
                true
            }
            // Another file by now, or none.
            _ => false,
        }
    }

    fn is_file(&self, key: Key, sight: &Sight) -> bool {
        let file = self.files.get(&key);
        file.is_some_and(|file| file.incarnation == Incarnation::of(sight))
    }

    /// Takes in a look at a followed file.
    pub(super) fn observe(&mut self, key: Key, sight: Sight) {
        let now = self.disk.now();
        // What a look shows of a compressed file says nothing about what it holds.
        let file = self.files.get_mut(&key).filter(|file| !file.is_archive());
        let Some(file) = file else {
            return;
        };
        let before = std::mem::replace(&mut file.sight, sight);
        if (before.size, before.modified) == (sight.size, sight.modified) {
            return;
        }
        file.changed = now;
        if !self.open_again(key) {
            // Nothing is concluded from a file that cannot be opened; the next look compares again.
            if let Some(file) = self.files.get_mut(&key) {
                file.sight = before;
            }
            return;
        }
        self.changed(key, sight);
        self.note_doubtful(key);
        self.wake(key);
    }

    /// What was read does not follow what was read before: a look decides what happened.
    pub(super) fn look_closer(&mut self, key: Key) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let Some(handle) = &file.handle else {
            return;
        };
        match handle.look() {
            Ok(sight) => match file.is_unchanged() {
                // It shrank between the look and the read, and the rest is as it was.
                Ok(true) if !file.shrank(sight.size) => self.observe(key, sight),
                Ok(_) => self.truncated(key),
                Err(error) => self.failed(key, &error),
            },
            Err(error) => self.failed(key, &error),
        }
    }

    fn changed(&mut self, key: Key, sight: Sight) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        // What grew may have been truncated before, and then the old size counts.
        let unchanged = match file.shrank(sight.size) {
            true => Ok(false),
            false => file.is_unchanged(),
        };
        match unchanged {
            Ok(true) if sight.size < file.seen => self.cut_short(key, sight.size),
            Ok(true) => {
                file.seen = sight.size;
                // What begins only now is known by that before it is read.
                if file.prefix.length == 0
                    && let Some(Ok(prefix)) = file.handle.as_ref().map(prefix_now)
                {
                    file.prefix = prefix;
                }
            }
            Ok(false) => self.truncated(key),
            Err(error) => self.failed(key, &error),
        }
    }

    /// Unread bytes were cut off the end, and everything that was read is still there. The offsets
    /// will be used again by other bytes, so that no gap can say it.
    pub(super) fn cut_short(&mut self, key: Key, size: u64) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let lost = file.seen - size;
        tracing::warn!(path = %file.path.display(), lost, "the end of a file was cut off before it was read");
        file.seen = size;
        for cursor in &mut file.cursors {
            cursor.counts.cut_off += lost;
            cursor.unfinished = 0;
            self.dirty.insert((key, cursor.stream));
        }
    }

    /// What was read is gone: a new epoch begins (rule 1: durably, before its first byte is sent).
    pub(super) fn truncated(&mut self, key: Key) {
        self.look_behind_truncation(key);
        if self.goes_on_in_copy(key) {
            return;
        }
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let size = file.sight.size;
        let closed_at = file.seen.max(file.farthest());
        let unread = closed_at - file.farthest().min(closed_at);
        tracing::warn!(path = %file.path.display(), unread, "a file was truncated; it is read from its beginning");
        let prefix = file.handle.as_ref().map(prefix_now);
        file.prefix = prefix.and_then(Result::ok).unwrap_or(Prefix::of(&[]));
        file.seen = size;
        file.copied = None;
        file.opening.clear();
        file.trail.clear();
        let mut sources = Vec::new();
        for cursor in &mut file.cursors {
            if !sources.contains(&(cursor.source, cursor.epoch)) {
                sources.push((cursor.source, cursor.epoch));
            }
            cursor.epoch += 1;
            (cursor.excluded, cursor.unfinished) = (0, 0);
            (cursor.is_final, cursor.final_sent) = (false, false);
            // The daemon is told how the file begins now (rule 6).
            cursor.identified = false;
            self.dirty.insert((key, cursor.stream));
        }
        for (source, epoch) in sources {
            self.progress.stage(&Entry::Epoch {
                source,
                epoch: epoch + 1,
                closed_at,
            });
            self.stage_source(key, source);
        }
    }

    /// The look that led to what was found may have been before the truncation: the size of then would
    /// be bytes that nobody will ever find in the file.
    fn look_behind_truncation(&mut self, key: Key) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        if let Some(Ok(sight)) = file.handle.as_ref().map(Handle::look) {
            file.sight = sight;
        }
    }

    /// Stages what identifies a source of a file, as it is known now.
    pub(super) fn stage_source(&mut self, key: Key, source: standpipe_config::names::SourceId) {
        if let Some(file) = self.files.get(&key) {
            self.progress.stage(&Entry::Source {
                source,
                path: path_to_text(&file.path),
                incarnation: file.incarnation,
                prefix: file.prefix,
            });
        }
    }

    /// Sizes that were seen are remembered now and then, so that bytes which vanish while nobody looks
    /// are counted, and beginnings, so that what is left of a file is recognised.
    pub fn remember(&mut self) {
        self.remember_at = self.disk.now() + REMEMBER;
        for (key, file) in &self.files {
            let cursor = file.cursors.first().filter(|_| file.seen > file.noted);
            if let Some(cursor) = cursor {
                self.dirty.insert((*key, cursor.stream));
            }
        }
    }

    /// A file's known beginning grows with it; not at each byte, so that progress stays small.
    pub(super) fn grow_prefix(&mut self, key: Key) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let source = file.cursors.first().map(|cursor| cursor.source);
        let source = source.and_then(|id| self.progress.state().sources.get(&id));
        // A first read knows more at once than is remembered.
        let known = source.map_or(0, |source| u64::from(source.prefix.length));
        let worth = known < PREFIX as u64 && file.seen >= (2 * known).min(PREFIX as u64).max(1);
        let Some(handle) = file.handle.as_ref().filter(|_| worth && file.seen > known) else {
            return;
        };
        let mut bytes = Vec::new();
        let read = handle.read(0, PREFIX, &mut bytes);
        if read.is_err() || !file.prefix.begins(&bytes) {
            return;
        }
        file.prefix = Prefix::of(&bytes);
        let mut sources: Vec<_> = file.cursors.iter().map(|c| c.source).collect();
        sources.dedup();
        for source in sources {
            self.stage_source(key, source);
        }
    }

    /// How a file begins is remembered before a byte of it is sent: by that its copy is recognised.
    pub(super) fn learn_beginning(&mut self, key: Key) {
        let file = self.files.get(&key).filter(|file| file.seen > 0);
        let source = file.and_then(|file| file.cursors.first()).map(|c| c.source);
        let source = source.and_then(|id| self.progress.state().sources.get(&id));
        let unknown = source.is_some_and(|source| source.prefix.length == 0);
        if unknown && self.open_again(key) {
            self.grow_prefix(key);
        }
    }

    /// Opens a file again whose descriptor was closed, by its name. Whether it is open now.
    pub(super) fn open_again(&mut self, key: Key) -> bool {
        let Some(file) = self.files.get(&key) else {
            return false;
        };
        if file.handle.is_some() {
            return true;
        }
        let path = file.path.clone();
        if !self.has_room() {
            return false;
        }
        let opened = self.disk.open(&path);
        let opened = opened.and_then(|handle| Ok((handle.look()?, handle)));
        match opened {
            Ok((sight, handle)) if self.is_file(key, &sight) => {
                self.open += 1;
                if let Some(file) = self.files.get_mut(&key) {
                    file.handle = Some(handle);
                    file.failing = None;
                }
                true
            }
            Ok(_) => false,
            Err(error) => {
                self.failed(key, &error);
                false
            }
        }
    }

    /// A file could not be opened, looked at or read. That says nothing about it: it is tried
    /// again at the next scan.
    pub(super) fn failed(&mut self, key: Key, error: &io::Error) {
        if let Some(file) = self.files.get_mut(&key)
            && file.failing.replace(error.to_string()).is_none()
        {
            tracing::warn!(path = %file.path.display(), %error, "cannot read a file; nothing is forgotten, it is tried again");
        }
    }

    /// Whether one more file may be opened, after closing those that are open for no reason.
    pub(super) fn has_room(&mut self) -> bool {
        if self.open < self.rules.most_open {
            return true;
        }
        let idle: Vec<Key> = self
            .files
            .iter()
            .filter(|(_, f)| f.is_idle())
            .map(|(k, _)| *k)
            .collect();
        idle.into_iter().for_each(|key| self.close(key));
        let room = self.open < self.rules.most_open;
        if !room && !std::mem::replace(&mut self.crowded, true) {
            tracing::warn!(
                open = self.open,
                "too many files are open at once: others wait; raise the limit of open files (LimitNOFILE)"
            );
        }
        room
    }

    pub(super) fn close(&mut self, key: Key) {
        let handle = self
            .files
            .get_mut(&key)
            .and_then(|file: &mut File| file.handle.take());
        if handle.is_some() {
            self.open -= 1;
        }
    }
}
