use std::time::Duration;

use super::super::Loading;
use super::*;
use crate::destination::warehouse::place::{Server, Table};
use crate::failure::Verdict;

/// A table with an identity, a text, a number and JSON.
fn table() -> Vec<Found> {
    let found = |name: &str, is_json, is_identity| Found {
        column: Column {
            name: name.to_owned(),
            is_json,
        },
        is_identity,
    };
    vec![
        found("row", false, true),
        found("text", false, false),
        found("number", false, false),
        found("json", true, false),
    ]
}

fn place(columns: &[&str], unknown_columns: UnknownColumns) -> Place {
    let table = |name: &str| Table {
        schema: None,
        name: name.to_owned(),
    };
    Place {
        loading: Loading {
            server: Server {
                host: "db".to_owned(),
                port: 5432,
                database: "logs".to_owned(),
                user: "loader".to_owned(),
                password: None,
                tls: None,
            },
            table: table("web"),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            ledger: table("ledger"),
            create_ledger: true,
            ledger_memory: Duration::ZERO,
            statement_timeout: Duration::from_secs(1),
            retry: Duration::from_secs(1),
        },
        unknown_columns,
    }
}

/// The columns for settings.
pub(in super::super) fn columns(
    named: &[&str],
    unknown: UnknownColumns,
) -> Result<Columns, Failure> {
    Columns::choose(table(), &place(named, unknown))
}

#[test]
fn without_names_all_columns_are_taken_that_the_table_does_not_fill_itself() {
    let all = columns(&[], UnknownColumns::Ignore).unwrap();
    assert_eq!(all.sql(), r#""text", "number", "json""#);
    assert_eq!(all.unknown, Unknown::Ignore);
}

#[test]
fn named_columns_are_taken_in_their_order() {
    let named = columns(&["json", "row"], UnknownColumns::Refuse).unwrap();
    assert_eq!(named.sql(), r#""json", "row""#);
    assert_eq!(named.unknown, Unknown::Refuse);
    assert_eq!(named.find("text"), None);
}

#[test]
fn a_side_column_takes_no_member_of_its_name() {
    let side = columns(&["text"], UnknownColumns::Column("json".to_owned())).unwrap();
    assert_eq!(side.sql(), r#""text", "json""#);
    assert_eq!(side.unknown, Unknown::Column(1));
    assert_eq!(side.find("json"), None);
}

#[test]
fn a_column_that_is_not_there_needs_an_operator() {
    let cases = [
        (vec!["text", "time"], UnknownColumns::Ignore),
        (vec![], UnknownColumns::Column("time".to_owned())),
    ];
    for (named, unknown) in cases {
        let failure = columns(&named, unknown).unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt);
        let part = "it has no column time, but row, text, number, json";
        assert!(failure.message.contains(part), "{failure}");
    }
}
