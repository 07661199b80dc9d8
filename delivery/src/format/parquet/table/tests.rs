use std::io::Cursor;

use arrow_array::Array;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use standpipe_config::settings::delivery::Column;

use super::super::coerce::{Lenience, Mode};
use super::super::tests::{column, declared, inferred, list};
use super::*;

fn rich() -> StreamSchema {
    let inner = ColumnType::Struct(vec![
        column("x", ColumnType::String),
        column(
            "y",
            list(ColumnType::Struct(vec![column("z", ColumnType::Int)])),
        ),
    ]);
    declared(&[
        ("i", ColumnType::Int),
        ("d", ColumnType::Double),
        ("s", ColumnType::String),
        ("b", ColumnType::Boolean),
        ("t", ColumnType::Timestamp),
        ("day", ColumnType::Date),
        ("l", list(ColumnType::Int)),
        ("o", inner),
    ])
}

fn value(kind: &ColumnType) -> BoxedStrategy<Value> {
    let good = match kind {
        ColumnType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        ColumnType::Int => any::<i64>().prop_map(Value::from).boxed(),
        ColumnType::Double => prop::num::f64::NORMAL.prop_map(Value::from).boxed(),
        ColumnType::String => any::<String>().prop_map(Value::from).boxed(),
        ColumnType::Timestamp => (0..4_000_000_000_000_i64)
            .prop_map(|ms| {
                jiff::Timestamp::from_millisecond(ms)
                    .unwrap()
                    .to_string()
                    .into()
            })
            .boxed(),
        ColumnType::Date => (1..28_i64, 1..12_i64, 1900..2200_i64)
            .prop_map(|(d, m, y)| format!("{y}-{m:02}-{d:02}").into())
            .boxed(),
        ColumnType::List(kind) => prop::collection::vec(value(kind), 0..4)
            .prop_map(Value::from)
            .boxed(),
        ColumnType::Struct(columns) => object(columns),
        // Not among the columns above.
        _ => Just(Value::Null).boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 6 => good].boxed()
}

/// An object with some of the columns' keys, in any order.
fn object(columns: &[Column]) -> BoxedStrategy<Value> {
    let members: Vec<_> = columns
        .iter()
        .map(|column| {
            (
                Just(column.name.clone()),
                proptest::option::weighted(0.8, value(&column.kind)),
            )
        })
        .collect();
    members
        .prop_map(|members| {
            let members = members.into_iter().filter_map(|(k, v)| Some((k, v?)));
            Value::Object(members.collect::<Map<_, _>>())
        })
        .boxed()
}

/// A value as JSON, with `space` wherever there may be some; keys in the order of the columns, which
/// is what is tried first, else by the alphabet.
fn written(value: &Value, columns: &[Column], space: &str) -> String {
    let within = |key: &str| {
        let column = columns.iter().find(|column| column.name == key);
        column.map_or(&[][..], |column| columns_of(&column.kind))
    };
    let (open, members, close) = match value {
        Value::Object(members) => {
            let mut keys: Vec<_> = members.keys().collect();
            keys.sort_by_key(|key| columns.iter().position(|column| column.name == **key));
            let member = |key: &String| {
                let value = written(&members[key], within(key), space);
                format!("{}{space}:{space}{value}", json!(key))
            };
            ("{", keys.into_iter().map(member).collect::<Vec<_>>(), "}")
        }
        Value::Array(values) => {
            let values = values.iter().map(|value| written(value, columns, space));
            ("[", values.collect(), "]")
        }
        other => return other.to_string(),
    };
    let members = members.join(&format!("{space},{space}"));
    format!("{open}{space}{members}{space}{close}")
}

fn columns_of(kind: &ColumnType) -> &[Column] {
    match kind {
        ColumnType::Struct(columns) => columns,
        ColumnType::List(element) => columns_of(element),
        _ => &[],
    }
}

const DECLARED: Mode = Mode::Declared(Lenience::Coerces);

fn filled(schema: &StreamSchema, records: &[String]) -> (RecordBatch, usize) {
    let mode = match schema {
        StreamSchema::Declared(_) => DECLARED,
        StreamSchema::Inferred(_) => Mode::Inferred {
            may_grow: false,
            room: true,
        },
    };
    let mut table = Table::new(schema, &JsonSerDe::default());
    let mut failed = 0;
    for record in records {
        let before = table.rows();
        if table
            .append(record.as_bytes(), &mut Fill::new(mode))
            .is_err()
        {
            table.truncate(before);
            failed += 1;
        }
    }
    (table.take().unwrap(), failed)
}

