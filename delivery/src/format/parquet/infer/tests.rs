//! Rule 22, and that nothing is ever lost by it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::StreamSchema;
use super::super::tests::{column, convert, inferred, list};
use super::*;
use crate::record::json::tests::any_json;

fn inferred_from(records: &[&str]) -> Vec<Column> {
    let mut learner = Learner::new();
    for record in records {
        learner.add(record.as_bytes());
    }
    let mut columns = Vec::new();
    learner.grow(&mut columns);
    columns
}

fn rest_of(row: &Value) -> Value {
    row.get(REST).map_or(Value::Null, |text| {
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    })
}

#[test]
fn types_are_learned_by_majority_and_names_to_the_letter() {
    let columns = inferred_from(&[
        r#"{"n":1,"F":1.5,"b":true,"s":"x","none":null,"l":[1,2.5],"o":{"in":[{"x":1}]}}"#,
        r#"{"n":"-","F":2,"f":"y","empty":[],"hollow":{}}"#,
        r#"{"n":2}"#,
    ]);
    let inner = ColumnType::Struct(vec![column("x", ColumnType::Int)]);
    let expected = [
        column("n", ColumnType::Int),
        column("F", ColumnType::Double),
        column("b", ColumnType::Boolean),
        column("s", ColumnType::String),
        column("l", list(ColumnType::Double)),
        column("o", ColumnType::Struct(vec![column("in", list(inner))])),
        column("f", ColumnType::String),
    ];
    assert_eq!(columns, expected);
}

