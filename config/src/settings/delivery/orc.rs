//! How an ORC file is written: Firehose's options of its serializer, by their names.

use std::ops::RangeInclusive;

use super::json::JSON;
use super::tables::SCHEMA;
use super::words::ORC_COMPRESSIONS;
use super::{JsonSerDe, Schema};
use crate::units::print_size;
use crate::yaml::{Fields, Key, Table};

/// JSON records as rows of ORC.
#[derive(Clone, PartialEq, Debug)]
pub struct Orc {
    /// Compression of the streams.
    pub compression: OrcCompression,
    /// The columns.
    pub schema: Schema,
    /// How records are read.
    pub json: JsonSerDe,
    /// Bytes of a stripe, as it lies in the file.
    pub stripe_size: u64,
}

/// Compression of ORC streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrcCompression {
    /// Not at all.
    None,
    /// Deflate, level 6.
    Zlib,
    /// Snappy, Firehose's default.
    Snappy,
    /// Zstandard, level 1.
    Zstd,
}

impl Default for Orc {
    /// Firehose's compression and stripes, and columns that are learned.
    fn default() -> Self {
        Self {
            compression: OrcCompression::Snappy,
            schema: Schema::Inferred,
            json: JsonSerDe::default(),
            stripe_size: *STRIPE_SIZE.end(),
        }
    }
}

/// From Firehose's least to its default: a stripe is held in memory until it ends.
const STRIPE_SIZE: RangeInclusive<u64> = 8 * 1024 * 1024..=64 * 1024 * 1024;

pub(super) static ORC: Table = Table {
    path: "streams.*.format.orc",
    keys: &[
        Key::new(
            "compression",
            "How columns are compressed.",
            "snappy",
            "one of none, zlib, snappy, zstd",
        ),
        SCHEMA,
        JSON,
        Key::new(
            "stripe_size",
            "Bytes of a stripe, which is held in memory until it ends.",
            "64MiB",
            "8MiB to 64MiB",
        ),
        Key::refused("block_size", "BlockSizeBytes.", NO_BLOCKS),
        Key::refused("enable_padding", "EnablePadding.", NO_BLOCKS),
        Key::refused("padding_tolerance", "PaddingTolerance.", NO_BLOCKS),
        Key::refused(
            "row_index_stride",
            "RowIndexStride.",
            "files have no row index; readers pass over stripes, which stripe_size makes smaller",
        ),
        Key::refused("bloom_filter_columns", "BloomFilterColumns.", NO_FILTERS),
        Key::refused(
            "bloom_filter_false_positive_probability",
            "BloomFilterFalsePositiveProbability.",
            NO_FILTERS,
        ),
        Key::refused(
            "dictionary_key_threshold",
            "DictionaryKeyThreshold.",
            "texts are written without dictionaries, as with Firehose's 0",
        ),
        Key::refused(
            "format_version",
            "FormatVersion.",
            "files are V0_12, Firehose's default",
        ),
    ],
};

const NO_BLOCKS: &str = "it pads to blocks of HDFS, which objects do not have";
const NO_FILTERS: &str = "files have no Bloom filters";

/// Reads what only ORC has from the fields of the format.
pub(super) fn read(fields: &Fields<'_>) -> Option<(OrcCompression, u64)> {
    let compression = fields.read("compression", |at| at.choice(ORC_COMPRESSIONS));
    let stripe_size = fields.read("stripe_size", |at| at.size(STRIPE_SIZE));
    Some((compression?, stripe_size?))
}

/// What the size of stripes means, where it is not what holds without it.
pub(super) fn meaning(stripe_size: u64) -> Option<String> {
    let usual = stripe_size == *STRIPE_SIZE.end();
    (!usual).then(|| format!("stripes of {}", print_size(stripe_size)))
}
