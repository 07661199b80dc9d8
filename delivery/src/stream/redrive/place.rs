//! Where a stream's error objects lie, which of what lies there is its own, and where they go when
//! they were put back.

use std::collections::BTreeSet;

use standpipe_config::names::StreamName;
use standpipe_config::prefix::ErrorPrefix;

use crate::destination::AnyDestination;

/// The error types that there are: what an error prefix leads to.
const TYPES: &[&str] = &[
    "processing-failed",
    "activePartitionExceeded",
    "format-conversion-failed",
    "delivery-failed",
    "AmazonOpenSearchService-failed",
    "postgresql-failed",
    "redshift-failed",
];

/// Bytes at the end of an object's name: a time, a UUID, and the hyphens before them.
const TIME_AND_UUID: usize = 1 + 19 + 1 + 36;

/// Where objects go when they were put back: below this, under the beginning of the error prefix.
const ASIDE: &str = "redriven/";

/// Where a stream's error objects lie.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) objects: AnyDestination,
    pub(super) prefix: ErrorPrefix,
    /// The stream's name, and the one that it had.
    pub(super) names: Vec<StreamName>,
}

impl Place {
    /// What the keys of its error objects begin with.
    pub(super) fn starts(&self) -> BTreeSet<String> {
        let starts = TYPES.iter().map(|kind| self.prefix.start_of(kind));
        starts.collect()
    }

    /// Whether the object of this key may be one of the stream's error objects; its lines say the rest.
    pub(super) fn may_be_ours(&self, key: &str) -> bool {
        let named = stream_of(key).is_some_and(|stream| {
            let mut names = self.names.iter();
            names.any(|name| stream.ends_with(name.as_str()))
        });
        named && !key.starts_with(&format!("{}{ASIDE}", self.prefix.start()))
    }

    /// The error type in a key.
    pub(super) fn kind_of(key: &str) -> &'static str {
        let mut kinds = TYPES.iter().copied();
        kinds.find(|kind| key.contains(kind)).unwrap_or("unknown")
    }

    /// Where an object goes that was put back.
    pub(super) fn aside(&self, key: &str) -> String {
        let start = self.prefix.start();
        let rest = key.strip_prefix(start).unwrap_or(key);
        format!("{start}{ASIDE}{rest}")
    }
}

/// What stands before version, time and UUID in an object's name.
fn stream_of(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next()?;
    let before = name.get(..name.len().checked_sub(TIME_AND_UUID)?)?;
    let (stream, version) = before.rsplit_once('-')?;
    version.parse::<u64>().is_ok().then_some(stream)
}

#[cfg(test)]
mod tests;
