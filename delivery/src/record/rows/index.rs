//! The bytes of an index file, without files.
//!
//! ```text
//! header  magic [4]   version u16   newline u8   compression u8          integers little-endian
//! frame   length u32   crc32 u32   payload [length]         crc of the frame's number and payload
//! payload 0, entries                          as many as there are, in the order of the rows
//!         1, rows u64, content u64, crc32 u32          the last frame: what the file must hold
//! entry   flags u8, then what the flags say is not as with the entry before; the length; varints
//! ```
//!
//! A file without its last frame was never finished. An entry for a plain line takes two or three
//! bytes.

use standpipe_config::names::{Arrival, LaneId, Run};
use standpipe_config::records::Part;
use standpipe_config::settings::delivery::RawCompression;

use super::Shape;
use crate::record::{RecordId, Row, Stage};

pub(super) const MAGIC: [u8; 4] = *b"SPRX";
pub(super) const VERSION: u16 = 2;
pub(super) const HEADER: usize = 8;
pub(super) const FRAME_HEADER: usize = 8;

/// No entry is longer: flags, run, five varints, and another name: lane, run and two varints.
pub(super) const MAX_ENTRY: usize = 1 + 8 + 5 * 10 + 16 + 8 + 2 * 10;

/// A row longer than this was never written; it protects against a length that is nonsense.
pub(super) const MAX_ROW: u64 = 1 << 31;

const ENTRIES: u8 = 0;
const END: u8 = 1;

// Flags of an entry.
const FOLLOWS: u8 = 1; // the next position of the same run, index 0
const SAME_ARRIVAL: u8 = 2;
const TRANSFORMED: u8 = 4;
const PART: u8 = 8;
const LAST_PART: u8 = 16;
const GAP: u8 = 32; // a newline that belongs to no row lies before it
const REDRIVEN: u8 = 64; // the name that it keeps follows the arrival
const FLAGS: u8 = FOLLOWS | SAME_ARRIVAL | TRANSFORMED | PART | LAST_PART | GAP | REDRIVEN;

/// What an index says of one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) run: Run,
    pub(super) position: u64,
    pub(super) index: u32,
    pub(super) arrival: Arrival,
    pub(super) stage: Stage,
    pub(super) part: Option<Part>,
    pub(super) redriven: Option<RecordId>,
    /// Whether a newline that belongs to no row lies before it.
    pub(super) gap: bool,
    pub(super) length: u64,
}

impl Entry {
    pub(super) fn of(row: &Row<'_>, gap: bool) -> Self {
        Self {
            run: row.run,
            position: row.position,
            index: row.index,
            arrival: row.arrival,
            stage: row.stage,
            part: row.part,
            redriven: row.redriven,
            gap,
            length: row.bytes.len() as u64,
        }
    }

    pub(super) fn row<'a>(&self, bytes: &'a [u8]) -> Row<'a> {
        Row {
            run: self.run,
            position: self.position,
            index: self.index,
            arrival: self.arrival,
            stage: self.stage,
            part: self.part,
            redriven: self.redriven,
            bytes,
        }
    }

    /// Whether both belong to one record.
    pub(super) fn same_record(&self, other: &Self) -> bool {
        self.position == other.position && self.run == other.run
    }
}

/// What an entry is written against: the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    run: Run,
    position: u64,
    arrival: Arrival,
}

impl Default for Before {
    fn default() -> Self {
        Self {
            run: Run([0; 8]),
            position: u64::MAX,
            arrival: Arrival(0),
        }
    }
}

impl Before {
    /// Appends `entry` to `out`.
    pub(super) fn write(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        let follows = entry.run == self.run
            && entry.index == 0
            && entry.position == self.position.wrapping_add(1);
        let mut flags = u8::from(entry.gap) * GAP;
        flags |= u8::from(follows) * FOLLOWS;
        flags |= u8::from(entry.arrival == self.arrival) * SAME_ARRIVAL;
        flags |= u8::from(entry.stage == Stage::Transformed) * TRANSFORMED;
        flags |= u8::from(entry.part.is_some()) * PART;
        flags |= u8::from(entry.part.is_some_and(|part| part.last)) * LAST_PART;
        flags |= u8::from(entry.redriven.is_some()) * REDRIVEN;
        out.push(flags);
        if !follows {
            out.extend_from_slice(&entry.run.0);
            write_varint(entry.position, out);
            write_varint(u64::from(entry.index), out);
        }
        if entry.arrival != self.arrival {
            write_varint(entry.arrival.0 as u64, out);
        }
        if let Some(id) = entry.redriven {
            out.extend_from_slice(&id.lane.0);
            out.extend_from_slice(&id.run.0);
            write_varint(id.position, out);
            write_varint(u64::from(id.index), out);
        }
        if let Some(part) = entry.part {
            write_varint(u64::from(part.number), out);
        }
        write_varint(entry.length, out);
        self.remember(entry);
    }

