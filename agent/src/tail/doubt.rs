//! New files of which it is not known yet whether they are copies of others: `copytruncate` makes a
//! copy before it truncates the log. Nothing of them is read before that is decided.
//!
//! A file that differs from all others is decided on at once. One that holds nothing but what another
//! one holds waits, for a bounded time, for that one to be truncated or to go; then it is read as a
//! file of its own. Content alone never makes two live files one.

use std::io;
use std::time::Duration;

use standpipe_config::names::SourceId;

use super::copies::{Wanted, holds};
use super::file::{File, known};
use super::{Follower, Key};
use crate::disk::Handle;

/// How long a file that grows no more waits for the one that it repeats to be truncated.
const PATIENCE: Duration = Duration::from_secs(10);

/// A second more for so many bytes: who copies a log syncs the copy before the log is truncated.
const SYNCED: u64 = 16 * 1024 * 1024;

/// The longest that a file waits which grows no more.
const LONGEST: Duration = Duration::from_secs(300);

/// How much of two files is compared at once, in bytes.
const COMPARED: u64 = 8 * 1024 * 1024;

/// How much of a file's beginning is kept at hand to be compared with that of others, in bytes.
pub(super) const OPENING: usize = 64;

/// What is known of a file that may be a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    /// When it was seen to grow last.
    since: Duration,
    /// How large it was then.
    size: u64,
    /// The file that begins as it does.
    pub(super) of: Option<Key>,
    /// So many bytes of the two are known to be the same.
    pub(super) same: u64,
}

/// What a comparison with another file came to.
enum Found {
    /// All of it is in the other one, as far as it was compared.
    Repeats,
    /// It is no copy of that one.
    Differs,
    /// It was a copy, and is no file of its own any more.
    Recognised,
}

impl File {
    /// Whether it must not be read yet.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubt.is_some() && self.seen > 0
    }

    /// Whether another file has all that it holds, so that none of it waits to be read.
    pub(super) fn is_repetition(&self) -> bool {
        self.doubt.is_some_and(|doubt| doubt.of.is_some())
    }

    /// Whether others may be copies of it.
    pub(super) fn is_original(&self) -> bool {
        let is_log = !self.is_archive() && !self.is_doubtful() && !self.cursors.is_empty();
        // Nobody would deliver what a copy of the rest of a file begins with.
        is_log && !self.is_rest
    }

    /// Whether nothing was read of it by any stream, ever.
    pub(super) fn is_fresh(&self) -> bool {
        self.cursors.iter().all(|cursor| {
            let places = [cursor.next, cursor.acknowledged];
            cursor.epoch == 0 && cursor.excluded == 0 && places.iter().all(|p| p.at() == (0, 0))
        })
    }

    /// Remembers how it begins, when that is read: later it may be truncated.
    pub(super) fn remember_opening(&mut self, read: &[u8]) {
        self.opening = read[..read.len().min(OPENING)].to_vec();
    }

    /// Whether it begins as another file does, judged by the first few bytes.
    fn begins_like(&mut self, beginning: &[u8]) -> bool {
        if self.opening.is_empty()
            && self.seen > 0
            && let Some(handle) = &self.handle
        {
            let read = handle.read(0, OPENING, &mut self.opening);
            let length = self.seen.min(OPENING as u64);
            if read.is_err() || (self.opening.len() as u64) < length {
                // It may have been truncated just now: a closer look will tell.
                self.opening.clear();
                return true;
            }
        }
        let common = self.opening.len().min(beginning.len());
        common > 0 && self.opening[..common] == beginning[..common]
    }
}

impl Follower {
    /// A new file may be a copy of another one, if anything has been read at all.
    pub(super) fn doubt(&mut self, key: Key) {
        let now = self.disk.now();
        let begun = self.progress.state().begun;
        let file = self
            .files
            .get_mut(&key)
            .filter(|file| begun && file.is_fresh());
        if let Some(file) = file.filter(|file| !file.is_archive()) {
            file.doubt = Some(Doubt {
                since: now,
                size: file.seen,
                of: None,
                same: 0,
            });
            self.note_doubtful(key);
        }
    }

    /// Empty files wait for nothing, however many there are.
    pub(super) fn note_doubtful(&mut self, key: Key) {
        if self.files.get(&key).is_some_and(File::is_doubtful) {
            self.doubtful.insert(key);
        }
    }

