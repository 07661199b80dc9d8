use super::super::super::{read_stream, write_stream};
use super::*;

/// Reads a stream whose destination is this.
fn read(kind: &str, written: &str) -> Result<Destination, Vec<String>> {
    let text = format!("s: {{destination: {{{kind}: {{{written}}}}}}}");
    let said = |problem: &crate::yaml::Problem| problem.to_string();
    match read_stream(&text) {
        Ok(stream) => {
            let again = read_stream(&write_stream(&stream));
            assert_eq!(again.as_ref(), Ok(&stream), "{}", write_stream(&stream));
            Ok(stream.destination)
        }
        Err(problems) => Err(problems.0.iter().map(said).collect()),
    }
}

const BACKUP: &str = "backup: {file: {path: /failed}}";

fn postgresql_with(more: &str) -> Result<PostgresqlDestination, Vec<String>> {
    let url = match more.contains("url:") {
        true => "",
        false => "url: \"postgresql://u@127.0.0.1/d\", ",
    };
    match read("postgresql", &format!("{url}table: web, {BACKUP}{more}"))? {
        Destination::Postgresql(found) => Ok(found),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_has_defaults_for_all_but_its_place() {
    let found = postgresql_with("").unwrap();
    let table = |name: &str| TableName {
        schema: None,
        name: name.to_owned(),
    };
    let expected = Loading {
        server: Server {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            database: "d".to_owned(),
            user: "u".to_owned(),
            password: None,
            tls: None,
        },
        table: table("web"),
        columns: vec![],
        ledger: table("standpipe_ledger"),
        create_ledger: true,
        ledger_memory: Duration::from_secs(30 * 24 * 3600),
        statement_timeout: Duration::from_secs(600),
        retry: Duration::from_secs(3600),
    };
    assert_eq!(found.loading, expected);
    assert_eq!(found.unknown_columns, UnknownColumns::Ignore);
    assert!(!found.backup_all);
}

#[test]
fn servers_beyond_this_machine_are_spoken_to_in_private() {
    let cases = [
        ("", Some(None)),
        (", tls: verify, ca: /ca.pem", Some(Some("/ca.pem"))),
        (", ca: /ca.pem", Some(Some("/ca.pem"))),
        (", tls: none", None),
    ];
    for (more, expected) in cases {
        let url = format!(", url: \"postgresql://u@[2001:db8::1]:6000/d\"{more}");
        let server = postgresql_with(&url).unwrap().loading.server;
        assert_eq!((server.host.as_str(), server.port), ("2001:db8::1", 6000));
        let expected = expected.map(|ca| ServerTls {
            ca: ca.map(Into::into),
        });
        assert_eq!(server.tls, expected, "{more}");
    }
}

#[test]
fn what_is_wrong_with_a_table_is_said_where_it_stands() {
    let cases = [
        (
            ", url: \"mysql://u@h/d\"",
            "url: is no address with a known scheme",
        ),
        (", url: \"postgresql://h/d\"", "url: names no user"),
        (
            ", url: \"postgresql://u:hunter2@h/d\"",
            "url: contains a password",
        ),
        (", url: \"postgresql://u@h\"", "url: names no database"),
        (", url: \"postgresql://u@h:0/d\"", "url: is no address"),
        (
            ", url: \"postgresql://u@h/d?sslmode=off\"",
            "url: contains parameters",
        ),
        (", ca: /ca.pem", "conflict: ca is given, but tls is none"),
        (", columns: []", "columns: is empty"),
        (", columns: [a, b, a]", "columns[2]: \"a\" is there twice"),
        (", unknown_columns: drop", "unknown_columns: found \"drop\""),
        (
            ", unknown_columns: {column: \"\"}",
            "unknown_columns.column: found",
        ),
        (
            ", ledger: a.b.c",
            "ledger: found \"a.b.c\", allowed is NAME or SCHEMA.NAME",
        ),
        (", retry: 48h", "retry: \"48h\" is out of range"),
        (
            ", password: hunter2",
            "password: a secret is never written in place",
        ),
    ];
    for (more, part) in cases {
        let problems = postgresql_with(more).unwrap_err();
        assert_eq!(problems.len(), 1, "{more}: {problems:?}");
        assert!(problems[0].contains(part), "{more}: {problems:?}");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
    let missing = read("postgresql", "").unwrap_err();
    let parts = ["url: is missing", "table: is missing", "backup: is missing"];
    for part in parts {
        assert!(missing.iter().any(|p| p.contains(part)), "{missing:?}");
    }
}

#[test]
fn rows_are_taken_from_records_and_not_from_parquet() {
    let text = format!(
        "s: {{format: {{parquet: {{}}}}, destination: {{postgresql: {{url: \"postgresql://u@localhost/d\", table: t, {BACKUP}}}}}}}"
    );
    let problems = read_stream(&text).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems:?}");
    let said = problems.0[0].to_string();
    assert!(
        said.contains("format: conflict: postgresql takes rows"),
        "{said}"
    );
}
