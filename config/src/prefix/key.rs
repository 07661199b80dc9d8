//! What a key may look like (rule 20), and the check of a prefix before there is any record.

use super::{Part, PrefixError, PrefixValues, Zone, evaluate};
use crate::limits::MAX_KEY;
use crate::names::Arrival;

/// The shortest name that follows a prefix, in bytes: `s-1-yyyy-MM-dd-HH-mm-ss-UUID`.
const SHORTEST_NAME: usize = 60;

/// Any time will do: what a sample shows to be wrong is wrong at all times. 2026-11-21T10:30Z
const SAMPLE: Arrival = Arrival(1_795_257_000_000);

/// Whether a whole key, as evaluated, is one that every destination takes as it is (rule 20): at
/// most [`MAX_KEY`] bytes, no control character, no empty, `.` or `..` segment.
pub fn check_key(key: &str) -> Result<(), PrefixError> {
    let wrong = |what: &str| Err(PrefixError(format!("{what} (in the key {key:?})")));
    if key.len() > MAX_KEY {
        let length = key.len();
        return wrong(&format!("{length} bytes are too many, {MAX_KEY} fit"));
    }
    if let Some(control) = key.chars().find(|c| c.is_control()) {
        return wrong(&format!("the control character {control:?} is not allowed"));
    }
    match key.split('/').find(|s| matches!(*s, "" | "." | "..")) {
        Some("") => wrong("an empty segment is not allowed: no '/' at either end, no '//'"),
        Some(dots) => wrong(&format!("a segment {dots:?} is not allowed")),
        None => Ok(()),
    }
}

/// Refuses what can never make a key, whatever the values of its so many keys of partitioning.
pub(super) fn check_sample(parts: &[Part], keys: usize) -> Result<(), PrefixError> {
    let keys = vec!["k".to_owned(); keys];
    let values = PrefixValues {
        oldest: SAMPLE,
        random_seed: b"sample",
        keys: &keys,
    };
    let prefix = evaluate(parts, Some("processing-failed"), &Zone::default(), &values)?;
    check_key(&format!("{prefix}{}", "x".repeat(SHORTEST_NAME)))
        .map_err(|PrefixError(why)| PrefixError(why.replace(&"x".repeat(SHORTEST_NAME), "…")))
}
