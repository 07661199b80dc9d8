//! The order of a source's records: they were numbered as they were written, and must stand in the
//! objects in that order.

use std::collections::BTreeMap;

use crate::{Outcome, Trouble};

/// What was seen of each source, object by object.
#[derive(Default)]
pub struct Order {
    sources: BTreeMap<String, Vec<Span>>,
    wrong: Vec<String>,
}

/// The numbers of one source within one object.
struct Span {
    first: u64,
    last: u64,
}

impl Order {
    /// Takes in one object: for each of its records, as they stand there, source and number.
    pub fn object(&mut self, records: impl IntoIterator<Item = (String, u64)>) {
        let mut spans: BTreeMap<String, Span> = BTreeMap::new();
        for (source, number) in records {
            let span = spans.entry(source.clone()).or_insert(Span {
                first: number,
                last: number,
            });
            if number < span.last {
                let last = span.last;
                self.wrong
                    .push(format!("{source} {number} stands behind {last}"));
            }
            span.last = number;
        }
        for (source, span) in spans {
            self.sources.entry(source).or_default().push(span);
        }
    }

    /// That no source's records were shuffled: neither within an object nor between two, where
    /// one holds what comes between the other's.
    pub fn settle(mut self) -> Outcome {
        for (source, mut spans) in self.sources {
            spans.sort_by_key(|span| span.first);
            for pair in spans.windows(2) {
                if pair[1].first <= pair[0].last {
                    self.wrong.push(format!(
                        "{source}: an object with {} to {} beside one with {} to {}",
                        pair[0].first, pair[0].last, pair[1].first, pair[1].last
                    ));
                }
            }
        }
        match self.wrong.is_empty() {
            true => Ok(()),
            false => Err(Trouble(format!("out of order: {}", self.wrong.join("; ")))),
        }
    }
}

#[cfg(test)]
mod tests;
