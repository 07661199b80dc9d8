//! Shapes a line into a record, or passes it on as it is.
//!
//! Pure, and without an allocation per line: what it writes goes straight into the records'
//! buffer. Nothing is ever dropped here: a line that does not parse becomes
//! `{"line": …, "parse_error": …}`, and one whose record would be over the limit is passed on raw,
//! in marked parts (rule 9).

use standpipe_config::limits::MAX_RECORD;
use standpipe_config::records::{Builder, Part, Record};
use standpipe_config::settings::agent::Parse;

use crate::split::Piece;

mod combined;
mod json;

/// Appends what the piece becomes to `out`: one record, or several marked raw parts where the
/// parsed record would be over [`MAX_RECORD`] (rule 9).
pub fn parse(format: Parse, piece: Piece<'_>, out: &mut Builder) {
    let fits = match format {
        Parse::None => return push_raw(piece, out),
        Parse::Line => write(piece, out, |bytes| write_line(piece, None, bytes)),
        Parse::Combined => write(piece, out, |bytes| write_combined(piece, bytes)),
    };
    if !fits {
        push_marked(piece, out);
    }
}

/// A JSON record is whole in itself, so it carries no part in its note: its keys say it.
fn write(piece: Piece<'_>, out: &mut Builder, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    out.push_written(MAX_RECORD, piece.unterminated, write)
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

/// `{"line": …}`, with `part` and `last` where the line was cut, and why it is no more than that.
fn write_line(piece: Piece<'_>, error: Option<&str>, out: &mut Vec<u8>) {
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
    end_object(valid, out);
}

fn write_combined(piece: Piece<'_>, out: &mut Vec<u8>) {
    if piece.part.is_some() {
        let why = "the line is longer than max_line and was cut";
        return write_line(piece, Some(why), out);
    }
    match combined::parse(piece.bytes) {
        Ok(fields) => {
            let valid = fields.write(out);
            end_object(valid, out);
        }
        Err(why) => write_line(piece, Some(why), out),
    }
}

fn end_object(valid_utf8: bool, out: &mut Vec<u8>) {
    if !valid_utf8 {
        json::key("invalid_utf8", out);
        out.extend_from_slice(b"true");
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests;
