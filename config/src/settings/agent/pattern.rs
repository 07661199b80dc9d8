//! Regular expressions in settings.

use std::fmt;
use std::ops::Deref;

use regex::bytes::Regex;

use crate::yaml::At;

/// A regular expression, compiled once when the settings are read. It works on bytes: a log line
/// need not be UTF-8.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles one. The error says what is wrong with it, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let why = |error: regex::Error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        };
        Regex::new(text).map(Self).map_err(why)
    }
}

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

/// Reads one.
pub(super) fn pattern(at: &At<'_>) -> Option<Pattern> {
    let text = at.filled("a regular expression")?;
    let compiled = Pattern::new(&text);
    if let Err(why) = &compiled {
        at.problem(format!(
            "found {}, which is no regular expression: {why}",
            at.found()
        ));
    }
    compiled.ok()
}
