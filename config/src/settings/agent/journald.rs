//! The reader of a flow that takes its records from the system's journal.

use std::path::PathBuf;

use super::tables::JOURNALD;
use super::{Flow, Start};
use crate::settings::values;
use crate::yaml::{At, Fields};

/// Which entries of which journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Journald {
    /// Only those of these units; all, where none is named.
    pub units: Vec<String>,
    /// Only those with these fields, `NAME=value`.
    pub matches: Vec<String>,
    /// The folder of the journal's files; `None`: this machine's.
    pub directory: Option<PathBuf>,
}

impl Journald {
    /// What the journal is called where files have a path. It does not begin as one.
    pub fn name(&self) -> String {
        match &self.directory {
            Some(directory) => format!("journald:{}", directory.display()),
            None => "journald".to_owned(),
        }
    }

    /// Whether something of this name is a journal.
    pub fn is_name(name: &str) -> bool {
        name == "journald" || name.starts_with("journald:")
    }
}

/// What says something about files or their lines, and nothing about a journal.
const OF_FILES: [&str; 9] = [
    "paths",
    "exclude",
    "parse",
    "dataProcessingOptions",
    "max_line",
    "multi_line",
    "skip_header_lines",
    "encoding",
    "watch",
];

pub(super) fn flow(fields: &Fields<'_>) -> Option<Flow> {
    let journald = fields.under("journald", &JOURNALD, journald);
    let stream = fields.read("stream", values::stream_name);
    let start = fields.read("start", start);
    for key in OF_FILES.into_iter().filter(|key| fields.given(key)) {
        fields.at.problem(format!(
            "conflict: {key} is for files, and this flow reads the journal"
        ));
    }
    Some(Flow {
        start: start?,
        journald: Some(journald?),
        ..Flow::new(Vec::new(), stream?)
    })
}

pub(super) fn start(at: &At<'_>) -> Option<Start> {
    at.choice(&[("beginning", Start::Beginning), ("end", Start::End)])
}

fn journald(fields: &Fields<'_>) -> Option<Journald> {
    let units = fields.optional("units", |at| list(at, unit));
    let matches = fields.optional("matches", |at| list(at, field));
    let directory = fields.optional("directory", values::path);
    Some(Journald {
        units: units?.unwrap_or_default(),
        matches: matches?.unwrap_or_default(),
        directory: directory?,
    })
}

fn list(at: &At<'_>, read: fn(&At<'_>) -> Option<String>) -> Option<Vec<String>> {
    let read: Vec<_> = at.items()?.iter().map(read).collect();
    read.into_iter().collect()
}

fn unit(at: &At<'_>) -> Option<String> {
    let allowed = "the name of a unit, such as nginx.service";
    let text = at.filled(allowed)?;
    // It becomes an argument.
    let plain = !text.starts_with('-') && !text.contains(|c: char| c.is_control());
    if !plain {
        at.wrong_type(allowed);
    }
    plain.then_some(text)
}

fn field(at: &At<'_>) -> Option<String> {
    let allowed = "a field and its value, such as _TRANSPORT=kernel";
    let text = at.filled(allowed)?;
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let named = |(name, _): (&str, &str)| !name.is_empty() && name.chars().all(legal);
    let plain = text.split_once('=').is_some_and(named) && !text.contains(|c: char| c.is_control());
    if !plain {
        at.wrong_type(allowed);
    }
    plain.then_some(text)
}
