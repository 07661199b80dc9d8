//! Frames: writing one, and reading all of a file, telling a torn tail from damage.

use std::path::Path;

use super::{FRAME_HEADER, HEADER, LogError};

/// What was found behind the entries of a file.
pub(super) struct Frames {
    /// Behind the last good frame.
    pub(super) end: usize,
    /// Behind the snapshot.
    pub(super) snapshot: usize,
    /// How many there are.
    pub(super) count: u64,
}

/// One append as it lies in the file.
pub(super) fn frame(generation: u64, sequence: u64, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = vec![0; FRAME_HEADER];
    for entry in entries {
        frame.extend_from_slice(&(entry.len() as u32).to_le_bytes());
        frame.extend_from_slice(entry);
    }
    let length = (frame.len() - FRAME_HEADER) as u32;
    let crc = crc(generation, sequence, &frame[FRAME_HEADER..]);
    frame[..4].copy_from_slice(&length.to_le_bytes());
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    frame[8..16].copy_from_slice(&sequence.to_le_bytes());
    frame
}

fn crc(generation: u64, sequence: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&generation.to_le_bytes());
    hasher.update(&sequence.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(found.try_into().ok()?))
}

/// The payload of the frame at `at`, if it is good and has a sequence that `wanted` accepts.
fn payload(
    bytes: &[u8],
    at: usize,
    generation: u64,
    wanted: impl Fn(u64) -> bool,
) -> Option<&[u8]> {
    let length = u32_at(bytes, at)? as usize;
    let found = u32_at(bytes, at + 4)?;
    let sequence = u64::from(u32_at(bytes, at + 8)?) | u64::from(u32_at(bytes, at + 12)?) << 32;
    let start = at + FRAME_HEADER;
    let payload = bytes.get(start..start.checked_add(length)?)?;
    (wanted(sequence) && crc(generation, sequence, payload) == found).then_some(payload)
}

/// The entries of a file in order, and where they end.
pub(super) fn read_frames(
    path: &Path,
    bytes: &[u8],
    generation: u64,
) -> Result<(Vec<Vec<u8>>, Frames), LogError> {
    let damaged = |offset: usize, why| LogError::Damaged {
        path: path.to_owned(),
        offset: offset as u64,
        why,
    };
    let mut entries = Vec::new();
    let mut frames = Frames {
        end: HEADER,
        snapshot: HEADER,
        count: 0,
    };
    while let Some(found) = payload(bytes, frames.end, generation, |s| s == frames.count) {
        read_entries(found, &mut entries)
            .ok_or_else(|| damaged(frames.end, "its entries do not add up"))?;
        frames.end += FRAME_HEADER + found.len();
        if frames.count == 0 {
            frames.snapshot = frames.end;
        }
        frames.count += 1;
    }
    if frames.count == 0 {
        return Err(damaged(HEADER, "its snapshot does not read back"));
    }
    // Only a later append can stand behind a bad one, and it began after the bad one was synced.
    let later = |at| payload(bytes, at, generation, |s| s >= frames.count).is_some();
    if (frames.end + 1..bytes.len()).any(later) {
        return Err(damaged(frames.end, "good entries follow a bad one"));
    }
    Ok((entries, frames))
}

fn read_entries(payload: &[u8], entries: &mut Vec<Vec<u8>>) -> Option<()> {
    let mut at = 0;
    while at < payload.len() {
        let length = u32_at(payload, at)? as usize;
        let start = at + 4;
        at = start.checked_add(length)?;
        entries.push(payload.get(start..at)?.to_vec());
    }
    Some(())
}
