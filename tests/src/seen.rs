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

    /// The numbers below `end` that were not seen.
    pub fn missing(&self, end: u64) -> impl Iterator<Item = u64> {
        (0..end).filter(|number| {
            let word = self.words.get((number / 64) as usize);
            word.is_none_or(|word| word & 1 << (number % 64) == 0)
        })
    }

    /// The numbers that were seen again, once for each time.
    pub fn twice(&self) -> &[u64] {
        &self.twice
    }

    /// That each number below `end` was seen once, and no other.
    pub fn settle(&self, end: u64) -> Outcome {
        let missing: Vec<_> = self.missing(end).take(5).collect();
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
