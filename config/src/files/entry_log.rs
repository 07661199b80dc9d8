//! An append-only log of small entries, with a snapshot at its beginning: the form of every
//! durable state of ours that changes one entry at a time (a lane's checkpoint, an agent's
//! progress).
//!
//! One file per generation, `NAME.GENERATION` (16 hex digits), all integers little-endian:
//!
//! ```text
//! header   magic [4]   version u16   zero u16   generation u64
//! frame    length u32   crc32 u32   sequence u64   payload [length]
//! payload  entries, each: length u32, bytes
//! ```
//!
//! The CRC covers generation, sequence and payload, so no byte of another file or place passes.
//! Frame 0 is the snapshot: the whole state when the generation began. Each later frame is one
//! [`append`](EntryLog::append), synced before the next begins. Therefore a bad frame that a good
//! one follows is damage, and a bad one that none follows is the torn tail of an append that
//! nobody was told about.
//!
//! A new generation is written aside, synced and renamed; the one before is kept, as something
//! to look at, until the next comes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use crate::faults;

use super::{Doing, FileError, remove, rename, sync_file, sync_folder};

use frames::{frame, read_frames};

mod frames;

const HEADER: usize = 16;
const FRAME_HEADER: usize = 16;

/// Space kept ahead of the end, so that an append on a full disk still finds room (rule 28).
const AHEAD: u64 = 256 * 1024;

/// How often a log that others change is looked at before what is wrong with it is believed.
const LOOKS: u32 = 3;

/// What tells one kind of log from another.
#[derive(Clone, Copy, Debug)]
pub struct LogKind {
    /// File name without generation, and what errors call it: "checkpoint".
    pub name: &'static str,
    /// First bytes of the file.
    pub magic: [u8; 4],
    /// Written version, and the newest that is read.
    pub version: u16,
}

/// A log that is open for appending. One writer; the folder's lock sees to that.
#[derive(Debug)]
pub struct EntryLog {
    kind: LogKind,
    folder: PathBuf,
    path: PathBuf,
    file: File,
    generation: u64,
    /// Sequence of the next frame.
    sequence: u64,
    /// Where the next frame begins, in bytes.
    end: u64,
    /// Bytes of header and snapshot.
    snapshot: u64,
    /// Up to where space is allocated.
    allocated: u64,
    /// A sync failed: what is on disk is unknown, nothing more is accepted.
    broken: bool,
}

/// A log and what it held.
#[derive(Debug)]
pub struct Opened {
    /// The log, ready to be appended to.
    pub log: EntryLog,
    /// The snapshot's entries, then the appended ones, in order.
    pub entries: Vec<Vec<u8>>,
}

/// Why a log cannot be opened or appended to.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Bytes that were durable once do not read back.
    #[error("{} is damaged at byte {offset}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong there.
        why: &'static str,
    },
    /// Written by a newer program.
    #[error("{} has version {found}, this program reads versions up to {known}: update it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The newest known.
        known: u16,
    },
    /// A sync of this log failed before.
    #[error("{} takes no more entries: a sync failed, so what is on disk is unknown; restart", .0.display())]
    Broken(PathBuf),
}

impl EntryLog {
    /// Opens the newest generation, or begins the first one.
    pub fn open(folder: &Path, kind: LogKind) -> Result<Opened, LogError> {
        match generations(folder, kind)?.last() {
            Some(&generation) => Self::read(folder, kind, generation),
            None => Ok(Opened {
                log: Self::begin(folder, kind, 1, &[])?,
                entries: Vec::new(),
            }),
        }
    }