    /// Decides, where that can be, about all files that may be copies.
    pub(super) fn decide_all(&mut self) {
        let doubtful = self.doubtful.clone();
        self.look_at_namesakes(&doubtful);
        doubtful.into_iter().for_each(|key| self.decide(key));
    }

    /// Whether a copy seems to be under way, so that what is written to its original meanwhile
    /// should be read at once: it may be truncated at any moment.
    pub fn is_hot(&self) -> bool {
        let mut files = self.doubtful.iter().filter_map(|key| self.files.get(key));
        files.any(|file| file.is_doubtful() && file.is_repetition())
    }

    /// Looks at the originals of copies that seem to be under way.
    pub fn look_at_originals(&mut self) {
        for key in self.doubtful.clone() {
            let doubted = self.files.get(&key).filter(|file| file.is_doubtful());
            let Some(doubt) = doubted.and_then(|file| file.doubt) else {
                continue;
            };
            let Some(of) = doubt.of else {
                continue;
            };
            self.look_at(of);
            let behind = doubt.same < doubt.size || self.is_over(&doubt);
            if behind || !self.files.contains_key(&of) {
                self.decide(key);
            }
        }
    }

    fn is_over(&self, doubt: &Doubt) -> bool {
        let patience = PATIENCE + Duration::from_secs(doubt.size / SYNCED);
        self.disk.now().saturating_sub(doubt.since) >= patience.min(LONGEST)
    }

    /// Decides whether a file is a copy, if that can be decided now.
    pub(super) fn decide(&mut self, key: Key) {
        let now = self.disk.now();
        let Some(file) = self.files.get_mut(&key) else {
            self.doubtful.remove(&key);
            return;
        };
        if !file.is_doubtful() {
            return;
        }
        let (seen, birth) = (file.seen, file.incarnation.birth);
        let Some(doubt) = &mut file.doubt else {
            return;
        };
        if doubt.size != seen {
            (doubt.size, doubt.since) = (seen, now);
        }
        let doubt = *doubt;
        if self.is_over(&doubt) {
            return self.believe(key);
        }
        if !self.open_again(key) {
            return;
        }
        let decided = self.is_repetition_of_any(key, birth);
        match decided {
            Ok(true) => {}
            Ok(false) => self.believe(key),
            Err(error) => self.failed(key, &error),
        }
    }

    /// A file is its own: it is read.
    fn believe(&mut self, key: Key) {
        self.doubtful.remove(&key);
        if let Some(file) = self.files.get_mut(&key) {
            file.doubt = None;
        }
        self.wake(key);
    }

    /// Whether a file repeats another one, or was recognised as its copy.
    fn is_repetition_of_any(&mut self, key: Key, birth: i64) -> io::Result<bool> {
        let Some(handle) = self.files.get(&key).and_then(|file| file.handle.as_ref()) else {
            return Ok(false);
        };
        let mut beginning = Vec::new();
        handle.read(0, OPENING, &mut beginning)?;
        let older = |file: &File| is_older(file.incarnation.birth, birth);
        let mut others = Vec::new();
        for (other, file) in &mut self.files {
            if *other != key && file.is_original() && older(file) && file.begins_like(&beginning) {
                others.push(*other);
            }
        }
        for other in others {
            match self.compare(key, other)? {
                Found::Repeats | Found::Recognised => return Ok(true),
                Found::Differs => {}
            }
        }
        if let Some(doubt) = self.files.get_mut(&key).and_then(|f| f.doubt.as_mut()) {
            (doubt.of, doubt.same) = (None, 0);
        }
        self.is_copy_of_dormant(key, birth)
    }

    /// Looks at a followed file anew, as somebody may have truncated it since.
    pub(super) fn look_at(&mut self, key: Key) {
        if !self.open_again(key) {
            return;
        }
        let file = self.files.get(&key);
        let look = file.and_then(|file| file.handle.as_ref()).map(Handle::look);
        match look {
            Some(Ok(sight)) => self.observe(key, sight),
            Some(Err(error)) => self.failed(key, &error),
            None => {}
        }
    }

