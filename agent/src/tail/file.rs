//! One file incarnation and the streams that read it: the state, and what can be asked of it.
//!
//! What is observed of a file (size, name, descriptor) is shared; where each stream stands is its
//! own (rule 8).

use std::collections::VecDeque;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memchr::memrchr;
use standpipe_config::frame::Tail;
use standpipe_config::names::SourceId;
use standpipe_config::settings::agent::Flow;

use super::doubt::Doubt;
use super::plan::{Ending, Step, View, step};
use crate::disk::{Handle, Sight};
use crate::identity::{Incarnation, Known, PREFIX, Prefix, Shown, confirms, shrank};
use crate::progress::{Counts, Place, Source, Standing};
use crate::ship::verdict::Confirmation;
use crate::split::Feeds;

/// One incarnation of one file.
#[derive(Debug)]
pub(super) struct File {
    /// Open while anything is unread, or lately was.
    pub(super) handle: Option<Handle>,
    /// Where it was seen last.
    pub(super) path: PathBuf,
    pub(super) incarnation: Incarnation,
    pub(super) prefix: Prefix,
    /// As last seen.
    pub(super) sight: Sight,
    /// Largest size in the current epoch.
    pub(super) seen: u64,
    /// The size that is remembered, or about to be.
    pub(super) noted: u64,
    /// The last scan whose patterns found it.
    pub(super) met: u64,
    /// Since when no pattern finds it.
    pub(super) detached: Option<Duration>,
    /// It has no descriptor and was not found where it was.
    pub(super) nowhere: bool,
    /// When it was last seen to change.
    pub(super) changed: Duration,
    pub(super) ending: Ending,
    /// Why it could not be read or opened, if so; that was said.
    pub(super) failing: Option<String>,
    pub(super) cursors: Vec<Cursor>,
    /// It is new, and may be a copy of another one.
    pub(super) doubt: Option<Doubt>,
    /// It is a copy of the file that its sources read before, and had this size then.
    pub(super) copied: Option<u64>,
    /// Another source delivers what it begins with.
    pub(super) is_rest: bool,
    /// Its first few bytes, as far as they are known.
    pub(super) opening: Vec<u8>,
    /// Places that were read up to lately in the current epoch.
    pub(super) trail: VecDeque<(u64, Tail)>,
}

/// Where one stream stands in a file.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) source: SourceId,
    pub(super) stream: usize,
    pub(super) flow: usize,
    /// The current epoch of its source.
    pub(super) epoch: u64,
    /// Read up to here.
    pub(super) next: Place,
    /// Acknowledged up to here, all of it.
    pub(super) acknowledged: Place,
    /// The same, durably.
    pub(super) committed: Place,
    pub(super) excluded: u64,
    /// No line ends between `next` and here.
    pub(super) unfinished: u64,
    /// Nothing was written for so long that what ends with a line end is whole.
    pub(super) quiet: bool,
    pub(super) counts: Counts,
    /// The daemon has this process's evidence.
    pub(super) identified: bool,
    /// The daemon knows that it ended.
    pub(super) is_final: bool,
    /// The daemon is being told.
    pub(super) final_sent: bool,
    /// It is in its stream's queue.
    pub(super) queued: bool,
}

impl Cursor {
    pub(super) fn at(source: SourceId, epoch: u64, standing: &Standing) -> Self {
        Self {
            source,
            stream: 0,
            flow: 0,
            epoch,
            next: standing.place,
            acknowledged: standing.place,
            committed: standing.place,
            excluded: standing.excluded,
            unfinished: 0,
            quiet: false,
            counts: standing.counts,
            identified: false,
            is_final: standing.is_final,
            final_sent: false,
            queued: false,
        }
    }

    /// Forgets what was read and not acknowledged.
    pub(super) fn rewind(&mut self) {
        self.next = self.acknowledged;
        (self.unfinished, self.quiet) = (0, false);
        self.final_sent = false;
    }

    /// Goes on in the next epoch. Nothing is sent for that, so that nothing acknowledges it.
    pub(super) fn turn(&mut self) {
        self.next = Place::beginning(self.next.epoch + 1);
        self.acknowledged = self.next;
        (self.unfinished, self.quiet) = (0, false);
    }

    /// The durable offset as a frame of `epoch` that begins at `start` may name it.
    pub(super) fn committed_for(&self, start: &Place) -> u64 {
        if self.committed.epoch == start.epoch {
            self.committed.offset.min(start.offset)
        } else {
            0
        }
    }

    /// What it read is what the file holds now, or did.
    pub(super) fn is_current(&self) -> bool {
        self.next.epoch == self.epoch
    }

