//! The settings of partitioning: which keys records have, and how many partitions may be open.
//!
//! Firehose's rules: keys that are asked for are used in the prefix, keys that the prefix uses are
//! asked for, and without partitioning a prefix has none.

use super::tables::{EVENT_TIME, PARTITIONING};
use super::{Buffering, Destination, Transform};
use crate::limits::{MAX_OPEN_PARTITIONS, MAX_PARTITION_KEYS};
use crate::prefix::{KeySource, Prefix, Zone, check_key_name};
use crate::query::Query;
use crate::yaml::{At, Fields, quoted};

/// How a stream's records are told apart.
#[derive(Clone, PartialEq, Debug)]
pub struct Partitioning {
    /// The keys that are asked for, in the order of the file.
    pub keys: Vec<KeyQuery>,
    /// Where the time of a record's event stands; `None`: times are those of arrival.
    pub event_time: Option<EventTime>,
    /// How many partitions may be open at once. A record that would open one more fails.
    pub max_open: u32,
}

/// A key that a query gives.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyQuery {
    /// Its name, as in `!{partitionKeyFromQuery:…}`.
    pub name: String,
    /// What is asked of each record.
    pub query: Query,
}

/// Where the time of a record's event stands.
#[derive(Clone, PartialEq, Debug)]
pub struct EventTime {
    /// What gives it: a text as in RFC 3339 or ISO 8601, or seconds or milliseconds since 1970.
    pub query: Query,
    /// The IANA zone of texts that name none.
    pub zone: String,
}

/// What partitioning has to agree with.
pub(super) struct Around<'a> {
    pub(super) destination: Option<&'a Destination>,
    pub(super) buffering: Option<Buffering>,
    pub(super) transform: Option<&'a Transform>,
}

/// Reads a stream's partitioning. The outer `None`: a problem was noted.
pub(super) fn read(stream: &Fields<'_>, around: &Around<'_>) -> Option<Option<Partitioning>> {
    check_backup(stream, around);
    let Some(at) = stream.get("partitioning") else {
        return without(stream, around).then_some(None);
    };
    let fields = at.fields(&PARTITIONING)?;
    let keys = fields.optional("keys", keys);
    let event_time = fields.optional("event_time", event_time);
    let max_open = fields.read("max_open", |at| at.count(1..=MAX_OPEN_PARTITIONS));
    let read = Partitioning {
        keys: keys?.unwrap_or_default(),
        event_time: event_time?,
        max_open: u32::try_from(max_open?).ok()?,
    };
    let agrees = check_place(&at, stream, around, &read);
    if around.buffering.is_some_and(|b| b.interval.is_zero()) {
        at.problem("conflict: buffering.interval 0s is not possible with partitioning: each moment would make an object for each partition");
        return None;
    }
    agrees.then_some(Some(read))
}

fn keys(at: &At<'_>) -> Option<Vec<KeyQuery>> {
    let entries = at.entries()?;
    if entries.len() > MAX_PARTITION_KEYS {
        at.problem(format!(
            "found {} keys, {MAX_PARTITION_KEYS} are allowed",
            entries.len()
        ));
        return None;
    }
    let keys: Vec<_> = entries.iter().map(key).collect();
    keys.into_iter().collect()
}

fn key((name, value): &(At<'_>, At<'_>)) -> Option<KeyQuery> {
    let name = name.parsed("the name of a key", |name| {
        check_key_name(name).map(|()| name.to_owned())
    });
    let query = value.parsed("a jq query such as .customer_id", Query::parse);
    Some(KeyQuery {
        name: name?,
        query: query?,
    })
}

fn event_time(at: &At<'_>) -> Option<EventTime> {
    let fields = at.fields(&EVENT_TIME)?;
    let query = fields.read("query", |at| {
        at.parsed("a jq query such as .time", Query::parse)
    });
    let zone = fields.read("zone", |at| {
        at.parsed("the IANA name of a zone", |name| {
            Zone::named(name).map(|zone| zone.name().to_owned())
        })
    });
    Some(EventTime {
        query: query?,
        zone: zone?,
    })
}

/// The prefix of data objects as it stands in the file, for problems.
fn prefix_at<'a>(stream: &Fields<'a>) -> Option<At<'a>> {
    let destination = stream.get("destination")?;
    let entries = destination.entries_if_map()?;
    entries.iter().find_map(|(_, kind)| kind.child("prefix"))
}

