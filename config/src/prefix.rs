//! Object prefixes in Firehose's language: text with `!{namespace:value}` expressions.
//!
//! A prefix is parsed once, where the settings are read, so that what is wrong is said with its
//! place in the file. It is evaluated once per object, from values that a retry finds again: the
//! arrival of the object's oldest record and a seed (rule 21), never the clock.
//!
//! What is appended where is Firehose's: a data prefix without any expression gets
//! `yyyy/MM/dd/HH/`; an error prefix without any gets the error type and the same date. Times are
//! UTC, or in the zone that the settings name.

use std::fmt;

use crate::names::{Arrival, Fingerprint};
use pattern::Pattern;

mod key;
mod parse;
mod pattern;
mod zone;

pub use key::check_key;
pub use parse::check_key_name;
pub use zone::Zone;

/// A prefix as written, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    text: String,
    parts: Vec<Part>,
    keys: Vec<PartitionKey>,
    /// Nothing that was written is an expression.
    literal: bool,
    zone: Zone,
}

/// A key of partitioning that a prefix uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionKey {
    /// Who gives its values.
    pub source: KeySource,
    /// Its name.
    pub name: String,
}

/// Who gives the values of a key of partitioning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// A query of the settings: `!{partitionKeyFromQuery:…}`.
    Query,
    /// The stream's transform: `!{partitionKeyFromLambda:…}`.
    Transform,
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = match self.source {
            KeySource::Query => "partitionKeyFromQuery",
            KeySource::Transform => "partitionKeyFromLambda",
        };
        write!(f, "!{{{namespace}:{}}}", self.name)
    }
}

/// An error output prefix as written or as derived, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErrorPrefix {
    text: Option<String>,
    parts: Vec<Part>,
    zone: Zone,
}

/// A piece of a prefix.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Time(Pattern),
    Random,
    ErrorType,
    Key(PartitionKey),
}

impl Part {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What the expressions of a prefix are evaluated with.
#[derive(Clone, Copy, Debug)]
pub struct PrefixValues<'a> {
    /// Arrival of the oldest record of the object.
    pub oldest: Arrival,
    /// Seed of `!{firehose:random-string}`: derived from lane, run and position (rule 21), so
    /// that a retry finds the same name. Each occurrence differs.
    pub random_seed: &'a [u8],
    /// The values of the prefix's keys, in their order; an error output prefix has none.
    pub keys: &'a [String],
}

/// Why a text is no prefix, or a value makes no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PrefixError(pub String);

impl Prefix {
    /// Reads a prefix for data objects.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let mut parts = parse::parts(text)?;
        if parts.contains(&Part::ErrorType) {
            return Err(PrefixError(
                "!{firehose:error-output-type} is allowed only in the error output prefix".into(),
            ));
        }
        let literal = !has_expression(&parts);
        if literal {
            parts.push(Part::Time(Pattern::by_hour()));
        }
        let keys = keys_of(&parts);
        key::check_sample(&parts, keys.len())?;
        Ok(Self {
            text: text.to_owned(),
            parts,
            keys,
            literal,
            zone: Zone::default(),
        })
    }

    /// The same with its times in another zone than UTC: Firehose's `CustomTimeZone`.
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// The zone of its times.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The keys of partitioning that it uses, each once.
    pub fn keys(&self) -> &[PartitionKey] {
        &self.keys
    }

    /// Whether it has expressions of time.
    pub fn has_time(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Time(_)))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What every key under it begins with: the text before the first expression.
    pub fn start(&self) -> &str {
        start(&self.parts)
    }

    /// Whether it writes `YYYY`, the year of the week, where `yyyy` may be meant: around New Year
    /// they differ.
    pub fn has_week_year(&self) -> bool {
        has_week_year(&self.parts)
    }

    /// Whether nothing of it is an expression, so that the date is appended.
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    /// The prefix of an object. Where it has no expression, `yyyy/MM/dd/HH/` is appended.
    /// Check the whole key with [`check_key`].
    pub fn evaluate(&self, values: &PrefixValues<'_>) -> Result<String, PrefixError> {
        evaluate(&self.parts, None, &self.zone, values)
    }
}

impl ErrorPrefix {
    /// Reads an error output prefix, whose times are in the prefix's zone. Without one (or with an
    /// empty one) it derives from the prefix, as in Firehose: that is possible only where the prefix
    /// has no expression.
    pub fn parse(text: Option<&str>, prefix: &Prefix) -> Result<Self, PrefixError> {
        let text = text.filter(|text| !text.is_empty());
        let parts = match text {
            Some(text) => error_parts(text)?,
            None if prefix.literal => by_type_and_hour(&prefix.text),
            None => return Err(missing()),
        };
        key::check_sample(&parts, 0)?;
        Ok(Self {
            text: text.map(str::to_owned),
            parts,
            zone: prefix.zone.clone(),
        })
    }

