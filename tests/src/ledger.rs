//! Every record by what it says: none lost, none twice, none that nobody wrote.

use std::collections::HashMap;

use standpipe_config::names::Fingerprint;

use crate::{Outcome, Trouble};

/// How many of each kind of finding are told.
const TOLD: usize = 5;

/// What was written, and what arrived of it.
pub struct Ledger {
    longest: usize,
    records: HashMap<Fingerprint, Count>,
}

#[derive(Default)]
struct Count {
    written: u32,
    tried: u32,
    arrived: u32,
    sample: String,
}

impl Count {
    fn known(&self) -> u32 {
        self.written + self.tried
    }
}

impl Ledger {
    /// An empty ledger. Records longer than `longest` bytes are held as parts of that length, so
    /// that it does not matter whether parts arrive one by one or put together.
    pub fn new(longest: usize) -> Self {
        Self {
            longest,
            records: HashMap::new(),
        }
    }

    /// A record that must arrive. Empty ones are none.
    pub fn wrote(&mut self, record: &[u8]) {
        self.each_part(record, |count| count.written += 1);
    }

    /// A record that may arrive or not: its sender got no answer.
    pub fn tried(&mut self, record: &[u8]) {
        self.each_part(record, |count| count.tried += 1);
    }

    /// A record that has arrived.
    pub fn arrived(&mut self, record: &[u8]) {
        self.each_part(record, |count| count.arrived += 1);
    }

    fn each_part(&mut self, record: &[u8], note: fn(&mut Count)) {
        for part in record.chunks(self.longest) {
            let count = self.records.entry(Fingerprint::of(part)).or_default();
            if count.sample.is_empty() {
                count.sample = String::from_utf8_lossy(&part[..part.len().min(60)]).into_owned();
            }
            note(count);
        }
    }

    /// How many records were written, parts counted one by one.
    pub fn written(&self) -> u64 {
        self.records
            .values()
            .map(|count| u64::from(count.written))
            .sum()
    }

    /// How many records have arrived, parts counted one by one.
    pub fn has_arrived(&self) -> u64 {
        let arrived = self.records.values().map(|count| u64::from(count.arrived));
        arrived.sum()
    }

    /// Adds what this one has seen to another.
    pub fn copy_into(&self, other: &mut Self) {
        for (print, count) in &self.records {
            let own = other.records.entry(*print).or_default();
            own.sample.clone_from(&count.sample);
            own.written += count.written;
            own.tried += count.tried;
            own.arrived += count.arrived;
        }
    }

    /// That every record arrived exactly as often as it was written, and those that were only
    /// tried no more often than that.
    pub fn settle(&self) -> Outcome {
        let told = [
            self.told("lost", |count| count.written.saturating_sub(count.arrived)),
            self.told("too often", |count| match count.known() {
                0 => 0,
                known => count.arrived.saturating_sub(known),
            }),
            self.told("never written", |count| match count.known() {
                0 => count.arrived,
                _ => 0,
            }),
        ];
        let told: Vec<_> = told.into_iter().flatten().collect();
        if told.is_empty() {
            return Ok(());
        }
        Err(Trouble(format!(
            "of {} records {}",
            self.written(),
            told.join("; ")
        )))
    }

    /// What is said of one kind of finding, if there is any.
    fn told(&self, kind: &str, how_many: impl Fn(&Count) -> u32) -> Option<String> {
        let found = self.records.values().map(|count| (how_many(count), count));
        let mut samples: Vec<_> = found.filter(|(n, _)| *n > 0).collect();
        samples.sort_by_key(|(_, count)| &count.sample);
        let total: u64 = samples.iter().map(|(n, _)| u64::from(*n)).sum();
        let shown = samples
            .iter()
            .take(TOLD)
            .map(|(_, count)| format!("{:?}", count.sample));
        let shown: Vec<_> = shown.collect();
        (total > 0).then(|| format!("{total} {kind}: {} …", shown.join(", ")))
    }
}

#[cfg(test)]
mod tests;
