//! A segment file: its name and its header.
//!
//! `segment-ID` holds entries; `recycled-ID` is space for a segment to come, whose bytes mean
//! nothing. ID is the segment's life, 16 hex digits, ever increasing. A segment is prepared under
//! a recycled name and renamed when header and snapshot are synced: so a `segment-` file always
//! has both. All integers little-endian:
//!
//! ```text
//!   0  magic             "SPJN"
//!   4  version           u16
//!   6  zero              u16
//!   8  lane              [16]
//!  24  id                u64    must be that of the name
//!  32  run               [8]    the run that began the segment
//!  40  first             u64    position of its first record
//!  48  accepted records  u64    since the stream's birth, as are the next two
//!  56  accepted bytes    u64
//!  64  gap bytes         u64
//!  72  previous          u64    id of the segment before it, 0 for none
//!  80  previous end      u64    where that one ends in bytes; what lies behind is void
//!  88  data              u64    where the snapshot ends and what was appended begins
//!  96  arrival           i64    the last one before, so that it never runs backwards
//! 104  running           u64    milliseconds that the daemon has run on this journal
//! 112  group             u64    the snapshot's sync group
//! 120  zero              u32
//! 124  crc               u32    over all bytes before it
//! 128  entries (see `entry`), the snapshot's first
//! ```

use std::path::{Path, PathBuf};

use standpipe_config::names::{Arrival, LaneId, Run};

use super::local::{OpenError, Totals};
use super::wire::Wire;

/// Bytes of a header.
pub(super) const HEADER: usize = 128;

/// The version that is written, and the newest that is read.
pub(super) const VERSION: u16 = 1;

const MAGIC: [u8; 4] = *b"SPJN";

/// The place where a segment ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Previous {
    /// Its id.
    pub(super) id: u64,
    /// Behind its last entry, in bytes.
    pub(super) end: u64,
}

/// A segment's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) lane: LaneId,
    pub(super) id: u64,
    pub(super) run: Run,
    pub(super) first: u64,
    pub(super) totals: Totals,
    pub(super) previous: Option<Previous>,
    /// Where the snapshot ends, in bytes.
    pub(super) data: u64,
    pub(super) arrival: Arrival,
    pub(super) running: u64,
    pub(super) group: u64,
}

impl Header {
    /// The header as it lies on disk.
    pub(super) fn encode(&self) -> [u8; HEADER] {
        let previous = self.previous.unwrap_or(Previous { id: 0, end: 0 });
        let mut out = [0; HEADER];
        out[..4].copy_from_slice(&MAGIC);
        out[4..6].copy_from_slice(&VERSION.to_le_bytes());
        out[8..24].copy_from_slice(&self.lane.0);
        out[24..32].copy_from_slice(&self.id.to_le_bytes());
        out[32..40].copy_from_slice(&self.run.0);
        let numbers = [
            self.first,
            self.totals.accepted_records,
            self.totals.accepted_bytes,
            self.totals.gap_bytes,
            previous.id,
            previous.end,
            self.data,
            self.arrival.0.cast_unsigned(),
            self.running,
            self.group,
        ];
        for (place, number) in out[40..120].as_chunks_mut().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        let crc = crc32fast::hash(&out[..HEADER - 4]);
        out[HEADER - 4..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the header of the segment file at `path`.
    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Self, OpenError> {
        let damaged = |why: &str| damage(path, 0, why);
        if bytes.len() < HEADER || bytes[..4] != MAGIC {
            return Err(damaged("it does not begin with a segment's magic bytes"));
        }
        let found = u16::from_le_bytes([bytes[4], bytes[5]]);
        if found > VERSION {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        let (covered, crc) = bytes[..HEADER].split_at(HEADER - 4);
        if crc != crc32fast::hash(covered).to_le_bytes() {
            return Err(damaged("the checksum of its header does not fit"));
        }
        let header = Self::fields(Wire(&covered[8..])).ok_or_else(|| damaged("too short"))?;
        if file_id(path, SEGMENT) != Some(header.id) {
            return Err(damaged("its header names another segment than its name"));
        }
        Ok(header)
    }

    fn fields(mut wire: Wire<'_>) -> Option<Self> {
        Some(Self {
            lane: LaneId(wire.array()?),
            id: wire.u64()?,
            run: Run(wire.array()?),
            first: wire.u64()?,
            totals: Totals {
                accepted_records: wire.u64()?,
                accepted_bytes: wire.u64()?,
                gap_bytes: wire.u64()?,
                // What was redriven stands in the snapshot.
                ..Totals::default()
            },
            previous: Some(Previous {
                id: wire.u64()?,
                end: wire.u64()?,
            })
            .filter(|previous| previous.id > 0),
            data: wire.u64()?,
            arrival: Arrival(wire.i64()?),
            running: wire.u64()?,
            group: wire.u64()?,
        })
    }
}

/// What the names of segments begin with.
pub(super) const SEGMENT: &str = "segment-";

/// What the names of files kept for reuse begin with.
pub(super) const RECYCLED: &str = "recycled-";

/// The path of a segment or a recycled file.
pub(super) fn path(folder: &Path, prefix: &str, id: u64) -> PathBuf {
    folder.join(format!("{prefix}{id:016x}"))
}

/// The id in a file's name, if it has this prefix.
pub(super) fn file_id(path: &Path, prefix: &str) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix(prefix)?;
    let proper = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| proper)
}

/// Damage at a byte of a file.
pub(super) fn damage(path: &Path, offset: u64, why: impl Into<String>) -> OpenError {
    OpenError::Damaged {
        path: path.to_owned(),
        offset,
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
