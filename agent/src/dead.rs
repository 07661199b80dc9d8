//! Dead letters: lines that do not parse, kept in a file per stream instead of being shipped.
//!
//! A letter is on disk before its bytes count as read, so that none is lost. After a kill one may
//! be written once more; its `standpipe_id` says which line it is.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError, create_folder, sync_file, sync_folder};
use standpipe_config::names::StreamName;

/// The folder of an agent's dead letters.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters {
    /// `None`: nowhere, and appending is an error.
    folder: Option<PathBuf>,
}

impl DeadLetters {
    /// Those of the agent with this folder.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self {
            folder: Some(data_dir.join("dead-letter")),
        }
    }

    /// Appends whole lines to a stream's file, durably. The file is opened anew each time, so that
    /// it may be moved away at any time.
    pub(crate) fn append(&self, stream: &StreamName, letters: &[u8]) -> io::Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        let path = match &self.folder {
            Some(folder) => folder.join(format!("{stream}.jsonl")),
            None => return Err(io::Error::other("there is no folder for dead letters")),
        };
        append(&path, letters).map_err(|error| {
            let source = error.source.kind();
            io::Error::new(source, format!("dead letters cannot be kept: {error}"))
        })
    }
}

fn append(path: &Path, letters: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(path);
    let mut file = file.doing("open", path)?;
    let before = file.metadata().doing("look at", path)?.len();
    let written = file.write_all(letters).doing("write", path);
    let written = written.and_then(|()| sync_file(&file, path, ("dead-letter", "bytes")));
    if let Err(error) = written {
        // Half a letter would spoil the line of the next one. What cannot be cut off stays.
        let _ = file.set_len(before);
        return Err(error);
    }
    sync_folder(folder, ("dead-letter", "name"))
}

#[cfg(test)]
mod tests;