#[test]
fn what_is_no_object_teaches_nothing() {
    assert_eq!(
        inferred_from(&[r#"{"a":1} x"#, r#"{"b":1"#, r#"[{"c":1}]"#]),
        []
    );
}

#[test]
fn the_side_column_is_there_from_the_first_file_on() {
    let converted = convert(&[r#"{"a":1}"#], &inferred());
    let schema = converted.batches()[0].schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["a", REST]);
    assert_eq!(
        converted.schema,
        StreamSchema::Inferred(vec![column("a", ColumnType::Int)])
    );
}

#[test]
fn a_file_that_meets_new_keys_gets_new_columns() {
    let first = convert(&[r#"{"a":1,"o":{"x":1}}"#], &inferred());
    let records = [
        r#"{"a":1}"#,
        r#"{"a":2.5,"new":"n","o":{"x":2,"y":[true]}}"#,
        r#"{"late":{"z":1}}"#,
    ];
    let second = convert(&records, &first.schema);
    let expected = [
        column("a", ColumnType::Double),
        column(
            "o",
            ColumnType::Struct(vec![
                column("x", ColumnType::Int),
                column("y", list(ColumnType::Boolean)),
            ]),
        ),
        column("new", ColumnType::String),
        column(
            "late",
            ColumnType::Struct(vec![column("z", ColumnType::Int)]),
        ),
    ];
    assert_eq!(second.encoded.schema.as_ref().unwrap().columns(), expected);
    let rows = [
        json!({"a": 1.0}),
        json!({"a": 2.5, "new": "n", "o": {"x": 2, "y": [true]}}),
        json!({"late": {"z": 1}}),
    ];
    assert_eq!(second.rows(), rows);
}

#[test]
fn a_file_that_meets_nothing_new_leaves_the_schema_alone() {
    let first = convert(&[r#"{"a":1}"#], &inferred());
    let second = convert(
        &[r#"{"a":2,"none":null}"#, r#"{"a":"text"}"#],
        &first.schema,
    );
    assert_eq!(second.encoded.schema, None);
}

#[test]
fn what_fits_no_column_goes_to_the_side_column() {
    let first = convert(
        &[r#"{"i":1,"d":1.5,"s":"x","b":true,"l":[1],"o":{"x":1,"y":"t"}}"#],
        &inferred(),
    );
    let cases = [
        (r#""i":"text""#, json!({}), json!({"i": "text"})),
        (
            r#""i":18446744073709551615"#,
            json!({}),
            json!({"i": u64::MAX}),
        ),
        (
            r#""d":9007199254740993"#,
            json!({}),
            json!({"d": 9_007_199_254_740_993_i64}),
        ),
        (r#""s":5"#, json!({}), json!({"s": 5})),
        (r#""b":"true""#, json!({}), json!({"b": "true"})),
        (r#""l":[1,"a"]"#, json!({}), json!({"l": [1, "a"]})),
        (r#""l":7"#, json!({}), json!({"l": 7})),
        (r#""o":[1]"#, json!({}), json!({"o": [1]})),
        (
            r#""o":{"x":"bad","y":"good"}"#,
            json!({"o": {"y": "good"}}),
            json!({"o": {"x": "bad", "y": "good"}}),
        ),
        (
            r#""empty":[],"hollow":{}"#,
            json!({}),
            json!({"empty": [], "hollow": {}}),
        ),
        (
            r#""_rest":{"_rest":1}"#,
            json!({}),
            json!({"_rest": {"_rest": 1}}),
        ),
        (r#""":1"#, json!({}), json!({"": 1})),
        (r#""i":"x","i":2"#, json!({"i": 2}), Value::Null),
        (r#""i":2,"i":"x""#, json!({}), json!({"i": "x"})),
        (
            r#""u":[],"u":{},"i":"y""#,
            json!({}),
            json!({"u": {}, "i": "y"}),
        ),
        (r#""u":[],"u":null"#, json!({}), Value::Null),
    ];
    for (members, columns, rest) in cases {
        let converted = convert(&[format!("{{{members}}}")], &first.schema);
        assert_eq!(converted.encoded.schema, None, "{members}");
        let row = converted.rows().remove(0);
        assert_eq!(rest_of(&row), rest, "{members}");
        let mut row = row;
        row.as_object_mut().unwrap().remove(REST);
        assert_eq!(row, columns, "{members}");
    }
}

#[test]
fn the_side_column_holds_a_value_as_it_was_written() {
    let record = r#"{"a":1,"x":[ 1.10, "\u00e9\ud800" ,{}],"a":"t"}"#;
    let first = convert(&[r#"{"a":1}"#, r#"{"x":"text"}"#], &inferred());
    let converted = convert(&[record], &first.schema);
    let batches = converted.batches();
    let rest = batches[0].column_by_name(REST).unwrap();
    let rest = rest
        .as_any()
        .downcast_ref::<arrow_array::StringArray>()
        .unwrap();
    assert_eq!(
        rest.value(0),
        r#"{"x":[ 1.10, "\u00e9\ud800" ,{}],"a":"t"}"#
    );
}

#[test]
fn column_1001_goes_to_the_side_column() {
    let members: Vec<_> = (0..1003).map(|i| format!(r#""k{i}":{i}"#)).collect();
    let record = format!("{{{}}}", members.join(","));
    let converted = convert(&[&record, &record], &inferred());
    assert_eq!(converted.schema.columns().len(), 1000);
    let row = &converted.rows()[1];
    assert_eq!(row["k999"], json!(999));
    assert_eq!(
        rest_of(row),
        json!({"k1000": 1000, "k1001": 1001, "k1002": 1002})
    );
    let again = convert(&[&record], &converted.schema);
    assert_eq!(again.encoded.schema, None);
}

#[test]
fn keys_without_end_are_not_all_remembered() {
    let records: Vec<_> = (0..20_000).map(|i| format!(r#"{{"k{i}":1}}"#)).collect();
    let mut learner = Learner::new();
    records
        .iter()
        .for_each(|record| learner.add(record.as_bytes()));
    assert_eq!(learner.fields.fields.len(), MAX_KEYS);
    let converted = convert(&records, &inferred());
    assert_eq!(converted.encoded.rows, 20_000);
    assert_eq!(rest_of(&converted.rows()[19_999]), json!({"k19999": 1}));
}

#[test]
fn what_is_nested_too_deep_for_columns_goes_to_the_side_column() {
    let record = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    let converted = convert(&[&record], &inferred());
    let row = converted.rows().remove(0);
    assert_eq!(
        rest_of(&row),
        serde_json::from_str::<Value>(&record).unwrap()
    );
    StreamSchema::from_bytes(&converted.schema.to_bytes(), "x".as_ref()).unwrap();
}

/// Each failure of a file that is encoded twice is told once.
#[test]
fn a_second_pass_reports_nothing_twice() {
    let first = convert(&[r#"{"a":1}"#], &inferred());
    let records = [
        "bad",
        r#"{"a":1}"#,
        "bad too",
        r#"{"b":1}"#,
        "worse",
        r#"{"a":2}"#,
    ];
    let converted = convert(&records, &first.schema);
    assert_eq!(converted.failed_positions(), [0, 2, 4]);
    assert_eq!(
        converted.rows(),
        [json!({"a": 1}), json!({"b": 1}), json!({"a": 2})]
    );
}

/// What a reader has to do to see a record as it was: the side column counts before the others.
fn reconstruct(row: &Value) -> Value {
    let mut object = row.as_object().cloned().unwrap_or_default();
    object.remove(REST);
    if let Value::Object(rest) = rest_of(row) {
        object.extend(rest);
    }
    Value::Object(object)
}

/// Without what a Parquet file cannot tell from nothing: nulls of objects; and numbers by value.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object.iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(k, v)| (k.clone(), canonical(v))).collect())
        }
        Value::Array(list) => list.iter().map(canonical).collect(),
        Value::Number(number) => match number.as_i64() {
            Some(int) => json!(int),
            None => {
                let double = number.as_f64().unwrap();
                match double.fract() == 0.0 && double.abs() < 9.2e18 {
                    true => json!(double as i64),
                    false => json!(double),
                }
            }
        },
        other => other.clone(),
    }
}

/// Objects with few keys, so that types clash.
fn record() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c", "_rest", "é", "A", ""]);
    prop::collection::btree_map(key, any_json(), 0..5).prop_map(|map| {
        let members = map.into_iter().map(|(k, v)| (k.to_owned(), v));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_value_is_ever_lost(
        files in prop::collection::vec(prop::collection::vec(record(), 1..8), 1..4),
    ) {
        let mut schema = inferred();
        for records in &files {
            let texts: Vec<_> = records.iter().map(Value::to_string).collect();
            let converted = convert(&texts, &schema);
            prop_assert!(converted.failed.is_empty(), "{:?}", converted.failed);
            let rows = converted.rows();
            prop_assert_eq!(rows.len(), records.len());
            for (row, record) in rows.iter().zip(records) {
                prop_assert_eq!(canonical(&reconstruct(row)), canonical(record), "{}", row);
            }
            only_grew(schema.columns(), converted.schema.columns())?;
            schema = converted.schema;
        }
    }
}

fn only_grew(before: &[Column], after: &[Column]) -> Result<(), TestCaseError> {
    prop_assert!(after.len() >= before.len());
    for (old, new) in before.iter().zip(after) {
        prop_assert_eq!(&old.name, &new.name);
        kind_only_grew(&old.kind, &new.kind)?;
    }
    Ok(())
}

fn kind_only_grew(before: &ColumnType, after: &ColumnType) -> Result<(), TestCaseError> {
    match (before, after) {
        (ColumnType::Int, ColumnType::Double) => Ok(()),
        (ColumnType::List(before), ColumnType::List(after)) => kind_only_grew(before, after),
        (ColumnType::Struct(before), ColumnType::Struct(after)) => only_grew(before, after),
        (before, after) => {
            prop_assert_eq!(before, after);
            Ok(())
        }
    }
}
