//! Text into records: each line one record, without its line end; empty lines are none.
//!
//! The body becomes the records' buffer: what lies between records is squeezed out in place.

use memchr::memchr_iter;
use standpipe_config::limits::MAX_RECORD;
use standpipe_config::records::Records;

use super::refused::{Kind, Refused};

/// Bytes that [`split`] takes beside the body, at most.
pub(super) fn offsets_size(body: &[u8]) -> usize {
    size_of::<u32>() * lines(body)
}

fn lines(body: &[u8]) -> usize {
    memchr_iter(b'\n', body).count() + 1
}

/// Splits a body below 4 GiB. The last line may lack its end.
pub(super) fn split(mut body: Vec<u8>) -> Result<Records, Refused> {
    let mut ends = Vec::with_capacity(lines(&body));
    let (mut start, mut kept, mut number) = (0, 0, 1);
    while start < body.len() {
        let found = memchr::memchr(b'\n', &body[start..]);
        let next = found.map_or(body.len(), |at| start + at + 1);
        let line = start..start + text_length(&body[start..next]);
        if line.len() > MAX_RECORD {
            return Err(too_long(number, line.len()));
        }
        if !line.is_empty() {
            let length = line.len();
            body.copy_within(line, kept);
            kept += length;
            ends.push(kept as u32);
        }
        start = next;
        number += 1;
    }
    body.truncate(kept);
    Ok(Records {
        bytes: body.into(),
        ends,
        notes: Vec::new(),
    })
}

/// How much of a line is not its end. A carriage return without a newline belongs to the text.
pub(crate) fn text_length(line: &[u8]) -> usize {
    let without = line
        .strip_suffix(b"\n")
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    without.unwrap_or(line).len()
}

fn too_long(number: usize, length: usize) -> Refused {
    let message = format!(
        "line {number} has {length} bytes, a record has at most {MAX_RECORD}: nothing was stored"
    );
    Refused::new(Kind::TooLarge, message)
}

#[cfg(test)]
mod tests;
