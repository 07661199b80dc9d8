//! The spool: the files that a stream's batches became, waiting to be delivered, and those of the
//! batch that is still open.
//!
//! Files of an open batch are nobody's until the checkpoint names them: dropped with their batch,
//! deleted at the next start. Every byte counts against the stream's quota (rule 28).

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};
use standpipe_config::faults;
use standpipe_config::files::{
    Doing, FileError, FolderLock, create_folder, remove, sync_file, sync_folder,
};

use crate::disk::Quota;

/// The file whose only purpose is the space it takes.
const RESERVE: &str = "reserve";

/// How much space is kept back at most, in bytes: a small batch with all its files fits.
const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// How many files are made durable at once.
const SYNCS_AT_ONCE: usize = 16;

/// A file in the spool's folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpoolFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

impl SpoolFile {
    /// The number that was minted for it, with which its name begins.
    pub fn number(&self) -> Option<u64> {
        let digits = self.name.split('.').next()?;
        u64::from_str_radix(digits, 16).ok()
    }
}

/// A stream's spool. It holds the stream's folder: as long as a file operation of this life is
/// under way, an abandoned one too, no other life begins.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    quota: Arc<Quota>,
    /// Number of the next file.
    next: AtomicU64,
    /// Bytes kept back for sealing on a full disk (rule 28); 0 while they are given up.
    reserve: Mutex<u64>,
    _lock: Arc<FolderLock>,
}

/// What a spool finds when it is opened, as the checkpoint has it.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The files of sealed batches that are not delivered.
    pub files: Vec<SpoolFile>,
    /// The number of the next file.
    pub next: u64,
}

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Files that the checkpoint names are not as they were sealed. Nothing was deleted.
    #[error("sealed files that wait for delivery are missing or have another size: {}; restore them", .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    Lost(Vec<PathBuf>),
}

impl Spool {
    /// Whether files lie in `folder` that a checkpoint would have to name.
    pub fn has_files(folder: &Path) -> Result<bool, FileError> {
        Ok(files_in(folder)?.keys().any(|name| name != RESERVE))
    }

    /// Opens the spool: all files that `named` does not name are deleted, as they were never
    /// sealed, or are delivered. `lock` is that of the stream's folder.
    pub fn open(
        folder: &Path,
        named: &Named,
        quota: Arc<Quota>,
        lock: Arc<FolderLock>,
    ) -> Result<Self, SpoolError> {
        create_folder(folder)?;
        faults::reach("recovery", "spool-there");
        let mut found = files_in(folder)?;
        let is_lost = |file: &&SpoolFile| found.get(&file.name) != Some(&file.size);
        let lost: Vec<_> = named.files.iter().filter(is_lost).collect();
        if !lost.is_empty() {
            let paths = lost.iter().map(|file| folder.join(&file.name));
            return Err(SpoolError::Lost(paths.collect()));
        }
        for file in &named.files {
            quota.take(file.size);
            found.remove(&file.name);
        }
        for name in found.keys() {
            remove(&folder.join(name))?;
        }
        faults::reach("recovery", "spool-swept");
        let spool = Self {
            folder: folder.to_owned(),
            quota,
            next: AtomicU64::new(named.next),
            reserve: Mutex::new(0),
            _lock: lock,
        };
        spool.keep_reserve();
        Ok(spool)
    }

