//! Looking into the folders of streams without touching them, while the daemon runs or not.

use std::fs;
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::Stream;

use super::folder;
use crate::lane::checkpoint::{Checkpoint, CheckpointError, State};

/// A stream's folder, which may be another process's to write in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The stream's name.
    pub name: StreamName,
    path: PathBuf,
}

/// The streams that have a folder in `data_dir`, by name.
pub fn stored(data_dir: &Path) -> Result<Vec<Stored>, FileError> {
    let folders = folder::all(data_dir);
    let mut found = Vec::new();
    if !folders.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(&folders).doing("list", &folders)? {
        let path = entry.doing("list", &folders)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        if let Some(name) = name.filter(|_| path.is_dir()) {
            found.push(Stored { name, path });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl Stored {
    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its journal lies.
    pub fn journal(&self) -> PathBuf {
        folder::journal(&self.path)
    }

    /// Where a file of its spool lies.
    pub fn spooled(&self, name: &str) -> PathBuf {
        folder::spool(&self.path).join(name)
    }

    /// What its checkpoint says; `None` before its birth was over.
    pub fn state(&self) -> Result<Option<State>, CheckpointError> {
        Checkpoint::look(&self.path)
    }

    /// The settings that it last ran with.
    pub fn settings(&self) -> Result<Stream, String> {
        folder::kept_settings(&self.path)
    }
}
