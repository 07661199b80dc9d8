//! Finds the column of a key.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::record::json::Text;

/// The names of an object's columns. Records of a stream mostly have their keys in one order, so
/// the next name is tried first.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    /// Whether case does not matter (OpenX's default, with a declared schema).
    fold: bool,
    expected: usize,
}

impl Names {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, fold: bool) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let mut by_name = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            by_name
                .entry(folded(name, fold).into_owned())
                .or_insert(place);
        }
        Self {
            names,
            by_name,
            fold,
            expected: 0,
        }
    }

    /// An object begins.
    pub(super) fn begin(&mut self) {
        self.expected = 0;
    }

    pub(super) fn find(&mut self, key: &Text<'_>) -> Option<usize> {
        let place = match self.is_expected(key) {
            true => self.expected,
            false => *self.by_name.get(&*folded(&key.decode()?, self.fold))?,
        };
        self.expected = place + 1;
        Some(place)
    }

    pub(super) fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    fn is_expected(&self, key: &Text<'_>) -> bool {
        match (self.names.get(self.expected), key.plain()) {
            (Some(name), Some(found)) if self.fold => name.eq_ignore_ascii_case(found),
            (Some(name), Some(found)) => name == found,
            _ => false,
        }
    }
}

fn folded(name: &str, fold: bool) -> Cow<'_, str> {
    match fold && name.chars().any(|c| !c.is_lowercase()) {
        true => Cow::Owned(name.to_lowercase()),
        false => Cow::Borrowed(name),
    }
}
