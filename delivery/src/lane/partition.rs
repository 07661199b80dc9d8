//! Which partition a row belongs to: the values of the keys that its prefix uses, and the time of
//! its event where the stream has one.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use standpipe_config::names::Arrival;
use standpipe_config::prefix::{KeySource, PartitionKey, Prefix, PrefixValues};
use standpipe_config::query::Json;
use standpipe_config::settings::delivery::{EventTime, Partitioning};

use super::checkpoint::Role;
use super::failed::FailedAt;
use super::object::Origin;
use super::plan::Plan;
use crate::record::Row;
use crate::transform::PartitionKeys;

/// Firehose's code for a record that does not say where it belongs.
const NO_VALUE: &str = "DynamicPartitioning.MetadataExtractionFailed";

/// Whole numbers below this are seconds, others milliseconds: Firehose's rule for times in JSON.
const MILLISECONDS_FROM: i64 = 1_000_000_000_000;

/// What tells a partition from others of its batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PartitionName {
    /// The values of the prefix's keys, in their order.
    pub(super) values: Vec<String>,
    /// The prefix at the event's time, where times are those of events: late records are apart.
    prefix: Option<String>,
}

/// Where a row belongs.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) name: PartitionName,
    /// The time that the prefix means, if it is not that of arrival.
    pub(super) time: Option<Arrival>,
}

/// Why a row belongs nowhere.
#[derive(Debug)]
pub(super) struct Unplaced {
    /// What is told of it.
    pub(super) at: FailedAt,
    /// Firehose's code, or one in its style.
    pub(super) code: &'static str,
    /// Why, for people.
    pub(super) message: String,
}

impl Unplaced {
    fn new(message: impl Into<String>) -> Self {
        Self {
            at: FailedAt::Keys,
            code: NO_VALUE,
            message: message.into(),
        }
    }
}

/// What asks records where they belong.
#[derive(Clone, Debug)]
pub(super) struct Placing<'a> {
    partitioning: &'a Partitioning,
    prefix: &'a Prefix,
}

impl<'a> Placing<'a> {
    /// Of a stream that is partitioned.
    pub(super) fn of(plan: &'a Plan) -> Option<Self> {
        Some(Self {
            partitioning: plan.partitioning.as_ref()?,
            prefix: plan.destination.prefix()?,
        })
    }

    /// Where a row of these bytes belongs, to which a transform gave these keys.
    pub(super) fn place(
        &self,
        bytes: &[u8],
        given: Option<&PartitionKeys>,
    ) -> Result<Placed, Unplaced> {
        let mut json = None;
        let mut values = Vec::with_capacity(self.prefix.keys().len());
        for key in self.prefix.keys() {
            let value = match key.source {
                KeySource::Query => self.ask(key, read_once(&mut json, bytes)?)?,
                KeySource::Transform => given.and_then(|keys| keys.get(&key.name)).cloned(),
            };
            match value {
                Some(value) if !value.is_empty() => values.push(value),
                _ => return Err(Unplaced::new(no_value(&key.name))),
            }
        }
        let Some(event_time) = &self.partitioning.event_time else {
            return Ok(Placed {
                name: PartitionName {
                    values,
                    prefix: None,
                },
                time: None,
            });
        };
        let time = time_of(event_time, read_once(&mut json, bytes)?)?;
        let evaluated = self.prefix.evaluate(&PrefixValues {
            oldest: time,
            // Random strings tell objects apart, and not partitions.
            random_seed: b"",
            keys: &values,
        });
        let prefix = evaluated.map_err(|why| Unplaced::new(why.0))?;
        Ok(Placed {
            name: PartitionName {
                values,
                prefix: Some(prefix),
            },
            time: Some(time),
        })
    }

    fn ask(&self, key: &PartitionKey, json: &Json) -> Result<Option<String>, Unplaced> {
        let mut asked = self.partitioning.keys.iter();
        match asked.find(|asked| asked.name == key.name) {
            Some(asked) => asked
                .query
                .text(json)
                .map(Some)
                .map_err(|why| Unplaced::new(why.0)),
            None => Ok(None),
        }
    }
}

/// Whether an object of this partition can have a key (rule 20). `row` is its first.
pub(super) fn check_name(plan: &Plan, placed: &Placed, row: &Row<'_>) -> Result<(), Unplaced> {
    let origin = Origin {
        stream: &plan.stream,
        version: plan.version,
        lane: plan.lane,
        run: row.run,
        first: row.position,
        index: 0,
        role: Role::Data,
        oldest: row.arrival,
        keys: &placed.name.values,
        time: placed.time,
    };
    let key = origin.key(plan.destination.prefix(), plan.suffix());
    key.map(drop).map_err(|why| Unplaced {
        at: FailedAt::Keys,
        code: "Standpipe.InvalidKey",
        message: why.0,
    })
}

fn no_value(key: &str) -> String {
    format!("partitionKeys values must not be null or empty: {key}")
}

fn read_once<'j>(json: &'j mut Option<Json>, bytes: &[u8]) -> Result<&'j Json, Unplaced> {
    match json {
        Some(json) => Ok(json),
        none => {
            let read = Json::read(bytes).map_err(|why| Unplaced::new(why.0))?;
            Ok(none.insert(read))
        }
    }
}

/// When the event was.
fn time_of(settings: &EventTime, json: &Json) -> Result<Arrival, Unplaced> {
    let asked = settings.query.text(json);
    let text = asked.map_err(|why| Unplaced::new(why.0))?;
    let wrong = |why: &str| Unplaced::new(format!("the time of the event {text:?}: {why}"));
    if text.is_empty() {
        return Err(wrong("there is none"));
    }
    let zone = TimeZone::get(&settings.zone).map_err(|why| wrong(&why.to_string()))?;
    let time = read_time(&text, &zone).ok_or_else(|| {
        wrong("a text of RFC 3339 or ISO 8601 is wanted, or seconds or milliseconds since 1970")
    })?;
    Ok(Arrival(time.as_millisecond()))
}

/// The time that a text means, which is in `zone` if it names none.
fn read_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let since_1970 = match text.parse::<i64>() {
        Ok(number) if number.abs() < MILLISECONDS_FROM => Timestamp::from_second(number).ok(),
        Ok(number) => Timestamp::from_millisecond(number).ok(),
        Err(_) => text.parse::<f64>().ok().and_then(from_seconds),
    };
    since_1970
        .or_else(|| text.parse().ok())
        .or_else(|| zone.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

fn from_seconds(seconds: f64) -> Option<Timestamp> {
    let milliseconds = (seconds * 1000.0).round();
    let fits = milliseconds.abs() < 1e15;
    fits.then(|| Timestamp::from_millisecond(milliseconds as i64).ok())?
}

/// A name that many files of one partition share.
pub(super) type SharedName = Arc<PartitionName>;

#[cfg(test)]
mod tests;
