//! The native frame: how an agent's records travel to the daemon, and what the daemon answers.
//!
//! A request body (`application/vnd.standpipe.frames`, compressed as a whole by
//! `Content-Encoding`) is a header and then frames, all integers little-endian:
//!
//! ```text
//! header   magic "SPFR"   version u16   zero u16   agent id [16]
//! frame    kind u8   zero [3]   length u32   payload [length]   crc32 of the payload u32
//! ```
//!
//! The rules behind the fields are numbered in the documents of this project as rules of
//! exactly-once delivery: a frame of records names its source, epoch and byte range, the agent's
//! committed offset, and the hash of the last bytes before the range's end (rule 3); bytes that
//! can no longer be read are sent as a gap (rule 5); a source is identified once (rule 6); an
//! agent lists its live sources now and then (rule 7).
//!
//! A frame of an unknown kind is an error, not skipped: the daemon must not acknowledge what it
//! did not understand.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::limits::MAX_RECORD;
use crate::names::{AgentId, Fingerprint, SourceId};
use crate::records::{Malformed, Records};

mod decode;
mod encode;

pub use decode::{decode, decoded_size};
pub use encode::Encoder;

/// The media type of a body of frames.
pub const MEDIA_TYPE: &str = "application/vnd.standpipe.frames";

/// The header in which an agent says which machine it runs on. For operators only.
pub const AGENT_HOST: &str = "standpipe-agent-host";

/// The header in which an agent says how many bytes wait in its files beside those it has sent. For
/// operators only.
pub const AGENT_WAITING: &str = "standpipe-agent-waiting";

/// The version this code writes and the newest it reads.
pub const VERSION: u16 = 1;

const MAGIC: [u8; 4] = *b"SPFR";
const HEADER: usize = 24;
const FRAME_HEADER: usize = 8;

/// What one request of an agent says, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Who speaks.
    pub agent: AgentId,
    /// What it says.
    pub frames: Vec<Frame>,
}

/// One statement of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// Records, and the bytes of the source they came from.
    Records(Range, Records),
    /// Bytes that the agent can no longer read. It moves the mark and is counted (rule 5).
    Gap(Range, GapReason),
    /// What identifies a source (rule 6).
    Identify(Evidence),
    /// The source ends at this offset of this epoch, and nothing will follow.
    Final {
        /// The source.
        source: SourceId,
        /// Its last epoch.
        epoch: u64,
        /// Where that epoch ends, in bytes.
        offset: u64,
    },
    /// All sources that this agent still follows in this stream (rule 7).
    Live(Vec<SourceId>),
}

/// Bytes of a source, as the agent sees them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The source.
    pub source: SourceId,
    /// Counts the truncations of the source.
    pub epoch: u64,
    /// First raw byte of the range.
    pub start: u64,
    /// Behind the last raw byte of the range.
    pub end: u64,
    /// Up to where the agent knows itself acknowledged, durably. Never past `start`.
    pub committed: u64,
    /// The raw bytes before `end`; `None` where they cannot be read.
    pub tail: Option<Tail>,
}

/// The fingerprint of the last bytes before an offset, at most
/// [`TAIL_WINDOW`](crate::limits::TAIL_WINDOW) of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tail {
    /// How many bytes are covered.
    pub length: u16,
    /// Their fingerprint.
    pub hash: Fingerprint,
}

/// Why bytes were gone before they could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The file was truncated while bytes of it were unread.
    Truncated,
    /// The file was deleted while nobody held it open.
    Deleted,
    /// A hole of NUL bytes that its writer left.
    Hole,
    /// Excluded by configuration: header lines, bytes before the start position.
    Excluded,
    /// The bytes could not be read (the log says why).
    Unreadable,
}

/// What identifies a source on its agent's machine, so that a lost progress can be rebuilt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The source.
    pub source: SourceId,
    /// Path when it was first seen. Paths are bytes; what is no UTF-8 is replaced.
    pub path: String,
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Inode generation, or 0 where the file system does not tell.
    pub generation: u64,
    /// Birth time in nanoseconds since 1970, or 0 where the file system does not tell.
    pub birth: i64,
    /// How many bytes at the beginning `prefix` covers.
    pub prefix_length: u32,
    /// Fingerprint of those bytes.
    pub prefix: Fingerprint,
}

/// What the daemon did with one frame; a reply has one for each frame, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The verdict.
    pub outcome: Outcome,
    /// What the daemon holds of the frame's source now, where the frame has one and is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// The daemon's verdict on a frame. After a reply all of it is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New, and on disk now.
    Stored,
    /// A repeat: it was on disk already.
    Held,
    /// Neither new nor a repeat: send again from the mark.
    Expected,
    /// Noted (frames that carry no bytes).
    Noted,
}

/// What the daemon holds of a source: everything before `offset` in `epoch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// The source.
    pub source: SourceId,
    /// The epoch the offset belongs to; older ones are closed.
    pub epoch: u64,
    /// Up to where the source's raw bytes are held.
    pub offset: u64,
    /// Evidence for the bytes before `offset` (rule 4); absent after a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
}

/// The body of a reply to frames.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reply {
    /// One answer per frame, in order.
    pub answers: Vec<Answer>,
}

/// What `GET /v1/streams/{name}/sources?agent=ID` says about one source (rule 6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldSource {
    /// What is held.
    pub mark: Mark,
    /// The source was declared final.
    pub is_final: bool,
    /// How the agent identified it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// Why a body is no message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body does not begin as one.
    #[error("the body does not begin with the magic bytes of a frame message")]
    NotFrames,
    /// Written by a newer agent.
    #[error(
        "the body has frame version {found}, this daemon reads versions up to {VERSION}: update the daemon first"
    )]
    Newer {
        /// The version found.
        found: u16,
    },
    /// The body ends inside a frame.
    #[error("the body ends inside the frame at byte {at}")]
    Short {
        /// Where the frame begins.
        at: usize,
    },
    /// A frame's checksum does not fit its bytes.
    #[error("the frame at byte {at} is damaged: its checksum does not fit")]
    Damaged {
        /// Where the frame begins.
        at: usize,
    },
    /// A frame says something this code does not know or cannot be.
    #[error("the frame at byte {at} is wrong: {why}")]
    Wrong {
        /// Where the frame begins.
        at: usize,
        /// What is wrong.
        why: String,
    },
}

fn wrong(at: usize, why: impl Into<String>) -> DecodeError {
    DecodeError::Wrong {
        at,
        why: why.into(),
    }
}

impl Range {
    /// Checks what must hold for every range.
    fn check(&self, at: usize) -> Result<(), DecodeError> {
        if self.start > self.end {
            return Err(wrong(at, "its range ends before it starts"));
        }
        if self.committed > self.start {
            return Err(wrong(at, "its committed offset lies behind its start"));
        }
        Ok(())
    }
}

fn check_records(at: usize, records: Result<Records, Malformed>) -> Result<Records, DecodeError> {
    let records = records.map_err(|e| wrong(at, e.to_string()))?;
    let too_long = records.iter().position(|r| r.bytes.len() > MAX_RECORD);
    match too_long {
        Some(place) => Err(wrong(
            at,
            format!("record {place} is longer than {MAX_RECORD} bytes"),
        )),
        None => Ok(records),
    }
}

fn take(bytes: &Bytes, from: usize, length: usize) -> Option<Bytes> {
    let end = from.checked_add(length)?;
    (end <= bytes.len()).then(|| bytes.slice(from..end))
}

#[cfg(test)]
mod tests;
