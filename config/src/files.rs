//! Crash-safe files: the few operations that every durable file of ours goes through.
//!
//! A file appears whole: written aside, synced, renamed, and its folder synced. A rename or a new
//! name that must survive a power cut needs a sync of the folder that holds the name; a file's
//! bytes need a sync of the file. `fdatasync` is enough for bytes, because it also writes the
//! size that is needed to read them back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use entry_log::{EntryLog, LogError, LogKind, Opened};
pub use folder::{FolderError, FolderLock};
pub use sync::{SyncName, sync_file, sync_folder};

mod entry_log;
mod folder;
mod sync;

/// A file operation that failed: what was attempted, on what, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct FileError {
    /// What was attempted, as a verb: "write", "sync".
    pub doing: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl FileError {
    /// Whether the disk or the quota is full, which passes: refuse and go on (rule 28).
    pub fn is_full(&self) -> bool {
        is_full(&self.source)
    }
}

/// Whether an error says that the disk or a quota is full.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Names the operation and the path in the error of a file operation.
pub trait Doing<T> {
    /// `doing` is a verb: "open", "sync".
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError {
            doing,
            path: path.to_owned(),
            source,
        })
    }
}

impl<T> Doing<T> for rustix::io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(io::Error::from).doing(doing, path)
    }
}

/// Creates a folder and what is missing above it, durably. One that is there may have been created
/// by a process that was killed before its sync, so that it exists says nothing.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
    let above = parent.unwrap_or(Path::new("."));
    if folder.is_dir() {
        return match sync_folder(above, ("folder", "found")) {
            // Then it was not created by a process of ours, which would have failed to sync it.
            Err(e) if cannot_be_synced(&e.source) => Ok(()),
            other => other,
        };
    }
    if let Some(parent) = parent {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        other => other.doing("create folder", folder)?,
    }
    sync_folder(above, ("folder", "created"))
}

fn cannot_be_synced(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied};
    matches!(error.kind(), PermissionDenied | InvalidInput)
}

/// Writes a file so that it is there whole or not at all, and durable on return. Its two syncs are
/// called `part` with "bytes" and "name".
pub fn write_whole(path: &Path, bytes: &[u8], part: &str) -> Result<(), FileError> {
    let (file, aside) = write_aside(path, bytes)?;
    sync_file(&file, &aside, (part, "bytes"))?;
    rename(&aside, path, (part, "name"))
}

/// Writes a file so that whoever looks sees it whole; not durable. For what a power cut may take
/// or spoil: its reader does without what it cannot read.
pub fn show(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (_, aside) = write_aside(path, bytes)?;
    fs::rename(&aside, path).doing("rename", &aside)
}

/// The same, for nobody but this process's user to read.
pub fn show_own(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    // What a process that was killed left has other rights, perhaps.
    remove(&aside(path))?;
    let (_, aside) = write_aside_as(path, bytes, OpenOptions::new().mode(0o600))?;
    fs::rename(&aside, path).doing("rename", &aside)
}

fn aside(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".tmp");
    PathBuf::from(aside)
}

fn write_aside(path: &Path, bytes: &[u8]) -> Result<(File, PathBuf), FileError> {
    write_aside_as(path, bytes, &mut OpenOptions::new())
}

fn write_aside_as(
    path: &Path,
    bytes: &[u8],
    options: &mut OpenOptions,
) -> Result<(File, PathBuf), FileError> {
    let aside = aside(path);
    let options = options.write(true).create(true).truncate(true);
    let mut file = options.open(&aside).doing("create", &aside)?;
    file.write_all(bytes).doing("write", &aside)?;
    Ok((file, aside))
}

/// Renames within one folder, durably.
pub fn rename(from: &Path, to: &Path, name: SyncName<'_>) -> Result<(), FileError> {
    fs::rename(from, to).doing("rename", from)?;
    sync_folder(to.parent().unwrap_or(Path::new(".")), name)
}

/// Removes a file; that it is not there is fine. Not synced: what is removed must be harmless
/// when it comes back.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.doing("remove", path),
    }
}

#[cfg(test)]
mod tests;
