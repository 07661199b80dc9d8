//! A log that was copied and then truncated, or that a copy of itself took the place of: its source
//! goes on in the copy, at the same offsets, and what was written between the last read and the last
//! one of who copied is read from there. What is in the old file from then on is a new source.

use std::io;

use standpipe_config::names::SourceId;

use super::copies::{Copy, Wanted};
use super::file::{Cursor, File, folder_of, known, prefix_now, show, tail_at};
use super::{Follower, Key};
use crate::disk::{Handle, Sight};
use crate::identity::{Incarnation, Prefix, Verdict, judge};
use crate::progress::{Entry, Place, ProgressError, Standing, path_to_text};

/// Where a stream goes on in the file that was copied, as a new source.
struct Rest {
    stream: usize,
    flow: usize,
    place: Place,
}

impl File {
    /// What is acknowledged, as it is remembered. In a copy that is no more than it holds, though
    /// more may have been read before the log was truncated.
    pub(super) fn kept_place(&self, cursor: &Cursor) -> Place {
        let place = cursor.acknowledged;
        let beyond = cursor.is_current() && place.epoch == cursor.epoch;
        match self.copied.is_some() && beyond && place.offset > self.seen {
            true => self.end_place(place.epoch),
            false => place,
        }
    }

    fn end_place(&self, epoch: u64) -> Place {
        let tail = self
            .handle
            .as_ref()
            .map(|handle| tail_at(handle, self.seen));
        Place {
            epoch,
            offset: self.seen,
            part: 0,
            tail: tail.and_then(Result::ok).flatten(),
        }
    }

    /// A stream that has read more than the copy holds, and is done with that, stands at its end.
    pub(super) fn settle(&mut self, stream: usize) {
        let (seen, copied) = (self.seen, self.copied.is_some());
        let Some(cursor) = self.cursor(stream).filter(|c| copied && c.is_current()) else {
            return;
        };
        if cursor.is_drained() && cursor.next.offset > seen {
            let end = self.end_place(cursor.epoch);
            if let Some(cursor) = self.cursor_mut(stream) {
                (cursor.next, cursor.acknowledged) = (end, end);
                cursor.unfinished = seen;
            }
        }
    }

    /// What was read and is to be read again is not there any more, if the copy has not got it.
    pub(super) fn lose_unacknowledged(&mut self, stream: usize) {
        let (seen, copied) = (self.seen, self.copied.is_some());
        let cursor = self.cursor_mut(stream).filter(|c| copied && c.is_current());
        if let Some(cursor) = cursor {
            let kept = seen.max(cursor.acknowledged.offset);
            cursor.counts.truncated += cursor.next.offset.saturating_sub(kept);
        }
    }

    /// Whether a mark of the daemon lies in bytes that only the original held: nobody can confirm it,
    /// and a range that ends within what was copied was held for certain.
    pub(super) fn is_beyond_copy(&self, at: u64, end: u64) -> bool {
        self.copied.is_some_and(|size| end <= size && at > size)
    }

    /// Whether the daemon has to learn which file its source is now (rule 6).
    pub(super) fn must_identify(&self, cursor: &Cursor) -> bool {
        self.copied.is_some() && !cursor.identified && cursor.acknowledged.offset > 0
    }
}

impl Follower {
    /// A followed file was truncated. If it was copied before, its source goes on in the copy, and
    /// `true` says so.
    pub(super) fn goes_on_in_copy(&mut self, key: Key) -> bool {
        let Some(file) = self.files.get(&key) else {
            return false;
        };
        let current = || file.cursors.iter().filter(|cursor| cursor.is_current());
        let acknowledged =
            current().map(|cursor| match cursor.acknowledged.epoch == cursor.epoch {
                true => cursor.acknowledged.offset,
                false => 0,
            });
        let done = acknowledged.min().unwrap_or(u64::MAX);
        let (wanted, folder) = (Wanted::of(file), folder_of(&file.path).to_owned());
        let Some(copy) = self.find_copy(&wanted, &folder, done, Some(key)) else {
            return false;
        };
        let file = self.files.get_mut(&key);
        let rests = file.map(|file| {
            let held = copy.sight.size;
            for cursor in file.cursors.iter_mut().filter(|c| c.is_current()) {
                let kept = held.max(cursor.next.offset);
                cursor.counts.truncated += file.seen.saturating_sub(kept);
            }
            rests(file, |_| Place::beginning(0))
        });
        tracing::info!(
            path = %copy.path.display(), size = copy.sight.size,
            "a file was copied and truncated: its source goes on in the copy, and what is written from now on is a new one"
        );
        self.split(key, copy, rests.unwrap_or_default());
        true
    }