    /// Where a file lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A number that no file of this spool had or has.
    pub fn mint(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Begins a set of files that are nobody's yet.
    pub fn draft(self: &Arc<Self>) -> Draft {
        Draft {
            spool: self.clone(),
            names: Vec::new(),
            taken: 0,
        }
    }

    /// Makes the names in the folder durable.
    pub fn sync(&self) -> Result<(), FileError> {
        sync_folder(&self.folder, ("spool", "names"))
    }

    /// Makes files durable that are whole, each with the name of its sync; several at once, as a
    /// disk takes many syncs in little more time than one.
    pub fn sync_files(&self, files: &[(String, &'static str)]) -> Result<(), FileError> {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((name, sync)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                let path = self.path(name);
                let file = File::open(&path).doing("open", &path)?;
                sync_file(&file, &path, ("spool", sync))?;
            }
            Ok(())
        };
        if files.len() <= 1 {
            return work();
        }
        thread::scope(|scope| {
            let threads = SYNCS_AT_ONCE.min(files.len());
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.collect()
        })
    }

    /// Removes files that the checkpoint names no more. One that cannot be removed now goes at the
    /// next start.
    pub fn remove<'a>(&self, files: impl Iterator<Item = &'a SpoolFile>) {
        for file in files {
            match remove(&self.path(&file.name)) {
                Ok(()) => self.quota.give_back(file.size),
                Err(error) => tracing::warn!(%error, "a delivered file stays until the next start"),
            }
        }
    }

    /// Gives up the space kept back; whether there was any.
    pub fn give_up_reserve(&self) -> bool {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = std::mem::take(&mut *reserve);
        if kept > 0 && remove(&self.path(RESERVE)).is_ok() {
            self.quota.give_back(kept);
        }
        kept > 0
    }

    /// Keeps space back again, where the disk has it.
    pub fn keep_reserve(&self) {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = self.quota.folder().whole().unwrap_or(u64::MAX);
        let bytes = RESERVE_BYTES.min(self.quota.bytes() / 16).min(whole / 16);
        if *reserve == 0 && bytes > 0 && self.reserve(bytes).is_ok() {
            self.quota.take(bytes);
            *reserve = bytes;
        }
    }

    fn reserve(&self, bytes: u64) -> Result<(), FileError> {
        let path = self.path(RESERVE);
        let file = File::create(&path).doing("create", &path)?;
        fallocate(&file, FallocateFlags::empty(), 0, bytes)
            .doing("allocate space for", &path)
            .inspect_err(|_| drop(remove(&path)))
    }
}

/// Files that are being written. Dropped, they are removed, but for those that were kept: these are
/// the spool's.
#[derive(Debug)]
pub struct Draft {
    spool: Arc<Spool>,
    names: Vec<String>,
    /// Bytes counted against the quota.
    taken: u64,
}

impl Draft {
    /// Names one more file; the caller creates it.
    pub fn add(&mut self, name: String) -> PathBuf {
        let path = self.spool.path(&name);
        self.names.push(name);
        path
    }

    /// Counts `bytes`, what all files of the draft take now, against the quota.
    pub fn count(&mut self, bytes: u64) {
        let quota = &self.spool.quota;
        match bytes.checked_sub(self.taken) {
            Some(more) => quota.take(more),
            None => quota.give_back(self.taken - bytes),
        }
        self.taken = bytes;
    }

    /// Leaves all files where they are: whether the checkpoint names them is not known any more,
    /// and the next start will find out.
    pub fn leave(mut self) {
        self.names.clear();
    }

    /// Leaves `kept` to the spool. The others, which count until then, go when what is left is
    /// dropped: thousands of files take some disks minutes, and nobody has to wait for that.
    #[must_use = "what is not kept goes when this is dropped"]
    pub fn keep<'a>(mut self, kept: impl Iterator<Item = &'a SpoolFile>) -> Self {
        let mut bytes = 0;
        let mut names = HashSet::new();
        for file in kept {
            bytes += file.size;
            names.insert(&file.name);
        }
        self.names.retain(|name| !names.contains(name));
        self.count(self.taken.max(bytes));
        self.taken -= bytes;
        self
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for name in &self.names {
            if let Err(error) = remove(&self.spool.path(name)) {
                tracing::warn!(%error, "an abandoned file stays until the next start");
            }
        }
        self.spool.quota.give_back(self.taken);
    }
}

/// The files in a folder and their sizes; none if there is no such folder.
fn files_in(folder: &Path) -> Result<BTreeMap<String, u64>, FileError> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder).doing("list", folder)? {
        let entry = entry.doing("list", folder)?;
        let size = entry.metadata().doing("look at", &entry.path())?.len();
        found.insert(entry.file_name().to_string_lossy().into_owned(), size);
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
