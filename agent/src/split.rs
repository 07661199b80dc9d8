//! Finds where records end in the bytes of a file.
//!
//! Pure: what comes out depends on the bytes only, never on how they were read. A line ends at LF
//! or CRLF; a lone CR belongs to its line. With a start pattern, lines that do not match it belong
//! to the record before them, line ends between them included. A record longer than `max_line` is
//! cut into parts that give it back when put together. A cut never falls between CR and LF, and
//! never inside a character, so that each part is as readable as the whole was.

use standpipe_config::records::Part;
use standpipe_config::settings::agent::{Encoding, Flow, Pattern};

mod feeds;

pub(crate) use feeds::{Feed, Feeds};

/// How much of a line is held against the start pattern, in bytes: it must be known before the
/// record before it can end.
pub const START_WINDOW: usize = 64 * 1024;

/// A line, an event of several lines, or one part of one that was too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// Where it begins in the bytes that were split.
    pub at: usize,
    /// The line without its end; of several lines, without the end of the last.
    pub bytes: &'a [u8],
    /// Bytes of its line end.
    pub end: usize,
    /// Which part it is, if it was cut.
    pub part: Option<Part>,
    /// The line has no end, because its source ends there.
    pub unterminated: bool,
}

/// Splits bytes into lines, or into events of several lines.
#[derive(Clone, Copy, Debug)]
pub struct Splitter<'a> {
    /// The longest line that stays whole, in bytes, at least 1 (8 where a character may take more
    /// than one unit). A caller must be able to offer [`needs`](Self::needs) bytes at once, or a
    /// line of that length is never decided.
    pub max_line: usize,
    /// Lines that begin an event; `None`: each line is one.
    pub start: Option<&'a Pattern>,
    /// How characters are written.
    pub encoding: Encoding,
    /// The bytes begin at an odd offset of the file.
    pub odd: bool,
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

/// What ends first in some bytes.
enum End {
    /// A record, here.
    At(Feed),
    /// No record ends in them.
    None,
    /// A line ends, and the next one, which would tell whether the record does, is not there yet.
    Perhaps,
}

impl<'a> Splitter<'a> {
    /// The splitter of a flow, for bytes that begin at this offset of a file.
    pub fn of(flow: &'a Flow, offset: u64) -> Self {
        Self {
            max_line: flow.max_line,
            start: flow.multi_line.as_ref().map(|multi_line| &multi_line.start),
            encoding: flow.encoding,
            odd: !offset.is_multiple_of(2),
        }
    }

