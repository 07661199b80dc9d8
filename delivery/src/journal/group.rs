//! The entries that one write and one sync will make durable, and who waits for them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use standpipe_config::names::Run;
use standpipe_config::records::Records;

use super::entry::{self, HEAD, Head, Kind};
use super::tail::Tail;

/// Records of at least so many bytes are written from where they lie; others are gathered first.
const LARGE: usize = 256 * 1024;

/// The capacity that is kept for the next group, in bytes.
const KEPT: usize = 8 * 1024 * 1024;

/// What an entry says.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    /// Encoded attributes.
    pub(super) attributes: Vec<u8>,
    pub(super) records: Records,
}

impl Draft {
    /// An entry without records.
    pub(super) fn bare(kind: Kind, attributes: Vec<u8>) -> Self {
        Self {
            kind,
            attributes,
            records: Records::default(),
        }
    }
}

/// Entries for one place in one segment.
#[derive(Debug)]
pub(super) struct Group {
    segment: u64,
    run: Run,
    place: entry::Group,
    buffer: Vec<u8>,
    /// Large records, and before which byte of `buffer` they belong.
    large: Vec<(usize, Bytes)>,
    length: u64,
    /// Heads of the entries and where they will lie.
    pub(super) entries: Vec<(Head, u64)>,
}

impl Group {
    /// An empty group of the segment.
    pub(super) fn new(segment: u64, run: Run, place: entry::Group) -> Self {
        Self {
            segment,
            run,
            place,
            buffer: Vec::new(),
            large: Vec::new(),
            length: 0,
            entries: Vec::new(),
        }
    }

    /// Begins the next group, at another place. Keeps the buffer.
    pub(super) fn restart(&mut self, segment: u64, place: entry::Group) {
        self.segment = segment;
        self.place = place;
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.large.clear();
        self.length = 0;
        self.entries.clear();
    }

    /// Bytes that the entries take.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds an entry, and moves `tail` behind it.
    pub(super) fn push(&mut self, draft: Draft, tail: &mut Tail) {
        let Records { bytes, ends, .. } = &draft.records;
        let length = entry::size(draft.attributes.len(), ends.len(), bytes.len());
        let start = self.buffer.len();
        self.buffer.resize(start + HEAD, 0);
        self.buffer.extend_from_slice(&draft.attributes);
        self.buffer.reserve(4 * ends.len());
        for end in ends {
            self.buffer.extend_from_slice(&end.to_le_bytes());
        }
        let before = start + HEAD;
        let unpadded = self.buffer.len() - start + bytes.len();
        let padding = [0; 8];
        let padding = &padding[..(length as usize) - unpadded];
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.buffer[before..]);
        crc.update(bytes);
        crc.update(padding);
        let head = Head {
            kind: draft.kind,
            length: length as u32,
            body_crc: crc.finalize(),
            attributes: draft.attributes.len() as u32,
            segment: self.segment,
            run: self.run,
            group: self.place,
            first: tail.position,
            count: ends.len() as u32,
            bytes: bytes.len() as u32,
            arrival: tail.arrival,
            running: tail.running,
        };
        self.buffer[start..before].copy_from_slice(&head.encode());
        self.put(bytes, padding);
        self.entries.push((head, self.place.at + self.length));
        self.length += length;
        tail.pass(&head);
    }

    fn put(&mut self, bytes: &Bytes, padding: &[u8]) {
        if bytes.len() >= LARGE {
            self.large.push((self.buffer.len(), bytes.clone()));
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.buffer.extend_from_slice(padding);
    }

    /// Writes the entries to their place. Not synced.
    pub(super) fn write(&self, file: &File) -> io::Result<()> {
        let mut at = self.place.at;
        let mut from = 0;
        for (before, large) in &self.large {
            for part in [&self.buffer[from..*before], large] {
                file.write_all_at(part, at)?;
                at += part.len() as u64;
            }
            from = *before;
        }
        file.write_all_at(&self.buffer[from..], at)
    }

    /// Writes only the beginning, as a process does that ends meanwhile (kill point).
    pub(super) fn write_half(&self, file: &File) {
        let _ = file.write_all_at(&self.buffer[..self.buffer.len() / 2], self.place.at);
    }
}

#[cfg(test)]
mod tests;
