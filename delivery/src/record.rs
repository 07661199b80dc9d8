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

/// Why a text is no record id.
#[derive(Debug, thiserror::Error)]
#[error("it is no id of ours, which is made of lane, run, position and index")]
pub struct NotARecordId;

impl RecordId {
    /// What all ids of a lane's run begin with. The ids of a request are many: this is written once.
    pub fn start(lane: LaneId, run: Run) -> String {
        format!("{lane}-{run}-")
    }
}

impl std::str::FromStr for RecordId {
    type Err = NotARecordId;

    fn from_str(text: &str) -> Result<Self, NotARecordId> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(NotARecordId);
        let id = Self {
            lane: next()?.parse().map_err(|_| NotARecordId)?,
            run: next()?.parse().map_err(|_| NotARecordId)?,
            position: next()?.parse().map_err(|_| NotARecordId)?,
            index: next()?.parse().map_err(|_| NotARecordId)?,
        };
        match parts.next() {
            None => Ok(id),
            Some(_) => Err(NotARecordId),
        }
    }
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

    /// The stage of this word, if it is one.
    pub fn of(word: &str) -> Option<Self> {
        let all = [Self::Accepted, Self::Transformed];
        all.into_iter().find(|stage| stage.as_str() == word)
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
    /// What it was called when it failed, if it was redriven: seen from outside it keeps that name
    /// (rule 27).
    pub redriven: Option<RecordId>,
    /// What it holds.
    pub bytes: &'a [u8],
}

impl Row<'_> {
    /// What it is called outside, in a stream whose lane is `lane`.
    pub fn id(&self, lane: LaneId) -> RecordId {
        self.redriven.unwrap_or(RecordId {
            lane,
            run: self.run,
            position: self.position,
            index: self.index,
        })
    }
}
