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
    ];
    plain.prop_recursive(4, 16, 4, |inner| {
        let members = prop::collection::btree_map("[a-zA-Z_. ü-]{0,5}[a-z]", inner.clone(), 1..4);
        let member = |(name, kind): (String, ColumnType)| Column {
            name: name.trim().to_owned(),
            kind,
        };
        prop_oneof![
            inner.prop_map(|kind| ColumnType::List(Box::new(kind))),
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
    fn any_text_is_a_type_or_an_error(text in "[a-z<>:, ]{0,30}") {
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
