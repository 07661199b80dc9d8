//! `DynamicPartitioningConfiguration`: whether a stream that was made over the wire has partitions,
//! and what its one program means in the words of our settings, which ask for key by key.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use standpipe_config::limits::MAX_PARTITION_KEYS;
use standpipe_config::prefix::{KeySource, PartitionKey, Prefix};
use standpipe_config::query::Query;
use standpipe_config::settings::delivery::{KeyQuery, Partitioning};

use crate::ingest::firehose::exception::{Exception, Kind};
use crate::ingest::firehose::input::Input;

/// `DynamicPartitioningConfiguration`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct DynamicPartitioning {
    /// `Enabled`
    pub(super) enabled: bool,
    /// `RetryOptions.DurationInSeconds`: kept to be shown; a partition is tried until it is there.
    retry_seconds: Option<u64>,
}

/// Seconds of `RetryOptions`, and the service's default.
const RETRY: RangeInclusive<u64> = 0..=7200;
const RETRY_DEFAULT: u64 = 300;

/// Partitions that may be open at once: the service's default, and ours.
const MAX_OPEN: u32 = 500;

impl DynamicPartitioning {
    /// As the service describes it.
    pub(super) fn described(self) -> Value {
        let seconds = self.retry_seconds.unwrap_or(RETRY_DEFAULT);
        json!({"Enabled": self.enabled, "RetryOptions": {"DurationInSeconds": seconds}})
    }

    /// What an update asks for, over what held: that there are partitions is said when a stream is
    /// made, and stays.
    pub(super) fn over(
        before: Option<Self>,
        written: Option<Self>,
    ) -> Result<Option<Self>, Exception> {
        let is_on = |of: Option<Self>| of.is_some_and(|of| of.enabled);
        match written {
            None => Ok(before),
            Some(_) if is_on(before) == is_on(written) => Ok(written),
            Some(_) => wrong(
                "Dynamic Partitioning is switched on when a stream is created, and neither on nor off later",
            ),
        }
    }
}

/// Reads it.
pub(super) fn read(input: &mut Input) -> Result<DynamicPartitioning, Exception> {
    let enabled = input.flag("Enabled")?.unwrap_or(false);
    let seconds = |input: &mut Input| input.number("DurationInSeconds", RETRY);
    let retry_seconds = input.structure("RetryOptions", seconds)?.flatten();
    Ok(DynamicPartitioning {
        enabled,
        retry_seconds,
    })
}

/// A prefix and a program of a stream without partitions: there must be nothing of them.
pub(super) fn check_absent(prefix: &Prefix, program: Option<&str>) -> Result<(), Exception> {
    if !prefix.keys().is_empty() {
        return wrong(
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.",
        );
    }
    match program {
        None => Ok(()),
        Some(_) => wrong(
            "MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
        ),
    }
}

/// The partitions of a stream with this prefix, whose keys this program gives.
pub(super) fn meant(prefix: &Prefix, program: Option<&str>) -> Result<Partitioning, Exception> {
    let Some(program) = program else {
        return wrong(
            "Dynamic Partitioning needs the processor MetadataExtraction: another source of keys is not supported by this server",
        );
    };
    if let Err(why) = Query::bounded(program) {
        return wrong(format!("MetadataExtractionQuery: {why}"));
    }
    let used = prefix.keys();
    if used.is_empty() {
        return wrong(
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        );
    }
    if used.len() > MAX_PARTITION_KEYS {
        let found = used.len();
        return wrong(format!(
            "Prefix has {found} keys of Dynamic Partitioning, {MAX_PARTITION_KEYS} are allowed"
        ));
    }
    let keys = used.iter().map(|key| asked(key, program));
    Ok(Partitioning {
        keys: keys.collect::<Result<_, _>>()?,
        event_time: None,
        max_open: MAX_OPEN,
    })
}

/// The query for one key: a member of what the program gives. A comment may end the program.
fn asked(key: &PartitionKey, program: &str) -> Result<KeyQuery, Exception> {
    if key.source != KeySource::Query {
        return wrong(format!(
            "Prefix: {key} needs the processor Lambda, which is not supported by this server"
        ));
    }
    let name = json!(key.name);
    let query = Query::parse(&format!("({program}\n) | .[{name}]"));
    let query = query.or_else(|why| wrong(format!("MetadataExtractionQuery: {why}")))?;
    Ok(KeyQuery {
        name: key.name.clone(),
        query,
    })
}

fn wrong<T>(message: impl Into<String>) -> Result<T, Exception> {
    Err(Exception::new(Kind::InvalidArgument, message))
}
