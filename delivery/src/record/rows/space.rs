//! Space on disk that is taken before it is promised (rule 28): a full disk shows when space is
//! allocated, while what was accepted before can still be finished.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::data::Output;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use standpipe_config::files::{Doing, FileError, sync_file};

/// Space is taken in steps of this many bytes.
const STEP: u64 = 1024 * 1024;

/// How far the space of one file is allocated.
#[derive(Debug)]
pub(super) struct Ahead {
    allocated: u64,
    /// The file system cannot allocate ahead; a full disk then shows when bytes are written.
    unsupported: bool,
    step: u64,
}

impl Ahead {
    /// Nothing is allocated yet. `step` in bytes: how much at a time.
    pub(super) fn new(step: u64) -> Self {
        Self {
            allocated: 0,
            unsupported: false,
            step,
        }
    }

    /// Takes care that `file` can grow to `length` bytes.
    pub(super) fn ensure(
        &mut self,
        file: &File,
        path: &Path,
        length: u64,
    ) -> Result<(), FileError> {
        if length <= self.allocated || self.unsupported {
            return Ok(());
        }
        let until = length.next_multiple_of(self.step);
        match allocate(file, self.allocated, until - self.allocated) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NODEV) => {
                self.unsupported = true
            }
            other => {
                other.doing("allocate space for", path)?;
                self.allocated = until;
            }
        }
        Ok(())
    }

    /// Bytes allocated; 0 where the file system cannot.
    pub(super) fn bytes(&self) -> u64 {
        self.allocated
    }
}

fn allocate(file: &File, from: u64, bytes: u64) -> Result<(), Errno> {
    loop {
        match fallocate(file, FallocateFlags::KEEP_SIZE, from, bytes) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

/// A file whose space is reserved while rows are collected, and into which an encoder writes at
/// the seal: so a disk that is full by then does not keep the batch from being sealed (rule 28).
#[derive(Debug)]
pub struct Reserve {
    file: File,
    path: PathBuf,
    ahead: Ahead,
}

impl Reserve {
    /// Creates the file at `path`, with nothing reserved.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(path)
            .doing("create", path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            ahead: Ahead::new(STEP),
        })
    }

    /// Takes care that the file can grow to `bytes`. An error that
    /// [`is_full`](FileError::is_full): seal with what there is.
    pub fn grow(&mut self, bytes: u64) -> Result<(), FileError> {
        self.ahead.ensure(&self.file, &self.path, bytes)
    }

    /// Bytes that the file takes on disk until it is finished.
    pub fn bytes(&self) -> u64 {
        self.ahead.bytes()
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, for an encoder that writes it from its beginning.
    pub fn output(&self) -> Output<&File> {
        Output::new(&self.file)
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Cuts the file to the `written` bytes that count, gives back what was reserved and not
    /// needed, and makes them durable. The folder's sync is the caller's.
    pub fn finish(self, written: u64) -> Result<(), FileError> {
        self.cut(written)?;
        sync_file(&self.file, &self.path, ("spool", "object"))
    }

    /// As [`finish`](Self::finish), but nothing is synced: that is the caller's too.
    pub fn close(self, written: u64) -> Result<(), FileError> {
        self.cut(written)
    }

    fn cut(&self, written: u64) -> Result<(), FileError> {
        self.file.set_len(written).doing("cut to size", &self.path)
    }
}

#[cfg(test)]
mod tests;
