//! `standpipe-agent checkpoint`: what is remembered, and going back in it. The agent must not run.
//!
//! The daemon recognises what it holds by source and offset, so that going back under the same
//! source would send nothing. A file that is rewound goes on as a new source, from a line's
//! beginning: what follows is sent, and stored, once more.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use standpipe_config::files::{FolderError, FolderLock, LogError};
use standpipe_config::names::{SourceId, StreamName};
use standpipe_config::settings::agent::{Encoding, Settings};

use crate::disk::{Disk, Handle};
use crate::identity::Incarnation;
use crate::progress::{
    Counts, Entry, Place, Progress, ProgressError, Source, Standing, path_to_text,
};
use crate::split::Feeds;
use crate::tail::{line_end_before, tail_at};

mod import;
mod journal;

pub use import::{Became, Position, Taken, import};
pub use journal::{JournalRewind, rewind_journal};

/// Why a checkpoint cannot be shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The folder cannot be ours.
    #[error("{0}; `standpipe-agent status` asks an agent that runs")]
    Folder(#[from] FolderError),
    /// Progress cannot be opened.
    #[error(transparent)]
    Open(#[from] LogError),
    /// Progress cannot be written.
    #[error(transparent)]
    Write(#[from] ProgressError),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Nothing is remembered of it.
    #[error("nothing is remembered of {} {}", .0.display(), .1)]
    Unknown(PathBuf, String),
    /// No such journal was read.
    #[error(
        "nothing is remembered of the journal {0}; `standpipe-agent checkpoint show` names those that were read"
    )]
    UnknownJournal(String),
    /// Positions of another agent come too late.
    #[error("{}: this agent has run and has positions of its own; another agent's are taken over before the first start", .0.display())]
    Begun(PathBuf),
    /// A pattern cannot be compiled.
    #[error("a pattern cannot be used: {0}")]
    Pattern(globset::Error),
    /// Only back.
    #[error("{} bytes of {} are acknowledged: {to} lies beyond them, and going forward would skip lines", at, path.display())]
    Forward {
        /// Which file.
        path: PathBuf,
        /// Where it stands.
        at: u64,
        /// Where it should go.
        to: u64,
    },
}

/// What is remembered of one source and stream.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Remembered {
    /// Where the source was first seen; a journal's name.
    pub path: String,
    /// Its id.
    pub id: SourceId,
    /// The stream.
    pub stream: StreamName,
    /// Inode number; 0: a journal has none.
    pub inode: u64,
    /// Counts its truncations.
    pub epoch: u64,
    /// Bytes acknowledged in this epoch.
    pub acknowledged: u64,
    /// Of a journal: the last entry that was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// It ended, and the daemon knows.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// What became of its bytes.
    pub bytes: Counts,
}

/// Where to go back to.
#[derive(Clone, Debug)]
pub struct Rewind {
    /// The file, under any of its names.
    pub file: PathBuf,
    /// One stream only.
    pub stream: Option<StreamName>,
    /// The offset; the line that it lies in is sent again as a whole.
    pub to: u64,
}

/// Everything that is remembered, by path.
pub fn show(settings: &Settings) -> Result<Vec<Remembered>, CheckpointError> {
    let (_lock, progress) = open(settings)?;
    let sources = progress.state().sources.iter();
    let mut all: Vec<Remembered> = sources
        .flat_map(|(id, source)| remembered(*id, source))
        .chain(journal::remembered(&progress))
        .collect();
    all.sort_by(|a, b| (&a.path, &a.stream, a.id).cmp(&(&b.path, &b.stream, b.id)));
    Ok(all)
}

fn remembered(id: SourceId, source: &Source) -> impl Iterator<Item = Remembered> {
    source
        .streams
        .iter()
        .map(move |(stream, standing)| Remembered {
            path: source.path.to_string_lossy().into_owned(),
            id,
            stream: stream.clone(),
            inode: source.incarnation.inode,
            epoch: standing.place.epoch,
            acknowledged: standing.place.offset,
            cursor: None,
            is_final: standing.is_final,
            bytes: standing.counts,
        })
}

