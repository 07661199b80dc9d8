//! Sizes and spans as they are written in settings, and back. What is printed reads back as the
//! same value, exactly.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::friendly::SpanParser;

/// Why a text is no size or no span.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(String);

const BINARY: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

const SPANS: [(&str, u128); 5] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
];

/// Reads a size: `64MiB`, `500KB`, `1gib`, or a number of bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let wrong = |why: &str| {
        UnitError(format!(
            "{text:?} is no size: {why}, such as 64MiB, 500KB or 4096 (bytes)"
        ))
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(wrong("a whole number and a unit are allowed"));
    }
    let factor = match unit.trim_start() {
        "" => 1,
        unit => bytesize::Unit::from_str(unit)
            .map(|unit| unit * 1)
            .map_err(|_| wrong("a whole number and one of the units KB, MiB, GiB … are allowed"))?,
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| wrong("it is too large; a number and a unit are allowed"))
}

/// Writes a size with the largest unit in which it is whole.
pub fn print_size(bytes: u64) -> String {
    let whole = |(_, factor): &&(&str, u64)| bytes != 0 && bytes.is_multiple_of(*factor);
    match BINARY.iter().find(whole) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

/// Reads a span: `60s`, `5m`, `200ms`, `1h30m`, `0s`.
pub fn parse_span(text: &str) -> Result<Duration, UnitError> {
    let wrong = |why: &str| {
        UnitError(format!(
            "{text:?} is no span: {why}, such as 60s, 5m, 200ms or 1h"
        ))
    };
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return Err(wrong("it needs a unit"));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.contains(char::is_whitespace) {
        return Err(wrong("a number and a unit are allowed"));
    }
    SpanParser::new()
        .parse_duration(text)
        .ok()
        .and_then(|span: SignedDuration| Duration::try_from(span).ok())
        .ok_or_else(|| wrong("a number and one of the units h, m, s, ms are allowed"))
}

/// Writes a span with the largest unit in which it is whole.
pub fn print_span(span: Duration) -> String {
    let nanos = span.as_nanos();
    let whole = |(_, factor): &&(&str, u128)| nanos != 0 && nanos.is_multiple_of(*factor);
    match SPANS.iter().find(whole) {
        Some((unit, factor)) => format!("{}{unit}", nanos / factor),
        None if nanos == 0 => "0s".to_owned(),
        None => format!("{nanos}ns"),
    }
}

#[cfg(test)]
mod tests;