    /// Reads the entry at the beginning of `bytes` and moves on behind it. `None`: it makes no sense.
    pub(super) fn read(&mut self, bytes: &mut &[u8]) -> Option<Entry> {
        let flags = *bytes.split_off_first()?;
        if flags & !FLAGS != 0 {
            return None;
        }
        let has = |flag| flags & flag != 0;
        let (run, position, index) = if has(FOLLOWS) {
            (self.run, self.position.wrapping_add(1), 0)
        } else {
            let run = Run(bytes.split_off(..8)?.try_into().ok()?);
            let position = read_varint(bytes)?;
            (run, position, u32::try_from(read_varint(bytes)?).ok()?)
        };
        let arrival = match has(SAME_ARRIVAL) {
            true => self.arrival,
            false => Arrival(read_varint(bytes)? as i64),
        };
        let redriven = match has(REDRIVEN) {
            true => Some(read_id(bytes)?),
            false => None,
        };
        let part = match has(PART) {
            true => Some(Part {
                number: u32::try_from(read_varint(bytes)?).ok()?,
                last: has(LAST_PART),
            }),
            false => None,
        };
        let stage = match has(TRANSFORMED) {
            true => Stage::Transformed,
            false => Stage::Accepted,
        };
        let entry = Entry {
            run,
            position,
            index,
            arrival,
            stage,
            part,
            redriven,
            gap: has(GAP),
            length: read_varint(bytes).filter(|&length| length <= MAX_ROW)?,
        };
        self.remember(&entry);
        Some(entry)
    }

    fn remember(&mut self, entry: &Entry) {
        *self = Self {
            run: entry.run,
            position: entry.position,
            arrival: entry.arrival,
        };
    }
}

/// What the last frame says the file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) rows: u64,
    /// Bytes of the data file before compression.
    pub(super) content: u64,
    /// The CRC of these bytes.
    pub(super) crc: u32,
}

/// What a frame holds.
pub(super) enum Frame<'a> {
    Entries(&'a [u8]),
    End(End),
}

pub(super) fn entries_frame(number: u64, entries: &[u8]) -> Vec<u8> {
    frame(number, &[&[ENTRIES], entries])
}

pub(super) fn end_frame(number: u64, end: End) -> Vec<u8> {
    let End { rows, content, crc } = end;
    frame(
        number,
        &[
            &[END],
            &rows.to_le_bytes(),
            &content.to_le_bytes(),
            &crc.to_le_bytes(),
        ],
    )
}

fn frame(number: u64, pieces: &[&[u8]]) -> Vec<u8> {
    let payload = pieces.concat();
    let mut frame = Vec::with_capacity(FRAME_HEADER + payload.len());
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.extend_from_slice(&frame_crc(number, &payload).to_le_bytes());
    frame.extend_from_slice(&payload);
    frame
}

/// The CRC of a frame. Its number is covered too, so that no frame passes in another's place.
pub(super) fn frame_crc(number: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// What the payload of a frame says; `None`: it makes no sense.
pub(super) fn read_payload(payload: &[u8]) -> Option<Frame<'_>> {
    match payload.split_first()? {
        (&ENTRIES, entries) => Some(Frame::Entries(entries)),
        (&END, end) if end.len() == 20 => Some(Frame::End(End {
            rows: u64::from_le_bytes(end[..8].try_into().ok()?),
            content: u64::from_le_bytes(end[8..16].try_into().ok()?),
            crc: u32::from_le_bytes(end[16..].try_into().ok()?),
        })),
        _ => None,
    }
}

pub(super) fn header(shape: Shape) -> [u8; HEADER] {
    let version = VERSION.to_le_bytes();
    let compression = match shape.compression {
        RawCompression::None => 0,
        RawCompression::Gzip => 1,
        RawCompression::Zstd => 2,
        RawCompression::Zip => 3,
        RawCompression::Snappy => 4,
        RawCompression::HadoopSnappy => 5,
    };
    let [a, b, c, d] = MAGIC;
    let newline = u8::from(shape.newline);
    [a, b, c, d, version[0], version[1], newline, compression]
}

/// The shape that a header of this version names.
pub(super) fn shape(header: [u8; HEADER]) -> Option<Shape> {
    let compression = match header[7] {
        0 => RawCompression::None,
        1 => RawCompression::Gzip,
        2 => RawCompression::Zstd,
        3 => RawCompression::Zip,
        4 => RawCompression::Snappy,
        5 => RawCompression::HadoopSnappy,
        _ => return None,
    };
    Some(Shape {
        newline: header[6] != 0,
        compression,
    })
}

fn read_id(bytes: &mut &[u8]) -> Option<RecordId> {
    Some(RecordId {
        lane: LaneId(bytes.split_off(..16)?.try_into().ok()?),
        run: Run(bytes.split_off(..8)?.try_into().ok()?),
        position: read_varint(bytes)?,
        index: u32::try_from(read_varint(bytes)?).ok()?,
    })
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
