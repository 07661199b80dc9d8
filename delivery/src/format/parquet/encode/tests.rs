use std::fs;
use std::path::Path;

use serde_json::json;
use standpipe_config::settings::delivery::{ColumnType, Orc, OrcCompression, Parquet};

use super::super::tests::{convert, convert_rows, convert_with, declared, inferred, numbered, row};
use super::*;

fn int_a() -> StreamSchema {
    declared(&[("a", ColumnType::Int)])
}

fn parts(rows: &[(u64, u32, &'static str)]) -> Vec<Row<'static>> {
    rows.iter()
        .map(|&(position, index, text)| Row {
            index,
            ..row(position, text.as_bytes())
        })
        .collect()
}

/// Rule 14: what one record became fails together, whichever of its rows is bad.
#[test]
fn all_rows_of_a_record_fail_with_one_of_them() {
    let rows = parts(&[
        (0, 0, r#"{"a":1}"#),
        (1, 0, r#"{"a":2}"#),
        (1, 1, r#"{"a":"bad"}"#),
        (1, 2, r#"{"a":3}"#),
        (2, 0, r#"{"a":4}"#),
        (2, 1, r#"{"a":5}"#),
    ]);
    let converted = convert_rows(&rows, &int_a());
    let failed: Vec<_> = converted.failed.iter().map(|(p, i, _)| (*p, *i)).collect();
    assert_eq!(failed, [(1, 0), (1, 1), (1, 2)]);
    assert!(
        converted
            .failed
            .iter()
            .all(|(.., e)| e.message.contains("bad"))
    );
    assert_eq!(
        converted.rows(),
        [json!({"a": 1}), json!({"a": 4}), json!({"a": 5})]
    );
}

/// The first row of a record made the schema grow, the second one is bad.
#[test]
fn a_record_that_fails_after_the_schema_grew_is_reported_whole() {
    let known = convert(&[r#"{"a":1}"#], &inferred()).schema;
    let rows = parts(&[
        (0, 0, r#"{"a":1}"#),
        (1, 0, r#"{"a":2}"#),
        (1, 1, r#"{"new":3}"#),
        (1, 2, "bad"),
        (2, 0, r#"{"a":4}"#),
    ]);
    let converted = convert_rows(&rows, &known);
    let failed: Vec<_> = converted.failed.iter().map(|(p, i, _)| (*p, *i)).collect();
    assert_eq!(failed, [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(converted.rows(), [json!({"a": 1}), json!({"a": 4})]);
}

#[test]
fn the_same_rows_give_the_same_file() {
    let records: Vec<_> = (0..20_000)
        .map(|i| format!(r#"{{"a":{i},"b":"text {}","c{}":true}}"#, i % 7, i % 50))
        .collect();
    let (rows, parquet, orc) = (numbered(&records), Parquet::default(), Orc::default());
    for settings in [Columnar::from(&parquet), Columnar::from(&orc)] {
        let once = convert_with(&rows, &inferred(), settings);
        let twice = convert_with(&rows, &inferred(), settings);
        assert_eq!(once.schema, twice.schema);
        assert_eq!(
            fs::read(once.path()).unwrap(),
            fs::read(twice.path()).unwrap()
        );
    }
}

/// What every reader of ORC takes for another time is refused, and only there.
#[test]
fn the_last_second_before_1970_has_no_fractions_in_orc() {
    let schema = declared(&[("t", ColumnType::Timestamp)]);
    let times = [
        "1969-12-31T23:59:59.5Z",
        "1969-12-31T23:59:59Z",
        "1969-12-31T23:59:58.999Z",
        "1970-01-01T00:00:00.5Z",
    ];
    let records = times.map(|time| format!(r#"{{"t":"{time}"}}"#));
    let orc = convert_with(&numbered(&records), &schema, &Orc::default());
    assert_eq!(orc.failed_positions(), [0]);
    let why = &orc.failed[0].2.message;
    assert!(why.contains("is not a timestamp of ORC"), "{why}");
    assert!(convert(&records, &schema).failed.is_empty());
}

/// The second pass writes over the first, and less.
#[test]
fn nothing_of_a_first_pass_is_left() {
    let mut records: Vec<_> = (0..20_000)
        .map(|i: u64| format!(r#"{{"a":{}}}"#, i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2))
        .collect();
    records.push(r#"{"a":0.5,"b":1}"#.to_owned());
    let converted = convert(&records, &inferred());
    let bytes = fs::metadata(converted.path()).unwrap().len();
    assert_eq!(converted.encoded.bytes, bytes);
    assert_eq!(converted.encoded.rows, 20_001);
    assert_eq!(converted.rows()[20_000], json!({"a": 0.5, "b": 1}));
}

#[test]
fn a_file_of_nothing_is_a_file_without_rows() {
    for schema in [int_a(), inferred()] {
        assert_eq!(convert::<&str>(&[], &schema).encoded.rows, 0);
        let converted = convert(&["bad"], &schema);
        assert_eq!((converted.encoded.rows, converted.failed.len()), (0, 1));
        assert!(converted.rows().is_empty());
    }
}

#[test]
fn what_is_reserved_is_enough() {
    let mut noise = 1_u64;
    let mut value = || {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        noise >> 4
    };
    let worst: Vec<_> = (0..20_000)
        .map(|_| format!(r#"{{"a":{},"b":"{:x}{:x}"}}"#, value(), value(), value()))
        .collect();
    let wide: Vec<_> = (0..900).map(|i| format!(r#"{{"k{i}":{i}}}"#)).collect();
    for records in [worst, wide, vec!["{}".to_owned()]] {
        let content: usize = records.iter().map(String::len).sum();
        let plain = Orc {
            compression: OrcCompression::None,
            ..Orc::default()
        };
        let parquet = Parquet::default();
        for settings in [Columnar::from(&parquet), Columnar::from(&plain)] {
            let converted = convert_with(&numbered(&records), &inferred(), settings);
            let reserved = reserve_for(content as u64, &converted.schema);
            let bytes = converted.encoded.bytes;
            assert!(bytes <= reserved, "{bytes} of {reserved}: {settings:?}");
        }
    }
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let folder = tempfile::tempdir().unwrap();
    let (data, index) = (folder.path().join("d"), folder.path().join("i"));
    let mut rows =
        crate::record::rows::RowsWriter::create(&data, &index, crate::record::rows::Shape::PLAIN)
            .unwrap();
    rows.append(&row(0, br#"{"a":1}"#)).unwrap();
    rows.finish().unwrap();
    let mut reader = RowsReader::open(&data, &index).unwrap();
    let full = Reserve::create(Path::new("/dev/full")).unwrap();
    let plain = Parquet::default();
    let error = encode(
        &mut reader,
        &int_a(),
        (&plain).into(),
        &full,
        &mut |_, _| Ok(()),
    )
    .unwrap_err();
    assert!(error.is_full(), "{error}");
    fs::write(&data, "damage!").unwrap();
    let out = Reserve::create(&folder.path().join("x")).unwrap();
    let error = encode(&mut reader, &int_a(), (&plain).into(), &out, &mut |_, _| {
        Ok(())
    })
    .unwrap_err();
    assert!(!error.is_full());
    assert!(
        matches!(error, EncodeError::Rows(RowsError::Damaged { .. })),
        "{error}"
    );
}
