//! The folder a program keeps its state in: one process at a time, and not on a file system that
//! forgets.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock, statfs};

use super::{Doing, FileError, create_folder};

// `statfs` magic numbers of file systems in memory, from linux/magic.h.
const TMPFS: i64 = 0x0102_1994;
const RAMFS: i64 = 0x8584_58f6;

/// Holds a folder for this process until dropped, and after a kill: the kernel lets go of it.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why a folder cannot be ours.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process holds it.
    #[error("{} is in use by another process: stop that one first, or give this one another data_dir", .0.display())]
    InUse(PathBuf),
    /// It would not survive a power cut.
    #[error("{} lies on a file system in memory, which a power cut empties: choose another data_dir, or say allow_tmpfs: true", .0.display())]
    InMemory(PathBuf),
}

impl FolderLock {
    /// Creates the folder if need be and locks it.
    pub fn acquire(folder: &Path, allow_tmpfs: bool) -> Result<Self, FolderError> {
        create_folder(folder)?;
        let kind = statfs(folder).doing("look at the file system of", folder)?;
        if !allow_tmpfs && matches!(kind.f_type as i64, TMPFS | RAMFS) {
            return Err(FolderError::InMemory(folder.to_owned()));
        }
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .doing("open", &path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Err(FolderError::InUse(folder.to_owned())),
            other => {
                other.doing("lock", &path)?;
                Ok(Self { _file: file })
            }
        }
    }
}
