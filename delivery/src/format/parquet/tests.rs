//! The words the tests of this folder speak, and what every record meets, whatever its schema.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use standpipe_config::names::{Arrival, Run};
use standpipe_config::settings::delivery::{Column, ColumnType, Parquet};

use super::*;
use crate::record::rows::{Reserve, RowsReader, RowsWriter, Shape};
use crate::record::{Row, Stage};

pub(super) fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        kind,
    }
}

pub(super) fn list(kind: ColumnType) -> ColumnType {
    ColumnType::List(Box::new(kind))
}

pub(super) fn declared(columns: &[(&str, ColumnType)]) -> StreamSchema {
    let columns = columns
        .iter()
        .map(|(name, kind)| column(name, kind.clone()));
    StreamSchema::Declared(columns.collect())
}

pub(super) fn inferred() -> StreamSchema {
    StreamSchema::Inferred(Vec::new())
}

pub(super) fn row(position: u64, bytes: &[u8]) -> Row<'_> {
    Row {
        run: Run([1; 8]),
        position,
        index: 0,
        arrival: Arrival(1_795_000_000_000),
        stage: Stage::Accepted,
        part: None,
        redriven: None,
        bytes,
    }
}

/// What became of some rows.
pub(super) struct Converted {
    pub(super) folder: tempfile::TempDir,
    pub(super) encoded: Encoded,
    /// Position, index and error of each row that failed.
    pub(super) failed: Vec<(u64, u32, ConversionError)>,
    /// The schema after it.
    pub(super) schema: StreamSchema,
}

impl Converted {
    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("x.parquet")
    }

    pub(super) fn batches(&self) -> Vec<RecordBatch> {
        let file = File::open(self.path()).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        reader.build().unwrap().map(Result::unwrap).collect()
    }

    /// The rows of the file as JSON, without what is null.
    pub(super) fn rows(&self) -> Vec<Value> {
        let mut out = Vec::new();
        let mut writer = arrow_json::ArrayWriter::new(&mut out);
        for batch in self.batches() {
            writer.write(&with_offsets(&batch)).unwrap();
        }
        writer.finish().unwrap();
        match out.is_empty() {
            true => Vec::new(),
            false => serde_json::from_slice(&out).unwrap(),
        }
    }

    pub(super) fn failed_positions(&self) -> Vec<u64> {
        self.failed.iter().map(|(position, ..)| *position).collect()
    }
}