    /// A file that nobody can find any more under its name was replaced by a copy of itself. What is
    /// still written to it, through an old descriptor, is a new source.
    pub(super) fn replaced(&mut self, key: Key, by: Key) {
        let (Some(file), Some(copy)) = (self.files.get(&key), self.files.get(&by)) else {
            return;
        };
        let copy = Copy {
            key: Some(by),
            path: copy.path.clone(),
            handle: None,
            sight: copy.sight,
        };
        let rests = rests(file, |cursor| {
            let at = copy.sight.size.min(file.seen).max(cursor.next.offset);
            let tail = file.handle.as_ref().map(|handle| tail_at(handle, at));
            Place {
                offset: at,
                tail: tail.and_then(Result::ok).flatten(),
                ..Place::beginning(0)
            }
        });
        tracing::info!(path = %copy.path.display(), "a file was replaced by a copy of itself: its source goes on in the copy");
        self.split(key, copy, rests);
    }

    /// The sources of a file go on in a copy, durably before a byte is sent from there; the file goes
    /// on as a new source at these places.
    fn split(&mut self, key: Key, mut copy: Copy, rests: Vec<Rest>) {
        self.forget_fresh(&copy);
        let handle = copy.key.and_then(|other| self.discard(other));
        let Some(handle) = handle.or(copy.handle.take()) else {
            return;
        };
        let (now, scans, open) = (self.disk.now(), self.scans, self.open_ending());
        let matched = self.is_matched(&copy.path);
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let left = file.handle.replace(handle);
        self.open += usize::from(left.is_none());
        let (path, sight) = (file.path.clone(), file.sight);
        let (met, detached, ending) = (file.met, file.detached, file.ending);
        file.path = copy.path.clone();
        (file.sight, file.incarnation) = (copy.sight, Incarnation::of(&copy.sight));
        (file.seen, file.noted, file.copied) = (copy.sight.size, 0, Some(copy.sight.size));
        (file.changed, file.nowhere, file.failing) = (now, false, None);
        // A new one is met in the next scan, if a pattern matches it.
        file.met = scans;
        file.detached = (!matched).then_some(now);
        file.ending = open;
        file.trail.clear();
        for cursor in &mut file.cursors {
            (cursor.unfinished, cursor.identified) = (0, false);
            (cursor.is_final, cursor.final_sent) = (false, false);
            self.dirty.insert((key, cursor.stream));
        }
        self.by_path.retain(|_, other| *other != key);
        self.by_path.insert(copy.path.clone(), key);
        let names = (copy.sight.device, copy.sight.inode, copy.sight.birth);
        self.by_incarnation.insert(names, key);
        self.stage_copied(key);
        self.settle_all(key);
        self.wake(key);
        if let Some(left) = left {
            // By what a file held whose source went on elsewhere, nobody recognises the rest of it.
            let goes_on = rests.iter().any(|rest| rest.place.offset > 0);
            let prefix = match goes_on {
                true => Prefix::of(&[]),
                false => prefix_now(&left).unwrap_or(Prefix::of(&[])),
            };
            let rest = self.follow(Some(left), &path, sight, prefix);
            if let Some(file) = self.files.get_mut(&rest) {
                (file.met, file.detached, file.ending) = (met, detached, ending);
                file.is_rest = goes_on;
            }
            if path != copy.path {
                self.by_path.insert(path, rest);
            }
            if let Err(error) = self.begin_rests(rest, &rests) {
                tracing::error!(%error, "a file that was truncated waits for the next scan");
            }
        }
    }

    fn settle_all(&mut self, key: Key) {
        if let Some(file) = self.files.get_mut(&key) {
            let streams: Vec<usize> = file.cursors.iter().map(|c| c.stream).collect();
            streams.into_iter().for_each(|stream| file.settle(stream));
        }
    }

    fn stage_copied(&mut self, key: Key) {
        let Some(file) = self.files.get(&key) else {
            return;
        };
        let size = file.seen;
        let mut sources: Vec<SourceId> = file.cursors.iter().map(|c| c.source).collect();
        sources.dedup();
        for source in sources {
            self.stage_source(key, source);
            self.progress.stage(&Entry::Copied { source, size });
        }
    }

    fn begin_rests(&mut self, key: Key, rests: &[Rest]) -> Result<(), ProgressError> {
        if rests.is_empty() {
            return Ok(());
        }
        let source = self.mint_source(key)?;
        for rest in rests {
            let size = self.files.get(&key).map_or(0, |file| file.seen);
            let standing = Standing {
                place: rest.place,
                size,
                ..Standing::beginning(0)
            };
            self.progress.stage(&Entry::Standing {
                source,
                stream: self.streams[rest.stream].name.clone(),
                standing,
            });
            if let Some(file) = self.files.get_mut(&key) {
                file.noted = size;
                file.add(Cursor {
                    stream: rest.stream,
                    flow: rest.flow,
                    ..Cursor::at(source, 0, &standing)
                });
            }
        }
        self.wake(key);
        Ok(())
    }

