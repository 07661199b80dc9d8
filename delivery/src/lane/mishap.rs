//! A note of the position at which a lane took the process down, so that the same record
//! does not do so for ever (rule 15).
//!
//! Written when the lane panicked, before the process ends. It survives that end, and need not
//! survive a power cut: then there is one more try. A position that was sealed since is no
//! matter any more, so the note needs no clearing.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use standpipe_config::files::{Doing, FileError, remove, show};

/// After so many times a lane starts halted.
const LIMIT: u32 = 2;

const FORMAT: &str = "standpipe-mishap";
const VERSION: u16 = 1;

/// How a lane took the process down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mishap {
    format: String,
    version: u16,
    /// Where the batch began that it worked on.
    pub position: u64,
    /// How often in a row at this position.
    pub times: u32,
    /// What the panic said the last time.
    pub message: String,
}

fn path(folder: &Path) -> PathBuf {
    folder.join("mishap.json")
}

/// The note in a stream's folder, if there is one that can be read.
fn read(folder: &Path) -> Result<Option<Mishap>, FileError> {
    let path = path(folder);
    match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        other => {
            let bytes = other.doing("read", &path)?;
            let mishap: Option<Mishap> = serde_json::from_slice(&bytes).ok();
            Ok(mishap.filter(|m| m.format == FORMAT && m.version <= VERSION))
        }
    }
}

/// Notes that the lane took the process down while it stood at `position`.
pub fn note(folder: &Path, position: u64, message: &str) -> Result<(), FileError> {
    let before = read(folder)?.filter(|m| m.position == position);
    let mishap = Mishap {
        format: FORMAT.into(),
        version: VERSION,
        position,
        times: before.map_or(0, |m| m.times) + 1,
        message: message.into(),
    };
    let bytes = serde_json::to_vec(&mishap).map_err(io::Error::other);
    show(&path(folder), &bytes.doing("write", &path(folder))?)
}

/// Lets the lane start again: an operator wants it tried.
pub fn forget(folder: &Path) -> Result<(), FileError> {
    remove(&path(folder))
}

/// Why a lane that stands at `position` must not start, if so.
pub fn forbids_start(folder: &Path, position: u64) -> Result<Option<String>, FileError> {
    let found = read(folder)?.filter(|m| m.position == position && m.times >= LIMIT);
    Ok(found.map(|m| {
        format!(
            "the lane took the process down {} times at position {position} ({}); `standpipe-delivery spool retry STREAM` tries again",
            m.times, m.message
        )
    }))
}

#[cfg(test)]
mod tests;
