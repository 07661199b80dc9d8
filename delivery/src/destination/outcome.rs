//! What became of a sealed file at its destination.
//!
//! A destination that looks at rows may take a file and refuse some of its rows for good. It names
//! them by their number; what they hold is read from the sealed file again (rule 18).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use standpipe_config::secret::known;

/// Bytes of reasons that are kept for one file; a file of nothing but bad rows must not fill the
/// memory with what was said of each. Beyond it only the code of a reason is kept.
const REASONS: usize = 2 * 1024 * 1024;

/// Characters of a message that are kept: enough to find the field that is meant.
const MESSAGE: usize = 1000;

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is there, durably.
    Delivered,
    /// All of it is there but these rows, which will never be.
    Rejected(Rejections),
}

/// Rows of one file that its destination refuses for good.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rejections {
    /// Numbers of rows, and of their reasons.
    rows: Vec<(u64, u32)>,
    reasons: Vec<Reason>,
    #[serde(skip)]
    known: HashMap<Reason, u32>,
    #[serde(skip)]
    bytes: usize,
}

/// Why a row is refused.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// Firehose's code, or one in its style.
    pub code: String,
    /// What the destination said.
    pub message: String,
}

impl Rejections {
    /// Adds a row, by its number among the file's rows, from 0.
    pub fn add(&mut self, row: u64, code: &str, message: &str) {
        let mut reason = Reason {
            code: code.to_owned(),
            message: known::excerpt(message.as_bytes(), MESSAGE),
        };
        if !self.known.contains_key(&reason) && self.bytes > REASONS {
            reason.message.clear();
        }
        let number = match self.known.get(&reason) {
            Some(&number) => number,
            None => self.learn(reason),
        };
        self.rows.push((row, number));
    }

    /// Whether no row is refused.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows are refused.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The numbers of the rows, in their order.
    pub fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<_> = self.rows.iter().map(|(row, _)| *row).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The first reason that was given.
    pub fn first(&self) -> Option<&Reason> {
        self.reasons.first()
    }

    /// Rows and reasons, in the order of the rows.
    pub fn in_order(mut self) -> impl Iterator<Item = (u64, Reason)> {
        self.rows.sort_unstable_by_key(|(row, _)| *row);
        self.rows.dedup_by_key(|(row, _)| *row);
        let Self { rows, reasons, .. } = self;
        let reason = move |number| reasons.get(number as usize).cloned();
        rows.into_iter()
            .filter_map(move |(row, number)| Some((row, reason(number)?)))
    }

    /// What became of the file.
    pub fn outcome(self) -> Outcome {
        match self.is_empty() {
            true => Outcome::Delivered,
            false => Outcome::Rejected(self),
        }
    }

    fn learn(&mut self, reason: Reason) -> u32 {
        let number = self.reasons.len() as u32;
        self.bytes += 2 * (reason.code.len() + reason.message.len()) + 64;
        self.known.insert(reason.clone(), number);
        self.reasons.push(reason);
        number
    }
}

#[cfg(test)]
mod tests;
