//! What a declared schema takes, value by value (E.2 of the reference).

use serde_json::{Value, json};
use standpipe_config::settings::delivery::ColumnType;

use super::super::tests::{convert, declared, list};
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
