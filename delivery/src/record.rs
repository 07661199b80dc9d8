//! A record on its way through the lane: what names it, when it arrived, and its bytes.

use standpipe_config::names::{Arrival, LaneId, Run};
use standpipe_config::records::Part;

pub(crate) mod json;
pub mod portion;
pub mod rows;

/// What names a record, or what one record became, for ever: made of lane, run, position and index
/// within the record (rules 13 and 14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RecordId {
    /// The lane.
    pub lane: LaneId,
    /// The run in which it was appended.
    pub run: Run,
    /// Its position in the lane.
    pub position: u64,
    /// Which of the things that the record became; 0 where it stayed one.
    pub index: u32,
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            lane,
            run,
            position,
            index,
        } = self;
        write!(f, "{lane}-{run}-{position}-{index}")
    }
}

/// A version 8 UUID (RFC 9562: free form) of the first 16 bytes of a hash: what is called by it has
/// the same name again.
pub fn uuid(hash: &[u8; 32]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in hash.iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match at {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The stage at which a record enters the lane (rule 27): which form its bytes have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stage {
    /// As it was accepted.
    #[default]
    Accepted,
    /// As the transform left it.
    Transformed,
}

impl Stage {
    /// The word in an error line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Transformed => "transformed",
        }
    }
}

/// One row for a format: a record, or one of the things it became. Borrowed from its chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    /// The run in which its record was appended.
    pub run: Run,
    /// Its record's position.
    pub position: u64,
    /// Its index within the record.
    pub index: u32,
    /// When its record arrived.
    pub arrival: Arrival,
    /// Which form the bytes have.
    pub stage: Stage,
    /// Which part of a longer line it is, if it was cut.
    pub part: Option<Part>,
    /// What it holds.
    pub bytes: &'a [u8],
}
