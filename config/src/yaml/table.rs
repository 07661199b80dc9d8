//! What a mapping may contain: one table per mapping, the single source for the readers, for
//! `check` and for the manual.

/// The keys of a mapping.
#[derive(PartialEq, Eq, Debug)]
pub struct Table {
    /// Where the mapping stands: `streams.*.buffering`. Empty for the file itself.
    pub path: &'static str,
    /// Its keys, in the order in which the manual names them.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is for, one line.
    pub doc: &'static str,
    /// What holds without it; empty where it must be there.
    pub default: &'static str,
    /// What may be written; of a key that is refused, why.
    pub allowed: &'static str,
    /// Whether this version can do it. If not, the key is known and refused.
    pub available: bool,
}

impl Key {
    /// A key with everything that is known of it.
    pub const fn new(
        name: &'static str,
        doc: &'static str,
        default: &'static str,
        allowed: &'static str,
    ) -> Self {
        Self {
            name,
            doc,
            default,
            allowed,
            available: true,
        }
    }

    /// A key that a later version will have.
    pub const fn later(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            default: "none",
            allowed: "",
            available: false,
        }
    }

    /// A key of something that we stand in for, and which has no meaning here; `why` not.
    pub const fn refused(name: &'static str, doc: &'static str, why: &'static str) -> Self {
        Self {
            allowed: why,
            ..Self::later(name, doc)
        }
    }

    /// What is said to whoever sets it, though it is not available.
    pub fn refusal(&self) -> String {
        match self.allowed {
            "" => "is not available in this version yet".to_owned(),
            why => format!("cannot be set, remove it: {why}"),
        }
    }
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The name that someone who wrote `wrong` may have meant.
    pub fn nearest(&self, wrong: &str) -> Option<&'static str> {
        let distance = |key: &&Key| edits(&wrong.to_lowercase(), key.name);
        let nearest = self.keys.iter().min_by_key(distance)?;
        (distance(&nearest) <= 1 + nearest.name.len() / 4).then_some(nearest.name)
    }

    /// The names of the keys that this version can do, for a message.
    pub fn names(&self) -> String {
        let available = self.keys.iter().filter(|key| key.available);
        available.map(|key| key.name).collect::<Vec<_>>().join(", ")
    }
}

/// How many characters must be put in, left out, replaced, or swapped with their neighbour.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                let swapped: &usize = &before_last[j - 1];
                least = least.min(swapped + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

/// Which keys readers asked for, per table, in this thread: for the tests of the tables.
#[cfg(test)]
pub(crate) mod asked {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        static ASKED: RefCell<BTreeSet<(&'static str, &'static str)>> = RefCell::default();
    }

    /// Notes a key.
    pub(crate) fn note(table: &'static str, key: &'static str) {
        ASKED.with_borrow_mut(|asked| asked.insert((table, key)));
    }

    /// The path of a table and a key of it.
    pub(crate) fn all() -> BTreeSet<(&'static str, &'static str)> {
        ASKED.with_borrow(Clone::clone)
    }
}
