//! Records that hold several records: which of them the doors take apart. Firehose's processor
//! `RecordDeAggregation`, with its two types, and the aggregates of the Kinesis Producer Library.

use super::tables::DEAGGREGATE;
use crate::yaml::{At, Value, quoted};

/// What records are taken apart into, before they are accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deaggregation {
    /// What the Kinesis Producer Library put together, at the Firehose door.
    Kpl,
    /// JSON objects, one behind the other: `SubRecordType` JSON.
    Json,
    /// What stands between delimiters: `SubRecordType` DELIMITED.
    Delimited(String),
}

/// The longest delimiter, in bytes.
const LONGEST: usize = 64;

const WORDS: &[(&str, Option<Deaggregation>)] = &[
    ("none", None),
    ("kpl", Some(Deaggregation::Kpl)),
    ("json", Some(Deaggregation::Json)),
];

/// Reads it.
pub(super) fn read(at: &At<'_>) -> Option<Option<Deaggregation>> {
    match at.value() {
        Value::Map(_) => delimited(at).map(Some),
        _ => word(at),
    }
}

fn word(at: &At<'_>) -> Option<Option<Deaggregation>> {
    let found = at.written().and_then(|text| {
        let known = WORDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, meant)| meant.clone())
    });
    if found.is_none() {
        at.wrong_type("one of none, kpl, json, or {delimited: TEXT}");
    }
    found
}

fn delimited(at: &At<'_>) -> Option<Deaggregation> {
    let fields = at.fields(&DEAGGREGATE)?;
    let delimiter = fields.read("delimited", |at| {
        let text = at.filled("a text of 1 to 64 bytes")?;
        if text.len() > LONGEST {
            at.problem(format!(
                "the delimiter has {} bytes, 1 to {LONGEST} are allowed",
                text.len()
            ));
            return None;
        }
        Some(text)
    });
    delimiter.map(Deaggregation::Delimited)
}

impl Deaggregation {
    /// As it stands in the settings.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Kpl => "kpl".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Delimited(delimiter) => format!("{{delimited: {}}}", quoted(delimiter)),
        }
    }

    /// What it means.
    pub(super) fn meaning(&self) -> String {
        match self {
            Self::Kpl => "aggregates of the Kinesis Producer Library are taken apart".to_owned(),
            Self::Json => "records of several JSON objects are taken apart".to_owned(),
            Self::Delimited(delimiter) => {
                format!("records are taken apart at each {}", quoted(delimiter))
            }
        }
    }
}
