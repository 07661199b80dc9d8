//! Shapes a line into a record, or passes it on as it is.
//!
//! Pure, and without an allocation per line: what it writes goes through two buffers that are kept
//! into the records' buffer. A line that does not parse becomes `{"line": …, "parse_error": …}`
//! unless the settings drop it or put it aside, and one whose record would be over the limit is
//! passed on raw, in marked parts (rule 9).

use standpipe_config::limits::MAX_RECORD;
use standpipe_config::names::SourceId;
use standpipe_config::records::{Builder, Part, Record};
use standpipe_config::settings::agent::{OnError, Parse, Step};

use crate::split::Piece;

mod apache_error;
mod combined;
mod csv;
mod id;
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
    /// What its file is to the receiver, and which epoch of it.
    pub source: Option<(SourceId, u64)>,
}

/// What became of a piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shaped {
    /// It became one record or several.
    Kept,
    /// It does not parse, and the settings drop what does not.
    Dropped,
    /// It does not parse, and the settings put aside what does not: this line of a dead-letter file,
    /// with its end.
    Dead(Vec<u8>),
}

/// Shapes the lines of one flow.
#[derive(Debug)]
pub struct Shaper {
    steps: Vec<Work>,
    /// `{"line": …}` is the only step: a part of a line is as good as a line.
    is_line: bool,
    on_error: OnError,
    record_id: bool,
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
            record_id: parse.record_id,
            read: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Appends what the piece becomes to `out`: one record, or several marked raw parts where the
    /// shaped record would be over [`MAX_RECORD`] (rule 9).
    pub fn shape(&mut self, piece: Piece<'_>, origin: &Origin<'_>, out: &mut Builder) -> Shaped {
        if self.steps.is_empty() && !self.record_id {
            push_raw(piece, out);
            return Shaped::Kept;
        }
        self.written.clear();
        let done = match piece.part {
            _ if self.is_line => {
                write_line(&piece, None, &mut self.written);
                Ok(())
            }
            Some(_) if self.steps.is_empty() => {
                write_line(&piece, None, &mut self.written);
                Ok(())
            }
            Some(_) => Err("the line is longer than max_line and was cut"),
            None => self.run(piece.bytes, origin),
        };
        if let Err(why) = done {
            self.written.clear();
            match self.on_error {
                OnError::Drop => return Shaped::Dropped,
                OnError::DeadLetter => return Shaped::Dead(dead_letter(&piece, why, origin)),
                OnError::Raw => write_line(&piece, Some(why), &mut self.written),
            }
        }
        if self.record_id {
            self.add_id(&piece, origin);
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

    /// Puts the record's id into it. A record that is no object becomes one.
    fn add_id(&mut self, piece: &Piece<'_>, origin: &Origin<'_>) {
        if !id::is_object(&self.written) {
            std::mem::swap(&mut self.read, &mut self.written);
            self.written.clear();
            write_line(&whole(&self.read), None, &mut self.written);
        }
        std::mem::swap(&mut self.read, &mut self.written);
        self.written.clear();
        id::insert(&self.read, origin, piece.part, &mut self.written);
    }

    /// Every step reads what the one before wrote.
    fn run(&mut self, line: &[u8], origin: &Origin<'_>) -> Result<(), Why> {
        let mut is_json = false;
        if self.steps.is_empty() {
            self.written.extend_from_slice(line);
        }
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

/// A line of a dead-letter file: the line, why it does not parse, and where it is from.
fn dead_letter(piece: &Piece<'_>, why: Why, origin: &Origin<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write_line(piece, Some(why), &mut out);
    // The object is closed behind more keys.
    out.pop();
    json::key("file", &mut out);
    json::string(origin.path, &mut out);
    json::key("offset", &mut out);
    json::number(origin.offset, &mut out);
    json::key("time", &mut out);
    json::string(origin.time.as_bytes(), &mut out);
    json::key(id::KEY, &mut out);
    json::string(&id::of(origin, piece.part), &mut out);
    out.extend_from_slice(b"}\n");
    out
}

#[cfg(test)]
mod tests;
