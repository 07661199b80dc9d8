//! Where reading can go on: what the agent remembers, says and hears of how far it has come.

use serde::{Deserialize, Serialize};
use standpipe_config::frame::Tail;

use crate::identity::tail_of;

/// A place in a source from which reading can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Counts the truncations of the source.
    pub epoch: u64,
    /// Raw bytes before it in its epoch.
    pub offset: u64,
    /// Number of the part that begins here, if a line is being cut; else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u32,
    /// Evidence for the bytes before it; `None` behind bytes that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Place {
    /// The daemon, where progress was lost, does not tell which part of a line comes next.
    pub const UNKNOWN_PART: u32 = u32::MAX;

    /// The first byte of an epoch.
    pub fn beginning(epoch: u64) -> Self {
        Self {
            epoch,
            offset: 0,
            part: 0,
            tail: Some(tail_of(&[])),
        }
    }

    /// What orders places.
    pub fn at(&self) -> (u64, u64) {
        (self.epoch, self.offset)
    }
}