/// Goes back in one file; says for each stream where it stands now.
pub fn rewind(
    settings: &Settings,
    order: &Rewind,
) -> Result<Vec<(StreamName, u64)>, CheckpointError> {
    let (_lock, mut progress) = open(settings)?;
    let failed = |source| CheckpointError::File {
        path: order.file.clone(),
        source,
    };
    let handle = Disk::real().open(&order.file).map_err(failed)?;
    let incarnation = Incarnation::of(&handle.look().map_err(failed)?);
    let chosen = chosen(&progress, order, &incarnation)?;
    let mut gone_to = Vec::new();
    for (id, source, streams) in chosen {
        let new = SourceId::mint().map_err(ProgressError::from)?;
        progress.stage(&Entry::Source {
            source: new,
            path: path_to_text(&source.path),
            incarnation: source.incarnation,
            prefix: source.prefix,
        });
        for (stream, standing) in streams {
            let encoding = encoding(settings, &stream);
            let place = place(&handle, encoding, order.to).map_err(failed)?;
            gone_to.push((stream.clone(), place.offset));
            stage(&mut progress, (id, new), stream, back(&standing, place));
        }
    }
    progress.sync().map_err(ProgressError::from)?;
    Ok(gone_to)
}

type Chosen = (SourceId, Source, Vec<(StreamName, Standing)>);

/// The sources of a file, each with the streams that shall go back.
fn chosen(
    progress: &Progress,
    order: &Rewind,
    incarnation: &Incarnation,
) -> Result<Vec<Chosen>, CheckpointError> {
    let mut chosen = Vec::new();
    for (id, source) in &progress.state().sources {
        if source.incarnation.key() != incarnation.key() {
            continue;
        }
        let wanted = |name: &StreamName| order.stream.as_ref().is_none_or(|only| only == name);
        let streams = source.streams.iter().filter(|(name, _)| wanted(name));
        let streams: Vec<_> = streams.map(|(name, s)| (name.clone(), *s)).collect();
        for (_, standing) in &streams {
            check_backward(order, source, standing)?;
        }
        if !streams.is_empty() {
            chosen.push((*id, source.clone(), streams));
        }
    }
    if chosen.is_empty() {
        let stream = order.stream.as_ref();
        let stream = stream.map_or(String::new(), |name| format!("for the stream {name}"));
        return Err(CheckpointError::Unknown(order.file.clone(), stream));
    }
    Ok(chosen)
}

fn check_backward(
    order: &Rewind,
    source: &Source,
    standing: &Standing,
) -> Result<(), CheckpointError> {
    let current = standing.place.epoch == source.epoch;
    let at = if current { standing.place.offset } else { 0 };
    if order.to <= at {
        return Ok(());
    }
    Err(CheckpointError::Forward {
        path: order.file.clone(),
        at,
        to: order.to,
    })
}

fn encoding(settings: &Settings, stream: &StreamName) -> Encoding {
    let flow = settings.flows.iter().find(|flow| flow.stream == *stream);
    flow.map_or(Encoding::Utf8, |flow| flow.encoding)
}

/// The beginning of the line that an offset lies in, in the first epoch of a new source.
fn place(handle: &Handle, encoding: Encoding, to: u64) -> io::Result<Place> {
    let offset = line_end_before(handle, Feeds::new(encoding), to)?;
    Ok(Place {
        offset,
        tail: tail_at(handle, offset)?,
        ..Place::beginning(0)
    })
}

fn back(standing: &Standing, place: Place) -> Standing {
    Standing {
        place,
        counts: Counts::default(),
        is_final: false,
        ..*standing
    }
}

fn stage(
    progress: &mut Progress,
    (old, new): (SourceId, SourceId),
    stream: StreamName,
    standing: Standing,
) {
    progress.stage(&Entry::Standing {
        source: new,
        stream: stream.clone(),
        standing,
    });
    progress.stage(&Entry::Left {
        source: old,
        stream,
    });
}

fn open(settings: &Settings) -> Result<(FolderLock, Progress), CheckpointError> {
    let folder: &Path = &settings.data_dir;
    let lock = FolderLock::acquire(folder, settings.allow_tmpfs)?;
    Ok((lock, Progress::open(folder)?))
}

#[cfg(test)]
mod tests;
