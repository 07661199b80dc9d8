//! What lies under a stream's error prefix, grouped by error type and code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use standpipe_config::names::Arrival;

use crate::format::error_line::Read;

/// Samples of a group.
const SAMPLES: usize = 3;

/// Characters of a sample's data and message.
const SHOWN: usize = 200;

/// Groups that are told apart.
const GROUPS: usize = 1000;

/// What lies under a stream's error prefix and was not put back.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Records in all groups.
    pub records: u64,
    /// By error type and code.
    pub groups: Vec<Group>,
}

/// Records that failed in the same way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Group {
    /// The error type, such as `processing-failed`.
    pub kind: String,
    /// The code, such as `Lambda.FunctionError`.
    pub code: String,
    /// How many.
    pub records: u64,
    /// The oldest arrival, in milliseconds since 1970.
    pub oldest: Arrival,
    /// The newest arrival.
    pub newest: Arrival,
    /// Some of them.
    pub samples: Vec<Sample>,
}

/// One of the records of a group.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// What it is called.
    pub id: String,
    /// When it arrived first.
    pub arrival: Arrival,
    /// Why it failed.
    pub message: String,
    /// The object it lies in.
    pub object: String,
    /// The beginning of its bytes, as text.
    pub data: String,
}

/// Groups that grow.
#[derive(Default, Debug)]
pub(super) struct Tally(BTreeMap<(&'static str, String), Group>);

impl Tally {
    /// Adds a line of an object.
    pub(super) fn add(&mut self, kind: &'static str, object: &str, line: &Read<'_>) {
        let code = match self.0.len() < GROUPS {
            true => line.code.to_string(),
            false => "(others)".to_owned(),
        };
        let group = self.0.entry((kind, code.clone())).or_insert_with(|| Group {
            kind: kind.to_owned(),
            code,
            records: 0,
            oldest: line.arrival,
            newest: line.arrival,
            samples: Vec::new(),
        });
        group.records += 1;
        group.oldest = group.oldest.min(line.arrival);
        group.newest = group.newest.max(line.arrival);
        if group.samples.len() < SAMPLES {
            let bytes = line.bytes().unwrap_or_default();
            group.samples.push(Sample {
                id: line.id.to_string(),
                arrival: line.arrival,
                message: line.message.chars().take(SHOWN).collect(),
                object: object.to_owned(),
                data: String::from_utf8_lossy(&bytes)
                    .chars()
                    .take(SHOWN)
                    .collect(),
            });
        }
    }

    /// All groups, the largest first.
    pub(super) fn finish(self) -> Summary {
        let mut groups: Vec<_> = self.0.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.records));
        Summary {
            records: groups.iter().map(|group| group.records).sum(),
            groups,
        }
    }
}
