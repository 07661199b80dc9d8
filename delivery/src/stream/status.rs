//! How a stream is doing, as `status` and the metrics show it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lane::failed::failures::Failures;

/// How a stream is doing.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StreamStatus {
    /// Whether it works.
    pub state: State,
    /// An operator wants nothing delivered; it may be halted all the same.
    pub paused: bool,
    /// Its books in records, since its birth.
    pub books: Books,
    /// The same in bytes of records as accepted.
    pub bytes: Books,
    /// Bytes of records that wait, in journal and spool.
    pub waiting_bytes: u64,
    /// How long ago the oldest waiting record arrived, in seconds; 0 where none waits.
    pub oldest_waiting_seconds: f64,
    /// Sealed files that are not delivered yet.
    pub sealed_files: u64,
    /// Objects delivered since the stream's birth, of every role.
    pub objects_delivered: u64,
    /// The kind of its destination: `s3` and so on, as in the settings.
    pub destination: String,
    /// Attempts to deliver a file, since the start.
    pub attempts: Attempts,
    /// Bytes of sealed files that are not delivered yet.
    pub sealed_bytes: u64,
    /// Behind the last record that the journal holds.
    pub position: u64,
    /// Sealed up to here.
    pub sealed_position: u64,
    /// Failed records by error type, such as `format-conversion-failed`.
    pub failed: BTreeMap<String, u64>,
    /// Why records failed since the start, by code, with the last messages.
    pub errors: Failures,
    /// Bytes on disk: journal, spool and recycled segments.
    pub disk_used: u64,
    /// The stream's quota in bytes.
    pub disk_quota: u64,
    /// Source backup, which has counters of its own (rule 23); `None` without one.
    pub backup: Option<Backup>,
    /// What went wrong last and has not gone right since.
    pub last_error: Option<String>,
}

/// Whether a stream works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It takes records and delivers.
    Running,
    /// An operator is needed; `last_error` says why. What was accepted is kept.
    Halted,
    /// It takes records and seals batches, and delivers nothing until an operator says so.
    Paused,
    /// It is no longer in the settings, takes nothing, and delivers what it holds.
    Draining,
}

/// The books (rule 34): accepted = delivered + failed + dropped + waiting, each counted by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Books {
    /// Acknowledged.
    pub accepted: u64,
    /// In a delivered data object.
    pub delivered: u64,
    /// In a delivered object under the error prefix.
    pub failed: u64,
    /// Left out by a transform.
    pub dropped: u64,
    /// In journal or spool.
    pub waiting: u64,
    /// Of those accepted, put back after they had failed (rule 27).
    pub redriven: u64,
}

impl Books {
    /// Whether they add up.
    pub fn balance(&self) -> bool {
        self.accepted == self.delivered + self.failed + self.dropped + self.waiting
    }
}

/// How attempts to deliver a file ended, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Attempts {
    /// It is there, or what of it was not refused.
    pub delivered: u64,
    /// It is tried again.
    pub retry: u64,
    /// It was refused for good.
    pub divert: u64,
    /// An operator is needed.
    pub halt: u64,
}

/// Copies of source backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Backup {
    /// Records whose copy was delivered.
    pub delivered: u64,
    /// Records whose copy waits in a sealed file.
    pub waiting: u64,
    /// Sealed backup files that are not delivered yet.
    pub sealed_files: u64,
    /// An operator is needed for the backup's destination.
    pub halted: bool,
}
