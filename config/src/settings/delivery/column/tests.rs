//! Column types are read and written back.

use proptest::prelude::*;

use super::*;

fn kinds() -> impl Strategy<Value = ColumnType> {
    let plain = prop_oneof![
        Just(ColumnType::Boolean),
        Just(ColumnType::Int),
        Just(ColumnType::Double),
        Just(ColumnType::String),
        Just(ColumnType::Timestamp),
        Just(ColumnType::Date),
        prop::sample::select(vec![8, 16, 32]).prop_map(ColumnType::Small),
        Just(ColumnType::Single),
        (1..=38u8, 0..=38u8).prop_map(|(precision, scale)| {
            ColumnType::Decimal(precision, scale.min(precision) as i8)
        }),
    ];
    plain.prop_recursive(4, 16, 4, |inner| {
        let members = prop::collection::btree_map("[a-zA-Z_. ü-]{0,5}[a-z]", inner.clone(), 1..4);
        let member = |(name, kind): (String, ColumnType)| Column {
            name: name.trim().to_owned(),
            kind,
        };
        prop_oneof![
            inner
                .clone()
                .prop_map(|kind| ColumnType::List(Box::new(kind))),
            inner.prop_map(|kind| ColumnType::Map(Box::new(kind))),
            members
                .prop_map(move |m| ColumnType::Struct(m.into_iter().map(member).collect()))
                .prop_filter("names are trimmed, and may then be equal", distinct),
        ]
    })
}

fn distinct(kind: &ColumnType) -> bool {
    let ColumnType::Struct(members) = kind else {
        return true;
    };
    let mut names: Vec<_> = members.iter().map(|member| &member.name).collect();
    names.sort();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

proptest! {
    #[test]
    fn a_written_type_reads_back(kind in kinds()) {
        prop_assert_eq!(kind.to_string().parse(), Ok(kind));
    }

    #[test]
    fn any_text_is_a_type_or_an_error(text in "[a-z<>:, ()0-9]{0,30}") {
        let _: Result<ColumnType, _> = text.parse();
    }
}

#[test]
fn other_names_of_types_are_read() {
    for (text, written) in [
        ("bigint", "int"),
        ("float", "double"),
        ("array<bigint>", "list<int>"),
        (
            " struct < a : int , b:list<date> > ",
            "struct<a:int,b:list<date>>",
        ),
    ] {
        assert_eq!(text.parse::<ColumnType>().unwrap().to_string(), written);
    }
}

/// E.3 of the reference: in Hive and in the Glue catalog an int has 32 bits.
#[test]
fn types_of_hive_are_read() {
    for (text, written) in [
        ("tinyint", "int8"),
        ("smallint", "int16"),
        ("int", "int32"),
        ("BIGINT", "int"),
        ("float", "float32"),
        ("decimal", "decimal(10,0)"),
        ("decimal(7)", "decimal(7,0)"),
        ("decimal(38, 18)", "decimal(38,18)"),
        ("varchar(20)", "string"),
        ("char(3)", "string"),
        (
            "array<struct<a:int,b:map<string,decimal(9,2)>>>",
            "list<struct<a:int32,b:map<string,decimal(9,2)>>>",
        ),
    ] {
        let read = ColumnType::from_hive(text).unwrap();
        assert_eq!(read.to_string(), written, "{text}");
    }
    for (text, part) in [
        ("binary", "\"binary\" is no type"),
        ("uniontype<int,string>", "is no type"),
        ("map<int,string>", "keys of JSON objects are strings"),
        ("decimal(39,0)", "more digits than 38"),
        ("decimal(4,5)", "more behind the point"),
        ("decimal(1,2,3)", "a precision and a scale"),
        ("decimal(4", "')' is missing"),
    ] {
        let error = ColumnType::from_hive(text).unwrap_err().why;
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn wrong_types_are_refused_and_say_why() {
    let deep = "list<".repeat(100_000);
    for (text, part) in [
        ("", "\"\" is no type"),
        ("text", "\"text\" is no type"),
        ("list", "'<' is missing"),
        ("list<int", "'>' is missing"),
        ("int>", "does not belong"),
        ("struct<>", "no name"),
        ("struct<a:int,a:int>", "twice"),
        ("struct<a>", "':' is missing"),
        (&deep, "too deeply"),
    ] {
        let error = text.parse::<ColumnType>().unwrap_err().why;
        assert!(error.contains(part), "{error}");
    }
}
