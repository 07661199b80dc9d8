//! The words for compressions, for reading and for writing.

use super::{HighWater, OrcCompression, ParquetCompression, RawCompression};
use crate::units::print_size;

/// Compressions of raw objects.
pub(super) const RAW_COMPRESSIONS: &[(&str, RawCompression)] = &[
    ("none", RawCompression::None),
    ("gzip", RawCompression::Gzip),
    ("zip", RawCompression::Zip),
    ("snappy", RawCompression::Snappy),
    ("hadoop-snappy", RawCompression::HadoopSnappy),
    ("zstd", RawCompression::Zstd),
];

/// Compressions of Parquet columns.
pub(super) const PARQUET_COMPRESSIONS: &[(&str, ParquetCompression)] = &[
    ("none", ParquetCompression::None),
    ("snappy", ParquetCompression::Snappy),
    ("gzip", ParquetCompression::Gzip),
    ("zstd", ParquetCompression::Zstd),
    ("lz4", ParquetCompression::Lz4),
];

/// Compressions of ORC streams.
pub(super) const ORC_COMPRESSIONS: &[(&str, OrcCompression)] = &[
    ("none", OrcCompression::None),
    ("zlib", OrcCompression::Zlib),
    ("snappy", OrcCompression::Snappy),
    ("zstd", OrcCompression::Zstd),
];

/// The word for a compression of raw objects.
pub(super) fn raw_word(compression: RawCompression) -> &'static str {
    word(RAW_COMPRESSIONS, compression)
}

/// The word for a compression of Parquet columns.
pub(super) fn parquet_word(compression: ParquetCompression) -> &'static str {
    word(PARQUET_COMPRESSIONS, compression)
}

/// The word for a compression of ORC streams.
pub(super) fn orc_word(compression: OrcCompression) -> &'static str {
    word(ORC_COMPRESSIONS, compression)
}

fn word<T: PartialEq>(words: &'static [(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find(|(_, other)| *other == value)
        .map_or("none", |(word, _)| word)
}

impl std::fmt::Display for HighWater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Free(bytes) => f.write_str(&print_size(*bytes)),
        }
    }
}
