//! What is kept of a stream that was made over the wire: one file each in `data_dir/created`,
//! written whole, beginning with magic and version (rule 33).
//!
//! ```text
//! standpipe created stream 3
//! {"configuration":{…},"version":3,"born":1795000000123,"updated":1795000000456,"tags":{…},"encrypted":false,"deleting":false}
//! ```
//!
//! Version 3 has conversions. Version 2 had processors and partitions, but none of these; version 1
//! had a flag for newlines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use standpipe_config::files::{Doing, FileError, create_folder, remove, write_whole};
use standpipe_config::names::{Arrival, StreamName};

use super::configuration::Configuration;

/// What a file begins with, before its version.
const MAGIC: &str = "standpipe created stream ";

/// Written version, and the newest that is read.
const VERSION: u16 = 3;

/// A stream that was made over the wire.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Definition {
    pub(super) configuration: Configuration,
    /// `VersionId`: one more with each update.
    pub(super) version: u64,
    /// When it was made.
    pub(super) born: Arrival,
    /// When it was updated last.
    pub(super) updated: Option<Arrival>,
    /// The tags with which it is born.
    pub(super) tags: BTreeMap<String, String>,
    /// Whether encryption was asked for.
    pub(super) encrypted: bool,
    /// It delivers what it holds, then it is gone.
    pub(super) deleting: bool,
}

/// The folder of these files.
#[derive(Clone, Debug)]
pub(super) struct Definitions(PathBuf);

/// Why what is kept cannot be used. Nothing is started then: a stream would be taken for removed.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no file of ours, or damaged.
    #[error("{} is no definition of a stream that was made over the wire: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Written by a newer program.
    #[error("{} has version {found}, this program reads versions up to {VERSION}: update it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
    },
}

impl Definitions {
    /// Opens the folder.
    pub(super) fn open(data_dir: &Path) -> Result<Self, FileError> {
        let path = data_dir.join("created");
        create_folder(&path)?;
        Ok(Self(path))
    }

    /// All of them. What was being written when the process ended is not there.
    pub(super) fn read_all(&self) -> Result<BTreeMap<StreamName, Definition>, DefinitionError> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(&self.0).doing("list", &self.0)? {
            let name = entry.doing("list", &self.0)?.file_name();
            let text = name.to_str().unwrap_or_default();
            match text.strip_suffix(SUFFIX).map(str::parse::<StreamName>) {
                Some(Ok(name)) => {
                    let definition = Definition::read(&self.path(&name))?;
                    all.insert(name, definition);
                }
                // Written aside and never named.
                _ if text.ends_with(".tmp") => remove(&self.0.join(text))?,
                _ => {
                    let path = self.0.join(&name);
                    let why = "its name is not that of a stream".to_owned();
                    return Err(DefinitionError::Damaged { path, why });
                }
            }
        }
        Ok(all)
    }

    /// Keeps one, durably.
    pub(super) fn write(&self, name: &StreamName, kept: &Definition) -> Result<(), FileError> {
        let path = self.path(name);
        let body = serde_json::to_string(kept).map_err(io::Error::other);
        let body = body.doing("write", &path)?;
        let text = format!("{MAGIC}{VERSION}\n{body}\n");
        write_whole(&path, text.as_bytes(), "created")
    }

    /// Forgets one. Not synced: one that comes back is that of a stream that was deleted, and is
    /// forgotten again.
    pub(super) fn remove(&self, name: &StreamName) -> Result<(), FileError> {
        remove(&self.path(name))
    }

    fn path(&self, name: &StreamName) -> PathBuf {
        self.0.join(format!("{name}{SUFFIX}"))
    }
}

/// Keeps the names of streams apart from those of files written aside.
const SUFFIX: &str = ".stream";

impl Definition {
    fn read(path: &Path) -> Result<Self, DefinitionError> {
        let damaged = |why: &str| DefinitionError::Damaged {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let text = fs::read_to_string(path).doing("read", path)?;
        let (head, body) = text
            .split_once('\n')
            .ok_or_else(|| damaged("it has no first line"))?;
        let version = head.strip_prefix(MAGIC).and_then(|v| v.parse().ok());
        match version.ok_or_else(|| damaged("its first line is another"))? {
            0 => Err(damaged("its version is 0")),
            1..=VERSION => serde_json::from_str(body).map_err(|e| damaged(&e.to_string())),
            found => Err(DefinitionError::Newer {
                path: path.to_owned(),
                found,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
