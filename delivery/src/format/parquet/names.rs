//! Finds the column of a key.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use standpipe_config::settings::delivery::JsonSerDe;

use crate::record::json::{Malformed, Scanner, Text};

/// How keys and columns belong together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Keys {
    /// Whether case does not matter: OpenX's default.
    fold: bool,
    /// Whether a dot in a key is an underscore in the name of its column.
    dots: bool,
    /// Keys of columns that are called otherwise, by the name of the column.
    mapped: BTreeMap<String, String>,
}

impl Keys {
    /// As the settings say for a declared schema. Hive's never looks at the case.
    pub(super) fn of(json: &JsonSerDe) -> Self {
        match json {
            JsonSerDe::OpenX(openx) => Self {
                fold: openx.case_insensitive,
                dots: openx.dots_are_underscores,
                mapped: openx.keys.clone(),
            },
            JsonSerDe::Hive(_) => Self {
                fold: true,
                ..Self::default()
            },
        }
    }

    fn of_column<'a>(&'a self, name: &'a str) -> &'a str {
        self.mapped.get(name).map_or(name, String::as_str)
    }
}

/// The names of an object's columns. Records of a stream mostly have their keys in one order, which
/// need not be that of the columns: the key that followed last time is tried first.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<String>,
    /// The keys of these, in the same order.
    keys: Vec<String>,
    /// These as they mostly stand in a record: with quotes and a colon. One that needs escapes in JSON
    /// stands nowhere like that.
    written: Vec<Option<String>>,
    by_key: HashMap<String, usize, RandomState>,
    fold: bool,
    dots: bool,
    /// Which column's key followed last time: at the beginning, and behind that of each column.
    following: Vec<usize>,
    /// Where in `following` an object is.
    at: usize,
}

impl Names {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, how: &Keys) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let keys: Vec<String> = names
            .iter()
            .map(|name| how.of_column(name).to_owned())
            .collect();
        let is_plain =
            |key: &&String| !key.contains(['"', '\\']) && !key.contains(char::is_control);
        let written = keys.iter().map(|key| {
            let key = Some(key).filter(is_plain);
            key.map(|key| format!("\"{key}\":"))
        });
        let written = written.collect();
        let mut by_key = HashMap::with_hasher(RandomState::default());
        for (place, key) in keys.iter().enumerate() {
            by_key
                .entry(folded(key, how.fold).into_owned())
                .or_insert(place);
        }
        Self {
            following: (0..=names.len()).collect(),
            names,
            keys,
            written,
            by_key,
            fold: how.fold,
            dots: how.dots,
            at: 0,
        }
    }

    /// An object begins.
    pub(super) fn begin(&mut self) {
        self.at = 0;
    }

    fn expected(&self) -> usize {
        self.following.get(self.at).copied().unwrap_or(usize::MAX)
    }

    /// Walks an object whose next key is the one that is expected, to the value of that key; which
    /// column has it. `None`: another key comes, or it is written otherwise, and nothing was done.
    #[inline]
    pub(super) fn next_expected(
        &self,
        scanner: &mut Scanner<'_>,
        first: &mut bool,
    ) -> Option<usize> {
        let expected = self.expected();
        let written = self.written.get(expected)?.as_deref()?;
        scanner.next_expected(first, written).then_some(expected)
    }

    /// The value of the key of column `place` was read.
    #[inline]
    pub(super) fn passed(&mut self, place: usize) {
        self.at = place + 1;
    }

    /// Walks an object: its next key, after which comes its value, and which column has it; `None`
    /// behind its end. `first` begins as true.
    pub(super) fn next<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        first: &mut bool,
    ) -> Result<Option<(Text<'a>, Option<usize>)>, Malformed> {
        let Some(key) = scanner.next_key(first)? else {
            return Ok(None);
        };
        let place = self.find(&key);
        Ok(Some((key, place)))
    }

    fn find(&mut self, key: &Text<'_>) -> Option<usize> {
        let expected = self.expected();
        let place = match self.is_expected(expected, key) {
            true => expected,
            false => self.lookup(&key.decode()?)?,
        };
        if let Some(following) = self.following.get_mut(self.at) {
            *following = place;
        }
        self.passed(place);
        Some(place)
    }

    fn lookup(&self, key: &str) -> Option<usize> {
        let key = folded(key, self.fold);
        let found = self.by_key.get(&*key).copied();
        found.or_else(|| {
            let dotted = self.dots && key.contains('.');
            let key = dotted.then(|| key.replace('.', "_"))?;
            self.by_key.get(&key).copied()
        })
    }

    pub(super) fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    fn is_expected(&self, expected: usize, key: &Text<'_>) -> bool {
        match (self.keys.get(expected), key.plain()) {
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

#[cfg(test)]
mod tests;
