//! The data file of a rows file: bytes in and out, through a compressor where there is one.

use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use ring::digest::{Context, SHA256};
use standpipe_config::faults;
use standpipe_config::settings::delivery::RawCompression;

use crate::record::Row;

mod archive;
mod snappy;

/// A SHA-256.
pub type Hash = [u8; 32];

/// As `.gz` and `.zip` are commonly written; `dependencies` measurements: 84 MB/s a core.
const DEFLATE_LEVEL: u32 = 6;

/// `dependencies` measurements: 465 MB/s a core, twice as fast as level 3.
const ZSTD_LEVEL: i32 = 1;

/// What a compressor may hold back, and add where it cannot compress, in bytes; generous.
pub(super) const HELD_BACK: u64 = 512 * 1024;

/// Where content goes.
pub(super) enum Sink {
    Plain(Output),
    Gzip(Box<GzEncoder<Output>>),
    Zip(Box<archive::Writer>),
    Snappy(Box<snappy::Writer<Output>>),
    Zstd(zstd::stream::write::Encoder<'static, Output>),
}

/// The file under a compressor or an encoder. Written at a known place, so that a write that
/// failed half-way can be repeated.
pub struct Output<F = File> {
    pub(super) file: F,
    /// How far it is written.
    pub end: End,
}

/// How far a file is written.
#[derive(Clone)]
pub struct End {
    /// Bytes that were written whole.
    pub bytes: u64,
    /// Of these bytes: taken here, the file need not be read again at the seal. None where nobody
    /// needs it.
    hash: Option<Context>,
}

impl Default for End {
    /// Nothing is written.
    fn default() -> Self {
        Self {
            bytes: 0,
            hash: Some(Context::new(&SHA256)),
        }
    }
}

impl End {
    /// Nothing is written, and nothing will be hashed.
    fn unhashed() -> Self {
        Self {
            bytes: 0,
            hash: None,
        }
    }

    /// Counts `bytes`, which were written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
    }

    /// The SHA-256 of what is written; zeros where nobody needs it.
    pub fn hash(self) -> Hash {
        let mut hash = Hash::default();
        if let Some(all) = self.hash {
            hash.copy_from_slice(all.finish().as_ref());
        }
        hash
    }
}

impl<F: Borrow<File>> Output<F> {
    /// Writes from the file's beginning.
    pub(super) fn new(file: F) -> Self {
        Self {
            file,
            end: End::default(),
        }
    }
}

impl<F: Borrow<File>> Write for Output<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.borrow().write_all_at(bytes, self.end.bytes)?;
        self.end.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    pub(super) fn new(file: File, compression: RawCompression) -> io::Result<Self> {
        let output = Output::new(file);
        Ok(match compression {
            RawCompression::None => Self::Plain(output),
            RawCompression::Gzip => {
                let level = flate2::Compression::new(DEFLATE_LEVEL);
                Self::Gzip(Box::new(GzEncoder::new(output, level)))
            }
            RawCompression::Zip => Self::Zip(Box::new(archive::Writer::new(output))),
            RawCompression::Snappy => {
                Self::Snappy(Box::new(snappy::Writer::new(output, snappy::Layout::Java)))
            }
            RawCompression::HadoopSnappy => Self::Snappy(Box::new(snappy::Writer::new(
                output,
                snappy::Layout::Hadoop,
            ))),
            RawCompression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Nothing of it will be hashed. To be said before anything is written; what is compressed is
    /// delivered as it is, and always hashed.
    pub(super) fn unhashed(&mut self) {
        if let Self::Plain(output) = self {
            output.end = End::unhashed();
        }
    }

    /// Whether a write that failed can be repeated.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Told the first row before anything is written.
    pub(super) fn begin(&mut self, first: &Row<'_>) {
        if let Self::Zip(archive) = self {
            archive.name_after(first);
        }
    }

    pub(super) fn write_all(&mut self, content: &[u8]) -> io::Result<()> {
        faults::takes_time("compress");
        match self {
            Self::Plain(output) => output.write_all(content),
            Self::Gzip(encoder) => encoder.write_all(content),
            Self::Zip(archive) => archive.write_all(content),
            Self::Snappy(blocks) => blocks.write_all(content),
            Self::Zstd(encoder) => encoder.write_all(content),
        }
    }

    /// Writes the compressor's end.
    pub(super) fn finish(self) -> io::Result<Output> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zip(archive) => archive.finish(),
            Self::Snappy(blocks) => blocks.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }

    pub(super) fn output(&self) -> &Output {
        match self {
            Self::Plain(output) => output,
            Self::Gzip(encoder) => encoder.get_ref(),
            Self::Zip(archive) => archive.output(),
            Self::Snappy(blocks) => blocks.get_ref(),
            Self::Zstd(encoder) => encoder.get_ref(),
        }
    }
}

/// Where content comes from.
pub(super) enum Source {
    Plain(File),
    Gzip(Box<GzDecoder<BufReader<File>>>),
    Zip(Box<archive::Reader>),
    Snappy(Box<snappy::Reader<BufReader<File>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<File>>),
}

impl Source {
    pub(super) fn new(file: File, compression: RawCompression) -> io::Result<Self> {
        Ok(match compression {
            RawCompression::None => Self::Plain(file),
            RawCompression::Gzip => Self::Gzip(Box::new(GzDecoder::new(BufReader::new(file)))),
            RawCompression::Zip => Self::Zip(Box::new(archive::open(file)?)),
            RawCompression::Snappy => Self::blocks(file, snappy::Layout::Java),
            RawCompression::HadoopSnappy => Self::blocks(file, snappy::Layout::Hadoop),
            RawCompression::Zstd => Self::Zstd(zstd::stream::read::Decoder::new(file)?),
        })
    }

    fn blocks(file: File, layout: snappy::Layout) -> Self {
        let reader = snappy::Reader::new(BufReader::new(file), layout);
        Self::Snappy(Box::new(reader))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zip(decoder) => decoder.read(buffer),
            Self::Snappy(blocks) => blocks.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}
