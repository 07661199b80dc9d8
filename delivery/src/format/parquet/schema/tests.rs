use proptest::prelude::*;

use super::super::tests::{column, list};
use super::*;

fn kind() -> impl Strategy<Value = ColumnType> {
    let leaf = prop::sample::select(vec![
        ColumnType::Boolean,
        ColumnType::Int,
        ColumnType::Double,
        ColumnType::String,
        ColumnType::Timestamp,
        ColumnType::Date,
    ]);
    leaf.prop_recursive(4, 20, 4, |inner| {
        let columns = prop::collection::vec((any::<String>(), inner.clone()), 1..4);
        prop_oneof![
            inner.prop_map(list),
            columns.prop_map(|columns| {
                ColumnType::Struct(columns.iter().map(|(n, k)| column(n, k.clone())).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_schema_reads_back_as_written(
        columns in prop::collection::vec((any::<String>(), kind()), 0..5),
        inferred: bool,
    ) {
        let columns = columns.into_iter().map(|(name, kind)| Column { name, kind }).collect();
        let schema = match inferred {
            true => StreamSchema::Inferred(columns),
            false => StreamSchema::Declared(columns),
        };
        let bytes = schema.to_bytes();
        let back = StreamSchema::from_bytes(&bytes, Path::new("x")).unwrap();
        prop_assert_eq!(&back, &schema);
        prop_assert_eq!(back.to_bytes(), bytes);
    }
}

#[test]
fn it_is_kept_in_a_file_that_people_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    assert_eq!(StreamSchema::load(&path).unwrap(), None);
    let schema = StreamSchema::Inferred(vec![
        column("a", list(ColumnType::Int)),
        column(
            "b",
            ColumnType::Struct(vec![column("x,:<", ColumnType::String)]),
        ),
    ]);
    schema.save(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        r#"{"standpipe_schema":1,"inferred":true,"columns":[{"name":"a","type":{"list":"int"}},{"name":"b","type":{"struct":[{"name":"x,:<","type":"string"}]}}]}"#
    );
    assert_eq!(StreamSchema::load(&path).unwrap(), Some(schema));
}

/// Rule 33.
#[test]
fn what_does_not_read_back_is_said() {
    let read = |text: &str| {
        let path = Path::new("streams/x/schema.json");
        StreamSchema::from_bytes(text.as_bytes(), path)
            .unwrap_err()
            .to_string()
    };
    let newer = read(r#"{"standpipe_schema":7,"columns":{"of":"another form"}}"#);
    assert!(
        newer.contains("version 7") && newer.contains("up to 1"),
        "{newer}"
    );
    let damaged = read(r#"{"standpipe_schema":1,"inf"#);
    assert!(
        damaged.contains("streams/x/schema.json is damaged"),
        "{damaged}"
    );
}

#[test]
fn settings_decide_what_is_gone_on_with() {
    let columns = vec![column("a", ColumnType::Int)];
    let (declared, inferred) = (
        StreamSchema::Declared(columns.clone()),
        StreamSchema::Inferred(columns.clone()),
    );
    let fresh = StreamSchema::Inferred(Vec::new());
    let of = StreamSchema::of;
    assert_eq!(
        of(&Schema::Declared(columns), Some(inferred.clone())),
        declared
    );
    assert_eq!(of(&Schema::Inferred, Some(inferred.clone())), inferred);
    assert_eq!(of(&Schema::Inferred, Some(declared)), fresh);
    assert_eq!(of(&Schema::Inferred, None), fresh);
}

#[test]
fn nested_columns_count_one_by_one() {
    let nested = ColumnType::Struct(vec![
        column("x", ColumnType::Int),
        column("y", list(list(ColumnType::Int))),
    ]);
    let columns = [column("a", list(nested)), column("b", ColumnType::Date)];
    assert_eq!(leaves(&columns), 3);
}
