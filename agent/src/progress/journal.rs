//! Where a stream stands in the system's journal.

use serde::{Deserialize, Serialize};
use standpipe_config::frame::Tail;
use standpipe_config::names::SourceId;

use super::Counts;

/// Where a stream stands in a journal: everything before is acknowledged.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JournalStanding {
    /// What the journal is to the daemon.
    pub source: SourceId,
    /// Bytes of the lines that were acknowledged, from the first one that was ever read on.
    pub offset: u64,
    /// Evidence for the end of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
    /// Where the last one is in the journal. Without it, and with an offset, it is looked for by its
    /// tail; without both, all of the journal is to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Which entries were wanted, in words.
    #[serde(default)]
    pub filter: String,
    /// What became of the bytes so far.
    pub counts: Counts,
}

impl JournalStanding {
    /// Nothing read.
    pub fn beginning(source: SourceId) -> Self {
        Self {
            source,
            offset: 0,
            tail: None,
            cursor: None,
            filter: String::new(),
            counts: Counts::default(),
        }
    }
}
