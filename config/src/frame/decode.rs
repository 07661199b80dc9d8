//! Reading a message: the daemon's side. Nothing in a body is trusted.

use bytes::{Buf, Bytes};

use super::{
    DecodeError, Evidence, FRAME_HEADER, Frame, GapReason, HEADER, MAGIC, Message, Range, Tail,
    VERSION, check_records, take, wrong,
};
use crate::limits::TAIL_WINDOW;
use crate::names::{AgentId, Fingerprint, SourceId};
use crate::records::{Note, Part, Records};

const RANGE: usize = 16 + 4 * 8 + 20;
const NOTE: usize = 12;
// A list of frames that grows holds its old and its new place for a moment, and begins with some.
const LISTED: usize = 3;
const SHORT_LIST: usize = 4;
const EVIDENCE: usize = 16 + 4 * 8 + 4 + 16;

/// Reads a body, already decompressed. Records share its memory.
pub fn decode(body: Bytes) -> Result<Message, DecodeError> {
    let mut header = take(&body, 0, HEADER).ok_or(DecodeError::NotFrames)?;
    if header.split_to(MAGIC.len())[..] != MAGIC {
        return Err(DecodeError::NotFrames);
    }
    let found = header.get_u16_le();
    if found > VERSION {
        return Err(DecodeError::Newer { found });
    }
    header.advance(2);
    let agent = AgentId(id(&mut header));
    let mut frames = Vec::new();
    let mut at = HEADER;
    while at < body.len() {
        let (frame, next) = frame(&body, at)?;
        frames.push(frame);
        at = next;
    }
    Ok(Message { agent, frames })
}