    /// Reads the newest generation's entries and changes nothing, while another process appends to
    /// it or not; `None` if there is none. For operators who look.
    pub fn look(folder: &Path, kind: LogKind) -> Result<Option<Vec<Vec<u8>>>, LogError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let Some(&generation) = generations(folder, kind)?.last() else {
                return Ok(None);
            };
            match look_at(folder, kind, generation) {
                Ok(entries) => return Ok(Some(entries)),
                // It was replaced, or appended to, while it was read.
                Err(_) if tries < LOOKS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether there is such a log in the folder.
    pub fn exists(folder: &Path, kind: LogKind) -> Result<bool, FileError> {
        Ok(!generations(folder, kind)?.is_empty())
    }

    /// Adds entries in one write and one sync; durable on return. On a full disk nothing is added
    /// and the log stays usable; after a failed sync it does not.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> Result<(), LogError> {
        if self.broken {
            return Err(LogError::Broken(self.path.clone()));
        }
        let frame = frame(self.generation, self.sequence, entries);
        faults::reach_and(self.kind.name, "half-written", || {
            let _ = self.file.write_all_at(&frame[..frame.len() / 2], self.end);
        });
        if let Err(e) = self.file.write_all_at(&frame, self.end) {
            self.broken = self.cut_off().is_err();
            return Err(e).doing("write", &self.path).map_err(LogError::File);
        }
        faults::reach(self.kind.name, "written");
        if let Err(e) = sync_file(&self.file, &self.path, (self.kind.name, "entry")) {
            // A full disk may show only here; then the frame goes and the log stays (rule 28).
            self.broken = !e.is_full() || self.cut_off().is_err();
            return Err(e.into());
        }
        faults::reach(self.kind.name, "synced");
        self.sequence += 1;
        self.end += frame.len() as u64;
        self.allocate_ahead();
        Ok(())
    }

    /// Takes away, durably, what was written of a frame whose callers hear that it was refused: found
    /// after a power cut it would count.
    fn cut_off(&self) -> Result<(), FileError> {
        self.file
            .set_len(self.end)
            .doing("cut a refused entry off", &self.path)?;
        sync_file(&self.file, &self.path, (self.kind.name, "refused"))
    }

    /// Whether so much was appended since the snapshot that a new generation pays.
    pub fn wants_compaction(&self) -> bool {
        self.end > 4 * self.snapshot.max(16 * 1024)
    }

    /// Begins a new generation with `state` as its snapshot. If it fails, the old one goes on.
    pub fn compact(&mut self, state: &[Vec<u8>]) -> Result<(), LogError> {
        if self.broken {
            return Err(LogError::Broken(self.path.clone()));
        }
        let before = self.generation;
        match Self::begin(&self.folder, self.kind, before + 1, state) {
            Ok(begun) => *self = begun,
            Err(error) => {
                // If it has its name already, it is what the next start reads, and not what would
                // be appended to the old one.
                let begun = path(&self.folder, self.kind, before + 1);
                self.broken = fs::symlink_metadata(&begun).is_ok();
                return Err(error);
            }
        }
        for old in generations(&self.folder, self.kind)? {
            if old < before {
                remove(&path(&self.folder, self.kind, old))?;
            }
        }
        Ok(())
    }

    /// Moves all generations aside (`….damaged`), so that the next [`open`](Self::open) begins anew.
    pub fn set_aside(folder: &Path, kind: LogKind) -> Result<(), FileError> {
        for generation in generations(folder, kind)? {
            let from = path(folder, kind, generation);
            let mut to = from.clone().into_os_string();
            to.push(".damaged");
            rename(&from, Path::new(&to), (kind.name, "set-aside"))?;
        }
        Ok(())
    }

    /// What one [`append`](Self::append) writes. For who simulates a disk that tears it.
    pub fn frame(generation: u64, sequence: u64, entries: &[Vec<u8>]) -> Vec<u8> {
        frame(generation, sequence, entries)
    }

    /// What a file's bytes hold, as [`open`](Self::open) reads them: the entries, how many frames
    /// they came in, and where the last whole one ends. The header is not looked at.
    pub fn parse(
        path: &Path,
        bytes: &[u8],
        generation: u64,
    ) -> Result<(Vec<Vec<u8>>, u64, usize), LogError> {
        let (entries, frames) = read_frames(path, bytes, generation)?;
        Ok((entries, frames.count, frames.end))
    }

