//! Reading an operation's input, member by member. Problems of shape are collected and told all at
//! once, in the service's words; a member that nobody asked for is refused by its name.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use standpipe_config::names::StreamName;

use super::exception::{Exception, Kind};

/// A structure of the input, and what was found wrong with the whole input so far.
#[derive(Debug)]
pub(super) struct Input {
    /// Where it stands in the input, with a dot at its end; empty for the input itself.
    path: String,
    members: Map<String, Value>,
    problems: Vec<String>,
    /// What is legal, and not done here.
    unsupported: Vec<String>,
}

/// What the names of streams look like, in the service's words.
const NAME_PATTERN: &str = "[a-zA-Z0-9_.-]+";

impl Input {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Exception> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self::at(String::new(), members)),
            Ok(_) => Err(serialization("the body is not a JSON object")),
            Err(error) => Err(serialization(&format!("the body is not JSON: {error}"))),
        }
    }

    fn at(path: String, members: Map<String, Value>) -> Self {
        Self {
            path,
            members,
            problems: Vec::new(),
            unsupported: Vec::new(),
        }
    }

    /// Takes a structure. What `read` leaves of it is refused by its name.
    pub(super) fn structure<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<T, Exception>,
    ) -> Result<Option<T>, Exception> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => self.inside(name, value, read).map(Some),
        }
    }

    /// Takes a list of structures.
    pub(super) fn structures(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Self) -> Result<(), Exception>,
    ) -> Result<(), Exception> {
        let items = self.list(name, 0..=usize::MAX)?.unwrap_or_default();
        for (i, value) in items.into_iter().enumerate() {
            self.inside(&format!("{name}.{}.member", i + 1), value, &mut read)?;
        }
        Ok(())
    }

    fn inside<T>(
        &mut self,
        name: &str,
        value: Value,
        read: impl FnOnce(&mut Self) -> Result<T, Exception>,
    ) -> Result<T, Exception> {
        let path = format!("{}{name}", self.path);
        let Value::Object(members) = value else {
            return Err(serialization(&format!("{path} is not an object")));
        };
        let mut inner = Self::at(format!("{path}."), members);
        let read = read(&mut inner)?;
        self.problems.append(&mut inner.problems);
        self.unsupported.append(&mut inner.unsupported);
        let left: Vec<String> = inner.left().map(|left| format!("{path}.{left}")).collect();
        self.unsupported.extend(left);
        Ok(read)
    }

    /// Takes true or false.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Exception> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(serialization(&format!("{name} is not true or false"))),
        }
    }

    /// Notes something that is legal, and not done here. Told when the shape of all is right.
    pub(super) fn unsupported(&mut self, what: &str) {
        self.unsupported.push(format!("{}{what}", self.path));
    }

    /// The members that nobody took.
    pub(super) fn left(&self) -> impl Iterator<Item = &str> {
        let given = self.members.iter().filter(|(_, value)| !value.is_null());
        given.map(|(name, _)| name.as_str())
    }

    /// Takes a member. Null is nothing.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text of `length` characters.
    pub(super) fn text(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<String>, Exception> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let text = text_of(name, value)?;
        self.check_length(name, text.chars().count(), length);
        Ok(Some(text))
    }

    /// Takes a whole number.
    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Exception> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let Some(number) = value.as_i64() else {
            return Err(serialization(&format!("{name} is not a whole number")));
        };
        if number < 0 || (number as u64) < *range.start() {
            let least = range.start();
            self.broken(
                name,
                &format!("Member must have value greater than or equal to {least}"),
            );
        } else if number as u64 > *range.end() {
            let most = range.end();
            self.broken(
                name,
                &format!("Member must have value less than or equal to {most}"),
            );
        }
        Ok(Some(number.unsigned_abs()))
    }

    /// Takes one of some words, which are told apart by case.
    pub(super) fn one_of(
        &mut self,
        name: &str,
        words: &[&str],
    ) -> Result<Option<String>, Exception> {
        let text = self.take(name).map(|value| text_of(name, value));
        let text = text.transpose()?;
        if text.as_deref().is_some_and(|text| !words.contains(&text)) {
            let words = words.join(", ");
            self.broken(
                name,
                &format!("Member must satisfy enum value set: [{words}]"),
            );
        }
        Ok(text)
    }

    /// Takes a list of `length` items.
    pub(super) fn list(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<Vec<Value>>, Exception> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                self.check_length(name, items.len(), length);
                Ok(Some(items))
            }
            Some(_) => Err(serialization(&format!("{name} is not a list"))),
        }
    }

    /// Takes the name of a stream. `None` after a problem was noted.
    pub(super) fn stream_name(&mut self, name: &str) -> Result<Option<StreamName>, Exception> {
        let Some(text) = self.text(name, 1..=64)? else {
            return Ok(None);
        };
        let parsed = text.parse().ok();
        if parsed.is_none() && (1..=64).contains(&text.len()) {
            self.broken(
                name,
                &format!("Member must satisfy regular expression pattern: {NAME_PATTERN}"),
            );
        }
        Ok(parsed)
    }

    /// Takes `DeliveryStreamName`, which must be there.
    pub(super) fn stream(&mut self) -> Result<Option<StreamName>, Exception> {
        const NAME: &str = "DeliveryStreamName";
        self.must_be_there(NAME);
        self.stream_name(NAME)
    }

    /// Notes a member that must be there and is not.
    pub(super) fn must_be_there(&mut self, name: &str) {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.broken(name, "Member must not be null");
        }
    }

    fn check_length(&mut self, name: &str, length: usize, allowed: RangeInclusive<usize>) {
        if length > *allowed.end() {
            let most = allowed.end();
            self.broken(
                name,
                &format!("Member must have length less than or equal to {most}"),
            );
        } else if length < *allowed.start() {
            let least = allowed.start();
            self.broken(
                name,
                &format!("Member must have length greater than or equal to {least}"),
            );
        }
    }

    /// Notes that a member breaks a constraint.
    pub(super) fn broken(&mut self, name: &str, constraint: &str) {
        let path = format!("{}{name}", self.path);
        self.problems.push(broken(&path, constraint));
    }

    /// Fails if anything was wrong with its shape so far.
    pub(super) fn check_shape(&self) -> Result<(), Exception> {
        invalid(&self.problems)
    }

    /// The input is read: fails if anything was wrong with it, or if a member is left that this
    /// operation does not know.
    pub(super) fn finish(self) -> Result<(), Exception> {
        self.check_shape()?;
        let unsupported = self.unsupported.iter().map(String::as_str);
        let mut left = unsupported.chain(self.left());
        match left.next() {
            None => Ok(()),
            Some(name) => {
                let message = format!("{name} is not supported by this server: leave it out");
                Err(Exception::new(Kind::InvalidArgument, message))
            }
        }
    }
}

/// A member as a text.
pub(super) fn text_of(name: &str, value: Value) -> Result<String, Exception> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(serialization(&format!("{name} is not a string"))),
    }
}

/// The body is no JSON, or a type in it is wrong.
pub(super) fn serialization(message: &str) -> Exception {
    Exception::new(Kind::Serialization, message)
}

/// A member breaks a constraint, in the service's words. Members begin with a small letter there.
pub(super) fn broken(member: &str, constraint: &str) -> String {
    let small = |name: &str| {
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let path: Vec<String> = member.split('.').map(small).collect();
    let path = path.join(".");
    format!("Value at '{path}' failed to satisfy constraint: {constraint}")
}

/// Fails if there are problems, with all of them.
pub(super) fn invalid(problems: &[String]) -> Result<(), Exception> {
    let errors = match problems.len() {
        0 => return Ok(()),
        1 => "error",
        _ => "errors",
    };
    let message = format!(
        "{} validation {errors} detected: {}",
        problems.len(),
        problems.join("; ")
    );
    Err(Exception::new(Kind::Validation, message))
}

#[cfg(test)]
mod tests;
