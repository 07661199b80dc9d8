//! Rows that the table refuses go under the error prefix with the server's own words, and all
//! others are loaded; a table or a user that is not there needs an operator.

use standpipe_tests::postgresql::Postgresql;
use standpipe_tests::{Daemon, Folder, Outcome};

use crate::{PATIENCE, error_lines, ledger_explains, rows, send, server_with_table, stream};

/// Rows that are refused, and a part of why.
const POISON: &[(&str, &str, &str)] = &[
    ("no JSON", "PostgreSQL.MalformedData", "is not JSON"),
    ("[1]", "PostgreSQL.MalformedData", "not an object"),
    (
        r#"{"id":"seven"}"#,
        "PostgreSQL.22P02",
        "invalid input syntax for type bigint",
    ),
    (
        r#"{"name":"nobody"}"#,
        "PostgreSQL.23502",
        "violates not-null constraint",
    ),
    (
        r#"{"id":99999999999999999999}"#,
        "PostgreSQL.22003",
        "out of range",
    ),
    (
        r#"{"id":7,"name":"a\u0000b"}"#,
        "PostgreSQL.22021",
        "invalid byte sequence",
    ),
    (
        r#"{"id":8,"name":"0123456789012345678901234567890123456789x"}"#,
        "PostgreSQL.22001",
        "value too long",
    ),
    // The second of its key.
    (
        r#"{"id":50,"name":"again"}"#,
        "PostgreSQL.23505",
        "duplicate key value",
    ),
];

#[test]
fn bad_rows_are_diverted_with_the_reason_and_the_others_loaded() -> Outcome {
    let folder = Folder::new("warehouse-poison")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    server.ask("ALTER TABLE web ADD UNIQUE (id)")?;
    let mut daemon = Daemon::start(folder.path(), &stream(server.address(), ""))?;
    let mut lines = String::new();
    for (number, (line, ..)) in POISON.iter().enumerate() {
        lines += &rows(100 * number as u64..100 * (number as u64 + 1));
        lines += line;
        lines += "\n";
    }
    send(&daemon, &lines)?;
    let (good, bad) = (100 * POISON.len() as u64, POISON.len() as u64);
    let books = daemon.settled("web", good + bad, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (good, bad), "{books:?}");
    assert_eq!(server.count("SELECT count(*) FROM web")?, good);
    ledger_explains(&server, good)?;
    assert_eq!(
        server.count("SELECT sum(refused_rows) FROM standpipe_ledger")?,
        bad
    );
    let errors = error_lines(&folder.join("out/errors/postgresql-failed"))?;
    assert_eq!(errors.len(), POISON.len(), "{errors:?}");
    for (line, code, message) in POISON {
        let error = &errors[line.as_bytes()];
        assert_eq!(error["errorCode"], *code, "{error}");
        let said = error["errorMessage"].as_str().unwrap_or_default();
        assert!(said.contains(message), "{error}");
        assert!(error["standpipe"]["id"].is_string(), "{error}");
    }
    folder.done()
}

#[test]
fn unknown_members_go_where_the_settings_say() -> Outcome {
    let folder = Folder::new("warehouse-unknown")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let more = |unknown: &str| {
        stream(
            server.address(),
            &format!("columns: [id]\n      unknown_columns: {unknown}"),
        )
    };
    let line = "{\"id\":1,\"name\":\"n\",\"deep\":{\"a\":[1]}}\n";
    let mut daemon = Daemon::start(folder.path(), &more("{column: rest}"))?;
    send(&daemon, line)?;
    daemon.settled("web", 1, PATIENCE)?;
    let rest = server.ask("SELECT id, name, rest->'deep'->'a'->0, rest->>'name' FROM web")?;
    assert_eq!(rest, ["1||1|n"]);
    daemon.stop(PATIENCE)?;
    daemon.configure(&more("refuse"))?;
    daemon.up()?;
    send(&daemon, line)?;
    let books = daemon.settled("web", 2, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (1, 1), "{books:?}");
    daemon.stop(PATIENCE)?;
    daemon.configure(&more("ignore"))?;
    daemon.up()?;
    send(&daemon, line)?;
    let books = daemon.settled("web", 3, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (2, 1), "{books:?}");
    assert_eq!(
        server.ask("SELECT count(*), count(rest) FROM web")?,
        ["2|1"]
    );
    folder.done()
}

/// A table that is lost halts the stream and loses nothing; it goes on when the table is back.
#[test]
fn a_table_that_is_gone_is_waited_for() -> Outcome {
    let folder = Folder::new("warehouse-gone")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &stream(server.address(), ""))?;
    send(&daemon, &rows(0..10))?;
    daemon.settled("web", 10, PATIENCE)?;
    server.ask("ALTER TABLE web RENAME TO elsewhere")?;
    send(&daemon, &rows(10..20))?;
    let status = daemon.state("web", "halted")?;
    let why = status["last_error"].to_string();
    assert!(why.contains("does not exist (42P01); create it"), "{why}");
    server.ask("ALTER TABLE elsewhere RENAME TO web")?;
    daemon.settled("web", 20, PATIENCE)?;
    crate::each_row_once(&server, 20)?;
    folder.done()
}

/// A first start with a table that is not there starts nothing.
#[test]
fn a_first_start_without_the_table_is_refused() -> Outcome {
    let folder = Folder::new("warehouse-refused")?;
    let Some(server) = Postgresql::start(folder.path())? else {
        return folder.done();
    };
    let mut daemon = Daemon::new(folder.path(), &stream(server.address(), ""))?;
    daemon.spawn()?;
    let code = daemon.program()?.exit_code(PATIENCE)?;
    assert_ne!(code, 0);
    let said = std::fs::read_to_string(daemon.log())?;
    assert!(said.contains("streams.web.destination"), "{said}");
    assert!(said.contains("does not exist (42P01)"), "{said}");
    folder.done()
}

/// A server that is away for longer than the retry duration: its rows go under the error prefix.
#[test]
fn rows_are_diverted_when_the_retry_duration_is_over() -> Outcome {
    let folder = Folder::new("warehouse-away")?;
    let Some(mut server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &stream(server.address(), "retry: 2s"))?;
    send(&daemon, &rows(0..10))?;
    daemon.settled("web", 10, PATIENCE)?;
    server.crash()?;
    send(&daemon, &rows(10..20))?;
    let books = daemon.settled("web", 20, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (10, 10), "{books:?}");
    let errors = error_lines(&folder.join("out/errors/postgresql-failed"))?;
    assert_eq!(errors.len(), 10, "{errors:?}");
    server.up()?;
    send(&daemon, &rows(20..30))?;
    let books = daemon.settled("web", 30, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (20, 10), "{books:?}");
    assert_eq!(server.count("SELECT count(DISTINCT id) FROM web")?, 20);
    folder.done()
}
