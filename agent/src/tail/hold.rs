//! What is not read although it is there: header lines and holes, which never are, and the last event
//! of a file, which waits for its end.

use std::io;
use std::time::Duration;

use super::file::{Cursor, behind_lines};
use super::{Follower, Key};
use crate::split::Feeds;

/// What is known of the lines at a file's beginning that are excluded by settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Header {
    /// They are passed, or there are none: what comes next is to be read.
    Passed,
    /// It has become known where they end.
    Found,
    /// They are not all there yet.
    Incomplete,
}

/// What is known of a hole at a file's beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hole {
    /// There is none, or it is passed.
    None,
    /// It ends here.
    Ends(u64),
    /// There is nothing else yet.
    Everywhere,
}

impl Follower {
    /// At the beginning of a file, finds out where the hole ends that a writer leaves which goes on at
    /// its old offset after a truncation. At the end `to_end` of a file that is nothing else, all of
    /// it is hole.
    pub(super) fn find_hole(&mut self, key: Key, stream: usize, to_end: bool) -> Hole {
        let Some(cursor) = self.files.get(&key).and_then(|file| file.cursor(stream)) else {
            return Hole::None;
        };
        let unit = Feeds::new(self.flows[cursor.flow].encoding).unit() as u64;
        if cursor.next.offset > 0 || !self.open_again(key) {
            return Hole::None;
        }
        let found = self.written_from(key, unit);
        let Some(file) = self.files.get_mut(&key) else {
            return Hole::None;
        };
        let seen = file.seen;
        match found {
            Ok(Some(0)) => Hole::None,
            Ok(Some(end)) => Hole::Ends(end),
            Ok(None) if to_end => Hole::Ends(seen),
            Ok(None) => {
                if let Some(cursor) = file.cursor_mut(stream) {
                    cursor.unfinished = seen;
                }
                Hole::Everywhere
            }
            Err(error) => {
                self.failed(key, &error);
                Hole::Everywhere
            }
        }
    }

    /// Where the first character lies that is not NUL, each `unit` bytes; `None` if there is none.
    fn written_from(&self, key: Key, unit: u64) -> io::Result<Option<u64>> {
        const WINDOW: u64 = 64 * 1024;
        let file = self.files.get(&key);
        let open = file.and_then(|file| Some((file.handle.as_ref()?, file.seen)));
        let Some((handle, size)) = open else {
            return Ok(Some(0));
        };
        let mut bytes = Vec::new();
        handle.read(0, 1, &mut bytes)?;
        if bytes.first() != Some(&0) {
            return Ok(Some(0));
        }
        let mut at = handle.first_data()?;
        at -= at % unit;
        while at < size {
            bytes.clear();
            handle.read(at, WINDOW.min(size - at) as usize, &mut bytes)?;
            if let Some(place) = bytes.iter().position(|byte| *byte != 0) {
                let place = at + place as u64;
                return Ok(Some(place - place % unit));
            }
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
        }
        Ok(None)
    }

    /// At the beginning of a file, finds out where its header ends. At the end `to_end` of a file
    /// that has fewer lines, all of it is header.
    pub(super) fn find_header(&mut self, key: Key, stream: usize, to_end: bool) -> Header {
        let Some(cursor) = self.files.get(&key).and_then(|file| file.cursor(stream)) else {
            return Header::Passed;
        };
        let flow = &self.flows[cursor.flow];
        let (lines, feeds) = (flow.skip_header_lines, Feeds::new(flow.encoding));
        if lines == 0 || cursor.next.offset > 0 || cursor.excluded > 0 {
            return Header::Passed;
        }
        if !self.open_again(key) {
            return Header::Incomplete;
        }
        let found = self.header_end(key, feeds, lines);
        let Some(file) = self.files.get_mut(&key) else {
            return Header::Passed;
        };
        let seen = file.seen;
        let end = match found {
            Ok(None) if to_end => Some(seen),
            Ok(end) => end,
            Err(error) => {
                self.failed(key, &error);
                return Header::Incomplete;
            }
        };
        let Some(cursor) = file.cursor_mut(stream) else {
            return Header::Passed;
        };
        match end {
            Some(end) => cursor.excluded = end,
            None => cursor.unfinished = seen,
        }
        end.map_or(Header::Incomplete, |_| Header::Found)
    }

    fn header_end(&self, key: Key, feeds: Feeds, lines: u64) -> io::Result<Option<u64>> {
        let file = self.files.get(&key);
        let open = file.and_then(|file| Some((file.handle.as_ref()?, file.seen)));
        match open {
            Some((handle, size)) => behind_lines(handle, feeds, size, lines),
            None => Ok(None),
        }
    }

    /// Nothing could be read of a file: if that is an event that waits for its end, remembers when
    /// to wait no longer.
    pub(super) fn hold(&mut self, key: Key, stream: usize) {
        let Some(file) = self.files.get(&key) else {
            return;
        };
        let Some(cursor) = file.cursor(stream).filter(|c| waits(c, file.seen)) else {
            return;
        };
        if let Some(multi_line) = &self.flows[cursor.flow].multi_line {
            self.held
                .insert((file.changed + multi_line.wait, key, stream));
        }
    }

    /// When an event will have waited long enough for its end, if one waits.
    pub fn release_at(&self) -> Option<Duration> {
        self.held.first().map(|(due, ..)| *due)
    }

    /// Lets go of events that have waited long enough.
    pub(super) fn release(&mut self) {
        let now = self.disk.now();
        while let Some(&(due, key, stream)) = self.held.first()
            && due <= now
        {
            self.held.pop_first();
            let Some(file) = self.files.get_mut(&key) else {
                continue;
            };
            let (seen, changed) = (file.seen, file.changed);
            let wait = |flow: usize| self.flows[flow].multi_line.as_ref().map(|m| m.wait);
            if let Some(cursor) = file.cursor_mut(stream)
                && waits(cursor, seen)
                && wait(cursor.flow).is_some_and(|wait| changed + wait <= now)
            {
                cursor.quiet = true;
                self.wake(key);
            }
        }
    }
}

/// Whether something is there that was read and could not be split.
fn waits(cursor: &Cursor, seen: u64) -> bool {
    cursor.is_current() && cursor.next.offset < seen && cursor.unfinished >= seen
}

#[cfg(test)]
mod tests;
