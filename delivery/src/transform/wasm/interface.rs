//! `delivery/wit/transform.wit` as types of ours. A component whose `apply` differs from these is
//! refused when it is loaded.
//!
//! Records travel as a list of records, not as one buffer with offsets: that is what a guest's
//! author can read, and what it costs is little beside any guest's own work (measured: some 0.1 µs
//! per record on the way in, twice that in and back).

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lift, Lower};

use super::FAILED;
use crate::record::Row;
use crate::transform;

/// The name of the function that a component exports.
pub(super) const APPLY: &str = "apply";

/// The interface that writes lines to the daemon's log.
pub(super) const LOG: &str = "standpipe:transform/log@1.0.0";

/// What `apply` takes.
pub(super) type Parameters<'a> = (&'a [Record<'a>],);

/// What `apply` gives.
pub(super) type Results = (Vec<Outcome>,);

/// `record`: a record as it was accepted.
#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(super) struct Record<'a> {
    pub(super) data: &'a [u8],
    /// Milliseconds since 1970, UTC.
    pub(super) arrival: u64,
}

impl<'a> Record<'a> {
    /// A row as a guest sees it.
    pub(super) fn of(row: &Row<'a>) -> Self {
        Self {
            data: row.bytes,
            arrival: u64::try_from(row.arrival.0).unwrap_or(0),
        }
    }
}

/// `kept`: what to deliver instead of a record.
#[derive(Clone, PartialEq, Eq, Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Kept {
    /// The bytes to deliver.
    pub(super) data: Vec<u8>,
    /// Name and value of each partition key.
    #[component(name = "partition-keys")]
    pub(super) partition_keys: Vec<(String, String)>,
}

/// `outcome`: what becomes of a record.
#[derive(Clone, PartialEq, Eq, Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum Outcome {
    /// It is delivered in this form.
    #[component(name = "keep")]
    Keep(Kept),
    /// It is left out.
    #[component(name = "drop")]
    Drop,
    /// It goes under the error prefix, with this message.
    #[component(name = "fail")]
    Fail(String),
}

impl From<Outcome> for transform::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Keep(kept) => {
                let keys = kept.partition_keys;
                Self::Keep {
                    bytes: kept.data.into(),
                    keys: (!keys.is_empty()).then(|| Arc::new(keys.into_iter().collect())),
                }
            }
            Outcome::Drop => Self::Drop,
            Outcome::Fail(message) => Self::failed(FAILED, message),
        }
    }
}

/// `level`: how grave a line of the guest's is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "some are only ever said by guests")]
pub(super) enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}
