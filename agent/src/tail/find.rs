//! Beginning to follow a file: is it one that is remembered, or a new one?

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use standpipe_config::names::{SourceId, StreamName};
use standpipe_config::settings::agent::Start;

use super::archives::{Search, inflated};
use super::file::{Cursor, File, folder_of, line_end_before, part_at};
use super::plan::Ending;
use super::scan::Located;
use super::{Follower, Key};
use crate::discover::Found;
use crate::disk::{Handle, Kind, Sight};
use crate::identity::{Incarnation, PREFIX, Prefix};
use crate::progress::{Entry, Place, ProgressError, Standing};
use crate::split::Feeds;

impl Follower {
    /// A path names a file that is not followed. It is opened first, so that it stays the same
    /// file while it is decided what it is.
    pub(super) fn admit(&mut self, path: &Path, flows: &[usize]) -> Result<(), ProgressError> {
        if !self.has_room() {
            let why = "too many files are open: it waits for its turn";
            self.unopened.insert(path.to_owned(), why.to_owned());
            return Ok(());
        }
        let opened = self.disk.open(path);
        match opened.and_then(|handle| Ok((handle.look()?, handle))) {
            Ok((sight, _)) if sight.kind != Kind::File => Ok(()),
            Ok((sight, handle)) => match self.key_of(&sight) {
                Some(key) => {
                    self.met(key, path, sight);
                    self.join(key, flows)
                }
                None => match self.packing(path, &handle) {
                    Ok(None) => self.begin(handle, path, sight, flows),
                    Ok(Some(packing)) => {
                        self.admit_archive((handle, packing), path, sight);
                        Ok(())
                    }
                    Err(error) => {
                        self.cannot_open(path, &error);
                        Ok(())
                    }
                },
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => {
                self.cannot_open(path, &error);
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        handle: Handle,
        path: &Path,
        sight: Sight,
        flows: &[usize],
    ) -> Result<(), ProgressError> {
        match self.adopt(handle, path, sight) {
            Ok(key) => {
                self.by_path.insert(path.to_owned(), key);
                if let Some(file) = self.files.get_mut(&key) {
                    file.met = self.scans;
                }
                self.join(key, flows)
            }
            Err(error) => {
                self.cannot_open(path, &error);
                Ok(())
            }
        }
    }

    /// Follows an open file, under the sources that are remembered of it.
    pub(super) fn adopt(&mut self, handle: Handle, path: &Path, sight: Sight) -> io::Result<Key> {
        let mut prefix = Vec::new();
        handle.read(0, PREFIX, &mut prefix)?;
        let (ours, truncated) = self.recognise(&handle, &sight, &prefix)?;
        if handle.is_archive() && (ours.is_empty() || truncated) {
            let why = "what it holds is not what a file held that it was made of";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        // What was truncated has a copy that begins as it did, not as it does.
        let sources = &self.progress.state().sources;
        let id = ours.first().filter(|_| truncated);
        let before = id.and_then(|id| sources.get(id));
        let begins = before.map_or(Prefix::of(&prefix), |source| source.prefix);
        let key = self.follow(Some(handle), path, sight, begins);
        let remembered = self.wake_sources(key, &ours);
        let is_short = truncated || remembered > sight.size;
        if let Some(file) = self.files.get_mut(&key) {
            file.remember_opening(&prefix);
            file.noted = remembered;
            file.seen = if is_short { remembered } else { file.seen };
        }
        match truncated {
            true => self.truncated(key),
            false if is_short => self.cut_short(key, sight.size),
            false => {}
        }
        if !ours.is_empty() {
            self.doubt(key);
        }
        Ok(key)
    }

    pub(super) fn follow(
        &mut self,
        handle: Option<Handle>,
        path: &Path,
        sight: Sight,
        prefix: Prefix,
    ) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        self.open += usize::from(handle.is_some());
        let now = self.disk.now();
        // Nobody writes to it any more.
        let archive = handle.as_ref().is_some_and(Handle::is_archive);
        let file = File {
            handle,
            path: path.to_owned(),
            incarnation: Incarnation::of(&sight),
            prefix,
            sight,
            seen: sight.size,
            noted: 0,
            met: 0,
            detached: archive.then_some(now),
            nowhere: false,
            changed: now,
            ending: match archive {
                true => Ending::Closing,
                false => self.open_ending(),
            },
            failing: None,
            cursors: Vec::new(),
            doubt: None,
            copied: None,
            is_rest: false,
            opening: Vec::new(),
            trail: VecDeque::new(),
        };
        self.files.insert(key, file);
        let names = (sight.device, sight.inode, sight.birth);
        self.by_incarnation.insert(names, key);
        key
    }

    /// Lets the streams of remembered sources go on in a file; returns the largest size that is
    /// remembered of it.
    pub(super) fn wake_sources(&mut self, key: Key, ids: &[SourceId]) -> u64 {
        let mut remembered = 0;
        for id in ids {
            let Some(source) = self.progress.state().sources.get(id) else {
                continue;
            };
            remembered = remembered.max(source.size());
            let sleeping = source.incarnation.key();
            let cursors: Vec<Cursor> = source
                .streams
                .iter()
                .filter_map(|(stream, standing)| {
                    let (stream, flow) = self.flow_of(stream, &source.path)?;
                    let at = Cursor::at(*id, source.epoch, standing);
                    Some(self.within_line(key, Cursor { stream, flow, ..at }))
                })
                .collect();
            for cursor in &cursors {
                if cursor.next.part > 0 {
                    self.streams[cursor.stream].cut = Some(key);
                }
            }
            if let Some(file) = self.files.get_mut(&key) {
                cursors.into_iter().for_each(|cursor| file.add(cursor));
                file.copied = source.copied.or(file.copied);
            }
            self.missing.remove(id);
            if let Some(sources) = self.dormant.get_mut(&sleeping) {
                sources.retain(|other| other != id);
            }
        }
        remembered
    }

    /// Finds out which part of a line comes next, where that is not remembered.
    fn within_line(&self, key: Key, mut cursor: Cursor) -> Cursor {
        if cursor.next.part != Place::UNKNOWN_PART {
            return cursor;
        }
        let handle = self.files.get(&key).and_then(|file| file.handle.as_ref());
        let handle = handle.filter(|_| cursor.is_current());
        let at = cursor.next.offset;
        let part = handle.map(|handle| part_at(handle, &self.flows[cursor.flow], at));
        let part = part.and_then(Result::ok).unwrap_or(0);
        (cursor.next.part, cursor.acknowledged.part) = (part, part);
        cursor
    }

    /// The flow of a stream that a path belongs to, or, if it was renamed since, any of the
    /// stream's.
    fn flow_of(&self, stream: &StreamName, path: &Path) -> Option<(usize, usize)> {
        let stream = self.streams.iter().position(|s| s.name == *stream)?;
        let of_files = |flow: usize| self.flows[flow].journald.is_none();
        let flows =
            || (0..self.flows.len()).filter(|f| self.stream_of[*f] == stream && of_files(*f));
        let flow = flows()
            .find(|flow| self.discover.matches(*flow, path))
            .or_else(|| flows().next())?;
        Some((stream, flow))
    }

    /// Lets the streams of flows begin in a file, where they have not yet.
    pub(super) fn join(&mut self, key: Key, flows: &[usize]) -> Result<(), ProgressError> {
        for &flow in flows {
            let stream = self.stream_of[flow];
            let Some(file) = self.files.get(&key) else {
                return Ok(());
            };
            // What is compressed is no log of its own.
            if file.cursor(stream).is_some() || file.is_archive() {
                continue;
            }
            let known = file.cursors.first().map(|c| (c.source, c.epoch));
            let (source, epoch) = match known {
                Some(known) => known,
                None => (self.mint_source(key)?, 0),
            };
            let new = known.is_none();
            let standing = Standing {
                excluded: self.excluded(key, flow),
                size: self.files.get(&key).map_or(0, |file| file.seen),
                ..Standing::beginning(epoch)
            };
            self.progress.stage(&Entry::Standing {
                source,
                stream: self.streams[stream].name.clone(),
                standing,
            });
            let cursor = Cursor::at(source, epoch, &standing);
            if let Some(file) = self.files.get_mut(&key) {
                file.noted = file.seen;
                file.add(Cursor {
                    stream,
                    flow,
                    ..cursor
                });
            }
            if new {
                self.doubt(key);
            }
        }
        self.wake(key);
        Ok(())
    }

    pub(super) fn mint_source(&mut self, key: Key) -> Result<SourceId, ProgressError> {
        let source = SourceId::mint()?;
        self.stage_source(key, source);
        if let Some(file) = self
            .files
            .get(&key)
            .filter(|_| self.rebuilt && self.scans == 1)
        {
            tracing::warn!(path = %file.path.display(), "progress was lost, and the daemon does not know this file: it is read from its beginning");
        }
        Ok(source)
    }

    /// Where a flow begins in a file that exists at the very first start.
    fn excluded(&self, key: Key, flow: usize) -> u64 {
        if self.progress.state().begun || self.flows[flow].start == Start::Beginning {
            return 0;
        }
        let feeds = Feeds::new(self.flows[flow].encoding);
        let file = self.files.get(&key);
        let handle = file.and_then(|file| Some((file.handle.as_ref()?, file.seen)));
        handle.map_or(0, |(handle, size)| {
            line_end_before(handle, feeds, size).unwrap_or(size)
        })
    }

    /// Sources that did not end and that no pattern found after a start: renamed to a name that
    /// does not match, or deleted, while nobody looked.
    pub(super) fn look_for_dormant(&mut self, found: &Found) -> Result<(), ProgressError> {
        let blind = |folder: &Path| found.unreadable.iter().any(|(path, _)| path == folder);
        let mut lost: Vec<(SourceId, PathBuf, Incarnation)> = Vec::new();
        for id in self.dormant.values().flatten() {
            let source = self.progress.state().sources.get(id);
            let Some(source) = source.filter(|_| self.is_fed(id)) else {
                continue;
            };
            if !blind(folder_of(&source.path)) {
                lost.push((*id, source.path.clone(), source.incarnation));
            }
        }
        for (id, path, wanted) in lost {
            // One that shares its file with another may have been found with that one.
            if self.dormant.values().flatten().any(|other| *other == id) {
                self.look_for(id, &path, &wanted, found)?;
            }
        }
        Ok(())
    }

    fn look_for(
        &mut self,
        id: SourceId,
        path: &Path,
        wanted: &Incarnation,
        found: &Found,
    ) -> Result<(), ProgressError> {
        let now = self.disk.now();
        match self.locate(folder_of(path), wanted) {
            Located::At(path, sight) => {
                // Followed already means that it was held to be another file, by its content.
                if self.key_of(&sight).is_some() {
                    self.gone(id);
                } else if found.paths.contains_key(&path) {
                    // A pattern found it, and it could not be opened.
                } else if self.has_room() {
                    self.found_again(&path, now);
                }
            }
            Located::Nowhere => {
                if self.continues_elsewhere(id) {
                    return Ok(());
                }
                let since = *self.missing.entry(id).or_insert(now);
                let over = now.saturating_sub(since) >= self.rules.rotate_wait;
                let last = self.rules.once || over;
                match self.find_archive(id, last) {
                    Search::Found(path, handle) => self.take_over(id, handle, &path)?,
                    Search::Nothing if last => self.gone(id),
                    Search::Nothing | Search::Unknown => {}
                }
            }
            Located::Unknown => {}
        }
        Ok(())
    }

    /// A remembered file under a name that no pattern matches: it is read to its end.
    fn found_again(&mut self, path: &Path, now: std::time::Duration) {
        let opened = self.disk.open(path);
        let opened = opened.and_then(|handle| match self.packing(path, &handle)? {
            None => Ok(handle),
            Some(packing) => inflated(handle, packing),
        });
        let opened = opened.and_then(|handle| Ok((handle.look()?, handle)));
        let adopted = opened.and_then(|(sight, handle)| self.adopt(handle, path, sight));
        match adopted {
            Ok(key) => {
                if let Some(file) = self.files.get_mut(&key) {
                    file.detached = Some(now);
                }
                self.wake(key);
            }
            Err(error) => self.cannot_open(path, &error),
        }
    }

    /// A source whose file is gone: what was not read never will be.
    fn gone(&mut self, id: SourceId) {
        let Some(source) = self.progress.state().sources.get(&id).cloned() else {
            return;
        };
        let sight = Sight {
            device: source.incarnation.device,
            inode: source.incarnation.inode,
            birth: source.incarnation.birth,
            size: source.size(),
            modified: 0,
            changed: 0,
            links: 0,
            kind: Kind::File,
        };
        let taken = self.key_of(&sight);
        let key = self.follow(None, &source.path, sight, source.prefix);
        if let Some(other) = taken {
            let names = (sight.device, sight.inode, sight.birth);
            self.by_incarnation.insert(names, other);
        }
        let now = self.disk.now();
        if let Some(file) = self.files.get_mut(&key) {
            file.ending = Ending::Gone;
            file.detached = Some(now);
        }
        self.wake_sources(key, &[id]);
        self.refused.remove(&id);
        tracing::warn!(path = %source.path.display(), "a file is gone that was not known to be read to its end");
        self.wake(key);
    }
}
