//! What a declared schema takes, value by value (E.2 of the reference).

use serde_json::{Value, json};
use standpipe_config::settings::delivery::{
    Column, ColumnType, HiveJson, JsonSerDe, OpenXJson, Parquet,
};

use super::super::tests::{convert, convert_with, declared, list, row};
use crate::format::parquet::StreamSchema;

fn taken(kind: &ColumnType, value: &str) -> Option<Value> {
    let schema = declared(&[("c", kind.clone())]);
    let converted = convert(&[format!(r#"{{"c":{value}}}"#)], &schema);
    let rows = converted.rows();
    match converted.failed.is_empty() {
        true => Some(rows[0].get("c").cloned().unwrap_or_default()),
        false => None,
    }
}

fn takes(kind: ColumnType, good: &[(&str, Value)], bad: &[&str]) {
    for (value, expected) in good {
        assert_eq!(
            taken(&kind, value).as_ref(),
            Some(expected),
            "{kind:?} {value}"
        );
    }
    for value in bad {
        assert_eq!(taken(&kind, value), None, "{kind:?} {value}");
    }
    assert_eq!(taken(&kind, "null"), Some(Value::Null));
}

#[test]
fn an_int_column() {
    takes(
        ColumnType::Int,
        &[
            ("7", json!(7)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("\" 42 \"", json!(42)),
            ("1.0", json!(1)),
            ("1e3", json!(1000)),
        ],
        &[
            "1.9",
            "9223372036854775808",
            "1e19",
            "true",
            "\"\"",
            "\"0x1f\"",
            "\"oops\"",
            "[1]",
            "{}",
        ],
    );
}

#[test]
fn a_double_column() {
    takes(
        ColumnType::Double,
        &[
            ("7", json!(7.0)),
            ("0.1", json!(0.1)),
            ("\"1.5\"", json!(1.5)),
            ("0.12345678901234567890", json!(0.123_456_789_012_345_68)),
        ],
        &["9007199254740993", "1e400", "\"NaN\"", "false", "{}"],
    );
}

#[test]
fn a_boolean_column() {
    takes(
        ColumnType::Boolean,
        &[("true", json!(true)), ("\"False\"", json!(false))],
        &["1", "\"yes\"", "[]"],
    );
}

#[test]
fn a_string_column() {
    takes(
        ColumnType::String,
        &[
            ("\"é\\n\\ud83d\\ude00\\u00e9\"", json!("é\n😀é")),
            ("1.10", json!("1.10")),
            ("true", json!("true")),
            ("{\"x\": [1]}", json!("{\"x\": [1]}")),
            ("[1, 2]", json!("[1, 2]")),
            ("\"\"", json!("")),
        ],
        &["\"\\ud800\""],
    );
}

#[test]
fn times_and_dates() {
    let expected = json!("2024-02-25T09:00:00.123Z");
    takes(
        ColumnType::Timestamp,
        &[
            ("\"2024-02-25T10:00:00.123+01:00\"", expected.clone()),
            ("\"2024-02-25 09:00:00.123\"", expected.clone()),
            ("1708851600.123", expected.clone()),
            ("1708851600123", expected.clone()),
            ("\"1708851600123\"", expected),
            ("1708851600", json!("2024-02-25T09:00:00Z")),
        ],
        &["\"yesterday\"", "true", "1708851600123000", "{}"],
    );
    takes(
        ColumnType::Date,
        &[("\"2024-02-29\"", json!("2024-02-29"))],
        &["\"2023-02-29\"", "19000", "true"],
    );
}

#[test]
fn lists_and_structs() {
    takes(
        list(ColumnType::Int),
        &[
            ("[1,null,\"2\"]", json!([1, null, 2])),
            ("[]", json!([])),
            ("5", json!([5])),
        ],
        &["[1,1.5]", "{}", "[[1]]"],
    );
    let columns = match declared(&[("x", ColumnType::Int), ("y", list(ColumnType::String))]) {
        StreamSchema::Declared(columns) => columns,
        StreamSchema::Inferred(_) => unreachable!("declared above"),
    };
    takes(
        ColumnType::Struct(columns),
        &[
            (
                "{\"Y\":[\"a\"],\"z\":{},\"X\":1}",
                json!({"x": 1, "y": ["a"]}),
            ),
            ("{}", json!({})),
        ],
        &["[1]", "\"x\"", "{\"x\":\"oops\"}"],
    );
}

/// OpenX's default: keys match whatever their case; what has no column is dropped.
#[test]
fn keys_match_whatever_their_case() {
    let schema = declared(&[("userId", ColumnType::Int), ("straße", ColumnType::Int)]);
    let records = [
        r#"{"userid":1,"STRASSE":9,"other":{"deep":[1]}}"#,
        r#"{"USERID":2,"Straße":3}"#,
        r#"{"us\u0065rId":4}"#,
        r#"{"userId":5,"userid":6}"#,
    ];
    let expected = [
        json!({"userId": 1}),
        json!({"userId": 2, "straße": 3}),
        json!({"userId": 4}),
        json!({"userId": 6}),
    ];
    assert_eq!(convert(&records, &schema).rows(), expected);
}

#[test]
fn the_message_names_column_and_value() {
    let inner = match declared(&[("b", list(ColumnType::Int))]) {
        StreamSchema::Declared(columns) => columns,
        StreamSchema::Inferred(_) => unreachable!("declared above"),
    };
    let schema = declared(&[("a", ColumnType::Struct(inner))]);
    let long = "é".repeat(100);
    let records = [
        r#"{"a":{"b":[1,"oops"]}}"#.to_owned(),
        format!(r#"{{"a":"{long}"}}"#),
    ];
    let converted = convert(&records, &schema);
    assert_eq!(
        converted.failed[0].2.message,
        "Data does not match the schema. Column a.b: \"oops\" is not an integer of 64 bits"
    );
    assert_eq!(
        converted.failed[1].2.message,
        format!(
            "Data does not match the schema. Column a: \"{}… is not an object",
            "é".repeat(31)
        )
    );
}

fn hive(formats: &[&str]) -> JsonSerDe {
    JsonSerDe::Hive(HiveJson {
        timestamp_formats: formats.iter().map(|&text| text.to_owned()).collect(),
    })
}

/// What becomes of one value of a column `c`, read by `json`.
fn read_by(json: &JsonSerDe, kind: &ColumnType, value: &str) -> Option<Value> {
    let settings = Parquet {
        json: json.clone(),
        ..Parquet::default()
    };
    let record = format!(r#"{{"C":{value}}}"#);
    let rows = [row(0, record.as_bytes())];
    let converted = convert_with(&rows, &declared(&[("c", kind.clone())]), &settings);
    let rows = converted.rows();
    match converted.failed.is_empty() {
        true => Some(rows[0].get("c").cloned().unwrap_or_default()),
        false => None,
    }
}

/// E.2 of the reference, column by column: what OpenX coerces Hive refuses.
#[test]
fn the_two_deserializers_differ_as_firehoses_do() {
    let ints = list(ColumnType::Int);
    for (kind, value, openx, by_hive) in [
        (ColumnType::Int, "\"42\"", Some(json!(42)), None),
        (ColumnType::Boolean, "\"true\"", Some(json!(true)), None),
        (ColumnType::Double, "\"1.5\"", Some(json!(1.5)), None),
        (
            ColumnType::String,
            "{\"a\": 1}",
            Some(json!("{\"a\": 1}")),
            None,
        ),
        (ColumnType::String, "[1]", Some(json!("[1]")), None),
        (
            ColumnType::String,
            "1.50",
            Some(json!("1.50")),
            Some(json!("1.50")),
        ),
        (ints.clone(), "7", Some(json!([7])), None),
        (ints, "[7]", Some(json!([7])), Some(json!([7]))),
        (
            ColumnType::Int,
            "null",
            Some(Value::Null),
            Some(Value::Null),
        ),
    ] {
        let found = read_by(&JsonSerDe::default(), &kind, value);
        assert_eq!(found, openx, "OpenX, {kind} {value}");
        assert_eq!(
            read_by(&hive(&[]), &kind, value),
            by_hive,
            "Hive, {kind} {value}"
        );
    }
}

#[test]
fn hives_timestamps_are_read_by_their_patterns() {
    let instant = json!("2026-11-21T10:30:05.042Z");
    let whole = json!("2026-11-21T10:30:05Z");
    for (formats, value, expected) in [
        (&[][..], "\"2026-11-21 10:30:05.042\"", Some(&instant)),
        (&[], "\"2026-11-21T10:30:05.042Z\"", None),
        (&[], "1795257005042", None),
        (&["millis"], "1795257005042", Some(&instant)),
        (&["millis"], "\"1795257005042\"", Some(&instant)),
        (
            &["yyyy-MM-dd'T'HH:mm:ss.SSSZ"],
            "\"2026-11-21T11:30:05.042+0100\"",
            Some(&instant),
        ),
        (
            &["yyyy-MM-dd'T'HH:mm:ssZZ"],
            "\"2026-11-21T16:00:05+05:30\"",
            Some(&whole),
        ),
        (&["yyyyMMddHHmmss"], "\"20261121103005\"", Some(&whole)),
        (
            &["EEE, dd MMM yyyy hh:mm:ss a"],
            "\"Sat, 21 Nov 2026 10:30:05 AM\"",
            Some(&whole),
        ),
        (
            &["dd/MMM/yyyy:HH:mm:ss Z"],
            "\"21/Nov/2026:12:30:05 +0200\"",
            Some(&whole),
        ),
        (
            &["millis", "d.M.yy H:m:s"],
            "\"21.11.26 10:30:5\"",
            Some(&whole),
        ),
        (&["yyyy-MM-dd"], "\"2026-11-21T\"", None),
        (&["yyyy-MM-dd"], "\"2026-02-30\"", None),
    ] {
        let found = read_by(&hive(formats), &ColumnType::Timestamp, value);
        assert_eq!(found.as_ref(), expected, "{formats:?} {value}");
    }
}

/// Options of OpenX by which keys find their columns.
#[test]
fn keys_are_found_as_the_options_say() {
    let schema = declared(&[
        ("a_b", ColumnType::Int),
        ("Ts", ColumnType::Int),
        (
            "in",
            ColumnType::Struct(vec![Column {
                name: "c_d".into(),
                kind: ColumnType::Int,
            }]),
        ),
    ]);
    let record = br#"{"a.b":1,"A.B":2,"time stamp":3,"Ts":4,"ts":5,"IN":{"c.d":6}}"#;
    let read = |case_insensitive, dots_are_underscores, keys: &[(&str, &str)]| {
        let keys = keys
            .iter()
            .map(|(column, key)| ((*column).into(), (*key).into()));
        let settings = Parquet {
            json: JsonSerDe::OpenX(OpenXJson {
                case_insensitive,
                dots_are_underscores,
                keys: keys.collect(),
            }),
            ..Parquet::default()
        };
        convert_with(&[row(0, record)], &schema, &settings)
            .rows()
            .remove(0)
    };
    assert_eq!(read(true, false, &[]), json!({"Ts": 5, "in": {}}));
    assert_eq!(read(false, false, &[]), json!({"Ts": 4}));
    assert_eq!(
        read(true, true, &[]),
        json!({"a_b": 2, "Ts": 5, "in": {"c_d": 6}})
    );
    assert_eq!(read(false, true, &[]), json!({"a_b": 1, "Ts": 4}));
    let mapped = read(true, false, &[("Ts", "Time Stamp"), ("a_b", "a.b")]);
    assert_eq!(mapped, json!({"a_b": 2, "Ts": 3, "in": {}}));
}

/// The types of Hive and of the Glue catalog that are not ours.
#[test]
fn narrow_numbers_decimals_and_maps() {
    takes(
        ColumnType::Small(8),
        &[("-128", json!(-128)), ("\"127\"", json!(127))],
        &["128", "1.5", "\"x\""],
    );
    takes(
        ColumnType::Small(32),
        &[("2147483647", json!(2_147_483_647))],
        &["2147483648"],
    );
    takes(ColumnType::Single, &[("0.5", json!(0.5))], &["1e39", "{}"]);
    takes(
        ColumnType::Decimal(5, 2),
        &[
            ("1", json!(1.0)),
            ("-12.3", json!(-12.3)),
            ("\"999.99\"", json!(999.99)),
            ("1.5e2", json!(150.0)),
            ("0.000", json!(0.0)),
        ],
        &["1000", "0.001", "1e400", "\"x\""],
    );
    takes(
        ColumnType::Map(Box::new(ColumnType::Int)),
        &[
            ("{}", json!({})),
            ("{\"b\":2,\"a\":\"1\"}", json!({"b": 2, "a": 1})),
        ],
        &["[1]", "{\"a\":{}}", "{\"a\":1,\"a\":2}", "7"],
    );
}
