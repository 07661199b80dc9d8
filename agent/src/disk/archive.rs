//! A log that was compressed, read as if it were not: its offsets are those of the file that it was
//! made of.
//!
//! A compressed file can only be inflated from its beginning on. A few readers stand at different
//! places, each with the last bytes that it gave: streams that read on, and look back a little,
//! inflate nothing twice.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use super::{Handle, Sight};
use crate::identity::PREFIX;

/// How many places are read at once; one for each stream, of which there are hardly ever more.
const READERS: usize = 3;

/// How many bytes a reader keeps at least to be looked back at.
const KEPT: usize = 256 * 1024;

/// What is inflated at once.
const STEP: usize = 64 * 1024;

/// How a file is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// RFC 1952, one member or more.
    Gzip,
    /// RFC 8878, one frame or more.
    Zstd,
    /// In a way that is not read here, or not enough of it is there to tell.
    Other,
}

impl Packing {
    /// What a file is, by its name and its first bytes; `None`: no compressed file.
    pub fn of(path: &Path, beginning: &[u8]) -> Option<Self> {
        if beginning.starts_with(&[0x1f, 0x8b, 8]) {
            return Some(Self::Gzip);
        }
        if beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Some(Self::Zstd);
        }
        match suffix(path) {
            "gz" | "zst" => (beginning.len() < 4).then_some(Self::Other),
            "bz2" | "xz" | "lzma" | "lz4" | "zip" | "Z" | "7z" => Some(Self::Other),
            _ => None,
        }
    }

    /// Whether a file may be one that can be read, by its name.
    pub fn is_named(path: &Path) -> bool {
        matches!(suffix(path), "gz" | "zst")
    }
}

fn suffix(path: &Path) -> &str {
    path.extension().and_then(OsStr::to_str).unwrap_or_default()
}

/// A compressed file that is open.
pub struct Archive {
    inner: Arc<Handle>,
    packing: Packing,
    /// The first bytes of what it holds, [`PREFIX`] of them or all.
    beginning: Vec<u8>,
    /// How much it holds; unknown before it was [measured](Self::measure).
    size: u64,
    readers: Mutex<Vec<Reader>>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("packing", &self.packing)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Whether an error says that a compressed file is cut or damaged, and not that it cannot be read.
pub fn is_damage(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}

impl Archive {
    /// Reads the beginning of a compressed file.
    pub fn open(inner: Handle, packing: Packing) -> io::Result<Self> {
        let mut archive = Self {
            inner: Arc::new(inner),
            packing,
            beginning: Vec::new(),
            size: u64::MAX,
            readers: Mutex::default(),
        };
        let mut beginning = vec![0; PREFIX];
        let mut filled = 0;
        while filled < PREFIX {
            match archive.read_at(filled as u64, &mut beginning[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if is_damage(&error) && filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        beginning.truncate(filled);
        archive.beginning = beginning;
        Ok(archive)
    }

    /// The first bytes of what it holds.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// Inflates all of it once, to know how much it holds. Where it is cut or damaged, that is what
    /// comes before, and why; takes as long as inflating does.
    pub fn measure(&mut self) -> io::Result<Option<io::Error>> {
        let mut inflate = self.inflate()?;
        let mut bytes = vec![0; STEP];
        self.size = 0;
        loop {
            match inflate.read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(count) => self.size += count as u64,
                Err(error) if is_damage(&error) => return Ok(Some(error)),
                Err(error) => return Err(error),
            }
        }
    }

    /// A look at the file, with the size of what it holds.
    pub fn look(&self) -> io::Result<Sight> {
        let size = self.size;
        Ok(Sight {
            size,
            ..self.inner.look()?
        })
    }

    /// Reads what it holds.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let wanted = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let known = usize::try_from(offset)
            .ok()
            .and_then(|from| self.beginning.get(from..from.checked_add(wanted)?));
        if let Some(known) = known {
            buffer[..wanted].copy_from_slice(known);
            return Ok(wanted);
        }
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one was used last.
        let able = readers
            .iter()
            .enumerate()
            .filter(|(_, r)| r.from() <= offset);
        let nearest = able.max_by_key(|(_, r)| r.at).map(|(place, _)| place);
        let mut reader = match nearest {
            Some(place) => readers.remove(place),
            None => Reader {
                inflate: self.inflate()?,
                at: 0,
                kept: Vec::new(),
            },
        };
        let read = reader.read_at(offset, &mut buffer[..wanted])?;
        if readers.len() == READERS {
            readers.remove(0);
        }
        readers.push(reader);
        Ok(read)
    }

    fn inflate(&self) -> io::Result<Inflate> {
        let tape = Tape {
            inner: self.inner.clone(),
            at: 0,
        };
        Ok(match self.packing {
            Packing::Gzip => Inflate::Gzip(Box::new(MultiGzDecoder::new(tape))),
            Packing::Zstd => Inflate::Zstd(zstd::Decoder::new(tape)?),
            Packing::Other => {
                let why = "compressed in a way that is not read";
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        })
    }
}

/// One place in what a compressed file holds.
struct Reader {
    inflate: Inflate,
    /// So much was inflated.
    at: u64,
    /// The last bytes of that.
    kept: Vec<u8>,
}

impl Reader {
    /// What it can give without beginning anew begins here.
    fn from(&self) -> u64 {
        self.at - self.kept.len() as u64
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at <= offset {
            if !self.step()? {
                return Ok(0);
            }
        }
        let kept = &self.kept[(offset - self.from()) as usize..];
        let count = kept.len().min(buffer.len());
        buffer[..count].copy_from_slice(&kept[..count]);
        Ok(count)
    }

    /// Inflates some more; `false` at the end.
    fn step(&mut self) -> io::Result<bool> {
        if self.kept.len() >= 2 * KEPT {
            self.kept.drain(..self.kept.len() - KEPT);
        }
        let before = self.kept.len();
        self.kept.resize(before + STEP, 0);
        let read = self.inflate.read(&mut self.kept[before..]);
        self.kept
            .truncate(before + read.as_ref().map_or(0, |count| *count));
        let count = read?;
        self.at += count as u64;
        Ok(count > 0)
    }
}

enum Inflate {
    Gzip(Box<MultiGzDecoder<Tape>>),
    Zstd(zstd::Decoder<'static, io::BufReader<Tape>>),
}

impl Read for Inflate {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// The compressed bytes, one after the other.
struct Tape {
    inner: Arc<Handle>,
    at: u64,
}

impl Read for Tape {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read_at(self.at, buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
