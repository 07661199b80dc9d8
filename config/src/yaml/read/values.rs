//! Single values.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::At;
use crate::units::{parse_size, parse_span, print_size, print_span};
use crate::yaml::tree::Value;

/// What a message repeats of a value, in characters.
const REPEATED: usize = 60;

impl<'a> At<'a> {
    /// Notes that this is something else than what is allowed here.
    pub fn wrong_type(&self, allowed: &str) {
        self.problem(format!("found {}, allowed is {allowed}", self.found()));
    }

    /// What stands here, in words.
    pub fn found(&self) -> String {
        match &self.node.value {
            Value::Null => "nothing".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar(scalar) => {
                let text: String = scalar.text.chars().take(REPEATED).collect();
                match scalar.typed {
                    true => text,
                    false => format!("{text:?}"),
                }
            }
        }
    }

    /// A text. What YAML reads as a number or a boolean is text too: `0123` stays as it is.
    pub fn text(&self, allowed: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => {
                self.wrong_type(allowed);
                None
            }
        }
    }

    /// The text that stands here, if it is one, without a problem if it is not.
    pub fn written(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// A text that is not empty.
    pub fn filled(&self, allowed: &str) -> Option<String> {
        let text = self.text(allowed)?;
        if text.is_empty() {
            self.wrong_type(allowed);
            return None;
        }
        Some(text.to_owned())
    }

    /// A text that is read on by `parse`, whose error says what is allowed.
    pub fn parsed<T, E: Display>(
        &self,
        allowed: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(self.text(allowed)?)
            .map_err(|error| self.problem(error))
            .ok()
    }

    /// `true` or `false`, without quotes.
    pub fn flag(&self) -> Option<bool> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.typed && scalar.text == "true" => Some(true),
            Value::Scalar(scalar) if scalar.typed && scalar.text == "false" => Some(false),
            _ => {
                self.wrong_type("true or false");
                None
            }
        }
    }

    /// A size in bytes.
    pub fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let allowed = bounds(&range, |bytes| print_size(*bytes), u64::MAX);
        let size = self.parsed(&format!("a size such as 64MiB, {allowed}"), parse_size)?;
        self.within(&range, size, &allowed)
    }

    /// A number of things.
    pub fn count(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let allowed = bounds(&range, u64::to_string, u64::MAX);
        let text = self.text(&format!("a number, {allowed}"))?;
        let Ok(count) = text.parse() else {
            self.wrong_type(&format!("a number, {allowed}"));
            return None;
        };
        self.within(&range, count, &allowed)
    }

    /// A span of time.
    pub fn span(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let allowed = bounds(&range, |span| print_span(*span), Duration::MAX);
        let span = self.parsed(&format!("a span such as 60s, {allowed}"), parse_span)?;
        self.within(&range, span, &allowed)
    }

    fn within<T: PartialOrd>(
        &self,
        range: &RangeInclusive<T>,
        value: T,
        allowed: &str,
    ) -> Option<T> {
        if range.contains(&value) {
            return Some(value);
        }
        self.problem(format!(
            "{} is out of range: {allowed} is allowed",
            self.found()
        ));
        None
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let allowed = format!("one of {}", names.join(", "));
        let text = self.text(&allowed)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.wrong_type(&allowed);
        }
        found.map(|(_, value)| *value)
    }
}

fn bounds<T: PartialEq>(
    range: &RangeInclusive<T>,
    print: impl Fn(&T) -> String,
    open: T,
) -> String {
    let least = print(range.start());
    match *range.end() == open {
        true => format!("{least} or more"),
        false => format!("{least} to {}", print(range.end())),
    }
}
