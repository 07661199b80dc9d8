//! Which source a file is: decided by what it *is* (inode, birth, content), never by its name, and
//! never by content alone.
//!
//! Pure: evidence in, verdict out. Two live inodes are two files whatever they hold; a match that
//! decides to skip bytes needs the inode *and* the content to agree.

use std::path::Path;

use serde::{Deserialize, Serialize};
use standpipe_config::frame::{Evidence, Tail};
use standpipe_config::limits::TAIL_WINDOW;
use standpipe_config::names::{Fingerprint, SourceId};

use crate::disk::Sight;

/// How many bytes at a file's beginning are part of its identity, at most.
pub const PREFIX: usize = 4096;

/// What tells one file from another on a machine, as long as it lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Incarnation {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Inode generation; 0 where it is not known.
    pub generation: u64,
    /// Birth time in nanoseconds since 1970; 0 where it is not known.
    pub birth: i64,
}

impl Incarnation {
    /// What a look at a file shows of it.
    pub fn of(sight: &Sight) -> Self {
        Self {
            device: sight.device,
            inode: sight.inode,
            generation: 0,
            birth: sight.birth,
        }
    }

    /// Under what a file is looked up. Device numbers change when a machine starts anew, so the
    /// device is no part of it.
    pub fn key(&self) -> (u64, i64) {
        (self.inode, self.birth)
    }
}

/// The beginning of a file, which grows with it up to [`PREFIX`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Prefix {
    /// How many bytes are covered.
    pub length: u32,
    /// Their fingerprint.
    pub hash: Fingerprint,
}

impl Prefix {
    /// The prefix of a file that begins with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let covered = &bytes[..bytes.len().min(PREFIX)];
        Self {
            length: covered.len() as u32,
            hash: Fingerprint::of(covered),
        }
    }

    /// Whether a file that begins with `bytes` (its first [`PREFIX`], or all of it) still has it.
    pub fn begins(&self, bytes: &[u8]) -> bool {
        bytes
            .get(..self.length as usize)
            .is_some_and(|covered| Fingerprint::of(covered) == self.hash)
    }
}

/// The evidence for an offset: the last bytes of `before`, which ends there.
pub fn tail_of(before: &[u8]) -> Tail {
    let covered = &before[before.len().saturating_sub(TAIL_WINDOW)..];
    Tail {
        length: covered.len() as u16,
        hash: Fingerprint::of(covered),
    }
}

/// Whether bytes that end at an offset agree with the evidence for it.
pub fn confirms(tail: &Tail, before: &[u8]) -> bool {
    let from = before.len().checked_sub(usize::from(tail.length));
    from.is_some_and(|from| Fingerprint::of(&before[from..]) == tail.hash)
}

/// What is remembered of a source, to be held against a file.
#[derive(Clone, Debug)]
pub struct Known {
    /// What told it apart.
    pub incarnation: Incarnation,
    /// How it began.
    pub prefix: Prefix,
    /// The offsets reached in the file as it is, each with the evidence for it.
    pub reached: Vec<(u64, Option<Tail>)>,
}

/// What a file shows when it is held against a [`Known`].
#[derive(Clone, Debug)]
pub struct Shown {
    /// A look at the open file.
    pub sight: Sight,
    /// Its first [`PREFIX`] bytes, or all of it.
    pub prefix: Vec<u8>,
    /// For each offset reached, the bytes before it that its evidence covers; fewer where the
    /// file is shorter.
    pub before: Vec<Vec<u8>>,
}

/// Which source a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The one remembered: read on.
    Same,
    /// The one remembered, but what it held is gone: begin a new epoch.
    Truncated,
    /// Another one.
    Other,
}

/// Decides which source a file is.
pub fn judge(known: &Known, shown: &Shown) -> Verdict {
    if known.incarnation.key() != Incarnation::of(&shown.sight).key() {
        return Verdict::Other;
    }
    let unchanged = known.prefix.begins(&shown.prefix)
        && known
            .reached
            .iter()
            .zip(&shown.before)
            .all(|((offset, tail), before)| reached(shown.sight.size, *offset, tail, before));
    let same_device = known.incarnation.device == shown.sight.device;
    match (unchanged, same_device) {
        (true, true) => Verdict::Same,
        // Another device number alone is nothing, if the birth and the content agree.
        (true, false) if known.incarnation.birth != 0 && known.prefix.length > 0 => Verdict::Same,
        (false, true) => Verdict::Truncated,
        (_, false) => Verdict::Other,
    }
}

fn reached(size: u64, offset: u64, tail: &Option<Tail>, before: &[u8]) -> bool {
    offset <= size && tail.is_none_or(|tail| confirms(&tail, before))
}

/// Whether an open file that was followed was truncated: it is shorter than what was read or than
/// its known beginning.
pub fn shrank(size: u64, prefix: &Prefix, farthest_read: u64) -> bool {
    size < farthest_read || size < u64::from(prefix.length)
}

/// What the daemon is told about a source (rule 6).
pub fn evidence(
    source: SourceId,
    path: &Path,
    incarnation: &Incarnation,
    prefix: &Prefix,
) -> Evidence {
    Evidence {
        source,
        path: path.to_string_lossy().into_owned(),
        device: incarnation.device,
        inode: incarnation.inode,
        generation: incarnation.generation,
        birth: incarnation.birth,
        prefix_length: prefix.length,
        prefix: prefix.hash,
    }
}

#[cfg(test)]
mod tests;