    pub(super) fn is_drained(&self) -> bool {
        self.acknowledged.at() == self.next.at()
    }
}

impl File {
    /// Lets a stream read it. Most files have one, and room for four would be half of what an idle
    /// file takes.
    pub(super) fn add(&mut self, cursor: Cursor) {
        self.cursors.reserve_exact(1);
        self.cursors.push(cursor);
    }

    pub(super) fn cursor(&self, stream: usize) -> Option<&Cursor> {
        self.cursors.iter().find(|cursor| cursor.stream == stream)
    }

    pub(super) fn cursor_mut(&mut self, stream: usize) -> Option<&mut Cursor> {
        let mut cursors = self.cursors.iter_mut();
        cursors.find(|cursor| cursor.stream == stream)
    }

    /// The next thing to do for a stream.
    pub(super) fn step(&self, cursor: &Cursor, source: &Source) -> Step {
        let closed = source.closed.get(&cursor.next.epoch);
        step(&View {
            next: cursor.next,
            acknowledged: cursor.acknowledged,
            epoch: source.epoch,
            closed_at: closed.copied().unwrap_or(cursor.next.offset),
            excluded: cursor.excluded,
            size: self.seen,
            unfinished: cursor.unfinished,
            quiet: cursor.quiet,
            ending: self.ending,
            is_final: cursor.is_final || cursor.final_sent,
        })
    }

    /// How far any stream has read in the current epoch, of what there is: a copy may hold less.
    pub(super) fn farthest(&self) -> u64 {
        let here = self.cursors.iter().filter(|c| c.is_current());
        let read = here.map(|cursor| cursor.next.offset).max().unwrap_or(0);
        match self.copied {
            Some(size) => read.min(size),
            None => read,
        }
    }

    /// Whether it was truncated, judged by its size alone.
    pub(super) fn shrank(&self, size: u64) -> bool {
        shrank(size, &self.prefix, self.farthest())
    }

