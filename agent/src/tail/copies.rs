//! Whether a file is a copy of another one, and finding the copy of a file that was truncated or is
//! gone.
//!
//! A file is a copy by content alone, as it has another inode: it begins as the source did, and holds
//! the same bytes before each place that was read up to. Therefore it must be younger than the file
//! that it was made of, nothing of it may have been read, and that file has to be truncated or gone:
//! two files that both live are never made one.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use standpipe_config::frame::Tail;
use standpipe_config::names::SourceId;

use super::doubt::is_older;
use super::file::{File, compare, stem};
use super::{Follower, Key};
use crate::disk::{Handle, Kind, Sight};
use crate::identity::{Incarnation, Known, PREFIX, Prefix, tail_of};
use crate::progress::{Place, Standing};
use crate::ship::verdict::Confirmation;

/// How many of the places that were read up to last are remembered as evidence.
const TRAIL: usize = 16;

/// More is read at once than this, in bytes, before places within it are remembered too.
const WORTH_MARKS: usize = 4096;

/// In more folders than these nobody looks for a copy that no scan has found yet.
const MOST_FOLDERS: usize = 16;

/// What a file must hold to be a copy.
pub(super) struct Wanted {
    incarnation: Incarnation,
    prefix: Prefix,
    /// Places that were read up to.
    marks: Vec<(u64, Option<Tail>)>,
    /// The farthest of them.
    farthest: u64,
    /// What the stream farthest behind has read.
    pub(super) least: u64,
    /// It must hold all that was read.
    in_full: bool,
}

impl Wanted {
    /// By what is known of a followed file.
    pub(super) fn of(file: &File) -> Self {
        let current = || file.cursors.iter().filter(|cursor| cursor.is_current());
        let places = current().flat_map(|c| [c.next, c.acknowledged]);
        let places = places.filter(|place| current().any(|c| c.epoch == place.epoch));
        let mut marks: Vec<_> = places.map(|place| (place.offset, place.tail)).collect();
        let farthest = marks.iter().map(|(at, _)| *at).max().unwrap_or(0);
        let least = current().map(|cursor| cursor.next.offset).min();
        marks.extend(file.trail.iter().map(|(at, tail)| (*at, Some(*tail))));
        Self {
            incarnation: file.incarnation,
            prefix: file.prefix,
            marks,
            farthest,
            least: least.unwrap_or(0),
            in_full: false,
        }
    }

    /// By what is remembered of a source.
    pub(super) fn from(known: &Known) -> Self {
        let offsets = || known.reached.iter().map(|(at, _)| *at);
        Self {
            incarnation: known.incarnation,
            prefix: known.prefix,
            marks: known.reached.clone(),
            farthest: offsets().max().unwrap_or(0),
            least: offsets().min().unwrap_or(0),
            in_full: false,
        }
    }

    /// It must hold all that was read.
    pub(super) fn in_full(self) -> Self {
        Self {
            in_full: true,
            ..self
        }
    }

    /// Whether there is evidence for more than a beginning, which many files share.
    pub(super) fn is_ample(&self) -> bool {
        self.least > PREFIX as u64
    }
}

/// Whether a file holds what is wanted, of which the first `same` bytes are known to be the same.
pub(super) fn holds(handle: &Handle, size: u64, wanted: &Wanted, same: u64) -> io::Result<bool> {
    let mut beginning = Vec::new();
    handle.read(0, PREFIX, &mut beginning)?;
    if wanted.prefix.length == 0 || !wanted.prefix.begins(&beginning) {
        return Ok(false);
    }
    let mut sure = same.max(u64::from(wanted.prefix.length));
    let mut ample = false;
    for (at, tail) in wanted.marks.iter().filter(|(at, _)| *at <= size) {
        let agrees = tail.map(|tail| compare(handle, *at, &tail));
        match agrees.transpose()? {
            Some(Confirmation::Disagrees) => return Ok(false),
            Some(Confirmation::Agrees) => {
                sure = sure.max(*at);
                ample |= *at > PREFIX as u64;
            }
            Some(Confirmation::Unknown) | None => {}
        }
    }
    Ok(match wanted.farthest <= size {
        true => true,
        // More was read than was copied: all that will be passed over has to be the same.
        false => !wanted.in_full && (sure >= size || ample),
    })
}

impl File {
    /// Remembers a place that was read up to.
    pub(super) fn remember_place(&mut self, at: u64, tail: Option<Tail>) {
        match self.trail.len() {
            // Many files are read once.
            0 => self.trail.reserve_exact(1),
            TRAIL => drop(self.trail.pop_front()),
            _ => {}
        }
        self.trail.extend(tail.map(|tail| (at, tail)));
    }

    /// Remembers some of the places within what was read at once: a copy may end within it.
    pub(super) fn remember_places(&mut self, start: &Place, read: &[u8]) {
        let before = start.tail.map_or(0, |tail| usize::from(tail.length));
        let length = read.len() - before.min(read.len());
        if length < WORTH_MARKS {
            return;
        }
        for quarter in 1..4 {
            let at = length / 4 * quarter;
            let tail = tail_of(&read[..before + at]);
            self.remember_place(start.offset + at as u64, Some(tail));
        }
    }
}

/// A file that is the copy of another one.
pub(super) struct Copy {
    /// By what it is followed, if it is.
    pub(super) key: Option<Key>,
    pub(super) path: PathBuf,
    /// It, if it is not followed.
    pub(super) handle: Option<Handle>,
    pub(super) sight: Sight,
}

