use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use proptest::prelude::*;

use super::super::groups::Groups;
use super::super::writer::DICTIONARY_BYTES;
use super::*;

/// A file of one column, in batches of 1,000 rows and pages of 64 KiB: what a reader finds in it, and
/// what it says of its first chunk.
fn through_a_file(texts: &[Option<String>]) -> (Vec<Option<String>>, ColumnChunkMetaData) {
    let field = Field::new("a", DataType::Utf8, true);
    let schema = Arc::new(Schema::new(vec![field]));
    let descriptor = ArrowSchemaConverter::new().convert(&schema).unwrap();
    let properties = WriterProperties::builder().set_data_page_size_limit(64 * 1024);
    let (root, properties) = (descriptor.root_schema_ptr(), Arc::new(properties.build()));
    let file = SerializedFileWriter::new(Vec::new(), root, properties).unwrap();
    let mut groups = Groups::new(file, schema.clone(), Compression::SNAPPY).unwrap();
    for texts in texts.chunks(1000) {
        let array = Arc::new(StringArray::from_iter(texts));
        let batch = RecordBatch::try_new(schema.clone(), vec![array]).unwrap();
        groups.write(&batch).unwrap();
    }
    let bytes = Bytes::from(groups.finish().unwrap().clone());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let chunk = reader.metadata().row_group(0).column(0).clone();
    let mut found = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let array = batch.column(0).as_string::<i32>();
        found.extend(array.iter().map(|text| text.map(str::to_owned)));
    }
    (found, chunk)
}

fn check(texts: &[Option<String>]) -> ColumnChunkMetaData {
    let (found, chunk) = through_a_file(texts);
    assert_eq!(found.len(), texts.len());
    let differs = found.iter().zip(texts).position(|(a, b)| a != b);
    assert_eq!(differs, None);
    chunk
}

fn encodings(chunk: &ColumnChunkMetaData) -> Vec<Encoding> {
    chunk.encodings().collect()
}

#[test]
fn what_repeats_is_in_a_dictionary_over_many_pages() {
    let text = |i: usize| (i % 7 != 3).then(|| format!("text {}", i * i % 613));
    let texts: Vec<_> = (0..2 * PAGE_ROWS + 1001).map(text).collect();
    let chunk = check(&texts);
    assert!(encodings(&chunk).contains(&Encoding::RLE_DICTIONARY));
    assert!(chunk.dictionary_page_offset().is_some());
    let statistics = chunk.statistics().unwrap();
    let nulls = texts.iter().filter(|text| text.is_none()).count();
    assert_eq!(statistics.null_count_opt(), Some(nulls as u64));
    assert_eq!(statistics.distinct_count_opt(), None);
    let least = texts.iter().flatten().min().unwrap().as_bytes();
    let greatest = texts.iter().flatten().max().unwrap().as_bytes();
    assert_eq!(statistics.min_bytes_opt(), Some(least));
    assert_eq!(statistics.max_bytes_opt(), Some(greatest));
    // A tenth of a byte for a level and two for a place, before compression.
    assert!(chunk.uncompressed_size() < 3 * texts.len() as i64);
}

#[test]
fn what_does_not_repeat_is_written_as_it_is() {
    let text = |i: usize| (i % 11 != 3).then(|| format!("{}-{i:020}", (i * 31) % 1000));
    let texts: Vec<_> = (0..60_000).map(text).collect();
    let chunk = check(&texts);
    assert!(encodings(&chunk).contains(&Encoding::PLAIN));
    let statistics = chunk.statistics().unwrap();
    let greatest = texts.iter().flatten().max().unwrap().as_bytes();
    assert_eq!(statistics.max_bytes_opt(), Some(greatest));
    assert!(statistics.max_is_exact());
}

#[test]
fn texts_longer_than_a_dictionary_and_a_page_are_written() {
    let text = |i: usize| Some("é".repeat(i * DICTIONARY_BYTES / 3));
    let chunk = check(&(0..5).map(text).collect::<Vec<_>>());
    let statistics = chunk.statistics().unwrap();
    assert_eq!(statistics.min_bytes_opt(), Some(&b""[..]));
    let greatest = statistics.max_bytes_opt().unwrap();
    assert!(greatest.len() <= 64 && greatest > "é".repeat(1000).as_bytes());
    assert!(!statistics.max_is_exact());
}

/// Nulls before it are in a page of places.
#[test]
fn a_text_longer_than_a_dictionary_may_come_first() {
    let long = Some("x".repeat(DICTIONARY_BYTES));
    let chunk = check(&[long.clone(), Some("y".to_owned())]);
    assert_eq!(chunk.dictionary_page_offset(), None);
    assert!(!encodings(&chunk).contains(&Encoding::RLE_DICTIONARY));
    let chunk = check(&[None, long, Some("y".to_owned())]);
    assert!(chunk.dictionary_page_offset().is_some());
}

#[test]
fn nulls_alone_are_written() {
    let chunk = check(&vec![None; 1500]);
    assert_eq!(chunk.statistics().unwrap().null_count_opt(), Some(1500));
    assert_eq!(chunk.statistics().unwrap().min_bytes_opt(), None);
}

proptest! {
    #[test]
    fn texts_read_back(texts in prop::collection::vec(prop::option::of("[abé]{0,3}|[a-z]{200}"), 1..3000)) {
        check(&texts);
    }
}
