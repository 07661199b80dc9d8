//! Mappings whose keys stand in a table.

use std::fmt::Display;

use super::At;
use crate::yaml::problem::Place;
use crate::yaml::table::{Key, Table};
use crate::yaml::tree::{Node, Scalar, Value};

/// What stands where nothing was written.
static NOTHING: Node = Node {
    value: Value::Null,
    place: Place {
        line: 1,
        column: 1,
        start: 0,
        end: 0,
    },
};

/// A mapping, checked against its table.
#[derive(Debug)]
pub struct Fields<'a> {
    /// The mapping itself, for problems that concern it as a whole.
    pub at: At<'a>,
    pairs: &'a [(Node, Node)],
    table: &'static Table,
}

impl<'a> Fields<'a> {
    /// Notes keys that are unknown or not available yet.
    pub(super) fn new(at: At<'a>, pairs: &'a [(Node, Node)], table: &'static Table) -> Self {
        let fields = Self { at, pairs, table };
        for pair in pairs {
            fields.check_key(pair);
        }
        fields
    }

    fn check_key(&self, pair: &'a (Node, Node)) {
        let (key, value) = self.at.entry(pair);
        match self.table.key(&name_of(&pair.0)) {
            Some(known) if known.available => {}
            Some(_) if value.node.value == Value::Null => {}
            Some(known) => key.problem(known.refusal()),
            None => key.problem(self.unknown(&name_of(&pair.0))),
        }
    }

    fn unknown(&self, name: &str) -> String {
        match self.table.nearest(name) {
            Some(nearest) => format!("is no known key, did you mean {nearest:?}?"),
            None => format!("is no known key; allowed are: {}", self.table.names()),
        }
    }

    fn is_misspelt(&self, (key, _): &(Node, Node), name: &str) -> bool {
        let written = name_of(key);
        self.table.key(&written).is_none() && self.table.nearest(&written) == Some(name)
    }

    /// The value of a key; `None` if it is not there, or there without a value.
    pub fn get(&self, name: &'static str) -> Option<At<'a>> {
        self.entry(name).filter(|at| at.node.value != Value::Null)
    }

    /// Whether the key is there and has a value.
    pub fn given(&self, name: &str) -> bool {
        let named = |pair: &&(Node, Node)| name_of(&pair.0) == name;
        self.pairs
            .iter()
            .find(named)
            .is_some_and(|pair| pair.1.value != Value::Null)
    }

    /// Reads a mapping below a key; if it is not there, an empty one, for its defaults.
    pub fn under<T>(
        &self,
        name: &'static str,
        table: &'static Table,
        read: impl FnOnce(&Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let at = self.get(name).unwrap_or_else(|| At {
            document: self.at.document,
            node: &NOTHING,
            path: self.at.below(name),
            key: self.at.key,
        });
        read(&at.fields(table)?)
    }

    /// Whether the key is there, with or without a value.
    pub fn has(&self, name: &'static str) -> bool {
        self.entry(name).is_some()
    }

    fn entry(&self, name: &'static str) -> Option<At<'a>> {
        #[cfg(test)]
        crate::yaml::asked::note(self.table.path, name);
        let pair = self.pairs.iter().find(|pair| name_of(&pair.0) == name)?;
        Some(self.at.entry(pair).1)
    }

    /// Reads the value of a key, or its default from the table, or notes that it is missing.
    pub fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&At<'_>) -> Option<T>,
    ) -> Option<T> {
        let default = self.table.key(name).map_or("", |key| key.default);
        self.read_or(name, default, read)
    }

    /// Reads the value of a key, or a default that depends on something else.
    pub fn read_or<T>(
        &self,
        name: &'static str,
        default: &str,
        read: impl FnOnce(&At<'_>) -> Option<T>,
    ) -> Option<T> {
        if let Some(at) = self.get(name) {
            return read(&at);
        }
        if default.is_empty() {
            self.missing(name);
            return None;
        }
        let scalar = Scalar {
            text: default.to_owned(),
            typed: true,
        };
        let node = Node {
            value: Value::Scalar(scalar),
            place: self.at.node.place,
        };
        let path = self.at.below(name);
        let at = At {
            document: self.at.document,
            node: &node,
            path,
            key: self.at.key,
        };
        read(&at)
    }

    /// Reads the value of a key, if it is there. The outer `None`: a problem was noted.
    pub fn optional<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&At<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(name) {
            Some(at) => read(&at).map(Some),
            None => Some(None),
        }
    }

    /// Notes that a key is missing.
    pub fn missing(&self, name: &'static str) {
        let allowed = self.table.key(name).map_or("", |key| key.allowed);
        self.missing_because(name, format!("is missing, allowed is {allowed}"));
    }

    /// Notes that a key is missing, in other words. Where it is only misspelt, that was noted.
    pub fn missing_because(&self, name: &'static str, message: impl Display) {
        if self.pairs.iter().any(|pair| self.is_misspelt(pair, name)) {
            return;
        }
        let at = At {
            path: self.at.below(name),
            ..self.at.clone()
        };
        at.problem_at_key(message);
    }

    /// For a mapping of which exactly one key must be there: that key and its value, which may
    /// be empty. None or several are noted; so is a key of a later version, already.
    pub fn only(&self) -> Option<(&'static Key, At<'a>)> {
        let chosen = |key: &&Key| match key.available {
            true => self.has(key.name),
            false => self.given(key.name),
        };
        let known: Vec<_> = self.table.keys.iter().filter(chosen).collect();
        match known[..] {
            [key] if key.available => self.entry(key.name).map(|at| (key, at)),
            [_] => None,
            [] => {
                // An unknown key was noted; that none is there was not.
                let known = |pair: &(Node, Node)| self.table.key(&name_of(&pair.0)).is_some();
                if self.pairs.iter().all(known) {
                    self.at
                        .problem_at_key(format!("is missing: one of {}", self.table.names()));
                }
                None
            }
            [..] => {
                let names: Vec<_> = known.iter().map(|key| key.name).collect();
                self.at.problem(format!(
                    "conflict: found {}, only one is allowed",
                    names.join(" and ")
                ));
                None
            }
        }
    }
}

/// What a key is called. A key that is no text gets a name that no table has.
pub(super) fn name_of(key: &Node) -> String {
    match &key.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::Null => "~".to_owned(),
        Value::List(_) | Value::Map(_) => "?".to_owned(),
    }
}
