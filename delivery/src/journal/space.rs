//! Disk for segments: allocated before it is promised, kept for reuse, counted (rule 28).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use standpipe_config::faults;
use standpipe_config::files::{Doing, FileError, remove, rename};

use super::segment::{self, RECYCLED};
use crate::disk::{Full, Quota};

/// Why a segment could not be begun or written.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No room: the callers concerned are refused, and the writer goes on.
    Full(Full),
    /// Anything else.
    File(FileError),
}

impl From<Full> for Trouble {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        if error.is_full() {
            let folder = error.path.parent().unwrap_or(Path::new("."));
            Self::Full(Full::Disk(folder.to_owned()))
        } else {
            Self::File(error)
        }
    }
}

/// A file that a segment may be written into, still under its recycled name.
#[derive(Debug)]
pub(super) struct Blank {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Bytes that it takes.
    pub(super) bytes: u64,
}

/// How much room a segment wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// Bytes it should have.
    pub(super) bytes: u64,
    /// Bytes that come back as soon as it is there.
    pub(super) returns: u64,
    /// Bytes that are enough where a segment without room for records is better than none: then
    /// quota and high-water mark are not asked.
    pub(super) least: Option<u64>,
}

/// The disk of one journal.
#[derive(Debug)]
pub(super) struct Space {
    folder: PathBuf,
    segment_bytes: u64,
    /// How many recycled files are kept.
    keep: usize,
    quota: Arc<Quota>,
    /// What this journal took of the quota; comes back when the journal is closed.
    taken: u64,
    recycled: Vec<PathBuf>,
}

impl Drop for Space {
    fn drop(&mut self) {
        self.quota.give_back(self.taken);
    }
}

impl Space {
    /// The disk of the journal in `folder`. Takes over files that were kept for reuse; those that
    /// do not fit or are too many go.
    pub(super) fn new(
        folder: &Path,
        (segment_bytes, keep): (u64, usize),
        quota: Arc<Quota>,
        found: Vec<PathBuf>,
    ) -> Result<Self, FileError> {
        let mut space = Self {
            folder: folder.to_owned(),
            segment_bytes,
            keep,
            quota,
            taken: 0,
            recycled: Vec::new(),
        };
        for path in found {
            let length = fs::metadata(&path).doing("look at", &path)?.len();
            if length == segment_bytes && space.recycled.len() < keep {
                space.take(length);
                space.recycled.push(path);
            } else {
                remove(&path)?;
            }
        }
        Ok(space)
    }

    /// Counts bytes of a file that is there.
    pub(super) fn take(&mut self, bytes: u64) {
        self.quota.take(bytes);
        self.taken += bytes;
    }

    /// Counts bytes that are gone.
    pub(super) fn give_back(&mut self, bytes: u64) {
        self.quota.give_back(bytes);
        self.taken -= bytes;
    }

    /// Whether the stream's disk is nearly used up.
    pub(super) fn is_pressed(&self) -> bool {
        self.quota.is_pressed()
    }

    /// Bytes of a segment, as a rule.
    pub(super) fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// Bytes at a segment's end that are not used: they come free when the next start cuts off
    /// what is void, so that it finds room for its first segment even on a disk that is full.
    pub(super) fn reserve(&self) -> u64 {
        self.segment_bytes / 16
    }

    /// Whether the next segment needs no new space.
    pub(super) fn has_recycled(&self) -> bool {
        !self.recycled.is_empty()
    }

    /// A file for a segment.
    pub(super) fn obtain(&mut self, id: u64, wanted: Wanted) -> Result<Blank, Trouble> {
        if wanted.bytes <= self.segment_bytes
            && let Some(path) = self.recycled.pop()
        {
            let file = open(&path)?;
            let bytes = self.segment_bytes;
            return Ok(Blank { path, file, bytes });
        }
        let Some(least) = wanted.least else {
            self.quota
                .admit(wanted.bytes.saturating_sub(wanted.returns))?;
            return self.allocate(id, wanted.bytes);
        };
        match self.allocate(id, wanted.bytes) {
            Err(Trouble::Full(_)) => self.allocate(id, least),
            other => other,
        }
    }

    fn allocate(&mut self, id: u64, bytes: u64) -> Result<Blank, Trouble> {
        let path = segment::path(&self.folder, RECYCLED, id);
        let file = open(&path)?;
        let bytes = bytes.next_multiple_of(4096);
        if let Err(e) = reserve(&file, bytes).doing("allocate", &path) {
            remove(&path)?;
            if e.is_full() {
                self.quota.press();
            }
            return Err(e.into());
        }
        self.take(bytes);
        Ok(Blank { path, file, bytes })
    }

    /// Gives back the file of a segment that could not be begun.
    pub(super) fn discard(&mut self, blank: Blank) -> Result<(), FileError> {
        remove(&blank.path)?;
        self.give_back(blank.bytes);
        Ok(())
    }

    /// Takes back the file of a released segment: for reuse, or to remove it. Durable on
    /// return where it is reused: else old bytes could come back under a segment's name.
    pub(super) fn take_back(&mut self, id: u64, path: &Path, bytes: u64) -> Result<(), FileError> {
        let pressed = self.is_pressed();
        if pressed {
            self.drop_recycled()?;
        }
        if !pressed && bytes == self.segment_bytes && self.recycled.len() < self.keep {
            let to = segment::path(&self.folder, RECYCLED, id);
            rename(path, &to, ("journal", "recycled-name"))?;
            faults::reach("journal", "segment-recycled");
            self.recycled.push(to);
            return Ok(());
        }
        remove(path)?;
        faults::reach("journal", "segment-removed");
        self.give_back(bytes);
        Ok(())
    }

    fn drop_recycled(&mut self) -> Result<(), FileError> {
        while let Some(path) = self.recycled.pop() {
            remove(&path)?;
            self.give_back(self.segment_bytes);
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .doing("open", path)
}

/// Allocates blocks; writes zeros where the file system cannot allocate.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(Errno::OPNOTSUPP) => write_zeros(file, bytes),
        other => other.map_err(io::Error::from),
    }
}

fn write_zeros(file: &File, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; 1024 * 1024];
    let mut at = 0;
    while at < bytes {
        let length = (bytes - at).min(zeros.len() as u64);
        file.write_all_at(&zeros[..length as usize], at)?;
        at += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
