//! Numbered records that belong to partitions: what each says, in whose folder it belongs, and
//! whether it lies there.
//!
//! A record's number decides everything about it, so that millions need no list. Some belong
//! nowhere: they do not say whose they are, or when they were.

use std::collections::BTreeSet;
use std::path::Path;

use base64_simd::STANDARD;
use serde_json::Value;

use crate::objects;
use crate::seen::Seen;
use crate::trouble::{Outcome, Trouble};

pub use feed::Feed;

mod feed;

/// Of so many records one says no customer, and one no time.
const PER_HOMELESS: u64 = 101;

/// How records are spread over partitions: one for each customer on each day.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Customers there are.
    pub customers: u64,
    /// Days there are; 28 at most.
    pub days: u64,
}

impl Spread {
    /// How many partitions there are.
    pub fn partitions(self) -> u64 {
        self.customers * self.days
    }

    /// A record, as one line of JSON; `more` are further members, such as `,"k":1`.
    pub fn record(self, number: u64, more: &str) -> String {
        let customer = match number % PER_HOMELESS {
            0 => String::new(),
            _ => format!(",\"customer\":\"{}\"", self.customer(number)),
        };
        let time = match number % PER_HOMELESS {
            1 => "null".to_owned(),
            _ => format!("\"{}T10:20:30Z\"", self.day(number)),
        };
        format!("{{\"number\":{number}{customer},\"time\":{time}{more}}}")
    }

    /// The folder that a record's object lies in, `CUSTOMER/DAY`; `None`: it belongs nowhere.
    pub fn folder(self, number: u64) -> Option<String> {
        match number % PER_HOMELESS {
            0 | 1 => None,
            _ => Some(format!("{}/{}", self.customer(number), self.day(number))),
        }
    }

    /// How many records below a number belong nowhere.
    pub fn homeless(self, end: u64) -> u64 {
        let rest = end % PER_HOMELESS;
        end / PER_HOMELESS * 2 + rest.min(2)
    }

    fn customer(self, number: u64) -> String {
        format!("c{:04}", number % self.customers)
    }

    fn day(self, number: u64) -> String {
        let day = number / self.customers % self.days;
        format!("2026-02-{:02}", day + 1)
    }
}

/// What was found of records.
pub struct Found {
    spread: Spread,
    seen: Seen,
    homeless: u64,
    folders: BTreeSet<String>,
    /// Objects with data.
    pub objects: u64,
}

impl Found {
    /// Nothing yet.
    pub fn new(spread: Spread) -> Self {
        Self {
            spread,
            seen: Seen::default(),
            homeless: 0,
            folders: BTreeSet::new(),
            objects: 0,
        }
    }

    /// Notes every record of the data objects below a folder, each of which must lie where all its
    /// records belong.
    pub fn data(&mut self, below: &Path) -> Outcome {
        for path in objects::below(below)? {
            let inside = path
                .parent()
                .and_then(|folder| folder.strip_prefix(below).ok());
            let folder = inside.map_or(String::new(), |f| f.to_string_lossy().into_owned());
            let numbers = numbers(&path)?;
            if numbers.is_empty() {
                return Err(Trouble(format!("{} is empty", path.display())));
            }
            for number in numbers {
                if self.spread.folder(number).as_ref() != Some(&folder) {
                    return Err(Trouble(format!(
                        "record {number} belongs to {:?}, and lies in {}",
                        self.spread.folder(number),
                        path.display()
                    )));
                }
                self.seen.add(number);
            }
            self.folders.insert(folder);
            self.objects += 1;
        }
        Ok(())
    }

    /// Notes every record of the error objects below a folder: only those may lie there that belong
    /// nowhere.
    pub fn errors(&mut self, below: &Path) -> Outcome {
        for path in objects::below(below)? {
            for line in objects::json_lines(&path)? {
                let raw = line["rawData"].as_str().unwrap_or_default();
                let record: Value = serde_json::from_slice(&STANDARD.decode_to_vec(raw)?)?;
                let number = number(&record)?;
                if self.spread.folder(number).is_some() {
                    return Err(Trouble(format!("a good record failed: {line}")));
                }
                self.seen.add(number);
                self.homeless += 1;
            }
        }
        Ok(())
    }

    /// That each record below `end` was found once, and each partition.
    pub fn settle(&self, end: u64) -> Outcome {
        self.seen.settle(end)?;
        let (folders, homeless) = (self.folders.len() as u64, self.spread.homeless(end));
        let expected = (self.spread.partitions(), homeless);
        match (folders, self.homeless) == expected {
            true => Ok(()),
            false => Err(Trouble(format!(
                "there are {folders} partitions and {} records without one, not {expected:?}",
                self.homeless
            ))),
        }
    }
}

/// The numbers of an object's records.
fn numbers(path: &Path) -> Outcome<Vec<u64>> {
    if path.extension().is_some_and(|suffix| suffix == "parquet") {
        let mut numbers = vec![];
        objects::each_integer(path, "number", |number| numbers.push(number as u64))?;
        return Ok(numbers);
    }
    objects::json_lines(path)?.iter().map(number).collect()
}

fn number(record: &Value) -> Outcome<u64> {
    let number = record["number"].as_u64();
    number.ok_or_else(|| Trouble(format!("a record has no number: {record}")))
}

#[cfg(test)]
mod tests;
