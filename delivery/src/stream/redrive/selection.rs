//! Which of the records that failed are put back.

use serde::{Deserialize, Serialize};
use standpipe_config::names::Arrival;

use crate::format::error_line::Read;

/// Which of the records that failed are put back; all where nothing is said.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Those that arrived then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Arrival>,
    /// Those that arrived before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Arrival>,
    /// Those with one of these codes; all where none is named.
    pub codes: Vec<String>,
    /// So many at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Nothing is put back, and the counts say what would be.
    pub dry_run: bool,
}

impl Selection {
    /// Whether a record is one of them, the limit aside.
    pub(super) fn takes(&self, line: &Read<'_>) -> bool {
        self.since.is_none_or(|since| line.arrival >= since)
            && self.until.is_none_or(|until| line.arrival < until)
            && (self.codes.is_empty() || self.codes.iter().any(|code| *code == line.code))
    }

    /// Whether nothing more is taken after so many.
    pub(super) fn is_full(&self, taken: u64) -> bool {
        self.limit.is_some_and(|limit| taken >= limit)
    }
}
