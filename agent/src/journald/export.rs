//! The journal's export format, in which every field keeps its bytes: entries in, lines of JSON
//! out. Pure.
//!
//! A field is `NAME=value`, or `NAME` alone, then how many bytes follow in 8 bytes, the lowest
//! first, then the bytes and a line feed. An empty line ends the entry.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use serde_json::Value;

/// A longer value becomes `null`, as where `journalctl` itself writes JSON.
const LONGEST: usize = 4 * 1024 * 1024;

/// No name of a field is longer (64 in the journal).
const LONGEST_NAME: usize = 1024;

/// An entry of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Where it is.
    pub(crate) cursor: String,
    /// What it says, as JSON without a line end.
    pub(crate) line: Vec<u8>,
}

/// The next entry; `None` where nothing follows, or only a part of one.
pub(super) fn next(input: &mut impl BufRead) -> io::Result<Option<Entry>> {
    let mut fields: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    loop {
        let Some(field) = field(input)? else {
            return Ok(None);
        };
        match field {
            Some((name, value)) => fields.entry(name).or_default().push(value),
            None if fields.is_empty() => {}
            None => break,
        }
    }
    // Where the same entry was read before them they were not there; the cursor says both.
    fields.retain(|name, _| !name.starts_with("__SEQNUM"));
    let cursor = fields.get("__CURSOR").and_then(|values| values.first());
    let cursor = cursor.and_then(Value::as_str).map(str::to_owned);
    let cursor = cursor.ok_or_else(|| wrong("an entry without a cursor"))?;
    let single = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(n, v)| (n, single(v))).collect();
    let line = serde_json::to_vec(&fields)?;
    Ok(Some(Entry { cursor, line }))
}

/// The next field, or the end of the entry. The outer `None`: there is no more.
fn field(input: &mut impl BufRead) -> io::Result<Option<Option<(String, Value)>>> {
    let name = until(input, b"=\n", LONGEST_NAME)?;
    let Some((name, end)) = name else {
        return Ok(None);
    };
    let name = name.ok_or_else(|| wrong("a name of a field without an end"))?;
    let name = String::from_utf8(name).map_err(|_| wrong("a name of a field that is no text"))?;
    let value = match end {
        b'=' => match until(input, b"\n", LONGEST)? {
            Some((value, _)) => value,
            None => return Ok(None),
        },
        _ if name.is_empty() => return Ok(Some(None)),
        _ => match bytes(input) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        },
    };
    Ok(Some(Some((name, json(value)))))
}

/// Up to one of these ends, and which it was. The inner `None`: it was longer than `most`. The outer
/// one: there is no such end.
fn until(
    input: &mut impl BufRead,
    ends: &[u8],
    most: usize,
) -> io::Result<Option<(Option<Vec<u8>>, u8)>> {
    let mut read = Some(Vec::new());
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let at = buffer.iter().position(|byte| ends.contains(byte));
        let length = at.unwrap_or(buffer.len());
        let end = at.map(|at| buffer[at]);
        read = read.filter(|read| read.len() + length <= most);
        if let Some(read) = &mut read {
            read.extend_from_slice(&buffer[..length]);
        }
        input.consume(length + usize::from(end.is_some()));
        if let Some(end) = end {
            return Ok(Some((read, end)));
        }
    }
}

/// A value that says how long it is; `None` if that is too long.
fn bytes(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let value = match usize::try_from(length).ok().filter(|n| *n <= LONGEST) {
        Some(length) => {
            let mut value = vec![0; length];
            input.read_exact(&mut value)?;
            Some(value)
        }
        None => {
            io::copy(&mut input.take(length), &mut io::sink())?;
            None
        }
    };
    let mut feed = [0];
    input.read_exact(&mut feed)?;
    match feed {
        [b'\n'] => Ok(value),
        _ => Err(wrong("a value that is longer than it says")),
    }
}

/// Text as text, other bytes as a list of numbers.
fn json(value: Option<Vec<u8>>) -> Value {
    match value.map(String::from_utf8) {
        None => Value::Null,
        Some(Ok(text)) => Value::String(text),
        Some(Err(other)) => other.into_bytes().into(),
    }
}

fn wrong(what: &str) -> io::Error {
    let why = format!("this is not the journal's export format: {what}");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests;
