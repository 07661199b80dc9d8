//! Rows as an object of the stream's form: compressed, and named by what it holds.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};

use crate::destination::hex;

/// How a stream's objects of lines are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// Rows as an object.
pub(super) fn pack(rows: Bytes, compression: Compression) -> io::Result<Bytes> {
    Ok(match compression {
        Compression::None => rows,
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&rows)?;
            encoder.finish()?.into()
        }
        Compression::Zstd => zstd::bulk::compress(&rows, 0)?.into(),
    })
}

/// A name for what an object holds: the same bytes have the same name.
pub(super) fn name(bytes: &[u8]) -> String {
    hex(&digest(&SHA256, bytes).as_ref()[..16])
}

#[cfg(test)]
mod tests;