    /// Whether its content still is what was read: the prefix, and the bytes before every stream's
    /// place. What cannot be read proves nothing.
    pub(super) fn is_unchanged(&self) -> io::Result<bool> {
        let Some(handle) = &self.handle else {
            return Ok(true);
        };
        let mut prefix = Vec::new();
        handle.read(0, PREFIX, &mut prefix)?;
        if !self.prefix.begins(&prefix) {
            return Ok(false);
        }
        let held = |at: u64| self.copied.is_none_or(|size| at <= size) || at <= self.seen;
        let current = self.cursors.iter().filter(|c| c.is_current());
        for cursor in current.filter(|c| held(c.next.offset)) {
            let tail = cursor.next.tail;
            let agrees = tail.map(|tail| compare(handle, cursor.next.offset, &tail));
            if agrees.transpose()? == Some(Confirmation::Disagrees) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Holds the daemon's evidence against this file.
    pub(super) fn confirm(&self, at: u64, tail: &Tail) -> Confirmation {
        match &self.handle {
            Some(handle) => compare(handle, at, tail).unwrap_or(Confirmation::Unknown),
            None => Confirmation::Unknown,
        }
    }

    /// Whether a descriptor is held for no reason but to be quick.
    pub(super) fn is_idle(&self) -> bool {
        let read = |c: &Cursor| c.is_current() && c.is_drained() && c.next.offset == self.seen;
        self.handle.is_some() && self.detached.is_none() && self.cursors.iter().all(read)
    }

    /// Whether it is the compressed form of the file that it was.
    pub(super) fn is_archive(&self) -> bool {
        self.handle.as_ref().is_some_and(Handle::is_archive)
    }

    /// Whether something is to be done as soon as what is on its way is acknowledged: it ended, or
    /// another epoch begins.
    pub(super) fn awaits_answers(&self) -> bool {
        let ended = matches!(self.ending, Ending::Closing | Ending::Gone);
        ended || self.cursors.iter().any(|cursor| !cursor.is_current())
    }

    /// Whether it ended, and the daemon knows so of all that was seen of it.
    pub(super) fn is_over(&self) -> bool {
        let ended = matches!(self.ending, Ending::Closing | Ending::Gone);
        let read = |c: &Cursor| c.is_current() && c.next.offset >= self.seen;
        let told = |c: &Cursor| c.is_final && c.is_drained() && read(c);
        ended && self.cursors.iter().all(told)
    }
}

/// Compares the bytes before an offset with evidence for them.
pub(super) fn compare(handle: &Handle, at: u64, tail: &Tail) -> io::Result<Confirmation> {
    let Some(from) = at.checked_sub(u64::from(tail.length)) else {
        return Ok(Confirmation::Disagrees);
    };
    let mut before = Vec::new();
    handle.read(from, usize::from(tail.length), &mut before)?;
    Ok(if confirms(tail, &before) {
        Confirmation::Agrees
    } else {
        Confirmation::Disagrees
    })
}

/// The evidence for an offset as the file holds it now.
pub(crate) fn tail_at(handle: &Handle, at: u64) -> io::Result<Option<Tail>> {
    let length = at.min(standpipe_config::limits::TAIL_WINDOW as u64);
    let mut before = Vec::new();
    handle.read(at - length, length as usize, &mut before)?;
    Ok((before.len() as u64 == length).then(|| crate::identity::tail_of(&before)))
}

/// The number of the part that begins at `at`, where a line is cut every `max_line` bytes.
///
/// A place that the daemon names may lie within a line: behind a part, or behind what was shipped
/// as an unfinished last line; which of the two only the distance from the line's beginning tells.
pub(super) fn part_at(handle: &Handle, flow: &Flow, at: u64) -> io::Result<u32> {
    let start = line_end_before(handle, Feeds::new(flow.encoding), at)?;
    let distance = at - start;
    let max_line = flow.max_line as u64;
    // A cut never lies more than three bytes before the limit.
    if distance + 3 < max_line {
        return Ok(0);
    }
    let parts = (distance + max_line / 2) / max_line;
    Ok(u32::try_from(parts.max(1)).unwrap_or(u32::MAX))
}

/// Where the last line before `at` ends: behind its line feed, or 0.
pub(crate) fn line_end_before(handle: &Handle, feeds: Feeds, at: u64) -> io::Result<u64> {
    const WINDOW: u64 = 64 * 1024;
    let mut end = at;
    while end > 0 {
        // Even, so that no line feed of two bytes lies on both sides.
        let from = end.saturating_sub(WINDOW) & !1;
        let mut bytes = Vec::new();
        handle.read(from, (end - from) as usize, &mut bytes)?;
        if let Some(behind) = feeds.last(&bytes, false) {
            return Ok(from + behind as u64);
        }
        end = from;
    }
    Ok(0)
}

/// Behind so many lines from the beginning of a file of `size` bytes; `None` if it holds fewer.
pub(super) fn behind_lines(
    handle: &Handle,
    feeds: Feeds,
    size: u64,
    lines: u64,
) -> io::Result<Option<u64>> {
    const WINDOW: u64 = 64 * 1024;
    let (mut at, mut left) = (0, lines);
    while left > 0 && at < size {
        let mut bytes = Vec::new();
        handle.read(at, WINDOW.min(size - at) as usize, &mut bytes)?;
        let mut from = 0;
        while left > 0
            && let Some(feed) = feeds.first(&bytes[from..], false)
        {
            from += feed.end;
            left -= 1;
        }
        if left == 0 {
            return Ok(Some(at + from as u64));
        }
        if bytes.len() < WINDOW as usize {
            return Ok(None);
        }
        at += WINDOW;
    }
    Ok((left == 0).then_some(at))
}

/// The prefix of a file as it is now.
pub(super) fn prefix_now(handle: &Handle) -> io::Result<Prefix> {
    let mut bytes = Vec::new();
    handle.read(0, PREFIX, &mut bytes)?;
    Ok(Prefix::of(&bytes))
}

/// The folder of a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// The path of a file up to the extension of its name, as bytes.
pub(super) fn stem(path: &Path) -> &[u8] {
    let path = path.as_os_str().as_bytes();
    let name = memrchr(b'/', path).map_or(0, |slash| slash + 1);
    // What only begins with a dot is hidden.
    let dot = memrchr(b'.', path).filter(|dot| *dot > name);
    &path[..dot.unwrap_or(path.len())]
}

/// What is remembered of a source, to be held against a file.
pub(super) fn known(source: &Source) -> Known {
    let current = source.streams.values().map(|standing| standing.place);
    let reached = current.filter(|place| place.epoch == source.epoch);
    Known {
        incarnation: source.incarnation,
        prefix: source.prefix,
        reached: reached.map(|place| (place.offset, place.tail)).collect(),
    }
}

/// What an open file shows where that is held against it.
pub(super) fn show(
    handle: &Handle,
    sight: Sight,
    prefix: &[u8],
    known: &Known,
) -> io::Result<Shown> {
    let mut before = Vec::new();
    for (offset, tail) in &known.reached {
        let length = tail.map_or(0, |tail| u64::from(tail.length));
        let mut bytes = Vec::new();
        handle.read(offset.saturating_sub(length), length as usize, &mut bytes)?;
        before.push(bytes);
    }
    Ok(Shown {
        sight,
        prefix: prefix.to_vec(),
        before,
    })
}
