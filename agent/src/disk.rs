//! The one module that touches followed files and the clock.
//!
//! Everything else of the agent works on what is seen here: it takes observations and gives back
//! decisions. Therefore the tests replace this one enum by a file system in memory, which renames,
//! truncates, deletes, reuses inodes and dies at any step.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, OFlags, SeekFrom, Statx, StatxFlags, StatxTimestamp, statx};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use standpipe_config::names::Arrival;

pub mod archive;
#[cfg(test)]
pub mod memory;

use archive::Archive;

/// What one look at a file shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sight {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970; 0 where the file system does not tell.
    pub birth: i64,
    /// Bytes.
    pub size: u64,
    /// When its content changed last, in nanoseconds since 1970.
    pub modified: i64,
    /// When it changed last in any way, names that it lost included, in nanoseconds since 1970.
    pub changed: i64,
    /// Names that the file has; 0: it is deleted.
    pub links: u32,
    /// What it is.
    pub kind: Kind,
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link (only in listings: a look goes through it).
    Link,
    /// Anything else: a pipe, a socket, a device. Never followed.
    Other,
}

/// A name in a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name. Bytes, not text.
    pub name: OsString,
    /// What it stands for.
    pub kind: Kind,
    /// Its inode number.
    pub inode: u64,
}

/// A file system and its clock.
#[derive(Debug)]
pub enum Disk {
    /// The machine's.
    Real {
        /// When this process began to look.
        began: Instant,
    },
    /// One in memory.
    #[cfg(test)]
    Memory(memory::Memory),
}

/// An open file. It stays readable when its name is gone.
#[derive(Debug)]
pub enum Handle {
    /// The machine's.
    Real(File),
    /// What a compressed file holds.
    Archive(Box<Archive>),
    /// One in memory.
    #[cfg(test)]
    Memory(memory::Open),
}

impl Disk {
    /// The machine's file system and clock.
    pub fn real() -> Self {
        Self::Real {
            began: Instant::now(),
        }
    }

    /// Time since the beginning; never runs backwards.
    pub fn now(&self) -> Duration {
        match self {
            Self::Real { began } => began.elapsed(),
            #[cfg(test)]
            Self::Memory(memory) => memory.now(),
        }
    }

    /// The time of day.
    pub fn wall(&self) -> jiff::Timestamp {
        match self {
            Self::Real { .. } => {
                let now = jiff::Timestamp::from_millisecond(Arrival::now().0);
                now.unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            }
            #[cfg(test)]
            Self::Memory(_) => jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// What the machine is called; empty where it does not tell.
    pub fn host(&self) -> String {
        match self {
            Self::Real { .. } => {
                let name = fs::read_to_string("/proc/sys/kernel/hostname");
                name.unwrap_or_default().trim().to_owned()
            }
            #[cfg(test)]
            Self::Memory(_) => "memory".to_owned(),
        }
    }

    /// Looks at what a path names, through symbolic links.
    pub fn look(&self, path: &Path) -> io::Result<Sight> {
        match self {
            Self::Real { .. } => Ok(sight(&statx(CWD, path, AtFlags::empty(), wanted())?)),
            #[cfg(test)]
            Self::Memory(memory) => memory.look(path),
        }
    }

    /// Opens a file for reading. Never waits, even if the path names a pipe.
    pub fn open(&self, path: &Path) -> io::Result<Handle> {
        match self {
            Self::Real { .. } => {
                let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
                OpenOptions::new()
                    .read(true)
                    .custom_flags(flags.bits() as i32)
                    .open(path)
                    .map(Handle::Real)
            }
            #[cfg(test)]
            Self::Memory(memory) => memory.open(path).map(Handle::Memory),
        }
    }

    /// The names in a folder, in no order.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<Name>> {
        match self {
            Self::Real { .. } => list(folder),
            #[cfg(test)]
            Self::Memory(memory) => memory.list(folder),
        }
    }
}

impl Handle {
    /// Looks at the open file.
    pub fn look(&self) -> io::Result<Sight> {
        match self {
            Self::Real(file) => Ok(sight(&statx(file, "", AtFlags::EMPTY_PATH, wanted())?)),
            Self::Archive(archive) => archive.look(),
            #[cfg(test)]
            Self::Memory(open) => open.look(),
        }
    }

    /// Whether it reads what a compressed file holds.
    pub fn is_archive(&self) -> bool {
        matches!(self, Self::Archive(_))
    }

    /// Where the first byte lies that was ever written; the size of the file where there is none.
    pub fn first_data(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => match rustix::fs::seek(file, SeekFrom::Data(0)) {
                Err(rustix::io::Errno::NXIO) => Ok(self.look()?.size),
                // A file system that does not tell holes from zeros.
                Err(rustix::io::Errno::INVAL) => Ok(0),
                found => Ok(found?),
            },
            Self::Archive(_) => Ok(0),
            #[cfg(test)]
            Self::Memory(_) => Ok(0),
        }
    }

    /// Appends up to `wanted` bytes from `offset` on to `out`; fewer only where the file ends.
    pub fn read(&self, offset: u64, wanted: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let before = out.len();
        out.resize(before + wanted, 0);
        let mut filled = before;
        while filled < before + wanted {
            let at = offset + (filled - before) as u64;
            match self.read_at(at, &mut out[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    out.truncate(before);
                    return Err(e);
                }
            }
        }
        out.truncate(filled);
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read_at(buffer, offset),
            Self::Archive(archive) => archive.read_at(offset, buffer),
            #[cfg(test)]
            Self::Memory(open) => open.read_at(offset, buffer),
        }
    }
}

/// How many followed files may be open at once: half of what the process may open, after raising
/// that to what the system allows.
pub fn most_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
    let now = getrlimit(Resource::Nofile).current.unwrap_or(65_536);
    (now / 2).clamp(16, 65_536) as usize
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::BTIME
}

fn sight(found: &Statx) -> Sight {
    let told = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
    Sight {
        device: u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor),
        inode: found.stx_ino,
        birth: if told {
            nanoseconds(found.stx_btime)
        } else {
            0
        },
        size: found.stx_size,
        modified: nanoseconds(found.stx_mtime),
        changed: nanoseconds(found.stx_ctime),
        links: found.stx_nlink,
        kind: kind(rustix::fs::FileType::from_raw_mode(u32::from(
            found.stx_mode,
        ))),
    }
}

fn nanoseconds(time: StatxTimestamp) -> i64 {
    let whole = time.tv_sec.saturating_mul(1_000_000_000);
    whole.saturating_add(i64::from(time.tv_nsec))
}

fn kind(found: rustix::fs::FileType) -> Kind {
    match found {
        rustix::fs::FileType::RegularFile => Kind::File,
        rustix::fs::FileType::Directory => Kind::Folder,
        rustix::fs::FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// By `getdents` itself: it tells kind and inode without a look at each file.
fn list(folder: &Path) -> io::Result<Vec<Name>> {
    let opened = fs::File::open(folder)?;
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(&opened)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let name = OsString::from_vec(name.to_vec());
        let kind = match entry.file_type() {
            // Some file systems do not tell in the listing.
            rustix::fs::FileType::Unknown => kind_of(&folder.join(&name)),
            told => kind(told),
        };
        names.push(Name {
            name,
            kind,
            inode: entry.ino(),
        });
    }
    Ok(names)
}

fn kind_of(path: &Path) -> Kind {
    match fs::symlink_metadata(path).map(|m| m.file_type()) {
        Ok(found) if found.is_file() => Kind::File,
        Ok(found) if found.is_dir() => Kind::Folder,
        Ok(found) if found.is_symlink() => Kind::Link,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests;
