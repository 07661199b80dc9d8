//! Reading synced records back (rule 11), and counting what waits.

use std::fs::File;
use std::io;

use bytes::Bytes;
use standpipe_config::files::Doing;
use standpipe_config::names::Arrival;
use standpipe_config::records::{Note, Records};

use super::attribute::{self, Attribute};
use super::entry::{HEAD, Head};
use super::index::Place;
use super::local::Waiting;
use super::scan::{Walk, check_body, read_at};
use super::segment::damage;
use super::shared::{Shared, lock};
use super::{Chunk, Entry, Name};
use crate::failure::Failure;
use crate::record::Stage;

/// The least that is read at once, in bytes.
const LEAST: usize = 64 * 1024;

/// Where the next read in a row begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cursor {
    position: u64,
    segment: u64,
    at: u64,
}

/// Records from `position` on, which must be synced.
pub(super) fn read(shared: &Shared, position: u64, budget: usize) -> Result<Chunk, Failure> {
    let place = locate(shared, position)?;
    let file = File::open(&place.path)
        .doing("open", &place.path)
        .map_err(|e| Failure::halt(e.to_string()))?;
    let reading = Reading {
        file: &file,
        place: &place,
    };
    let at = reading.entry_of(position)?;
    let (chunk, behind) = reading.gather(at, position, budget)?;
    *lock(&shared.cursor) = chunk.end().map(|position| Cursor {
        position,
        segment: place.id,
        at: behind,
    });
    Ok(chunk)
}

fn locate(shared: &Shared, position: u64) -> Result<Place, Failure> {
    let cursor = lock(&shared.cursor).filter(|cursor| cursor.position == position);
    let place = shared.with_index(|index| index.place(position));
    let mut place = place.ok_or_else(|| {
        Failure::halt(format!(
            "the journal in {} does not hold position {position} any more: it was released",
            shared.folder.display()
        ))
    })?;
    if let Some(cursor) = cursor.filter(|c| c.segment == place.id && c.at >= place.at) {
        place.at = cursor.at;
        place.first = position;
    }
    Ok(place)
}

struct Reading<'a> {
    file: &'a File,
    place: &'a Place,
}

impl Reading<'_> {
    fn walk(&self) -> Walk<'_> {
        Walk {
            file: self.file,
            segment: self.place.id,
        }
    }

    fn damaged(&self, at: u64, why: impl Into<String>) -> Failure {
        Failure::halt(damage(&self.place.path, at, why).to_string())
    }

    fn io<T>(&self, result: io::Result<T>) -> Result<T, Failure> {
        result
            .doing("read", &self.place.path)
            .map_err(|e| Failure::halt(e.to_string()))
    }

    /// The byte at which the entry begins that holds `position`.
    fn entry_of(&self, position: u64) -> Result<u64, Failure> {
        let mut at = self.place.at;
        while at < self.place.end_at {
            let head = self.io(self.walk().head(at))?;
            let head = head.map_err(|why| self.damaged(at, why))?;
            if head.end() > position {
                return Ok(at);
            }
            at += u64::from(head.length);
        }
        Err(self.damaged(
            at,
            format!("position {position} is not where it was stored"),
        ))
    }

    /// Whole entries from byte `at` on, of about `budget` bytes, and the byte behind them.
    fn gather(&self, at: u64, position: u64, budget: usize) -> Result<(Chunk, u64), Failure> {
        let available = (self.place.end_at - at) as usize;
        let first = self.io(self.walk().head(at))?;
        let first = first.map_err(|why| self.damaged(at, why))?;
        let wanted = budget.max(LEAST).max(first.length as usize).min(available);
        let window = Bytes::from(self.io(read_at(self.file, at, wanted))?);
        let mut chunk = Chunk::default();
        let mut from = 0;
        let mut taken = 0;
        while let Some(head) = self.whole_entry(&window[from..], at + from as u64)? {
            if !chunk.entries.is_empty() && taken + head.bytes as usize > budget {
                break;
            }
            let end = from + head.length as usize;
            let body = window.slice(from + HEAD..end);
            let entry = self.entry(&head, body, at + from as u64)?;
            taken += head.bytes as usize;
            from = end;
            if !entry.records.is_empty() {
                chunk.entries.push(cut(entry, position));
            }
        }
        Ok((chunk, at + from as u64))
    }

    /// The head at the beginning of `window`, if all of its entry lies in there.
    fn whole_entry(&self, window: &[u8], at: u64) -> Result<Option<Head>, Failure> {
        if window.len() < HEAD {
            return Ok(None);
        }
        let head = self
            .walk()
            .check_head(window, at)
            .map_err(|why| self.damaged(at, why))?;
        Ok(Some(head).filter(|head| head.length as usize <= window.len()))
    }

    fn entry(&self, head: &Head, body: Bytes, at: u64) -> Result<Entry, Failure> {
        check_body(head, &body).map_err(|why| self.damaged(at, why))?;
        let parts = head
            .parts(&body)
            .ok_or_else(|| self.damaged(at, "its parts are cut"))?;
        let attributes =
            attribute::read_all(parts.attributes).map_err(|why| self.damaged(at, why))?;
        let (stage, notes, names) = of_records(attributes);
        let records = Records::new(body.slice_ref(parts.bytes), parts.ends().collect(), notes)
            .map_err(|why| self.damaged(at, why.to_string()))?;
        Ok(Entry {
            first: head.first,
            run: head.run,
            arrival: head.arrival,
            stage,
            records,
            names,
        })
    }
}

