//! Finding the rows that a warehouse refuses, by trying parts of a file.
//!
//! No server here: it says which rows to try next, and is told what became of them. Parts come in
//! the order of the rows, so that a warehouse which keeps what passed, until it rolls back, also
//! finds rows that are refused only beside others, such as the second of two with one key.

use std::ops::Range;

/// Rows that are refused, by their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bad {
    pub(super) rows: Range<u64>,
    /// The code of their error lines.
    pub(super) code: String,
    /// What the warehouse said.
    pub(super) message: String,
}

/// A search for the rows that are refused.
#[derive(Debug)]
pub(super) struct Bisection {
    /// What is still to be tried, the last first.
    left: Vec<Range<u64>>,
    bad: Vec<Bad>,
    /// How many parts may still be refused before they are not divided any more.
    patience: u32,
}

impl Bisection {
    /// Among `rows`, which were refused as a whole. After `patience` refusals a part is not divided
    /// any more: a file of nothing but bad rows must not take hours.
    pub(super) fn new(rows: Range<u64>, patience: u32) -> Self {
        let mut bisection = Self {
            left: Vec::new(),
            bad: Vec::new(),
            patience,
        };
        bisection.push(rows);
        bisection
    }

    /// The rows to try next; `None`: all is known.
    pub(super) fn next(&self) -> Option<Range<u64>> {
        self.left.last().cloned()
    }

    /// What was tried last was taken.
    pub(super) fn taken(&mut self) {
        self.left.pop();
    }

    /// What was tried last was refused.
    pub(super) fn refused(&mut self, code: &str, message: &str) {
        let Some(rows) = self.left.pop() else { return };
        let is_one = rows.end - rows.start == 1;
        if is_one || self.patience == 0 {
            let message = match is_one {
                true => message.to_owned(),
                false => {
                    format!("one of these rows is refused, and too many others were: {message}")
                }
            };
            self.bad.push(Bad {
                rows,
                code: code.to_owned(),
                message,
            });
            return;
        }
        self.patience -= 1;
        let middle = rows.start + (rows.end - rows.start) / 2;
        self.push(middle..rows.end);
        self.push(rows.start..middle);
    }

    /// The rows that are refused, in order.
    pub(super) fn bad(self) -> Vec<Bad> {
        self.bad
    }

    /// How much patience is left, for the next part of the same file.
    pub(super) fn patience(&self) -> u32 {
        self.patience
    }

    fn push(&mut self, rows: Range<u64>) {
        if !rows.is_empty() {
            self.left.push(rows);
        }
    }
}

#[cfg(test)]
mod tests;
