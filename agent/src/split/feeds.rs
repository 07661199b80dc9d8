//! Where lines end, in the encoding of the file. Pure.
//!
//! In UTF-16 a line feed is two bytes at an even offset of the file; the same two bytes at an odd
//! one are halves of other characters. Offsets within bytes that begin at an odd offset of the file
//! are therefore told apart by `odd`.

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};
use standpipe_config::settings::agent::Encoding;

/// A line end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Feed {
    /// Where it begins: at the line feed, or the carriage return before it.
    pub(crate) start: usize,
    /// Behind it.
    pub(crate) end: usize,
}

/// Finds line ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feeds {
    encoding: Encoding,
}

impl Feeds {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// Bytes of the smallest unit of text.
    pub(crate) fn unit(self) -> usize {
        match self.encoding {
            Encoding::Utf8 | Encoding::Latin1 => 1,
            Encoding::Utf16Le | Encoding::Utf16Be => 2,
        }
    }

    /// The first line end, CR before LF included. A CR before the beginning of `bytes` is not seen.
    pub(crate) fn first(self, bytes: &[u8], odd: bool) -> Option<Feed> {
        if self.unit() == 1 {
            let at = memchr(b'\n', bytes)?;
            let start = at - usize::from(at > 0 && bytes[at - 1] == b'\r');
            return Some(Feed { start, end: at + 1 });
        }
        let unit = memchr_iter(b'\n', bytes).find_map(|at| self.feed_at(bytes, at, odd))?;
        let carriage = unit.checked_sub(2).filter(|at| self.is(bytes, *at, b'\r'));
        Some(Feed {
            start: carriage.unwrap_or(unit),
            end: unit + 2,
        })
    }

    /// Behind the last line end.
    pub(crate) fn last(self, bytes: &[u8], odd: bool) -> Option<usize> {
        if self.unit() == 1 {
            return memrchr(b'\n', bytes).map(|at| at + 1);
        }
        let unit = memrchr_iter(b'\n', bytes).find_map(|at| self.feed_at(bytes, at, odd));
        unit.map(|unit| unit + 2)
    }

    /// Where the two bytes of a line feed begin, if the byte at `at` is one of them.
    fn feed_at(self, bytes: &[u8], at: usize, odd: bool) -> Option<usize> {
        let unit = match self.encoding {
            Encoding::Utf16Be => at.checked_sub(1)?,
            _ => at,
        };
        let aligned = (unit + usize::from(odd)).is_multiple_of(2);
        (aligned && self.is(bytes, unit, b'\n')).then_some(unit)
    }

    /// Whether the two bytes at `at` are this character.
    fn is(self, bytes: &[u8], at: usize, character: u8) -> bool {
        let wanted = match self.encoding {
            Encoding::Utf16Be => [0, character],
            _ => [character, 0],
        };
        bytes.get(at..at + 2) == Some(&wanted)
    }
}

#[cfg(test)]
mod tests;