/// What attributes say of the records.
pub(super) fn of_records(attributes: Vec<Attribute>) -> (Stage, Vec<Note>, Vec<Name>) {
    let mut found = (Stage::default(), Vec::new(), Vec::new());
    for attribute in attributes {
        match attribute {
            Attribute::Stage(stage) => found.0 = stage,
            Attribute::Notes(notes) => found.1 = notes,
            Attribute::Redriven(_, names) => found.2 = names,
            _ => {}
        }
    }
    found
}

/// Leaves out what lies before `position`.
fn cut(entry: Entry, position: u64) -> Entry {
    let skipped = position.saturating_sub(entry.first) as usize;
    if skipped == 0 {
        return entry;
    }
    let Records { bytes, ends, notes } = entry.records;
    let start = ends[skipped - 1];
    let notes = notes
        .into_iter()
        .filter(|note| note.record as usize >= skipped)
        .map(|note| Note {
            record: note.record - skipped as u32,
            ..note
        });
    Entry {
        first: position,
        records: Records {
            bytes: bytes.slice(start as usize..),
            ends: ends[skipped..].iter().map(|end| end - start).collect(),
            notes: notes.collect(),
        },
        names: entry.names.into_iter().skip(skipped).collect(),
        ..entry
    }
}

/// What lies in a block before a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Before {
    records: u64,
    bytes: u64,
    /// When the record at the position arrived.
    arrival: Arrival,
}

/// What lies at or past `position`, counted from the entries.
pub(super) fn waiting(shared: &Shared, position: u64) -> Waiting {
    let (mut waiting, place) = shared.with_index(|index| index.waiting(position));
    let Some(place) = place else {
        return waiting;
    };
    let known = lock(&shared.before).filter(|(known, _)| *known == position);
    let before = match known {
        Some((_, before)) => before,
        None => match before(&place, position) {
            Ok(before) => before,
            Err(error) => {
                // The reader meets the same and halts; until then all of the block counts.
                tracing::warn!(path = %place.path.display(), %error, "cannot count what waits");
                return waiting;
            }
        },
    };
    *lock(&shared.before) = Some((position, before));
    waiting.records -= before.records;
    waiting.bytes -= before.bytes;
    waiting.oldest = Some(before.arrival);
    waiting
}

fn before(place: &Place, position: u64) -> io::Result<Before> {
    let file = File::open(&place.path)?;
    let walk = Walk {
        file: &file,
        segment: place.id,
    };
    let mut before = Before {
        records: 0,
        bytes: 0,
        arrival: Arrival::default(),
    };
    let mut at = place.at;
    loop {
        let head = walk.head(at)?.map_err(io::Error::other)?;
        before.arrival = head.arrival;
        if head.end() > position {
            let skipped = position.saturating_sub(head.first);
            before.records += skipped;
            before.bytes += u64::from(end_of(&file, &head, at, skipped)?);
            return Ok(before);
        }
        before.records += u64::from(head.count);
        before.bytes += u64::from(head.bytes);
        at += u64::from(head.length);
    }
}

/// Where the first `records` records of an entry end, in bytes of its records.
fn end_of(file: &File, head: &Head, at: u64, records: u64) -> io::Result<u32> {
    let Some(place) = records.checked_sub(1) else {
        return Ok(0);
    };
    let at = at + HEAD as u64 + u64::from(head.attributes) + 4 * place;
    let bytes = read_at(file, at, 4)?;
    let end = bytes.try_into().map(u32::from_le_bytes);
    end.map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests;
