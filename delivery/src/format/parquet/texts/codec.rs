//! Compression of a page.

use std::io::{self, Write as _};

use flate2::write::GzEncoder;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};

/// How pages are compressed. One for all columns: some keep a megabyte for themselves.
pub(in super::super) struct Codec {
    compression: Compression,
    method: Method,
}

enum Method {
    None,
    Snappy(Box<snap::raw::Encoder>),
    Gzip(flate2::Compression),
    Zstd(Box<zstd::bulk::Compressor<'static>>),
    Lz4,
}

impl Codec {
    pub(in super::super) fn new(compression: Compression) -> Result<Self> {
        let method = match compression {
            Compression::UNCOMPRESSED => Method::None,
            Compression::SNAPPY => Method::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::GZIP(level) => {
                Method::Gzip(flate2::Compression::new(level.compression_level()))
            }
            Compression::ZSTD(level) => {
                let compressor = zstd::bulk::Compressor::new(level.compression_level())?;
                Method::Zstd(Box::new(compressor))
            }
            Compression::LZ4_RAW => Method::Lz4,
            other => return Err(ParquetError::NYI(format!("no page is written in {other}"))),
        };
        Ok(Self {
            compression,
            method,
        })
    }

    /// What the file says of it.
    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// A page as it stands in the file.
    pub(super) fn compress(&mut self, page: Vec<u8>) -> io::Result<Vec<u8>> {
        match &mut self.method {
            Method::None => Ok(page),
            Method::Snappy(encoder) => Ok(encoder.compress_vec(&page)?),
            Method::Gzip(level) => {
                let mut encoder = GzEncoder::new(Vec::new(), *level);
                encoder.write_all(&page)?;
                encoder.finish()
            }
            Method::Zstd(compressor) => compressor.compress(&page),
            Method::Lz4 => Ok(lz4_flex::block::compress(&page)),
        }
    }
}
