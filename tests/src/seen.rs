//! Which of many numbered records were seen: a bit for each, so that millions cost little.

use crate::{Outcome, Trouble};

/// A set of numbers from 0 on.
#[derive(Default)]
pub struct Seen {
    words: Vec<u64>,
    count: u64,
    twice: Vec<u64>,
}

impl Seen {
    /// A record of this number was seen.
    pub fn add(&mut self, number: u64) {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if self.words[word] & bit != 0 {
            self.twice.push(number);
            return;
        }
        self.words[word] |= bit;
        self.count += 1;
    }

    /// That each number below `end` was seen once, and no other.
    pub fn settle(&self, end: u64) -> Outcome {
        let is_missing = |number: &u64| {
            let word = self.words.get((number / 64) as usize);
            word.is_none_or(|word| word & 1 << (number % 64) == 0)
        };
        let missing: Vec<_> = (0..end).filter(is_missing).take(5).collect();
        if missing.is_empty() && self.twice.is_empty() && self.count == end {
            return Ok(());
        }
        Err(Trouble(format!(
            "{} of {end} records were seen; missing: {missing:?} …; twice: {:?} …",
            self.count,
            &self.twice[..self.twice.len().min(5)]
        )))
    }
}

#[cfg(test)]
mod tests;
