//! What became of the bytes of a source, as it is remembered.

use serde::{Deserialize, Serialize};
use standpipe_config::frame::GapReason;

/// What became of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Bytes acknowledged.
    pub delivered: u64,
    /// Bytes excluded by settings.
    pub excluded: u64,
    /// Bytes that were gone before they could be read, by reason; lower bounds. These ones went when
    /// the file was truncated.
    #[serde(alias = "gone")]
    pub truncated: u64,
    /// When the file was deleted while nobody held it.
    #[serde(default)]
    pub deleted: u64,
    /// When the end of the file was cut off and what had been read stayed.
    #[serde(default)]
    pub cut_off: u64,
    /// They are there and cannot be read, or never were written: holes.
    #[serde(default)]
    pub unreadable: u64,
}

impl Counts {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.excluded += other.excluded;
        self.truncated += other.truncated;
        self.deleted += other.deleted;
        self.cut_off += other.cut_off;
        self.unreadable += other.unreadable;
    }

    /// Counts bytes that were passed over for a reason.
    pub fn pass_over(&mut self, bytes: u64, reason: GapReason) {
        let counter = match reason {
            GapReason::Excluded => &mut self.excluded,
            GapReason::Truncated => &mut self.truncated,
            GapReason::Deleted => &mut self.deleted,
            GapReason::Hole | GapReason::Unreadable => &mut self.unreadable,
        };
        *counter += bytes;
    }

    /// Bytes that were gone before they could be read.
    pub fn gone(&self) -> u64 {
        self.truncated + self.deleted + self.cut_off + self.unreadable
    }
}
