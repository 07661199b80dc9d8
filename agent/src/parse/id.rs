//! The id in a record: which line of which file it is.
//!
//! Where records are sent at least once, a reader knows a repeat by it. It is made of the file's
//! source, its epoch and the offset of the line, which stay the same however often the line is
//! read, wherever the file is moved, and whatever is read with it.

use standpipe_config::records::Part;

use super::Origin;

/// The key that holds it.
pub(super) const KEY: &str = "standpipe_id";

/// Whether a record is one JSON object, so that a key can be put into it.
pub(super) fn is_object(record: &[u8]) -> bool {
    let begins = record.trim_ascii_start().first() == Some(&b'{');
    begins && serde_json::from_slice::<serde::de::IgnoredAny>(record).is_ok()
}

/// Appends an object with the id before its own keys.
pub(super) fn insert(object: &[u8], origin: &Origin<'_>, part: Option<Part>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(KEY.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(&of(origin, part));
    out.push(b'"');
    let object = object.trim_ascii_start();
    let fields = object.strip_prefix(b"{").unwrap_or(object);
    if fields.trim_ascii_start().first() != Some(&b'}') {
        out.push(b',');
    }
    out.extend_from_slice(fields);
}

/// `SOURCE/EPOCH/OFFSET`, and `/PART` for a part of a line that was cut.
pub(super) fn of(origin: &Origin<'_>, part: Option<Part>) -> Vec<u8> {
    let mut id = match origin.source {
        Some((source, epoch)) => format!("{source}/{epoch}/{}", origin.offset),
        None => format!("-/0/{}", origin.offset),
    };
    if let Some(part) = part {
        id.push_str(&format!("/{}", part.number));
    }
    id.into_bytes()
}

#[cfg(test)]
mod tests;
