use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::json;
use standpipe_config::settings::delivery::{ColumnType, ParquetLayout};

use super::super::tests::{Converted, convert, convert_with, declared, inferred, list, row};
use super::*;

fn metadata(converted: &Converted) -> parquet::file::metadata::ParquetMetaData {
    let file = File::open(converted.path()).unwrap();
    SerializedFileReader::new(file).unwrap().metadata().clone()
}

#[test]
fn every_compression_is_written_and_reads_back() {
    let all = [
        (ParquetCompression::None, "UNCOMPRESSED"),
        (ParquetCompression::Snappy, "SNAPPY"),
        (ParquetCompression::Gzip, "GZIP"),
        (ParquetCompression::Zstd, "ZSTD"),
        (ParquetCompression::Lz4, "LZ4_RAW"),
    ];
    for (compression, name) in all {
        let rows = [row(0, br#"{"a":"text"}"#)];
        let converted = convert_with(
            &rows,
            &inferred(),
            &Parquet {
                compression,
                ..Parquet::default()
            },
        );
        assert_eq!(converted.rows(), [json!({"a": "text"})]);
        let codec = metadata(&converted).row_group(0).column(0).compression();
        assert!(format!("{codec}").starts_with(name), "{codec}");
    }
}

#[test]
fn row_groups_are_bounded_and_whole() {
    let records: Vec<_> = (0..300_000).map(|i| format!(r#"{{"a":{i}}}"#)).collect();
    let converted = convert(&records, &declared(&[("a", ColumnType::Int)]));
    let metadata = metadata(&converted);
    let rows: Vec<_> = metadata.row_groups().iter().map(|g| g.num_rows()).collect();
    assert_eq!(rows, [131_072, 131_072, 300_000 - 2 * 131_072]);
    assert_eq!(converted.encoded.rows, 300_000);
    let bytes = std::fs::metadata(converted.path()).unwrap().len();
    assert_eq!(converted.encoded.bytes, bytes);
    // 300,000 successive integers are nothing but their deltas.
    assert!(bytes < 500_000, "{bytes}");
}

#[test]
fn times_are_packed_as_deltas_and_say_that_they_are_utc() {
    let schema = declared(&[("t", ColumnType::Timestamp), ("l", list(ColumnType::Date))]);
    let converted = convert(&[r#"{"t":1708851600123,"l":["2024-02-25"]}"#], &schema);
    let metadata = metadata(&converted);
    for (at, path) in [(0, "t"), (1, "l.list.element")] {
        let column = metadata.row_group(0).column(at);
        assert_eq!(column.column_path().string(), path);
        assert!(
            column
                .encodings()
                .any(|e| e == Encoding::DELTA_BINARY_PACKED)
        );
        assert!(column.dictionary_page_offset().is_none());
    }
    let descriptor = metadata.file_metadata().schema_descr().column(0);
    let kind = format!("{:?}", descriptor.logical_type_ref());
    assert!(kind.contains("is_adjusted_to_u_t_c: true"), "{kind}");
}

/// E.3 of the reference: options of the serializer.
#[test]
fn pages_dictionaries_and_the_version_are_as_they_were_asked_for() {
    let records: Vec<_> = (0..60_000)
        .map(|i| format!(r#"{{"a":"text {}"}}"#, i % 7))
        .collect();
    let rows: Vec<_> = (0..)
        .zip(&records)
        .map(|(at, bytes)| row(at, bytes.as_bytes()))
        .collect();
    let pages = |layout: ParquetLayout| {
        let settings = Parquet {
            layout,
            ..Parquet::default()
        };
        let converted = convert_with(&rows, &inferred(), &settings);
        let file = File::open(converted.path()).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let group = reader.get_row_group(0).unwrap();
        let pages = group.get_column_page_reader(0).unwrap();
        pages
            .map(|page| format!("{:?}", page.unwrap().page_type()))
            .collect::<Vec<_>>()
    };
    let usual = pages(ParquetLayout::default());
    assert_eq!(usual[0], "DICTIONARY_PAGE");
    let plain = ParquetLayout {
        dictionary: false,
        ..ParquetLayout::default()
    };
    let small = pages(ParquetLayout {
        page_size: 64 * 1024,
        ..plain
    });
    assert!(small.len() > pages(plain).len(), "{small:?}");
    assert!(small.iter().all(|kind| kind == "DATA_PAGE"), "{small:?}");
    let second = pages(ParquetLayout {
        version: ParquetVersion::V2,
        ..plain
    });
    assert!(
        second.iter().all(|kind| kind == "DATA_PAGE_V2"),
        "{second:?}"
    );
}