/// Without partitioning, a prefix uses no keys.
fn without(stream: &Fields<'_>, around: &Around<'_>) -> bool {
    let prefix = around.destination.and_then(Destination::prefix);
    let Some(key) = prefix.and_then(|prefix| prefix.keys().first()) else {
        return true;
    };
    let at = prefix_at(stream).unwrap_or_else(|| stream.at.clone());
    at.problem(format!(
        "{key} needs partitioning, which this stream does not have"
    ));
    false
}

/// Copies are not partitioned.
fn check_backup(stream: &Fields<'_>, around: &Around<'_>) {
    let backup = around.destination.and_then(Destination::backup);
    let prefix = backup.and_then(Destination::prefix);
    if let Some(key) = prefix.and_then(|prefix| prefix.keys().first()) {
        stream.at.problem(format!(
            "{key} is not allowed in the prefix of a backup: copies are not partitioned"
        ));
    }
}

/// Whether prefix, transform and keys belong together.
fn check_place(at: &At<'_>, stream: &Fields<'_>, around: &Around<'_>, read: &Partitioning) -> bool {
    let Some(destination) = around.destination else {
        return true;
    };
    let Some(prefix) = destination.prefix() else {
        at.problem("conflict: only a destination that takes objects, file or s3, is partitioned");
        return false;
    };
    let problems = disagreements(read, prefix, around.transform.is_some());
    let place = prefix_at(stream).unwrap_or_else(|| at.clone());
    for problem in &problems {
        match problem {
            Disagreement::InPrefix(message) => place.problem(message),
            Disagreement::InKeys(message) => at.problem(message),
        }
    }
    problems.is_empty()
}

/// What does not belong together, and where that stands.
enum Disagreement {
    InPrefix(String),
    InKeys(String),
}

fn disagreements(read: &Partitioning, prefix: &Prefix, has_transform: bool) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for used in prefix.keys() {
        let is_there = match used.source {
            KeySource::Query => read.keys.iter().any(|key| key.name == used.name),
            KeySource::Transform => has_transform,
        };
        if !is_there {
            let missing = match used.source {
                KeySource::Query => "partitioning.keys does not have it",
                KeySource::Transform => "the stream has no transform that could give it",
            };
            found.push(Disagreement::InPrefix(format!("{used}: {missing}")));
        }
    }
    for key in &read.keys {
        let is_it = |used: &&crate::prefix::PartitionKey| {
            used.source == KeySource::Query && used.name == key.name
        };
        if !prefix.keys().iter().any(|used| is_it(&used)) {
            found.push(Disagreement::InKeys(format!(
                "the prefix does not use the key {:?}: it needs !{{partitionKeyFromQuery:{}}}",
                key.name, key.name
            )));
        }
    }
    match &read.event_time {
        Some(_) if !prefix.has_time() => found.push(Disagreement::InPrefix(
            "has no !{timestamp:…}, which event_time is for".into(),
        )),
        None if prefix.keys().is_empty() && read.keys.is_empty() => {
            found.push(Disagreement::InPrefix(
                "has no !{partitionKeyFromQuery:…} or !{partitionKeyFromLambda:…}, which partitioning is for".into(),
            ));
        }
        _ => {}
    }
    found
}

/// The lines of the settings as written out.
pub(super) fn lines(partitioning: &Partitioning) -> Vec<String> {
    let Partitioning {
        keys,
        event_time,
        max_open,
    } = partitioning;
    let mut lines = vec!["partitioning:".to_owned()];
    if !keys.is_empty() {
        lines.push("  keys:".to_owned());
    }
    for key in keys {
        let (name, query) = (quoted(&key.name), quoted(key.query.as_str()));
        lines.push(format!("    {name}: {query}"));
    }
    if let Some(time) = event_time {
        let (query, zone) = (quoted(time.query.as_str()), quoted(&time.zone));
        lines.push(format!("  event_time: {{query: {query}, zone: {zone}}}"));
    }
    lines.push(format!("  max_open: {max_open}"));
    lines
}

/// What partitioning means, in words.
pub(super) fn summary(partitioning: &Partitioning) -> Vec<String> {
    let max_open = partitioning.max_open;
    let mut lines = vec![format!(
        "  partitions: at most {max_open} open, each with objects of its own"
    )];
    for key in &partitioning.keys {
        lines.push(format!(
            "    {} by the query {}",
            key.name,
            key.query.as_str()
        ));
    }
    if let Some(time) = &partitioning.event_time {
        lines.push(format!(
            "    times of the prefix by the query {}, those without a zone in {}",
            time.query.as_str(),
            time.zone
        ));
    }
    lines
}
