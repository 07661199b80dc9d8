//! How a Parquet file is laid out: Firehose's options of its serializer, by their names.

use std::ops::RangeInclusive;

use super::{JsonSerDe, Parquet, ParquetCompression, Schema};
use crate::units::print_size;
use crate::yaml::{Fields, Key};

impl Default for Parquet {
    /// Firehose's compression, and columns that are learned.
    fn default() -> Self {
        Self {
            compression: ParquetCompression::Snappy,
            schema: Schema::Inferred,
            json: JsonSerDe::default(),
            layout: ParquetLayout::default(),
        }
    }
}

/// Which version of data pages is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ParquetVersion {
    /// What every reader knows.
    #[default]
    V1,
    /// Data pages of version 2.
    V2,
}

/// How a Parquet file is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParquetLayout {
    /// Bytes of a data page, before compression.
    pub page_size: u64,
    /// Whether values that repeat are written once.
    pub dictionary: bool,
    /// Which version of data pages is written.
    pub version: ParquetVersion,
}

impl Default for ParquetLayout {
    fn default() -> Self {
        Self {
            page_size: 1024 * 1024,
            dictionary: true,
            version: ParquetVersion::V1,
        }
    }
}

/// From Firehose's least; a page is held in memory.
const PAGE_SIZE: RangeInclusive<u64> = 64 * 1024..=16 * 1024 * 1024;

const VERSIONS: &[(&str, ParquetVersion)] =
    &[("v1", ParquetVersion::V1), ("v2", ParquetVersion::V2)];

pub(super) const PAGE: Key = Key::new(
    "page_size",
    "Bytes of a data page, before compression.",
    "1MiB",
    "64KiB to 16MiB",
);
pub(super) const DICTIONARY: Key = Key::new(
    "enable_dictionary_compression",
    "Whether values that repeat are written once.",
    "true",
    "true or false",
);
pub(super) const WRITER_VERSION: Key = Key::new(
    "writer_version",
    "Which version of data pages is written.",
    "v1",
    "one of v1, v2",
);

/// Reads it from the fields of the format.
pub(super) fn read(fields: &Fields<'_>) -> Option<ParquetLayout> {
    let page_size = fields.read("page_size", |at| at.size(PAGE_SIZE));
    let dictionary = fields.read("enable_dictionary_compression", |at| at.flag());
    let version = fields.read("writer_version", |at| at.choice(VERSIONS));
    Some(ParquetLayout {
        page_size: page_size?,
        dictionary: dictionary?,
        version: version?,
    })
}

impl ParquetLayout {
    /// As lines of the settings.
    pub(super) fn written(&self) -> [String; 3] {
        [
            format!("page_size: {}", print_size(self.page_size)),
            format!("enable_dictionary_compression: {}", self.dictionary),
            format!("writer_version: {}", self.version_word()),
        ]
    }

    /// What it means, where it is not what holds without it.
    pub(super) fn meaning(&self) -> Option<String> {
        let dictionary = match self.dictionary {
            true => "",
            false => ", no dictionaries",
        };
        let page = print_size(self.page_size);
        let version = self.version_word();
        (*self != Self::default()).then(|| format!("pages of {page}, {version}{dictionary}"))
    }

    fn version_word(&self) -> &'static str {
        match self.version {
            ParquetVersion::V1 => "v1",
            ParquetVersion::V2 => "v2",
        }
    }
}
