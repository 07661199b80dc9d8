//! From the text of a prefix to its parts.

use super::pattern::Pattern;
use super::{KeySource, Part, PartitionKey, PrefixError};
use crate::limits::MAX_PREFIX;

/// The longest name of a key of partitioning, in bytes.
const MAX_KEY_NAME: usize = 128;

/// The parts of a prefix, expressions read.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, PrefixError> {
    if text.len() > MAX_PREFIX {
        let length = text.len();
        return Err(PrefixError(format!(
            "is {length} bytes long, {MAX_PREFIX} are allowed"
        )));
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("!{") {
        push_text(&mut parts, &rest[..start]);
        let (inside, behind) = expression(&rest[start..])?;
        parts.push(part(inside)?);
        rest = behind;
    }
    push_text(&mut parts, rest);
    Ok(parts)
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// What is between the braces of the expression that `text` begins with, and what follows it.
fn expression(text: &str) -> Result<(&str, &str), PrefixError> {
    let inside = &text[2..];
    match inside.find(['{', '}']) {
        Some(end) if inside[end..].starts_with('}') => Ok((&inside[..end], &inside[end + 1..])),
        _ => Err(PrefixError(format!(
            "the expression that begins with {:?} has no closing brace",
            text.chars().take(20).collect::<String>()
        ))),
    }
}

fn part(inside: &str) -> Result<Part, PrefixError> {
    match inside.split_once(':') {
        Some(("timestamp", pattern)) if !pattern.is_empty() => {
            Pattern::parse(pattern).map(Part::Time)
        }
        Some(("firehose", "random-string")) => Ok(Part::Random),
        Some(("firehose", "error-output-type")) => Ok(Part::ErrorType),
        Some(("partitionKeyFromQuery", name)) => key(KeySource::Query, name),
        Some(("partitionKeyFromLambda", name)) => key(KeySource::Transform, name),
        _ => Err(PrefixError(format!(
            "!{{{inside}}} is no expression: allowed are !{{timestamp:PATTERN}}, \
             !{{firehose:random-string}}, with partitioning !{{partitionKeyFromQuery:KEY}} and \
             !{{partitionKeyFromLambda:KEY}}, and in the error output prefix \
             !{{firehose:error-output-type}}"
        ))),
    }
}

fn key(source: KeySource, name: &str) -> Result<Part, PrefixError> {
    check_key_name(name)?;
    Ok(Part::Key(PartitionKey {
        source,
        name: name.to_owned(),
    }))
}

/// Whether a key of partitioning may be called so.
pub fn check_key_name(name: &str) -> Result<(), PrefixError> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match !name.is_empty() && name.len() <= MAX_KEY_NAME && name.chars().all(is_fine) {
        true => Ok(()),
        false => Err(PrefixError(format!(
            "{name:?} is no name of a key of partitioning: 1 to {MAX_KEY_NAME} of [a-zA-Z0-9_.-] are allowed"
        ))),
    }
}