/// Bytes of memory that [`decode`] takes beside the body, at most: so that they can be asked for
/// before (rule 29). It looks at the heads of the frames only.
pub fn decoded_size(body: &[u8]) -> usize {
    let number = |at: usize| {
        let four = body.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    let mut size = SHORT_LIST * size_of::<Frame>();
    let mut at = HEADER;
    while let (Some(kind), Some(length)) = (number(at), number(at + 4)) {
        let payload = at + FRAME_HEADER;
        let own = match kind {
            1 => {
                let ends = number(payload + RANGE).unwrap_or(0);
                let notes = number(payload + RANGE + 4).unwrap_or(0);
                4 * ends + size_of::<Note>() * notes
            }
            _ => length,
        };
        // What claims more than fits in its payload is refused before memory is taken for it.
        size += own.min(2 * length) + LISTED * size_of::<Frame>();
        at = payload + length + 4;
    }
    size
}

fn frame(body: &Bytes, at: usize) -> Result<(Frame, usize), DecodeError> {
    let short = || DecodeError::Short { at };
    let mut header = take(body, at, FRAME_HEADER).ok_or_else(short)?;
    let kind = header.get_u32_le();
    let length = header.get_u32_le() as usize;
    let start = at + FRAME_HEADER;
    let payload = take(body, start, length).ok_or_else(short)?;
    let mut crc = take(body, start + length, 4).ok_or_else(short)?;
    if crc32fast::hash(&payload) != crc.get_u32_le() {
        return Err(DecodeError::Damaged { at });
    }
    let frame = match kind {
        1 => records(payload, at)?,
        2 => gap(payload, at)?,
        3 => evidence(payload, at)?,
        4 => last(payload, at)?,
        5 => live(payload, at)?,
        other => return Err(wrong(at, format!("its kind {other} is not known here"))),
    };
    Ok((frame, start + length + 4))
}

fn id(bytes: &mut Bytes) -> [u8; 16] {
    let mut id = [0; 16];
    bytes.copy_to_slice(&mut id);
    id
}

fn enough(payload: &Bytes, needed: usize, at: usize) -> Result<(), DecodeError> {
    if payload.len() < needed {
        return Err(wrong(at, "it is too short for its kind"));
    }
    Ok(())
}

fn exact(payload: &Bytes, at: usize) -> Result<(), DecodeError> {
    if payload.is_empty() {
        Ok(())
    } else {
        Err(wrong(at, "it is too long for its kind"))
    }
}

fn range(payload: &mut Bytes, at: usize) -> Result<Range, DecodeError> {
    enough(payload, RANGE, at)?;
    let source = SourceId(id(payload));
    let [epoch, start, end, committed] = std::array::from_fn(|_| payload.get_u64_le());
    let known = payload.get_u16_le() != 0;
    let length = payload.get_u16_le();
    let hash = Fingerprint(id(payload));
    if length as usize > TAIL_WINDOW {
        return Err(wrong(at, "its tail is longer than the tail window"));
    }
    let range = Range {
        source,
        epoch,
        start,
        end,
        committed,
        tail: known.then_some(Tail { length, hash }),
    };
    range.check(at)?;
    Ok(range)
}

fn records(mut payload: Bytes, at: usize) -> Result<Frame, DecodeError> {
    let range = range(&mut payload, at)?;
    enough(&payload, 8, at)?;
    let count = payload.get_u32_le() as usize;
    let notes = payload.get_u32_le() as usize;
    enough(&payload, 4 * count + NOTE * notes, at)?;
    let ends = (0..count).map(|_| payload.get_u32_le()).collect();
    let notes = (0..notes).map(|_| note(&mut payload)).collect();
    let records = check_records(at, Records::new(payload, ends, notes))?;
    Ok(Frame::Records(range, records))
}

fn note(payload: &mut Bytes) -> Note {
    let record = payload.get_u32_le();
    let number = payload.get_u32_le();
    let flags = payload.get_u32_le();
    let part = Part {
        number,
        last: flags & 2 != 0,
    };
    Note {
        record,
        part: (flags & 1 != 0).then_some(part),
        unterminated: flags & 4 != 0,
    }
}

fn gap(mut payload: Bytes, at: usize) -> Result<Frame, DecodeError> {
    let range = range(&mut payload, at)?;
    enough(&payload, 1, at)?;
    let reason = match payload.get_u8() {
        1 => GapReason::Truncated,
        2 => GapReason::Deleted,
        3 => GapReason::Hole,
        4 => GapReason::Excluded,
        5 => GapReason::Unreadable,
        other => return Err(wrong(at, format!("its gap reason {other} is not known"))),
    };
    exact(&payload, at)?;
    Ok(Frame::Gap(range, reason))
}

fn evidence(mut payload: Bytes, at: usize) -> Result<Frame, DecodeError> {
    enough(&payload, EVIDENCE, at)?;
    let source = SourceId(id(&mut payload));
    let [device, inode, generation] = std::array::from_fn(|_| payload.get_u64_le());
    let birth = payload.get_i64_le();
    let prefix_length = payload.get_u32_le();
    let prefix = Fingerprint(id(&mut payload));
    let path = String::from_utf8(payload.to_vec())
        .map_err(|_| wrong(at, "the path of its evidence is not UTF-8"))?;
    Ok(Frame::Identify(Evidence {
        source,
        path,
        device,
        inode,
        generation,
        birth,
        prefix_length,
        prefix,
    }))
}

fn last(mut payload: Bytes, at: usize) -> Result<Frame, DecodeError> {
    enough(&payload, 32, at)?;
    let source = SourceId(id(&mut payload));
    let epoch = payload.get_u64_le();
    let offset = payload.get_u64_le();
    exact(&payload, at)?;
    Ok(Frame::Final {
        source,
        epoch,
        offset,
    })
}

fn live(mut payload: Bytes, at: usize) -> Result<Frame, DecodeError> {
    if !payload.len().is_multiple_of(16) {
        return Err(wrong(at, "its list of sources ends in the middle of an id"));
    }
    let count = payload.len() / 16;
    let sources = (0..count).map(|_| SourceId(id(&mut payload))).collect();
    Ok(Frame::Live(sources))
}