/// arrow-json knows no time zone called UTC.
fn with_offsets(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| {
        let array = match field.data_type() {
            DataType::Timestamp(unit, Some(_)) => {
                arrow_cast::cast(array, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap()
            }
            _ => array.clone(),
        };
        (field.name(), array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(super) fn convert_rows(rows: &[Row<'_>], schema: &StreamSchema) -> Converted {
    convert_with(rows, schema, &Parquet::default())
}

pub(super) fn convert_with<'a>(
    rows: &[Row<'_>],
    schema: &StreamSchema,
    settings: impl Into<Columnar<'a>>,
) -> Converted {
    let folder = tempfile::tempdir().unwrap();
    let (data, index) = (folder.path().join("data"), folder.path().join("index"));
    let mut writer = RowsWriter::create(&data, &index, Shape::PLAIN).unwrap();
    for row in rows {
        writer.append(row).unwrap();
    }
    writer.finish().unwrap();
    let mut reader = RowsReader::open(&data, &index).unwrap();
    let mut failed = Vec::new();
    let reserve = Reserve::create(&folder.path().join("x.parquet")).unwrap();
    let encoded = encode(
        &mut reader,
        schema,
        settings.into(),
        &reserve,
        &mut |row, error| {
            let original = rows
                .iter()
                .find(|r| (r.position, r.index) == (row.position, row.index))
                .unwrap();
            assert_eq!(original, row);
            failed.push((row.position, row.index, error.clone()));
            Ok(())
        },
    )
    .unwrap();
    reserve.finish(encoded.bytes).unwrap();
    let schema = encoded.schema.clone().unwrap_or(schema.clone());
    Converted {
        folder,
        encoded,
        failed,
        schema,
    }
}

pub(super) fn convert<T: AsRef<[u8]>>(records: &[T], schema: &StreamSchema) -> Converted {
    convert_rows(&numbered(records), schema)
}

pub(super) fn numbered<T: AsRef<[u8]>>(records: &[T]) -> Vec<Row<'_>> {
    let records = (0..).zip(records);
    let rows = records.map(|(position, bytes)| row(position, bytes.as_ref()));
    rows.collect()
}

/// The error of the only record.
fn error<T: AsRef<[u8]>>(record: T, schema: &StreamSchema) -> ConversionError {
    let converted = convert(&[record.as_ref()], schema);
    assert_eq!(converted.encoded.rows, 0);
    assert_eq!(converted.failed.len(), 1);
    converted.failed[0].2.clone()
}

fn int_a() -> StreamSchema {
    declared(&[("a", ColumnType::Int)])
}

/// arrow-json makes one good row of them.
#[test]
fn halves_of_an_object_in_neighbouring_records_fail_both() {
    for schema in [int_a(), inferred()] {
        let records = [r#"{"a":0}"#, r#"{"a":1,"#, r#""b":2}"#, r#"{"a":3}"#];
        let converted = convert(&records, &schema);
        assert_eq!(converted.failed_positions(), [1, 2]);
        assert_eq!(converted.rows(), [json!({"a": 0}), json!({"a": 3})]);
    }
}

#[test]
fn one_bad_value_among_ten_thousand_fails_alone() {
    let mut records: Vec<_> = (0..10_000).map(|i| format!(r#"{{"a":{i}}}"#)).collect();
    records[8191] = r#"{"a":1.9}"#.to_owned();
    let converted = convert(&records, &int_a());
    assert_eq!(converted.failed_positions(), [8191]);
    assert_eq!(converted.encoded.rows, 9_999);
    let rows = converted.rows();
    assert_eq!(rows.len(), 9_999);
    assert_eq!(rows[8190], json!({"a": 8190}));
    assert_eq!(rows[8191], json!({"a": 8192}));
}

#[test]
fn each_object_of_a_record_becomes_a_row() {
    let records = [r#"{"a":1}{"a":2}"#, " {\"a\":3}\n\t{\"a\":4}\r\n"];
    let converted = convert(&records, &int_a());
    let expected = [1, 2, 3, 4].map(|a| json!({"a": a}));
    assert_eq!(converted.rows(), expected);
    assert_eq!(converted.encoded.rows, 4);
}

/// Rule 14: nothing of it is delivered.
#[test]
fn a_record_fails_with_any_of_its_objects() {
    let records = [
        r#"{"a":1}"#,
        r#"{"a":2}{"a":"x"}{"a":3}"#,
        r#"{"a":4}{"a""#,
        r#"{"a":5}"#,
    ];
    let converted = convert(&records, &int_a());
    assert_eq!(converted.failed_positions(), [1, 2]);
    assert_eq!(converted.rows(), [json!({"a": 1}), json!({"a": 5})]);
}

#[test]
fn what_is_no_object_fails_with_firehoses_code() {
    let parse = "DataFormatConversion.ParseError";
    let data = "DataFormatConversion.MalformedData";
    let cases: [(&[u8], &str, &str); 11] = [
        (b"", data, "empty or blank"),
        (b" \n\t", data, "empty or blank"),
        (b"[1]", data, "holds a list"),
        (b"12", data, "holds 12"),
        (b"\"text\"", data, "holds \"text\""),
        (b"{\"a\":1} 2", data, "holds 2"),
        (b"{\"a\":1\xff}", data, "not UTF-8 at byte 6"),
        (b"{\"a\":\"\x01\"}", data, "control character"),
        (b"{\"a\":1", parse, "ends in the middle at byte 6"),
        (b"{'a':1}", parse, "key is expected at byte 1"),
        (b"oops", parse, "value is expected at byte 0"),
    ];
    for schema in [int_a(), inferred()] {
        for (record, code, why) in cases {
            let error = error(record, &schema);
            assert_eq!(error.code, code, "{error}");
            assert!(error.message.contains(why), "{error}");
            let begins = match code == parse {
                true => "Encountered malformed JSON. ",
                false => "Data does not match the schema. ",
            };
            assert!(error.message.starts_with(begins), "{error}");
        }
    }
}

#[test]
fn deep_nesting_fails_cleanly_and_wide_nesting_works() {
    let deep = format!(r#"{{"z":{}"#, "[".repeat(300_000));
    let wide = format!(
        r#"{{"s":[{}{{"x":1}}]}}"#,
        r#"{"x":[1,{"y":2}]},"#.repeat(15_000)
    );
    assert!(wide.len() > 250_000);
    let schema = declared(&[("a", list(ColumnType::Int)), ("s", ColumnType::String)]);
    assert!(
        error(&deep, &schema)
            .message
            .contains("nested more than 128")
    );
    assert!(
        error(&deep, &inferred())
            .message
            .contains("nested more than 128")
    );
    let converted = convert(&[&wide], &schema);
    assert_eq!(
        converted.rows()[0]["s"].as_str().unwrap().len(),
        wide.len() - 6
    );
    assert_eq!(convert(&[&wide], &inferred()).encoded.rows, 1);
}

#[test]
fn of_several_values_under_one_key_the_last_counts() {
    let record = r#"{"a":1,"b":"x","a":2,"a":3}"#;
    for schema in [int_a(), inferred()] {
        let converted = convert(&[record], &schema);
        assert_eq!(converted.rows()[0]["a"], json!(3));
    }
}

#[test]
fn few_bytes_cannot_ask_for_endless_cells() {
    let columns: Vec<_> = (0..500)
        .map(|i| column(&format!("c{i}"), ColumnType::Int))
        .collect();
    let wide = ColumnType::Struct(columns.clone());
    let schema = declared(&[("l", list(wide))]);
    let record = format!(r#"{{"l":[{}{{}}]}}"#, "{},".repeat(100_000));
    assert!(error(record, &schema).message.contains("cells"));
    let schema = StreamSchema::Declared(columns);
    assert!(
        error("{}".repeat(100_000), &schema)
            .message
            .contains("cells")
    );
}
