//! What an operator's commands do: look into what lies on disk, whether the daemon runs or not, and
//! ask the daemon that runs on it, or tell it what to do.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use standpipe_config::files::{FileError, FolderError};
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::process::exit::Exit;

use crate::journal::OpenError;
use crate::lane::checkpoint::CheckpointError;
use crate::record::rows::RowsError;
use crate::stream::look::{Stored, stored};

pub mod ask;
pub mod command;
pub mod export;
pub mod journal;
pub mod spool;
pub mod status;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The data folder is in use, or cannot be locked.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The daemon does not answer, or does not do it.
    #[error(transparent)]
    NoAnswer(#[from] ask::NoAnswer),
    /// A journal cannot be read.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A sealed file cannot be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// There is no such stream.
    #[error("there is no stream {name} in {}; there are: {existing}", data_dir.display())]
    NoSuchStream {
        /// What was asked for.
        name: StreamName,
        /// Where.
        data_dir: PathBuf,
        /// Those that there are.
        existing: String,
    },
    /// The spool has no such file.
    #[error("the spool of {stream} has no file {file:?}: `spool ls {stream}` shows which it has")]
    NoSuchFile {
        /// The stream.
        stream: StreamName,
        /// What was asked for.
        file: String,
    },
    /// What was found cannot be written out.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl NotDone {
    /// The exit code. Whoever closed the pipe has seen enough.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::NoSuchStream { .. } | Self::NoSuchFile { .. } => Exit::Wrong,
            _ => Exit::Failed,
        }
    }
}

/// The streams that are asked about: one, or all that have a folder.
fn chosen(data_dir: &Path, name: Option<&StreamName>) -> Result<Vec<Stored>, NotDone> {
    let all = stored(data_dir)?;
    let Some(name) = name else {
        return Ok(all);
    };
    match all.iter().find(|stored| stored.name == *name) {
        Some(found) => Ok(vec![found.clone()]),
        None => {
            let existing: Vec<_> = all.iter().map(|stored| stored.name.as_str()).collect();
            Err(NotDone::NoSuchStream {
                name: name.clone(),
                data_dir: data_dir.to_owned(),
                existing: match existing.is_empty() {
                    true => "none".to_owned(),
                    false => existing.join(", "),
                },
            })
        }
    }
}

/// Waits for a command that asks the daemon.
pub fn waited<T>(work: impl Future<Output = Result<T, NotDone>>) -> Result<T, NotDone> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// One JSON object on a line of its own.
fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// A time for people: UTC, to the millisecond.
fn time(arrival: Arrival) -> String {
    match jiff::Timestamp::from_millisecond(arrival.0) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{} ms", arrival.0),
    }
}