    /// The file that is appended to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.end
    }

    fn begin(
        folder: &Path,
        kind: LogKind,
        generation: u64,
        state: &[Vec<u8>],
    ) -> Result<Self, LogError> {
        let path = path(folder, kind, generation);
        let mut bytes = header(kind, generation).to_vec();
        bytes.extend_from_slice(&frame(generation, 0, state));
        let aside = path.with_extension("tmp");
        let mut file = File::create(&aside).doing("create", &aside)?;
        file.write_all(&bytes).doing("write", &aside)?;
        sync_file(&file, &aside, (kind.name, "snapshot"))?;
        faults::reach(kind.name, "snapshot-written");
        rename(&aside, &path, (kind.name, "snapshot-name"))?;
        faults::reach(kind.name, "snapshot-named");
        let end = bytes.len() as u64;
        let mut log = Self {
            kind,
            folder: folder.to_owned(),
            path,
            file,
            generation,
            sequence: 1,
            end,
            snapshot: end,
            allocated: end,
            broken: false,
        };
        log.allocate_ahead();
        Ok(log)
    }

    fn read(folder: &Path, kind: LogKind, generation: u64) -> Result<Opened, LogError> {
        let path = path(folder, kind, generation);
        let bytes = fs::read(&path).doing("read", &path)?;
        check_header(&path, &bytes, kind, generation)?;
        let (entries, frames) = read_frames(&path, &bytes, generation)?;
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .doing("open", &path)?;
        let end = frames.end as u64;
        if (frames.end) < bytes.len() {
            file.set_len(end).doing("cut the torn tail of", &path)?;
        }
        // What was found may be in the page cache only; it counts from now on. With the names in the
        // folder: other parts rely on theirs (a schema, settings, an id) being durable after this.
        sync_file(&file, &path, (kind.name, "found"))?;
        sync_folder(folder, (kind.name, "found-name"))?;
        let mut log = Self {
            kind,
            folder: folder.to_owned(),
            path,
            file,
            generation,
            sequence: frames.count,
            end,
            snapshot: frames.snapshot as u64,
            allocated: end,
            broken: false,
        };
        log.allocate_ahead();
        Ok(Opened { log, entries })
    }

    /// Best effort: on a disk that is already full there is nothing to keep.
    fn allocate_ahead(&mut self) {
        if self.allocated < self.end + AHEAD / 2 {
            let wanted = self.end + AHEAD;
            let kept = fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.end, AHEAD);
            self.allocated = if kept.is_ok() { wanted } else { self.end };
        }
    }
}

fn look_at(folder: &Path, kind: LogKind, generation: u64) -> Result<Vec<Vec<u8>>, LogError> {
    let path = path(folder, kind, generation);
    let bytes = fs::read(&path).doing("read", &path)?;
    check_header(&path, &bytes, kind, generation)?;
    Ok(read_frames(&path, &bytes, generation)?.0)
}

fn path(folder: &Path, kind: LogKind, generation: u64) -> PathBuf {
    folder.join(format!("{}.{generation:016x}", kind.name))
}

fn generations(folder: &Path, kind: LogKind) -> Result<Vec<u64>, FileError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).doing("list", folder)? {
        let name = entry.doing("list", folder)?.file_name();
        let generation = name
            .to_str()
            .and_then(|name| name.strip_prefix(kind.name)?.strip_prefix('.'))
            .filter(|digits| digits.len() == 16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        found.extend(generation);
    }
    found.sort_unstable();
    Ok(found)
}

fn header(kind: LogKind, generation: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&kind.magic);
    header[4..6].copy_from_slice(&kind.version.to_le_bytes());
    header[8..].copy_from_slice(&generation.to_le_bytes());
    header
}

fn check_header(path: &Path, bytes: &[u8], kind: LogKind, generation: u64) -> Result<(), LogError> {
    let damaged = |why| LogError::Damaged {
        path: path.to_owned(),
        offset: 0,
        why,
    };
    if bytes.len() < HEADER || bytes[..4] != kind.magic {
        return Err(damaged("it does not begin with its magic bytes"));
    }
    let found = u16::from_le_bytes([bytes[4], bytes[5]]);
    if found > kind.version {
        return Err(LogError::Newer {
            path: path.to_owned(),
            found,
            known: kind.version,
        });
    }
    if bytes[..HEADER]
        != header(
            LogKind {
                version: found,
                ..kind
            },
            generation,
        )
    {
        return Err(damaged("its header names another generation than its name"));
    }
    Ok(())
}
