//! Reading one turn of a file: check that it still is what was read, find line ends, split.

use std::io;

use crate::disk::Handle;
use crate::identity::{Prefix, confirms, tail_of};
use crate::progress::Place;
use crate::split::Feeds;

use super::shape::Split;

/// What is read at once, in bytes. What is read, split and put into a frame stays in the processor's
/// cache: with 2 MiB at once the agent takes a fifth more of its time.
pub(super) const READ: usize = 256 * 1024;

/// What reading came to.
pub(super) enum Got {
    /// Records, and the place behind them.
    Records(Split, Place),
    /// Nothing that could be sent now.
    Nothing,
    /// The file is not what it was.
    Changed,
}

/// One turn of reading, with everything it needs to know.
pub(super) struct Reading<'a> {
    pub(super) handle: &'a Handle,
    pub(super) prefix: Prefix,
    pub(super) next: Place,
    pub(super) size: u64,
    pub(super) unfinished: u64,
    pub(super) longest: usize,
    pub(super) turn: usize,
    pub(super) to_end: bool,
    /// Nothing was written for so long that what ends with a line end is whole.
    pub(super) quiet: bool,
    pub(super) feeds: Feeds,
}

/// What was read for one attempt to split.
struct Fetched {
    /// Where what can be split ends in the buffer.
    usable: usize,
    /// Nothing will follow it, as far as splitting is concerned.
    whole: bool,
    /// There is no more to read now.
    at_end: bool,
}

impl Reading<'_> {
    /// Reads, checks the evidence for `next` in the same breath, and splits. Also returns up to
    /// where no line ends.
    pub(super) fn run(
        &self,
        buffer: &mut Vec<u8>,
        mut split: impl FnMut(&[u8], bool) -> Split,
    ) -> io::Result<(Got, u64)> {
        let before = self.next.tail.map_or(0, |tail| usize::from(tail.length));
        let from = self.next.offset - before as u64;
        buffer.clear();
        self.handle.read(from, before, buffer)?;
        let agrees = self.next.tail.is_none_or(|tail| confirms(&tail, buffer));
        if !agrees || !self.begins_as_known()? {
            return Ok((Got::Changed, self.unfinished));
        }
        if !self.to_end && !self.quiet && !self.line_may_end()? {
            return Ok((Got::Nothing, self.size));
        }
        let mut wanted = self.turn.max(1);
        loop {
            let Some(fetched) = self.fetch(buffer, before, wanted)? else {
                let short = from + (buffer.len() as u64) < self.size;
                let got = if short { Got::Changed } else { Got::Nothing };
                return Ok((got, self.size));
            };
            let split = split(&buffer[before..fetched.usable], fetched.whole);
            if split.consumed.bytes > 0 {
                return Ok(self.got(buffer, before, split));
            }
            // Lines end, but no record does: more of it is needed.
            let have = buffer.len() - before;
            if fetched.at_end || have >= self.longest {
                return Ok((Got::Nothing, self.size));
            }
            wanted = (2 * have).min(self.longest);
        }
    }

    fn got(&self, buffer: &[u8], before: usize, split: Split) -> (Got, u64) {
        let consumed = &split.consumed;
        let end = Place {
            epoch: self.next.epoch,
            offset: self.next.offset + consumed.bytes as u64,
            part: consumed.next_part,
            tail: Some(tail_of(&buffer[..before + consumed.bytes])),
        };
        (Got::Records(split, end), end.offset)
    }

    /// Near the beginning there is little or nothing before `next` to compare, but the prefix may
    /// be known beyond it.
    fn begins_as_known(&self) -> io::Result<bool> {
        if self.next.offset >= u64::from(self.prefix.length) {
            return Ok(true);
        }
        let mut bytes = Vec::new();
        self.handle
            .read(0, self.prefix.length as usize, &mut bytes)?;
        Ok(self.prefix.begins(&bytes))
    }

    /// Whether there is a line end in what is new since the last look, or so much without one that
    /// it is cut anyway. A long line that grows slowly is not read again and again.
    fn line_may_end(&self) -> io::Result<bool> {
        let mut at = self.unfinished.max(self.next.offset);
        if at == self.next.offset {
            return Ok(at < self.size);
        }
        // A line feed of two bytes may have been there by half.
        at -= at % self.feeds.unit() as u64;
        let mut bytes = Vec::new();
        while at < self.size {
            if at.saturating_sub(self.next.offset) >= self.longest as u64 {
                return Ok(true);
            }
            bytes.clear();
            let wanted = (self.size - at).min(READ as u64);
            self.handle.read(at, wanted as usize, &mut bytes)?;
            let odd = !at.is_multiple_of(2);
            if self.feeds.last(&bytes, odd).is_some() || bytes.len() as u64 != wanted {
                return Ok(true);
            }
            at += wanted;
        }
        Ok(at - self.next.offset >= self.longest as u64)
    }

    /// Reads up to the last line end of a turn; more than a turn only to find the first one.
    fn fetch(
        &self,
        buffer: &mut Vec<u8>,
        before: usize,
        mut wanted: usize,
    ) -> io::Result<Option<Fetched>> {
        loop {
            let have = buffer.len() - before;
            let at = self.next.offset + have as u64;
            let more = (wanted - have).min((self.size - at) as usize);
            self.handle.read(at, more, buffer)?;
            let read = buffer.len() - before - have;
            if read < more {
                // Shorter than it was: nothing of it counts before that was looked into.
                return Ok(None);
            }
            let at_end = at + read as u64 >= self.size;
            let fetched = |usable, whole| {
                Ok(Some(Fetched {
                    usable,
                    whole,
                    at_end,
                }))
            };
            if at_end && self.to_end {
                return fetched(buffer.len(), true);
            }
            // A line feed of two bytes may have been read by half.
            let from = before + have.saturating_sub(self.feeds.unit() - 1);
            let odd = !(self.next.offset + (from - before) as u64).is_multiple_of(2);
            if let Some(end) = self.feeds.last(&buffer[from..], odd) {
                return fetched(from + end, at_end && self.quiet);
            }
            if buffer.len() - before >= self.longest {
                return fetched(buffer.len(), false);
            }
            if at_end {
                // Another part of the buffer was offered before, to no avail: it was not the end.
                let odd = !self.next.offset.is_multiple_of(2);
                let last = self.feeds.last(&buffer[before..], odd);
                let Some(end) = last.filter(|_| self.quiet) else {
                    return Ok(None);
                };
                return fetched(before + end, true);
            }
            wanted = (2 * wanted).min(self.longest);
        }
    }
}