/// arrow-json knows no time zone called UTC.
fn for_arrow_json(schema: &Schema) -> Schema {
    let zone = |field: &Field| match field.data_type() {
        DataType::Timestamp(..) => {
            let kind = DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into()));
            field.clone().with_data_type(kind)
        }
        _ => field.clone(),
    };
    Schema::new(
        schema
            .fields()
            .iter()
            .map(|field| zone(field))
            .collect::<Vec<_>>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn our_table_is_that_of_arrow_json(
        records in prop::collection::vec((object(rich().columns()), any::<bool>()), 1..30),
        space in prop::sample::select(vec!["", " ", "\n\t"]),
    ) {
        let schema = rich();
        let ordered = |ordered: bool| if ordered { schema.columns() } else { &[] };
        let texts: Vec<_> = records
            .iter()
            .map(|(record, is_ordered)| written(record, ordered(*is_ordered), space))
            .collect();
        let (ours, failed) = filled(&rich(), &texts);
        prop_assert_eq!(failed, 0);
        let schema = for_arrow_json(&ours.schema());
        let theirs = arrow_json::ReaderBuilder::new(Arc::new(schema))
            .build(Cursor::new(texts.concat()))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        prop_assert_eq!(ours.num_rows(), theirs.num_rows());
        for (at, ours) in ours.columns().iter().enumerate() {
            let theirs = arrow_cast::cast(theirs.column(at), ours.data_type()).unwrap();
            prop_assert_eq!(&ours.to_data(), &theirs.to_data(), "column {}", at);
        }
    }

    /// Rule 14: a record that fails half-way leaves no trace in any column.
    #[test]
    fn failed_records_leave_no_trace(
        records in prop::collection::vec((object(rich().columns()), any::<Option<usize>>()), 1..30),
    ) {
        let good: Vec<_> = records.iter().filter(|(_, cut)| cut.is_none()).map(|(r, _)| r.to_string()).collect();
        let all: Vec<_> = records.iter().map(|(record, cut)| {
            let text = record.to_string();
            let whole: Vec<char> = text.chars().collect();
            match cut {
                // Cut somewhere, or with something behind it.
                Some(at) if at % 3 > 0 => whole[..at % whole.len()].iter().collect(),
                Some(_) => format!("{text}{{\"o\":{{\"x\":\"t\",\"y\":[{{\"z\":1}},{{\"z\":\"bad\"}}]}}}}"),
                None => text,
            }
        }).collect();
        let (expected, _) = filled(&rich(), &good);
        let (found, failed) = filled(&rich(), &all);
        prop_assert_eq!(failed, all.len() - good.len());
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_batch_is_full_by_rows_by_cells_and_by_bytes() {
    let mut fill = Fill::new(DECLARED);
    let one = declared(&[("a", ColumnType::String)]);
    let mut table = Table::new(&one, &JsonSerDe::default());
    for _ in 0..ROWS {
        assert!(!table.is_full());
        table.append(b"{}", &mut fill).unwrap();
    }
    assert!(table.is_full());
    table.take().unwrap();
    assert!(!table.is_full());
    table
        .append(
            json!({"a": "x".repeat(BYTES)}).to_string().as_bytes(),
            &mut fill,
        )
        .unwrap();
    assert!(table.is_full());
    let columns = (0..1000)
        .map(|i| column(&i.to_string(), ColumnType::Int))
        .collect();
    let mut table = Table::new(&StreamSchema::Declared(columns), &JsonSerDe::default());
    for _ in 0..1100 {
        table.append(b"{}", &mut Fill::new(DECLARED)).unwrap();
    }
    assert!(table.is_full());
}

#[test]
fn a_table_without_columns_still_has_rows() {
    let (batch, failed) = filled(&inferred(), &["{}".to_owned(), r#"{"a":1}"#.to_owned()]);
    assert_eq!((batch.num_rows(), failed), (2, 0));
    assert_eq!(batch.column(0).null_count(), 1);
}
