//! How much disk a stream may use, and when its door closes (rule 28).
//!
//! One quota per stream over journal, spool and recycled segments; one high-water mark per data
//! folder. Over either, a door refuses with an error that clients retry; from three quarters of
//! the quota on the open batch seals, so that the door opens again without waiting for the
//! interval.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use standpipe_config::files::{Doing, FileError};
use standpipe_config::settings::delivery::HighWater;

/// For how long the free space that the file system told is believed, so that asking at every
/// request costs nothing.
const BELIEVED: Duration = Duration::from_millis(100);

/// The data folder's file system and when it counts as full.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    high_water: Mutex<HighWater>,
    /// When the file system was asked last, and what is left of what it said.
    known: Mutex<Option<(Instant, u64)>>,
}

impl DataFolder {
    /// The folder at `path`.
    pub fn new(path: &Path, high_water: HighWater) -> Self {
        Self {
            path: path.to_owned(),
            high_water: Mutex::new(high_water),
            known: Mutex::new(None),
        }
    }

    /// Counts as full there from now on.
    pub fn limit(&self, high_water: HighWater) {
        *self.high_water() = high_water;
        // What was told is no longer so.
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn high_water(&self) -> MutexGuard<'_, HighWater> {
        self.high_water
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that may still be written before the high-water mark: what the file system said less
    /// than 100 ms ago, without what was taken since.
    pub fn room(&self) -> Result<u64, FileError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, room)) = *known
            && asked.elapsed() < BELIEVED
        {
            return Ok(room);
        }
        let room = self.ask()?;
        *known = Some((Instant::now(), room));
        Ok(room)
    }

    /// [`room`](Self::room), asked again where it would be less than `wanted`: space that is taken
    /// ahead and given back soon after looks like less room than there is.
    fn room_for(&self, wanted: u64) -> Result<u64, FileError> {
        match self.room()? {
            room if room >= wanted => Ok(room),
            _ => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                let room = self.ask()?;
                *known = Some((Instant::now(), room));
                Ok(room)
            }
        }
    }

    fn take(&self, bytes: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, room)) = known.as_mut() {
            *room = room.saturating_sub(bytes);
        }
    }

    fn ask(&self) -> Result<u64, FileError> {
        let stat =
            rustix::fs::statvfs(&self.path).doing("ask for the free space of", &self.path)?;
        let available = stat.f_bavail.saturating_mul(stat.f_frsize);
        let kept = match *self.high_water() {
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
    /// The last request found no room: until one does, batches seal early.
    has_refused: AtomicBool,
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
    /// The file system itself, or a quota of the operating system.
    #[error("the file system of {} is full: make room there, the door opens again by itself", .0.display())]
    Disk(PathBuf),
    /// Nobody knows: what cannot be asked must not be promised.
    #[error("{0}: the door stays closed until the free space can be told")]
    Unknown(String),
}

impl Quota {
    /// A quota of `bytes`, nothing of it used.
    pub fn new(bytes: u64, folder: Arc<DataFolder>) -> Self {
        Self {
            bytes,
            used: AtomicU64::new(0),
            has_refused: AtomicBool::new(false),
            folder,
        }
    }

    /// The quota in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that the stream can have at all: its quota, or the whole file system if that is less.
    pub fn reach(&self) -> u64 {
        self.bytes.min(self.folder.whole().unwrap_or(u64::MAX))
    }

    /// Bytes used.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Counts bytes that a file of this stream takes from now on.
    pub fn take(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        self.folder.take(bytes);
    }

    /// Counts bytes that a file of this stream gave back.
    pub fn give_back(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "more disk given back than was taken");
    }

    /// Whether `bytes` more may be taken for the journal; with 0, whether what is taken already may
    /// be used.
    pub fn admit(&self, bytes: u64) -> Result<(), Full> {
        let admitted = self.find_room(bytes);
        match admitted {
            Ok(()) => self.has_refused.store(false, Ordering::Relaxed),
            // Sealing opens no door where the free space cannot be told.
            Err(Full::Unknown(_)) => {}
            Err(_) => self.press(),
        }
        admitted
    }

    /// A caller was refused for want of room: what can be sealed should be, so that the door opens
    /// again without waiting for the interval (rule 28).
    pub fn press(&self) {
        self.has_refused.store(true, Ordering::Relaxed);
    }

    fn find_room(&self, bytes: u64) -> Result<(), Full> {
        let used = self.used();
        if used.saturating_add(bytes) > self.bytes {
            return Err(Full::Quota {
                quota: self.bytes,
                used,
            });
        }
        let wanted = bytes.max(1);
        match self.folder.room_for(wanted) {
            Ok(room) if room < wanted => Err(Full::HighWater(self.folder.path.clone())),
            Ok(_) => Ok(()),
            Err(error) => Err(Full::Unknown(error.to_string())),
        }
    }

    /// Whether the open batch should seal now, whatever its hints say: at three quarters of what the
    /// stream can have, at the high-water mark, and where a request found no room although there is
    /// some. Where the free space cannot be told the door is closed, and sealing would not open it.
    pub fn is_pressed(&self) -> bool {
        self.used() >= self.reach() / 4 * 3
            || self.has_refused.load(Ordering::Relaxed)
            || self.folder.room_for(1).is_ok_and(|room| room == 0)
    }

    /// The file system the stream lies on.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }
}

#[cfg(test)]
mod tests;
