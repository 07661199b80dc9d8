//! Reads the system's journal, through the system's own `journalctl`: its files are its own affair,
//! and what it prints is a contract.
//!
//! An entry becomes a line of JSON with the journal's names of fields, always the same bytes for the
//! same entry, so that offsets and hashes hold over restarts. Where an entry is in the journal says
//! its cursor, which is part of the line.

use std::process::Command;

use standpipe_config::settings::agent::Journald;

mod export;
mod inbox;
mod reader;

pub(crate) use export::Entry;
pub(crate) use inbox::Inbox;
pub(crate) use reader::{Behind, Wake, newest, read};

/// What the program is called.
const PROGRAM: &str = "journalctl";

/// `journalctl` for the files of a journal.
fn of_files(journald: &Journald) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--output=export", "--no-pager", "--quiet"]);
    if let Some(directory) = &journald.directory {
        command.arg("--directory").arg(directory);
    }
    command
}

/// The same for the entries that are wanted.
fn of_entries(journald: &Journald) -> Command {
    let mut command = of_files(journald);
    for unit in &journald.units {
        command.arg(format!("--unit={unit}"));
    }
    command.args(&journald.matches);
    command
}
