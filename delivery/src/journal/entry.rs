//! One entry of a segment: a head of fixed size, attributes, and records.
//!
//! All integers little-endian. An entry begins at a multiple of 8 bytes and is padded to one.
//!
//! ```text
//!   0  marker      u32    "SPJE"
//!   4  head crc    u32    over bytes 8..88
//!   8  length      u32    of the whole entry, padding included
//!  12  body crc    u32    over everything behind the head, padding included
//!  16  kind        u8     1 records, 2 statement, 3 rest, 4 snapshot; then 3 bytes zero
//!  20  attributes  u32    bytes of attributes (see `attribute`)
//!  24  segment     u64    the segment's life: a recycled file holds entries of earlier lives
//!  32  run         [8]    rule 13
//!  40  group       u64    the sync group, ever increasing
//!  48  group at    u64    byte of the segment at which that group began
//!  56  first       u64    position of the first record, or the next position where there is none
//!  64  count       u32    records
//!  68  bytes       u32    bytes of these records
//!  72  arrival     i64    milliseconds since 1970
//!  80  running     u64    milliseconds that the daemon has run on this journal
//!  88  attributes, then `count` ends (u32 each), then the bytes of the records, then zeros
//! ```
//!
//! `group at` decides what a bad entry means (rule 12): groups are synced one after the other, so
//! whatever lies before the beginning of a later group was synced once, and must read back.

use standpipe_config::names::{Arrival, Run};

use super::wire::Wire;

/// Bytes of a head.
pub(super) const HEAD: usize = 88;

/// Entries begin at multiples of this many bytes.
pub(super) const ALIGN: u64 = 8;

/// The first bytes of an entry.
pub(super) const MARKER: [u8; 4] = *b"SPJE";

/// What an entry is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Records; there may be none, where a source's bytes held none.
    Records,
    /// What an agent says beside records: gaps, evidence, ends, live sources.
    Statement,
    /// Nothing. Written when the writer has nothing to do, so that a bad entry before it is known
    /// to be damage.
    Rest,
    /// Marks and idempotency keys as they were when the segment began.
    Snapshot,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Records => 1,
            Self::Statement => 2,
            Self::Rest => 3,
            Self::Snapshot => 4,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Records, Self::Statement, Self::Rest, Self::Snapshot]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// The entries of one write and one sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// Ever increasing.
    pub(super) number: u64,
    /// Byte of the segment at which it began.
    pub(super) at: u64,
}

/// The head of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Whole entry in bytes, padding included.
    pub(super) length: u32,
    pub(super) body_crc: u32,
    /// Bytes of attributes.
    pub(super) attributes: u32,
    /// The segment's life.
    pub(super) segment: u64,
    pub(super) run: Run,
    pub(super) group: Group,
    pub(super) first: u64,
    pub(super) count: u32,
    /// Bytes of the records.
    pub(super) bytes: u32,
    pub(super) arrival: Arrival,
    /// Running time in milliseconds.
    pub(super) running: u64,
}

impl Head {
    /// The head as it lies on disk.
    pub(super) fn encode(&self) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[..4].copy_from_slice(&MARKER);
        out[8..12].copy_from_slice(&self.length.to_le_bytes());
        out[12..16].copy_from_slice(&self.body_crc.to_le_bytes());
        out[16] = self.kind.code();
        out[20..24].copy_from_slice(&self.attributes.to_le_bytes());
        out[24..32].copy_from_slice(&self.segment.to_le_bytes());
        out[32..40].copy_from_slice(&self.run.0);
        out[40..48].copy_from_slice(&self.group.number.to_le_bytes());
        out[48..56].copy_from_slice(&self.group.at.to_le_bytes());
        out[56..64].copy_from_slice(&self.first.to_le_bytes());
        out[64..68].copy_from_slice(&self.count.to_le_bytes());
        out[68..72].copy_from_slice(&self.bytes.to_le_bytes());
        out[72..80].copy_from_slice(&self.arrival.0.to_le_bytes());
        out[80..].copy_from_slice(&self.running.to_le_bytes());
        let crc = crc32fast::hash(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a head, or says why there is none.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes = bytes.get(..HEAD).ok_or("the file ends inside it")?;
        if bytes[..4] != MARKER {
            return Err("no entry begins here");
        }
        let mut wire = Wire(&bytes[4..]);
        if wire.u32() != Some(crc32fast::hash(&bytes[8..])) {
            return Err("the checksum of its head does not fit");
        }
        let head = Self::fields(&mut wire).ok_or("its kind is unknown")?;
        if head.needed() > u64::from(head.length) || !u64::from(head.length).is_multiple_of(ALIGN) {
            return Err("its length does not fit its parts");
        }
        Ok(head)
    }

    fn fields(wire: &mut Wire<'_>) -> Option<Self> {
        let length = wire.u32()?;
        let body_crc = wire.u32()?;
        let [code, ..] = wire.array::<4>()?;
        Some(Self {
            kind: Kind::of(code)?,
            length,
            body_crc,
            attributes: wire.u32()?,
            segment: wire.u64()?,
            run: Run(wire.array()?),
            group: Group {
                number: wire.u64()?,
                at: wire.u64()?,
            },
            first: wire.u64()?,
            count: wire.u32()?,
            bytes: wire.u32()?,
            arrival: Arrival(wire.i64()?),
            running: wire.u64()?,
        })
    }

    /// Bytes of head and parts, without padding.
    fn needed(&self) -> u64 {
        HEAD as u64 + u64::from(self.attributes) + 4 * u64::from(self.count) + u64::from(self.bytes)
    }

    /// The position behind the entry's records.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// The parts of a body that was checked.
    pub(super) fn parts<'a>(&self, body: &'a [u8]) -> Option<Parts<'a>> {
        let mut wire = Wire(body);
        Some(Parts {
            attributes: wire.take(self.attributes as usize)?,
            ends: wire.take(4 * self.count as usize)?,
            bytes: wire.take(self.bytes as usize)?,
        })
    }
}

/// The parts of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) attributes: &'a [u8],
    /// Little-endian u32 each.
    pub(super) ends: &'a [u8],
    pub(super) bytes: &'a [u8],
}

impl Parts<'_> {
    /// Where each record ends.
    pub(super) fn ends(&self) -> impl Iterator<Item = u32> {
        self.ends
            .as_chunks::<4>()
            .0
            .iter()
            .map(|end| u32::from_le_bytes(*end))
    }
}

/// Bytes that an entry with these parts takes, padding included.
pub(super) fn size(attributes: usize, count: usize, bytes: usize) -> u64 {
    (HEAD as u64 + attributes as u64 + 4 * count as u64 + bytes as u64).next_multiple_of(ALIGN)
}

#[cfg(test)]
mod tests;
