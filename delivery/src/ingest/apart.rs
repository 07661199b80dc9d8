//! Records that hold several: taken apart before they are accepted, where a stream's settings ask
//! for it, as Firehose's processor `RecordDeAggregation` does (F.3 of the reference). What they
//! become are records like any others: each has a position, is counted, and fails alone.
//!
//! A record stays as it came if it holds one thing or none, more than [`MOST`], or something else
//! than it should; and a part of a longer line does, as what it holds may go on in the next one.

use std::ops::Range;

use memchr::memmem::Finder;
use standpipe_config::records::{Builder, Record, Records};
use standpipe_config::settings::delivery::Deaggregation;

use crate::record::json::Scanner;

/// Records that one is taken apart into, at most: Firehose's limit.
const MOST: usize = 500;

/// What parts take of memory, in lengths of what they are parts of: a copy, and four bytes of
/// offset for each two bytes, as a part and what tells it from the next one have that.
pub(super) const MOST_COPIES: usize = 3;

/// Takes records apart. Also says where each of `records` begins among what they became. `None`:
/// all stay as they came.
pub(super) fn take_apart(records: &Records, how: &Deaggregation) -> Option<(Records, Vec<u32>)> {
    let splitter = Splitter::of(how)?;
    let mut parts = Vec::new();
    let mut taken = Builder::default();
    let mut firsts = Vec::with_capacity(records.len());
    for record in records.iter() {
        firsts.push(taken.len() as u32);
        parts.clear();
        if record.part.is_none() {
            splitter.split(record.bytes, &mut parts);
        }
        match &parts[..] {
            [] | [_] => taken.push(record),
            [first @ .., last] => {
                let of = |part: &Range<usize>| &record.bytes[part.clone()];
                first.iter().for_each(|part| taken.push_plain(of(part)));
                taken.push(Record {
                    bytes: of(last),
                    ..record
                });
            }
        }
    }
    (taken.len() > records.len()).then(|| (taken.finish(), firsts))
}

/// Finds the parts of records.
enum Splitter<'a> {
    Json,
    Delimited(Box<Finder<'a>>),
}

impl<'a> Splitter<'a> {
    fn of(how: &'a Deaggregation) -> Option<Self> {
        match how {
            Deaggregation::Kpl => None,
            Deaggregation::Json => Some(Self::Json),
            Deaggregation::Delimited(delimiter) => {
                Some(Self::Delimited(Box::new(Finder::new(delimiter))))
            }
        }
    }

    /// Where the parts of a record stand; none where it is to stay as it is.
    fn split(&self, record: &[u8], parts: &mut Vec<Range<usize>>) {
        let whole = match self {
            Self::Json => objects(record, parts),
            Self::Delimited(finder) => between(record, finder, parts),
        };
        if whole.is_none() {
            parts.clear();
        }
    }
}

/// Objects one behind the other, with nothing but white space between them. `None`: there is
/// something else, or there are too many.
fn objects(record: &[u8], parts: &mut Vec<Range<usize>>) -> Option<()> {
    let text = std::str::from_utf8(record).ok()?;
    let mut scanner = Scanner::new(text);
    while !scanner.is_at_end() {
        let start = scanner.position();
        let object = scanner.raw_value().ok()?;
        let is_object = object.starts_with('{');
        (is_object && parts.len() < MOST).then_some(())?;
        parts.push(start..scanner.position());
    }
    Some(())
}

/// What stands between delimiters, unless that is nothing. `None`: there are too many.
fn between(record: &[u8], delimiter: &Finder<'_>, parts: &mut Vec<Range<usize>>) -> Option<()> {
    let length = delimiter.needle().len();
    let mut start = 0;
    let ends = delimiter.find_iter(record).chain([record.len()]);
    for end in ends {
        if start < end {
            (parts.len() < MOST).then_some(())?;
            parts.push(start..end);
        }
        start = end + length;
    }
    Some(())
}

#[cfg(test)]
mod tests;
