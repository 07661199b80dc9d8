//! How records become objects: as they are, or as rows of a Parquet or an ORC file; and what an
//! object of each form is called.
//!
//! Raw objects are written by [`RowsWriter`](crate::record::rows::RowsWriter) itself. Files of
//! columns are encoded at the seal, from compact rows.

use standpipe_config::settings::delivery::{Format, RawCompression};

use crate::record::rows::Shape;

pub mod error_line;
mod orc;
pub mod parquet;

/// What an object's key ends in; Firehose's extensions, and `.zst`. Error objects have none.
pub fn suffix(format: &Format) -> &'static str {
    match format {
        Format::Parquet(_) => ".parquet",
        Format::Orc(_) => ".orc",
        Format::Raw(raw) => match raw.compression {
            RawCompression::None => "",
            RawCompression::Gzip => ".gz",
            RawCompression::Zip => ".zip",
            RawCompression::Snappy | RawCompression::HadoopSnappy => ".snappy",
            RawCompression::Zstd => ".zst",
        },
    }
}

/// `Content-Encoding` of an object: Firehose's, and `zstd`. Files of columns have none, where
/// Firehose names a wrong one.
pub fn content_encoding(format: &Format) -> Option<&'static str> {
    match format {
        Format::Parquet(_) | Format::Orc(_) => None,
        Format::Raw(raw) => match raw.compression {
            RawCompression::None => None,
            RawCompression::Gzip => Some("gzip"),
            RawCompression::Zip => Some("zip"),
            RawCompression::Snappy => Some("snappy-java"),
            RawCompression::HadoopSnappy => Some("hadoop-snappy"),
            RawCompression::Zstd => Some("zstd"),
        },
    }
}

/// How the rows file of a batch is written: what is delivered, for raw objects; what is encoded at
/// the seal, for files of columns.
pub fn shape(format: &Format) -> Shape {
    match format {
        Format::Parquet(_) | Format::Orc(_) => Shape::PLAIN,
        Format::Raw(raw) => Shape {
            newline: raw.newline,
            compression: raw.compression,
        },
    }
}

#[cfg(test)]
mod tests;