    /// How many bytes must be offered at once for certain progress.
    pub fn needs(flow: &Flow) -> usize {
        let next = flow.multi_line.as_ref().map_or(0, |_| START_WINDOW);
        flow.max_line + 4 + next
    }

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
            let odd = self.odd ^ !at.is_multiple_of(2);
            let (length, end, last) = match self.find(rest, odd, end_of_source) {
                Found::Line(length, end) => (length, end, true),
                Found::Cut(length) => (length, 0, false),
                Found::Unfinished => break,
            };
            let cut = number > 0 || !last;
            if cut || length > 0 {
                each(Piece {
                    at,
                    bytes: &rest[..length],
                    end,
                    part: cut.then_some(Part { number, last }),
                    unterminated: last && end == 0,
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

    /// A line that still fits may need CR and LF more to be known.
    fn find(&self, rest: &[u8], odd: bool, end_of_source: bool) -> Found {
        let unit = Feeds::new(self.encoding).unit();
        let window = rest.len().min(self.most().saturating_add(2 * unit));
        match self.end(rest, window, odd, end_of_source) {
            End::At(feed) if feed.start <= self.most() => {
                return Found::Line(feed.start, feed.end - feed.start);
            }
            End::At(_) => return Found::Cut(self.cut(rest, odd)),
            End::Perhaps => return Found::Unfinished,
            End::None => {}
        }
        let beyond = window.saturating_sub(self.most());
        let carriage =
            (1..2 * unit).contains(&beyond) && rest[self.most()..window].contains(&b'\r');
        match beyond {
            0 if end_of_source => Found::Line(window, 0),
            0 => Found::Unfinished,
            _ if carriage && !end_of_source => Found::Unfinished,
            // Half of a character, whose other half may be a line end's.
            1 if unit == 2 && !end_of_source => Found::Unfinished,
            _ => Found::Cut(self.cut(rest, odd)),
        }
    }

    /// Where the record at the beginning of `rest` ends, if its line end lies within `window`.
    fn end(&self, rest: &[u8], window: usize, odd: bool, end_of_source: bool) -> End {
        let feeds = Feeds::new(self.encoding);
        let mut from = 0_usize;
        loop {
            let odd = odd ^ !from.is_multiple_of(2);
            let Some(feed) = feeds.first(&rest[from..window], odd) else {
                return End::None;
            };
            let feed = Feed {
                start: from + feed.start,
                end: from + feed.end,
            };
            let next = &rest[feed.end..];
            match self.begins_event(next, end_of_source) {
                Some(true) => return End::At(feed),
                Some(false) => from = feed.end,
                None => return End::Perhaps,
            }
        }
    }

    /// The longest line in whole units.
    fn most(&self) -> usize {
        self.max_line - self.max_line % Feeds::new(self.encoding).unit()
    }

    /// Whether a record begins at a line's beginning; `None` where not enough of it is there.
    fn begins_event(&self, next: &[u8], end_of_source: bool) -> Option<bool> {
        let Some(start) = self.start else {
            return Some(true);
        };
        if next.is_empty() {
            return end_of_source.then_some(true);
        }
        let window = &next[..next.len().min(START_WINDOW)];
        // A line begins with a whole character.
        let line = match Feeds::new(self.encoding).first(window, false) {
            Some(feed) => &window[..feed.start],
            None if window.len() == START_WINDOW || end_of_source => window,
            None => return None,
        };
        Some(match self.encoding {
            Encoding::Utf8 => start.is_match(line),
            _ => {
                let mut text = String::new();
                decode(self.encoding, false, line, &mut text);
                start.is_match(text.as_bytes())
            }
        })
    }

    /// The place to cut: `max_line`, or a little before it, where a character begins.
    fn cut(&self, rest: &[u8], odd: bool) -> usize {
        let most = self.most().min(rest.len());
        let nearest = most.saturating_sub(3).max(1);
        let begins = |at: &usize| match self.encoding {
            Encoding::Utf8 => rest.get(*at).is_none_or(|b| b & 0b1100_0000 != 0b1000_0000),
            Encoding::Latin1 => true,
            Encoding::Utf16Le => aligned(*at, odd) && !is_low(rest.get(*at + 1)),
            Encoding::Utf16Be => aligned(*at, odd) && !is_low(rest.get(*at)),
        };
        let found = (nearest..=most).rev().find(begins);
        found.unwrap_or(most.max(1))
    }
}

fn aligned(at: usize, odd: bool) -> bool {
    (at + usize::from(odd)).is_multiple_of(2)
}

/// Whether this is the high byte of the second half of a surrogate pair.
fn is_low(high: Option<&u8>) -> bool {
    high.is_some_and(|byte| (0xdc..=0xdf).contains(byte))
}

/// Appends text as UTF-8. What is no character, half of one included, becomes U+FFFD; so does the
/// byte with which bytes that begin at an `odd` offset complete a character that was passed.
pub fn decode(encoding: Encoding, odd: bool, bytes: &[u8], out: &mut String) {
    let unit = match encoding {
        Encoding::Utf8 => return out.push_str(&String::from_utf8_lossy(bytes)),
        Encoding::Latin1 => return out.extend(bytes.iter().map(|byte| char::from(*byte))),
        Encoding::Utf16Le => u16::from_le_bytes,
        Encoding::Utf16Be => u16::from_be_bytes,
    };
    let (first, bytes) = bytes.split_at(usize::from(odd).min(bytes.len()));
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let characters = char::decode_utf16(units);
    out.extend(first.iter().map(|_| char::REPLACEMENT_CHARACTER));
    out.extend(characters.map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)));
    out.extend(rest.iter().map(|_| char::REPLACEMENT_CHARACTER));
}

#[cfg(test)]
mod tests;