    /// Compares a file that may be a copy with another one as it is now.
    fn compare(&mut self, key: Key, other: Key) -> io::Result<Found> {
        self.look_at(other);
        let (Some(file), Some(old)) = (self.files.get(&key), self.files.get(&other)) else {
            return Ok(Found::Recognised);
        };
        let Some(doubt) = file.doubt else {
            return Ok(Found::Recognised);
        };
        let (Some(handle), Some(original)) = (&file.handle, &old.handle) else {
            return self.compare_lost(key, other);
        };
        let from = if doubt.of == Some(other) {
            doubt.same
        } else {
            0
        };
        let common = file.seen.min(old.seen);
        let until = common.min(from + COMPARED);
        if !is_same(handle, original, (from.min(until), until))? {
            // It may have been truncated while it was compared.
            self.look_at(other);
            let known = self
                .files
                .get(&key)
                .is_some_and(|file| file.doubt.is_some());
            return Ok(if known {
                Found::Differs
            } else {
                Found::Recognised
            });
        }
        let unlinked = old.sight.links == 0;
        // Who is born after a file was deleted has not read it.
        let late = unlinked && file.incarnation.birth >= old.sight.changed;
        let longer = file.seen > old.seen;
        let shorter = file.seen < old.seen;
        if let Some(doubt) = self.files.get_mut(&key).and_then(|f| f.doubt.as_mut()) {
            (doubt.of, doubt.same) = (Some(other), until);
        }
        Ok(match (unlinked, until < common) {
            _ if late => Found::Differs,
            (_, true) => Found::Repeats,
            // What takes the place of a file and lacks some of it is none that repeats it.
            (true, _) if shorter => Found::Differs,
            (true, _) => {
                self.replaced(other, key);
                Found::Recognised
            }
            (false, _) if longer => Found::Differs,
            (false, _) => Found::Repeats,
        })
    }

    /// The same where the other file has no descriptor.
    fn compare_lost(&mut self, key: Key, other: Key) -> io::Result<Found> {
        let (Some(file), Some(old)) = (self.files.get(&key), self.files.get(&other)) else {
            return Ok(Found::Recognised);
        };
        let Some(handle) = &file.handle else {
            return Ok(Found::Differs);
        };
        let wanted = Wanted::of(old).in_full();
        let alike = holds(handle, file.seen, &wanted, 0)?;
        match (alike, old.nowhere) {
            (false, _) => Ok(Found::Differs),
            // It cannot be opened now.
            (true, false) => Ok(Found::Repeats),
            (true, true) if !wanted.is_ample() => Ok(Found::Differs),
            (true, true) => {
                self.replaced(other, key);
                Ok(Found::Recognised)
            }
        }
    }

    /// Whether a file holds what is known of a source whose own file was not found yet.
    fn is_copy_of_dormant(&self, key: Key, birth: i64) -> io::Result<bool> {
        let file = self.files.get(&key);
        let Some((file, handle)) = file.and_then(|file| Some((file, file.handle.as_ref()?))) else {
            return Ok(false);
        };
        // One that is nowhere has had its chance to be found here.
        let waits = |id: &&SourceId| self.is_fed(id) && !self.missing.contains_key(*id);
        let ids = self.dormant.values().flatten().filter(waits);
        for source in ids.filter_map(|id| self.progress.state().sources.get(id)) {
            let wanted = Wanted::from(&known(source)).in_full();
            if is_older(source.incarnation.birth, birth) && holds(handle, file.seen, &wanted, 0)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a source did not end, and feeds a stream that there is.
    pub(super) fn is_fed(&self, id: &SourceId) -> bool {
        let source = self.progress.state().sources.get(id);
        source.is_some_and(|source| {
            let mut open = source.streams.iter().filter(|(_, s)| !s.is_final);
            open.any(|(name, _)| self.streams().any(|stream| stream == name))
        })
    }
}

/// Whether a file was there before another one was made, by their births; 0: not known.
pub(super) fn is_older(birth: i64, other: i64) -> bool {
    birth == 0 || other == 0 || birth < other
}

/// Whether two files hold the same bytes between two offsets.
fn is_same(a: &Handle, b: &Handle, (from, to): (u64, u64)) -> io::Result<bool> {
    const WINDOW: u64 = 256 * 1024;
    let (mut at, mut left, mut right) = (from, Vec::new(), Vec::new());
    while at < to {
        let wanted = WINDOW.min(to - at) as usize;
        left.clear();
        right.clear();
        a.read(at, wanted, &mut left)?;
        b.read(at, wanted, &mut right)?;
        if left != right || left.len() != wanted {
            return Ok(false);
        }
        at += wanted as u64;
    }
    Ok(true)
}
