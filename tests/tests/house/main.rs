//! The rules of the house as tests: who may import whom, how long things may be, what stands where.
//!
//! Each finding names file and line and says what to do. Exceptions stand in one list, with their
//! reason, and an exception that is no longer needed is a failure too: the list only gets shorter.

#![allow(clippy::expect_used, reason = "a test may be blunt")]

mod bans;
mod codes;
mod imports;
mod numbers;
mod source;

/// One breach of a rule.
pub(crate) struct Finding {
    /// File and line, from the top of the tree.
    pub(crate) place: String,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

impl Finding {
    /// A finding in a file of ours; lines count from 1.
    pub(crate) fn new(file: &source::File, line: usize, what: impl Into<String>) -> Self {
        Self {
            place: format!("{}:{line}", file.path),
            what: what.into(),
        }
    }
}

/// Fails the test with everything found, less what is excepted: parts of a place and its finding.
pub(crate) fn none(findings: impl IntoIterator<Item = Finding>, exceptions: &[(&str, &str)]) {
    let mut needed = vec![false; exceptions.len()];
    let mut said: Vec<String> = vec![];
    for finding in findings {
        let excepted = exceptions
            .iter()
            .position(|(file, what)| finding.place.contains(file) && finding.what.contains(what));
        match excepted {
            Some(place) => needed[place] = true,
            None => said.push(format!("{}: {}", finding.place, finding.what)),
        }
    }
    let stale = exceptions.iter().zip(needed).filter(|(_, needed)| !needed);
    said.extend(stale.map(|((file, what), _)| {
        format!("{file}: {what}: this exception is no longer needed, take it off the list")
    }));
    assert!(said.is_empty(), "\n{}\n", said.join("\n"));
}
