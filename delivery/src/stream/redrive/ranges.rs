//! Sets of line numbers, as ranges: an error object is mostly put back whole.

use serde::{Deserialize, Serialize};

/// A set of numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Whether a number is in it.
    pub(super) fn contains(&self, number: u64) -> bool {
        let behind = self.0.partition_point(|&(from, _)| from <= number);
        let before = behind.checked_sub(1).and_then(|at| self.0.get(at));
        before.is_some_and(|&(_, to)| number < to)
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// Adds a number that is larger than all others.
    pub(super) fn push(&mut self, number: u64) {
        match self.0.last_mut() {
            Some((_, to)) if *to == number => *to += 1,
            _ => self.0.push((number, number + 1)),
        }
    }

    /// Adds all of another set.
    pub(super) fn add(&mut self, other: &Self) {
        let mut all = std::mem::take(&mut self.0);
        all.extend_from_slice(&other.0);
        all.sort_unstable();
        for (from, to) in all {
            match self.0.last_mut() {
                Some((_, end)) if *end >= from => *end = (*end).max(to),
                _ => self.0.push((from, to)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
