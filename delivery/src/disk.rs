//! How much disk a stream may use, and when its door closes (rule 28).
//!
//! One quota per stream over journal, spool and recycled segments; one high-water mark per data
//! folder. Over either, a door refuses with an error that clients retry; from three quarters of
//! the quota on the open batch seals, so that the door opens again without waiting for the
//! interval.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use standpipe_config::files::{Doing, FileError};
use standpipe_config::settings::delivery::HighWater;

/// The data folder's file system and when it counts as full.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    high_water: HighWater,
}

impl DataFolder {
    /// The folder at `path`.
    pub fn new(path: &Path, high_water: HighWater) -> Self {
        Self {
            path: path.to_owned(),
            high_water,
        }
    }

    /// Bytes that may still be written before the high-water mark.
    pub fn room(&self) -> Result<u64, FileError> {
        let stat =
            rustix::fs::statvfs(&self.path).doing("ask for the free space of", &self.path)?;
        let available = stat.f_bavail.saturating_mul(stat.f_frsize);
        let kept = match self.high_water {
            HighWater::Free(bytes) => bytes,
            HighWater::Percent(percent) => {
                let whole = stat.f_blocks.saturating_mul(stat.f_frsize);
                whole / 100 * u64::from(100 - percent.min(100))
            }
        };
        Ok(available.saturating_sub(kept))
    }

    /// Bytes of the whole file system, for choosing a segment size.
    pub fn whole(&self) -> Result<u64, FileError> {
        let stat = rustix::fs::statvfs(&self.path).doing("ask for the size of", &self.path)?;
        Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
    }
}

/// What one stream uses of its quota. Shared by its journal and its spool; each counts what it
/// creates and removes.
#[derive(Debug)]
pub struct Quota {
    bytes: u64,
    used: AtomicU64,
    folder: Arc<DataFolder>,
}

/// Why a door is closed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Full {
    /// The stream's own quota.
    #[error(
        "the disk quota of {quota} bytes is used up ({used} bytes wait for delivery): the door opens again when the destination takes them, or raise disk.quota"
    )]
    Quota {
        /// The quota in bytes.
        quota: u64,
        /// What is used of it in bytes.
        used: u64,
    },
    /// The file system of the data folder.
    #[error("the file system of {} has reached limits.disk: the door opens again when the destination takes what waits, or make room there", .0.display())]
    HighWater(PathBuf),
}

impl Quota {
    /// A quota of `bytes`, nothing of it used.
    pub fn new(bytes: u64, folder: Arc<DataFolder>) -> Self {
        Self {
            bytes,
            used: AtomicU64::new(0),
            folder,
        }
    }

    /// The quota in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes used.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Counts bytes that a file of this stream takes from now on.
    pub fn take(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that a file of this stream gave back.
    pub fn give_back(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "more disk given back than was taken");
    }

    /// Whether `bytes` more may be taken for the journal.
    pub fn admit(&self, bytes: u64) -> Result<(), Full> {
        let used = self.used();
        if used.saturating_add(bytes) > self.bytes {
            return Err(Full::Quota {
                quota: self.bytes,
                used,
            });
        }
        match self.folder.room() {
            Ok(room) if room < bytes => Err(Full::HighWater(self.folder.path.clone())),
            _ => Ok(()),
        }
    }

    /// Whether the open batch should seal now, whatever its hints say.
    pub fn is_pressed(&self) -> bool {
        self.used() >= self.bytes / 4 * 3 || self.folder.room().is_ok_and(|room| room == 0)
    }

    /// The file system the stream lies on.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }
}
