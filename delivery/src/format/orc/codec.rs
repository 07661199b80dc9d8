//! Compression of an ORC file's streams and footers, block by block.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use standpipe_config::settings::delivery::OrcCompression;

/// Bytes of a block before compression at most: what the specification has without a word.
pub(super) const BLOCK: usize = 256 * 1024;

/// Level of ZLIB: that of `gzip`.
const DEFLATE_LEVEL: u32 = 6;

/// Level of Zstandard, as in Parquet.
const ZSTD_LEVEL: i32 = 1;

/// How streams are compressed.
pub(super) enum Codec {
    None,
    Zlib,
    Snappy(Box<snap::raw::Encoder>),
    Zstd(Box<zstd::bulk::Compressor<'static>>),
}

impl Codec {
    pub(super) fn of(compression: OrcCompression) -> io::Result<Self> {
        Ok(match compression {
            OrcCompression::None => Self::None,
            OrcCompression::Zlib => Self::Zlib,
            OrcCompression::Snappy => Self::Snappy(Box::new(snap::raw::Encoder::new())),
            OrcCompression::Zstd => Self::Zstd(Box::new(zstd::bulk::Compressor::new(ZSTD_LEVEL)?)),
        })
    }

    /// Its number in a postscript.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Zlib => 1,
            Self::Snappy(_) => 2,
            Self::Zstd(_) => 5,
        }
    }

    /// Content of any length as it stands in the file.
    pub(super) fn pack(&mut self, content: &[u8]) -> io::Result<Vec<u8>> {
        let blocks = content.chunks(BLOCK).map(|block| self.pack_block(block));
        Ok(blocks.collect::<io::Result<Vec<_>>>()?.concat())
    }

    /// One block as it stands in the file: where anything is compressed, behind its length and
    /// whether it is as it was.
    pub(super) fn pack_block(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        let Some(packed) = self.compress(block)? else {
            return Ok(block.to_vec());
        };
        let (content, is_original) = match packed.len() < block.len() {
            true => (&packed[..], 0),
            false => (block, 1),
        };
        let header = (content.len() as u32) << 1 | is_original;
        Ok([&header.to_le_bytes()[..3], content].concat())
    }

    fn compress(&mut self, block: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::None => Ok(None),
            Self::Zlib => {
                let level = flate2::Compression::new(DEFLATE_LEVEL);
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(block)?;
                encoder.finish().map(Some)
            }
            Self::Snappy(encoder) => Ok(Some(encoder.compress_vec(block)?)),
            Self::Zstd(compressor) => compressor.compress(block).map(Some),
        }
    }
}