    /// As written; `None` where it was derived.
    pub fn as_str(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What every key under it begins with: the text before the first expression.
    pub fn start(&self) -> &str {
        start(&self.parts)
    }

    /// As for [`Prefix::has_week_year`].
    pub fn has_week_year(&self) -> bool {
        has_week_year(&self.parts)
    }

    /// The zone of its times.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What every key of this error type begins with: the text before the first other expression.
    pub fn start_of(&self, error_type: &str) -> String {
        let mut start = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => start.push_str(text),
                Part::ErrorType => start.push_str(error_type),
                Part::Time(_) | Part::Random | Part::Key(_) => break,
            }
        }
        start
    }

    /// What it means, for people: with the parts that are appended.
    pub fn meaning(&self) -> String {
        match &self.text {
            Some(text) if text.contains("!{") => text.clone(),
            _ => {
                let before = self.start();
                format!("{before}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd/HH}}/")
            }
        }
    }

    /// The prefix of an object of failed records; `error_type` is one of Firehose's, such as
    /// `format-conversion-failed`.
    pub fn evaluate(
        &self,
        error_type: &str,
        values: &PrefixValues<'_>,
    ) -> Result<String, PrefixError> {
        evaluate(&self.parts, Some(error_type), &self.zone, values)
    }
}

fn start(parts: &[Part]) -> &str {
    parts.first().and_then(Part::text).unwrap_or_default()
}

fn has_week_year(parts: &[Part]) -> bool {
    let is_one = |part: &Part| matches!(part, Part::Time(pattern) if pattern.has_week_year());
    parts.iter().any(is_one)
}

fn missing() -> PrefixError {
    PrefixError(
        "is missing: a prefix with expressions needs an error output prefix, such as \
         \"errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/\""
            .into(),
    )
}

fn error_parts(text: &str) -> Result<Vec<Part>, PrefixError> {
    let parts = parse::parts(text)?;
    if let Some(key) = keys_of(&parts).first() {
        return Err(PrefixError(format!(
            "{key} is not allowed in an error output prefix: what failed may have no such value"
        )));
    }
    if !has_expression(&parts) {
        return Ok(by_type_and_hour(text));
    }
    if parts.contains(&Part::ErrorType) {
        return Ok(parts);
    }
    Err(PrefixError(
        "an error output prefix with expressions must contain !{firehose:error-output-type}".into(),
    ))
}

fn by_type_and_hour(before: &str) -> Vec<Part> {
    vec![
        Part::Text(before.to_owned()),
        Part::ErrorType,
        Part::Text("/".to_owned()),
        Part::Time(Pattern::by_hour()),
    ]
}

/// The keys that are used, each once, in the order of their first use.
fn keys_of(parts: &[Part]) -> Vec<PartitionKey> {
    let mut keys: Vec<PartitionKey> = Vec::new();
    for part in parts {
        if let Part::Key(key) = part
            && !keys.contains(key)
        {
            keys.push(key.clone());
        }
    }
    keys
}

fn has_expression(parts: &[Part]) -> bool {
    parts.iter().any(|part| !matches!(part, Part::Text(_)))
}

fn evaluate(
    parts: &[Part],
    error_type: Option<&str>,
    zone: &Zone,
    values: &PrefixValues<'_>,
) -> Result<String, PrefixError> {
    let time = zone.at(values.oldest)?;
    let keys = keys_of(parts);
    let value = |wanted: &PartitionKey| {
        let at = keys.iter().position(|key| key == wanted);
        at.and_then(|at| values.keys.get(at))
            .ok_or_else(|| PrefixError(format!("the record has no value for {wanted}")))
    };
    let mut key = String::new();
    let mut occurrence = 0;
    for part in parts {
        match part {
            Part::Text(text) => key.push_str(text),
            Part::Time(pattern) => pattern.evaluate(&time, &mut key),
            Part::ErrorType => key.push_str(error_type.unwrap_or_default()),
            Part::Key(name) => key.push_str(value(name)?),
            Part::Random => {
                key.push_str(&random_string(values.random_seed, occurrence));
                occurrence += 1;
            }
        }
    }
    Ok(key)
}

/// Eleven characters, as Firehose's: the beginning of a UUID.
fn random_string(seed: &[u8], occurrence: u32) -> String {
    let digits = Fingerprint::of(&[seed, &occurrence.to_le_bytes()].concat()).to_string();
    format!("{}-{}", &digits[..8], &digits[8..10])
}

#[cfg(test)]
mod tests;
