//! Where the synced records lie: the segments, and in each of them blocks of entries.
//!
//! One item per 256 KiB, not per entry: a backlog of many small requests must not fill the
//! memory. What lies within a block is found by walking its heads.

use std::collections::VecDeque;
use std::path::PathBuf;

use standpipe_config::names::Arrival;

use super::entry::Head;
use super::local::Waiting;

/// How many bytes of a segment a block covers, at least.
const BLOCK: u64 = 256 * 1024;

/// A few entries that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// Position of its first record.
    pub(super) first: u64,
    /// Byte of the segment at which it begins.
    pub(super) at: u64,
    records: u64,
    bytes: u64,
    /// When its first record arrived.
    arrival: Arrival,
}

/// One segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) id: u64,
    pub(super) path: PathBuf,
    /// Position of its first record.
    pub(super) first: u64,
    /// Behind its last synced record.
    pub(super) end: u64,
    /// Behind its last synced entry, in bytes.
    pub(super) end_at: u64,
    /// Bytes of disk it takes.
    pub(super) allocated: u64,
    records: u64,
    bytes: u64,
    blocks: Vec<Block>,
}

impl Segment {
    /// A segment without records, that ends at byte `end_at`.
    pub(super) fn new(id: u64, path: PathBuf, first: u64, end_at: u64) -> Self {
        Self {
            id,
            path,
            first,
            end: first,
            end_at,
            allocated: 0,
            records: 0,
            bytes: 0,
            blocks: Vec::new(),
        }
    }

    /// Adds the next entry, which lies at byte `at`.
    pub(super) fn add(&mut self, head: &Head, at: u64) {
        self.end_at = at + u64::from(head.length);
        if head.count == 0 {
            return;
        }
        if self
            .blocks
            .last()
            .is_none_or(|block| at - block.at >= BLOCK)
        {
            self.blocks.push(Block {
                first: head.first,
                at,
                records: 0,
                bytes: 0,
                arrival: head.arrival,
            });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.records += u64::from(head.count);
            block.bytes += u64::from(head.bytes);
        }
        self.end = head.end();
        self.records += u64::from(head.count);
        self.bytes += u64::from(head.bytes);
    }

    /// Whether no records lie in it.
    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The place of the block that holds `position`.
    fn block(&self, position: u64) -> Option<usize> {
        self.blocks
            .partition_point(|block| block.first <= position)
            .checked_sub(1)
    }
}

/// Where to begin to look for a position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) id: u64,
    pub(super) path: PathBuf,
    /// Byte of the segment.
    pub(super) at: u64,
    /// Behind the segment's last synced entry, in bytes.
    pub(super) end_at: u64,
    /// Position of the first record at `at`.
    pub(super) first: u64,
}

/// All segments, oldest first.
#[derive(Default, Debug)]
pub(super) struct Index {
    pub(super) segments: VecDeque<Segment>,
}

impl Index {
    /// The first position that can be read; `end` where there is none.
    pub(super) fn begin(&self, end: u64) -> u64 {
        let filled = self.segments.iter().find(|segment| !segment.is_empty());
        filled.map_or(end, |segment| segment.first)
    }

    /// The block that holds `position`.
    pub(super) fn place(&self, position: u64) -> Option<Place> {
        let segment = self.segment(position)?;
        let block = segment.blocks.get(segment.block(position)?)?;
        Some(Place {
            id: segment.id,
            path: segment.path.clone(),
            at: block.at,
            end_at: segment.end_at,
            first: block.first,
        })
    }

    fn segment(&self, position: u64) -> Option<&Segment> {
        let behind = self.segments.partition_point(|s| s.end <= position);
        self.segments
            .get(behind)
            .filter(|segment| segment.first <= position)
    }

    /// Everything from the block that holds `position` on, and that block's place if `position` is
    /// not its first.
    pub(super) fn waiting(&self, position: u64) -> (Waiting, Option<Place>) {
        let mut waiting = Waiting::default();
        for segment in self.segments.iter().filter(|s| s.end > position) {
            if segment.first >= position {
                waiting.add(segment.records, segment.bytes, segment.blocks.first());
                continue;
            }
            let from = segment.block(position).unwrap_or(0);
            for block in segment.blocks.iter().skip(from) {
                waiting.add(block.records, block.bytes, Some(block));
            }
        }
        let place = self.place(position).filter(|place| place.first < position);
        (waiting, place)
    }
}

impl Waiting {
    fn add(&mut self, records: u64, bytes: u64, first: Option<&Block>) {
        self.records += records;
        self.bytes += bytes;
        self.oldest = self.oldest.or(first.map(|block| block.arrival));
    }
}

#[cfg(test)]
mod tests;
