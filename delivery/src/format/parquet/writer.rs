//! How the Parquet file is written: compression, encodings, row groups.

use std::fs::File;
use std::sync::Arc;

use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Encoding, GzipLevel, LogicalType, Type, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescriptor;
use standpipe_config::settings::delivery::{Parquet, ParquetCompression, ParquetVersion};

use super::groups::Groups;
use super::table::Table;
use crate::record::rows::Output;

/// Rows in a row group at most (`dependencies` measurements).
pub(super) const GROUP_ROWS: usize = 131_072;

/// Bytes of a row group at most, as encoded: this is what a file being encoded takes of memory.
pub(super) const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// A dictionary that grows beyond this many bytes is given up for the rest of its row group: the
/// column does not repeat.
pub(super) const DICTIONARY_BYTES: usize = 128 * 1024;

/// Firehose's level, and that of `gzip`.
const GZIP_LEVEL: u32 = 6;

/// A writer for the rows of `table`.
pub(super) fn writer<'a>(
    out: Output<&'a File>,
    table: &Table,
    settings: &Parquet,
) -> Result<Groups<Output<&'a File>>, ParquetError> {
    let layout = settings.layout;
    let compression = codec(settings.compression)?;
    let descriptor = ArrowSchemaConverter::new().convert(&table.schema())?;
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_writer_version(match layout.version {
            ParquetVersion::V1 => WriterVersion::PARQUET_1_0,
            ParquetVersion::V2 => WriterVersion::PARQUET_2_0,
        })
        .set_data_page_size_limit(layout.page_size as usize)
        .set_dictionary_enabled(layout.dictionary)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in descriptor.columns() {
        properties = encoding(properties, column, layout.dictionary);
    }
    let (root, properties) = (descriptor.root_schema_ptr(), properties.build());
    let file = SerializedFileWriter::new(out, root, Arc::new(properties))?;
    Groups::new(file, table.schema(), compression)
}

/// Integers are packed as deltas where a dictionary does not pay, which for times is always.
fn encoding(
    properties: WriterPropertiesBuilder,
    column: &ColumnDescriptor,
    dictionary: bool,
) -> WriterPropertiesBuilder {
    let path = column.path().clone();
    let is_time = matches!(
        column.logical_type_ref(),
        Some(LogicalType::Timestamp { .. } | LogicalType::Date)
    );
    match column.physical_type() {
        Type::INT32 | Type::INT64 => properties
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled(path, dictionary && !is_time),
        _ => properties,
    }
}

fn codec(compression: ParquetCompression) -> Result<Compression, ParquetError> {
    Ok(match compression {
        ParquetCompression::None => Compression::UNCOMPRESSED,
        ParquetCompression::Snappy => Compression::SNAPPY,
        ParquetCompression::Gzip => Compression::GZIP(GzipLevel::try_new(GZIP_LEVEL)?),
        ParquetCompression::Zstd => Compression::ZSTD(ZstdLevel::try_new(1)?),
        ParquetCompression::Lz4 => Compression::LZ4_RAW,
    })
}

#[cfg(test)]
mod tests;
