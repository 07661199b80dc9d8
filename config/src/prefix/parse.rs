//! From the text of a prefix to its parts.

use super::pattern::Pattern;
use super::{Part, PrefixError};
use crate::limits::MAX_PREFIX;

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
        Some(("partitionKeyFromQuery" | "partitionKeyFromLambda", _)) => Err(PrefixError(format!(
            "!{{{inside}}} needs partitioning, which is not available in this version yet"
        ))),
        _ => Err(PrefixError(format!(
            "!{{{inside}}} is no expression: allowed are !{{timestamp:PATTERN}}, \
             !{{firehose:random-string}} and, in the error output prefix, \
             !{{firehose:error-output-type}}"
        ))),
    }
}