impl Follower {
    /// Looks for a copy: among the new files, and in the folder of the original. One that no pattern
    /// matches is of use only if it holds more than `done`.
    pub(super) fn find_copy(
        &mut self,
        wanted: &Wanted,
        folder: &Path,
        done: u64,
        of: Option<Key>,
    ) -> Option<Copy> {
        // One that was empty when it was seen last may have been filled since.
        let new = self.files.iter().filter(|(_, file)| file.doubt.is_some());
        let new: Vec<Key> = new.map(|(key, _)| *key).collect();
        for key in new {
            let file = self.files.get(&key)?;
            let same = file.doubt.filter(|doubt| of.is_some() && doubt.of == of);
            let same = same.map_or(0, |doubt| doubt.same);
            let fits = |handle: &Handle| {
                let sight = handle.look()?;
                let younger = is_older(wanted.incarnation.birth, sight.birth);
                let may = younger && sight.size > 0;
                Ok::<_, io::Error>((may && holds(handle, sight.size, wanted, same)?, sight))
            };
            let handle = file.handle.as_ref().filter(|_| Some(key) != of);
            if let Some(Ok((true, sight))) = handle.map(fits) {
                return Some(Copy {
                    key: Some(key),
                    path: file.path.clone(),
                    handle: None,
                    sight,
                });
            }
        }
        let more = Some(&self.folders).filter(|folders| folders.len() <= MOST_FOLDERS);
        let mut folders: Vec<PathBuf> = more.into_iter().flatten().cloned().collect();
        folders.retain(|other| other != folder);
        folders.insert(0, folder.to_owned());
        let mut found = folders.iter().flat_map(|folder| self.unfollowed(folder));
        found.find_map(|path| self.copy_at(&path, wanted, done).ok().flatten())
    }

    /// Files in a folder that are not followed.
    fn unfollowed(&self, folder: &Path) -> Vec<PathBuf> {
        let followed: HashSet<u64> = self.by_incarnation.keys().map(|key| key.1).collect();
        let mut names = self.disk.list(folder).unwrap_or_default();
        names.retain(|name| name.kind == Kind::File && !followed.contains(&name.inode));
        names.iter().map(|name| folder.join(&name.name)).collect()
    }

    fn copy_at(&self, path: &Path, wanted: &Wanted, done: u64) -> io::Result<Option<Copy>> {
        let sight = self.disk.look(path)?;
        let key = Incarnation::of(&sight).key();
        let sleeping = self.dormant.get(&key).into_iter().flatten();
        let was_read = sleeping.into_iter().any(|id| !self.is_fresh(id));
        let known = self.key_of(&sight).is_some() || was_read;
        let younger = is_older(wanted.incarnation.birth, sight.birth);
        let of_use = sight.size > done || self.is_matched(path);
        if known || !younger || !of_use || sight.size == 0 || self.is_passed_over(&sight) {
            return Ok(None);
        }
        let handle = self.disk.open(path)?;
        let sight = handle.look()?;
        let fits = Incarnation::of(&sight).key() == key
            && self.packing(path, &handle)?.is_none()
            && holds(&handle, sight.size, wanted, 0)?;
        Ok(fits.then(|| Copy {
            key: None,
            path: path.to_owned(),
            handle: Some(handle),
            sight,
        }))
    }

    /// Whether nothing of a remembered source was acknowledged.
    fn is_fresh(&self, id: &SourceId) -> bool {
        let source = self.progress.state().sources.get(id);
        source.is_none_or(|source| {
            let mut standings = source.streams.values();
            let begins = |s: &Standing| s.place.at() == (0, 0) && s.excluded == 0 && !s.is_final;
            source.epoch == 0 && standings.all(begins)
        })
    }

    /// Forgets the sources of a copy that was found, of which nothing was read.
    pub(super) fn forget_fresh(&mut self, copy: &Copy) {
        let key = Incarnation::of(&copy.sight).key();
        let sleeping = self.dormant.get(&key).cloned().unwrap_or_default();
        for id in sleeping
            .iter()
            .filter(|id| self.is_fresh(id))
            .copied()
            .collect::<Vec<_>>()
        {
            self.forget(id);
        }
    }

    /// Logs that new files are named after may hold by now what they did not when they were looked at
    /// last: `app.log.1` and `app-20261129.log` are named after `app.log`.
    pub(super) fn look_at_namesakes(&mut self, keys: &BTreeSet<Key>) {
        let doubted = keys.iter().filter_map(|key| self.files.get(key));
        let doubted = doubted.filter(|file| file.is_doubtful());
        let mut names: Vec<&[u8]> = doubted.map(|f| f.path.as_os_str().as_bytes()).collect();
        if names.is_empty() {
            return;
        }
        // There may be thousands of both.
        names.sort_unstable();
        let has_namesake = |log: &Path| {
            let stem = stem(log);
            let from = names.partition_point(|name| *name < stem);
            let mut rests = names[from..]
                .iter()
                .map_while(|name| name.strip_prefix(stem));
            rests.any(|rest| !rest.contains(&b'/'))
        };
        let logs = self.files.iter();
        let logs = logs.filter(|(_, file)| file.is_original() && has_namesake(&file.path));
        let logs: Vec<Key> = logs.map(|(key, _)| *key).collect();
        logs.into_iter().for_each(|log| self.look_at(log));
    }

    pub(super) fn is_matched(&self, path: &Path) -> bool {
        (0..self.flows.len()).any(|flow| self.discover.matches(flow, path))
    }
}
