//! Why records of a stream failed lately, by code, with the last messages: for the status.
//!
//! In memory, and bounded; it begins anew with the process. What failed lies under the error prefix,
//! each line with its reason, and `errors` reads it there.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use standpipe_config::names::Arrival;

use super::Reason;
use crate::record::RecordId;

/// So many codes are kept; what fails for further ones is counted together.
const CODES: usize = 20;

/// What the further ones are counted as.
const OTHERS: &str = "other codes";

/// Messages that are kept of a code.
const SAMPLES: usize = 3;

/// Characters of a message that are kept.
const SHOWN: usize = 300;

/// Why records failed, by code.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Failures(BTreeMap<String, Code>);

/// What failed with one code.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Code {
    /// Lines under the error prefix since the start.
    pub lines: u64,
    /// When the last of them failed.
    pub latest: Arrival,
    /// The last different messages, the latest last.
    pub samples: VecDeque<Sample>,
}

/// A message, and the last record of which it was said.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Sample {
    /// The record's id.
    pub id: String,
    /// Why it failed.
    pub message: String,
}

impl Failures {
    /// A record failed.
    pub fn add(&mut self, id: RecordId, reason: &Reason<'_>) {
        let code = self.code(reason.code);
        code.lines += 1;
        code.latest = code.latest.max(reason.ended);
        let message: String = reason.message.chars().take(SHOWN).collect();
        let id = id.to_string();
        code.keep(Sample { id, message });
    }

    /// Adds what failed after all that is in here.
    pub fn append(&mut self, later: Self) {
        for (name, later) in later.0 {
            let code = self.code(&name);
            code.lines += later.lines;
            code.latest = code.latest.max(later.latest);
            later
                .samples
                .into_iter()
                .for_each(|sample| code.keep(sample));
        }
    }

    /// By code.
    pub fn codes(&self) -> &BTreeMap<String, Code> {
        &self.0
    }

    fn code(&mut self, name: &str) -> &mut Code {
        let is_kept = self.0.contains_key(name) || self.0.len() < CODES;
        let name = if is_kept { name } else { OTHERS };
        self.0.entry(name.to_owned()).or_default()
    }
}

impl Code {
    fn keep(&mut self, sample: Sample) {
        // Of a thousand records that fail alike one is enough.
        self.samples.retain(|kept| kept.message != sample.message);
        self.samples.push_back(sample);
        if self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
