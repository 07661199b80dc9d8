//! Shapes a line into a record, or passes it on as it is.
//!
//! Pure, and without an allocation per line: what it writes goes through two buffers that are kept
//! into the records' buffer. A line that does not parse becomes `{"line": …, "parse_error": …}`
//! unless the settings drop it, and one whose record would be over the limit is passed on raw, in
//! marked parts (rule 9).

use standpipe_config::limits::MAX_RECORD;
use standpipe_config::records::{Builder, Part, Record};
use standpipe_config::settings::agent::{OnError, Parse, Step};

use crate::split::Piece;

mod apache_error;
mod combined;
mod csv;
mod json;
mod steps;
mod syslog;

use steps::Work;

/// What is wrong with a line.
type Why = &'static str;

/// Where a line comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The file's path, as bytes.
    pub path: &'a [u8],
    /// Where it begins in the file, in raw bytes.
    pub offset: u64,
    /// When it was read, in UTC (RFC 3339).
    pub time: &'a str,
}

/// What became of a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shaped {
    /// It became one record or several.
    Kept,
    /// It does not parse, and the settings drop what does not.
    Dropped,
}

/// Shapes the lines of one flow.
#[derive(Debug)]
pub struct Shaper {
    steps: Vec<Work>,
    /// `{"line": …}` is the only step: a part of a line is as good as a line.
    is_line: bool,
    on_error: OnError,
    /// Kept for their memory: what a step reads, and what it writes.
    read: Vec<u8>,
    written: Vec<u8>,
}

impl Shaper {
    /// What shapes lines as the settings say, on a machine of this name.
    pub fn new(parse: &Parse, host: &str) -> Self {
        Self {
            steps: parse
                .steps
                .iter()
                .map(|step| Work::new(step, host))
                .collect(),
            is_line: parse.steps == [Step::Line],
            on_error: parse.on_error,
            read: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Appends what the piece becomes to `out`: one record, or several marked raw parts where the
    /// shaped record would be over [`MAX_RECORD`] (rule 9).
    pub fn shape(&mut self, piece: Piece<'_>, origin: &Origin<'_>, out: &mut Builder) -> Shaped {
        if self.steps.is_empty() {
            push_raw(piece, out);
            return Shaped::Kept;
        }
        self.written.clear();
        let done = match piece.part {
            _ if self.is_line => {
                write_line(&piece, None, &mut self.written);
                Ok(())
            }
            Some(_) => Err("the line is longer than max_line and was cut"),
            None => self.run(piece.bytes, origin),
        };
        if let Err(why) = done {
            if self.on_error == OnError::Drop {
                return Shaped::Dropped;
            }
            self.written.clear();
            write_line(&piece, Some(why), &mut self.written);
        }
        if self.written.len() > MAX_RECORD {
            push_marked(piece, out);
        } else {
            // A JSON record is whole in itself, so it carries no part in its note: its keys say it.
            out.push(Record {
                bytes: &self.written,
                part: None,
                unterminated: piece.unterminated,
            });
        }
        Shaped::Kept
    }

    /// Every step reads what the one before wrote.
    fn run(&mut self, line: &[u8], origin: &Origin<'_>) -> Result<(), Why> {
        let mut is_json = false;
        for (place, step) in self.steps.iter_mut().enumerate() {
            if place == 0 {
                step.run(line, is_json, origin, &mut self.written)?;
            } else {
                std::mem::swap(&mut self.read, &mut self.written);
                self.written.clear();
                step.run(&self.read, is_json, origin, &mut self.written)?;
            }
            is_json = step.gives_json();
        }
        Ok(())
    }
}

fn push_raw(piece: Piece<'_>, out: &mut Builder) {
    if piece.bytes.len() > MAX_RECORD {
        return push_marked(piece, out);
    }
    out.push(Record {
        bytes: piece.bytes,
        part: piece.part,
        unterminated: piece.unterminated,
    });
}

/// The raw bytes, marked as parts, so that a reader knows them from parsed records.
///
/// One part is enough wherever `max_line` is at most [`MAX_RECORD`].
fn push_marked(piece: Piece<'_>, out: &mut Builder) {
    let first = piece.part.map_or(0, |part| part.number);
    let ends_line = piece.part.is_none_or(|part| part.last);
    let mut pieces = piece.bytes.chunks(MAX_RECORD).zip(first..).peekable();
    while let Some((bytes, number)) = pieces.next() {
        let last = ends_line && pieces.peek().is_none();
        out.push(Record {
            bytes,
            part: Some(Part { number, last }),
            unterminated: last && piece.unterminated,
        });
    }
}

/// A line that was not cut.
fn whole(bytes: &[u8]) -> Piece<'_> {
    Piece {
        at: 0,
        bytes,
        end: 0,
        part: None,
        unterminated: false,
    }
}

/// `{"line": …}`, with `part` and `last` where the line was cut, and why it is no more than that.
fn write_line(piece: &Piece<'_>, error: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"line\":");
    let valid = json::string(piece.bytes, out);
    if let Some(part) = piece.part {
        json::key("part", out);
        json::number(part.number.into(), out);
        json::key("last", out);
        out.extend_from_slice(if part.last { b"true" } else { b"false" });
    }
    if let Some(error) = error {
        json::key("parse_error", out);
        json::string(error.as_bytes(), out);
    }
    json::end_object(valid, out);
}

#[cfg(test)]
mod tests;
