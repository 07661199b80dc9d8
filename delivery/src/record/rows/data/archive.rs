//! ZIP, as Firehose writes it: an archive with one deflated entry, whose name is a UUID.
//!
//! Written as a stream: sizes and checksum stand behind the entry, and nothing is gone back to. The
//! name derives from the first row, and there is no time in it, so that the same rows make the same
//! bytes. Not by the library `zip`: of one that is dropped half-way it completes the archive, also on
//! a full disk, and complains on standard error; what is needed of the format is one entry.
//!
//! ```text
//! local header (30 bytes)   name   deflated   sizes (16)   directory (46)   name   end (22)
//! ```

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use ring::digest::{Context, SHA256};

use super::{DEFLATE_LEVEL, Output};
use crate::record::{Row, uuid};

/// Version 2.0 is needed to unpack it: it is deflated.
const VERSION: u16 = 20;
/// Sizes and checksum stand behind the entry.
const SIZES_BEHIND: u16 = 8;
const DEFLATED: u16 = 8;
/// 1980-01-01, the first day there is.
const NO_DATE: u16 = 0x21;
/// Made on Unix: the attributes below are a mode.
const UNIX: u16 = 3 << 8;
/// A file that everybody may read.
const MODE: u32 = 0o100_644 << 16;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const SIZES: &[u8; 4] = b"PK\x07\x08";
const DIRECTORY: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";

/// Bytes of a local header before the name.
const LOCAL_BYTES: usize = 30;

/// What the entry of an archive without a row is called.
const NOTHING: &str = "empty";

/// Writes an archive.
pub(in crate::record::rows) struct Writer {
    encoder: DeflateEncoder<Output>,
    name: Cow<'static, str>,
    begun: bool,
    crc: crc32fast::Hasher,
    size: u64,
}

impl Writer {
    pub(super) fn new(output: Output) -> Self {
        let level = flate2::Compression::new(DEFLATE_LEVEL);
        Self {
            encoder: DeflateEncoder::new(output, level),
            name: NOTHING.into(),
            begun: false,
            crc: crc32fast::Hasher::new(),
            size: 0,
        }
    }

    /// Names the entry after its first row.
    pub(super) fn name_after(&mut self, first: &Row<'_>) {
        let mut hash = Context::new(&SHA256);
        hash.update(b"standpipe archive entry 1\0");
        hash.update(&first.run.0);
        hash.update(&first.position.to_le_bytes());
        hash.update(&first.index.to_le_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        self.name = uuid(&bytes).into();
    }

    pub(super) fn write_all(&mut self, content: &[u8]) -> io::Result<()> {
        self.begin()?;
        self.crc.update(content);
        self.size += content.len() as u64;
        self.encoder.write_all(content)
    }

    pub(super) fn finish(mut self) -> io::Result<Output> {
        self.begin()?;
        let mut output = self.encoder.finish()?;
        let start = (LOCAL_BYTES + self.name.len()) as u64;
        let packed = output.end.bytes - start;
        let sizes = sizes(self.crc.finalize(), packed, self.size)?;
        output.write_all(&tail(&self.name, sizes, start + packed)?)?;
        Ok(output)
    }

    pub(super) fn output(&self) -> &Output {
        self.encoder.get_ref()
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        // Nothing is in the encoder yet.
        self.encoder.get_mut().write_all(&local(&self.name))
    }
}

/// Checksum and both sizes, as they stand in three places.
fn sizes(crc: u32, packed: u64, size: u64) -> io::Result<[u8; 12]> {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&crc.to_le_bytes());
    bytes[4..8].copy_from_slice(&narrow(packed)?);
    bytes[8..].copy_from_slice(&narrow(size)?);
    Ok(bytes)
}

/// A batch is far from 4 GiB, where another form of archive begins.
fn narrow(number: u64) -> io::Result<[u8; 4]> {
    let number = u32::try_from(number);
    let number = number.map_err(|_| io::Error::other("more than 4 GiB fit into no archive"))?;
    Ok(number.to_le_bytes())
}

/// The local header, name included.
fn local(name: &str) -> Vec<u8> {
    let mut bytes = LOCAL.to_vec();
    put(&mut bytes, &[VERSION, SIZES_BEHIND, DEFLATED, 0, NO_DATE]);
    bytes.extend([0; 12]);
    put(&mut bytes, &[name.len() as u16, 0]);
    bytes.extend(name.as_bytes());
    bytes
}

/// All that stands behind the deflated bytes, which end at `end`.
fn tail(name: &str, sizes: [u8; 12], end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = SIZES.to_vec();
    bytes.extend(sizes);
    let directory = bytes.len();
    bytes.extend(DIRECTORY);
    put(&mut bytes, &[UNIX | VERSION, VERSION, SIZES_BEHIND]);
    put(&mut bytes, &[DEFLATED, 0, NO_DATE]);
    bytes.extend(sizes);
    put(&mut bytes, &[name.len() as u16, 0, 0, 0, 0]);
    bytes.extend(MODE.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(name.as_bytes());
    let length = (bytes.len() - directory) as u64;
    bytes.extend(END);
    put(&mut bytes, &[0, 0, 1, 1]);
    bytes.extend(narrow(length)?);
    bytes.extend(narrow(end + directory as u64)?);
    put(&mut bytes, &[0]);
    Ok(bytes)
}

fn put(bytes: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        bytes.extend(number.to_le_bytes());
    }
}

/// Reads the entry of an archive that [`Writer`] wrote, and checks what stands behind it.
pub(in crate::record::rows) struct Reader {
    decoder: DeflateDecoder<BufReader<File>>,
    name: String,
    crc: crc32fast::Hasher,
    ended: bool,
}

/// Opens an archive.
pub(super) fn open(mut file: File) -> io::Result<Reader> {
    let mut header = [0; LOCAL_BYTES];
    file.read_exact(&mut header)?;
    let length = u16::from_le_bytes([header[26], header[27]]);
    let mut name = vec![0; usize::from(length)];
    file.read_exact(&mut name)?;
    let name = String::from_utf8(name).map_err(|_| damaged())?;
    if local(&name) != [&header[..], name.as_bytes()].concat() {
        return Err(damaged());
    }
    Ok(Reader {
        decoder: DeflateDecoder::new(BufReader::new(file)),
        name,
        crc: crc32fast::Hasher::new(),
        ended: false,
    })
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        self.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && !self.ended {
            self.ended = true;
            self.check_tail()?;
        }
        Ok(read)
    }
}

impl Reader {
    fn check_tail(&mut self) -> io::Result<()> {
        let (packed, size) = (self.decoder.total_in(), self.decoder.total_out());
        let sizes = sizes(self.crc.clone().finalize(), packed, size)?;
        let end = (LOCAL_BYTES + self.name.len()) as u64 + packed;
        let mut found = Vec::new();
        self.decoder.get_mut().read_to_end(&mut found)?;
        match found == tail(&self.name, sizes, end)? {
            true => Ok(()),
            false => Err(damaged()),
        }
    }
}

fn damaged() -> io::Error {
    let why = "it is no archive with one entry, as it was written";
    io::Error::new(io::ErrorKind::InvalidData, why)
}
