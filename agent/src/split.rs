//! Finds where records end in the bytes of a file.
//!
//! Pure: what comes out depends on the bytes only, never on how they were read. A line ends at LF
//! or CRLF; a lone CR belongs to its line. A line longer than `max_line` is cut into parts that
//! give it back when put together. A cut never falls between CR and LF, and never inside a UTF-8
//! character, so that each part is as readable as the line was.

use memchr::memchr;
use standpipe_config::records::Part;

/// A line, or one part of a line that was too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// The line without its end.
    pub bytes: &'a [u8],
    /// Which part it is, if the line was cut.
    pub part: Option<Part>,
    /// The line has no end, because its source ends there.
    pub unterminated: bool,
}

/// Splits bytes into lines.
#[derive(Clone, Copy, Debug)]
pub struct Splitter {
    /// The longest line that stays whole, in bytes, at least 1. A caller must be able to offer two
    /// bytes more than that at once, or a line of that length is never decided.
    pub max_line: usize,
}

/// How far a call came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Consumed {
    /// Bytes that were split; the next call begins behind them.
    pub bytes: usize,
    /// Number of the part with which the next call begins; 0 where it begins with a line.
    pub next_part: u32,
}

/// What lies at the beginning of some bytes.
enum Found {
    /// A line, or the rest of one, of so many bytes, and so many bytes of line end.
    Line(usize, usize),
    /// A line too long: its first so many bytes are a part.
    Cut(usize),
    /// Not enough to tell.
    Unfinished,
}

impl Splitter {
    /// Finds record ends in `bytes`, which begin at a line's beginning, or at the beginning of
    /// part `part_number` of a line that is being cut.
    ///
    /// Calls `each` for every piece. What is unfinished at the end of `bytes` is not consumed,
    /// unless it is the `end_of_source`, behind which nothing will follow. Empty lines are
    /// consumed and give no piece.
    pub fn split(
        &self,
        bytes: &[u8],
        part_number: u32,
        end_of_source: bool,
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Consumed {
        let mut at = 0;
        let mut number = part_number;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let (length, end, last, unterminated) = match self.find(rest, end_of_source) {
                Found::Line(length, end) => (length, end, true, end == 0),
                Found::Cut(length) => (length, 0, false, false),
                Found::Unfinished => break,
            };
            let cut = number > 0 || !last;
            if cut || length > 0 {
                each(Piece {
                    bytes: &rest[..length],
                    part: cut.then_some(Part { number, last }),
                    unterminated,
                });
            }
            number = if last { 0 } else { number.saturating_add(1) };
            at += length + end;
        }
        Consumed {
            bytes: at,
            next_part: number,
        }
    }

    /// A line that still fits may need two bytes more to be known: CR and LF.
    fn find(&self, rest: &[u8], end_of_source: bool) -> Found {
        let window = &rest[..rest.len().min(self.max_line.saturating_add(2))];
        if let Some(feed) = memchr(b'\n', window) {
            let end = 1 + usize::from(feed > 0 && window[feed - 1] == b'\r');
            let length = feed + 1 - end;
            if length <= self.max_line {
                return Found::Line(length, end);
            }
            return Found::Cut(self.cut(rest));
        }
        match window.get(self.max_line) {
            Some(b'\r') if window.len() == self.max_line + 1 && !end_of_source => Found::Unfinished,
            Some(_) => Found::Cut(self.cut(rest)),
            None if end_of_source => Found::Line(window.len(), 0),
            None => Found::Unfinished,
        }
    }

    /// The place to cut: `max_line`, or up to three bytes before it, where a character begins.
    fn cut(&self, rest: &[u8]) -> usize {
        let continues = |at: &usize| rest[*at] & 0b1100_0000 == 0b1000_0000;
        let nearest = self.max_line.saturating_sub(3).max(1);
        (nearest..=self.max_line)
            .rev()
            .find(|at| !continues(at))
            .unwrap_or(self.max_line.max(1))
    }
}

#[cfg(test)]
mod tests;