    /// Follows a new file no longer, of which nothing was read: it is another one's copy. Its
    /// descriptor.
    fn discard(&mut self, key: Key) -> Option<Handle> {
        self.doubtful.remove(&key);
        let mut file = self.files.remove(&key)?;
        self.by_incarnation.retain(|_, other| *other != key);
        self.by_path.retain(|_, other| *other != key);
        self.dirty.retain(|(other, _)| *other != key);
        self.disown(&file);
        let handle = file.handle.take();
        self.open -= usize::from(handle.is_some());
        handle
    }

    /// Forgets the sources of a file of which nothing was read.
    fn disown(&mut self, file: &File) {
        let mut sources: Vec<SourceId> = file.cursors.iter().map(|c| c.source).collect();
        sources.dedup();
        for source in sources {
            self.forget(source);
        }
    }

    /// The sources that are remembered of an open file, and whether what they read is gone from it.
    pub(super) fn recognise(
        &mut self,
        handle: &Handle,
        sight: &Sight,
        prefix: &[u8],
    ) -> io::Result<(Vec<SourceId>, bool)> {
        let candidates = self.dormant.get(&Incarnation::of(sight).key());
        let (mut same, mut truncated) = (Vec::new(), Vec::new());
        for id in candidates.cloned().unwrap_or_default() {
            let Some(source) = self.progress.state().sources.get(&id) else {
                continue;
            };
            let known = known(source);
            match judge(&known, &show(handle, *sight, prefix, &known)?) {
                Verdict::Same => same.push(id),
                Verdict::Truncated => truncated.push(id),
                Verdict::Other => {}
            }
        }
        if handle.is_archive() {
            return Ok((same, !truncated.is_empty()));
        }
        // Where another source reads the file as it is, this one went on elsewhere.
        truncated.retain(|id| !self.is_relieved(id, &same));
        truncated.retain(|id| !self.continues_in_copy(*id));
        let gone = !truncated.is_empty();
        same.extend(truncated);
        Ok((same, gone))
    }

    fn is_relieved(&self, id: &SourceId, by: &[SourceId]) -> bool {
        let streams = |id: &SourceId| {
            let source = self.progress.state().sources.get(id);
            let standings = source.into_iter().flat_map(|source| source.streams.iter());
            standings.map(|(name, _)| name)
        };
        by.iter()
            .flat_map(streams)
            .any(|name| streams(id).any(|own| own == name))
    }

    /// A remembered source whose file was truncated, or is gone, while nobody looked: whether it goes
    /// on in a copy.
    pub(super) fn continues_in_copy(&mut self, id: SourceId) -> bool {
        let Some(source) = self.progress.state().sources.get(&id).cloned() else {
            return false;
        };
        let wanted = Wanted::from(&known(&source)).in_full();
        let folder = folder_of(&source.path).to_owned();
        let Some(copy) = self.find_copy(&wanted, &folder, wanted.least, None) else {
            return false;
        };
        if let Some(sleeping) = self.dormant.get_mut(&source.incarnation.key()) {
            sleeping.retain(|other| *other != id);
        }
        self.forget_fresh(&copy);
        let incarnation = Incarnation::of(&copy.sight);
        let sleeping = self.dormant.entry(incarnation.key()).or_default();
        sleeping.push(id);
        if let Some(key) = copy.key {
            self.doubtful.remove(&key);
            if let Some(file) = self.files.get_mut(&key) {
                file.doubt = None;
                (file.sight, file.seen) = (copy.sight, copy.sight.size);
                let fresh = std::mem::take(&mut file.cursors);
                self.forget_all(&fresh);
            }
        }
        self.progress.stage(&Entry::Source {
            source: id,
            path: path_to_text(&source.path),
            incarnation,
            prefix: source.prefix,
        });
        let size = copy.sight.size;
        self.progress.stage(&Entry::Copied { source: id, size });
        tracing::info!(path = %copy.path.display(), size, "a file was copied, and truncated or removed, while nobody looked: its source goes on in the copy");
        if let Some(key) = copy.key {
            self.wake_sources(key, &[id]);
            self.wake(key);
        }
        true
    }

    fn forget_all(&mut self, cursors: &[Cursor]) {
        let mut sources: Vec<SourceId> = cursors.iter().map(|c| c.source).collect();
        sources.dedup();
        for source in sources {
            self.forget(source);
        }
    }

    /// The same for a source whose file is nowhere, if there is ample evidence.
    pub(super) fn continues_elsewhere(&mut self, id: SourceId) -> bool {
        let source = self.progress.state().sources.get(&id);
        let ample = source.is_some_and(|source| Wanted::from(&known(source)).is_ample());
        ample && self.continues_in_copy(id)
    }
}

fn rests(file: &File, place: impl Fn(&Cursor) -> Place) -> Vec<Rest> {
    let rest = |cursor: &Cursor| Rest {
        stream: cursor.stream,
        flow: cursor.flow,
        place: place(cursor),
    };
    file.cursors.iter().map(rest).collect()
}

#[cfg(test)]
mod tests;
