//! Rows that COPY refuses go under the error prefix with the warehouse's own words, and all others
//! are loaded; a warehouse or a store that is away too long.

use standpipe_tests::s3::commanded::Fault;
use standpipe_tests::{Daemon, Folder, Outcome};

use super::{World, errors};
use crate::{PATIENCE, each_row_once, error_lines, ledger_explains, rows, send};

/// Rows that are refused, and a part of why.
const POISON: &[(&str, &str)] = &[
    ("no JSON", "Invalid JSON format"),
    ("[1]", "Invalid JSON format"),
    (
        r#"{"id":"seven"}"#,
        "column id: invalid input syntax for type bigint",
    ),
    (r#"{"name":"nobody"}"#, "violates not-null constraint"),
    (
        r#"{"id":8,"name":"0123456789012345678901234567890123456789x"}"#,
        "column name: value too long",
    ),
];

#[test]
fn bad_rows_are_found_and_the_others_copied() -> Outcome {
    let folder = Folder::new("redshift-poison")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream(""))?;
    let mut lines = String::new();
    for (number, (line, _)) in POISON.iter().enumerate() {
        lines += &rows(100 * number as u64..100 * (number as u64 + 1));
        lines += line;
        lines += "\n";
    }
    send(&daemon, &lines)?;
    let (good, bad) = (100 * POISON.len() as u64, POISON.len() as u64);
    let books = daemon.settled("web", good + bad, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (good, bad), "{books:?}");
    each_row_once(&world.server, good)?;
    let refused = world
        .server
        .count("SELECT sum(refused_rows) FROM standpipe_ledger")?;
    assert_eq!(refused, bad);
    let errors = error_lines(&errors(&folder))?;
    assert_eq!(errors.len(), POISON.len(), "{errors:?}");
    for (line, message) in POISON {
        let error = &errors[line.as_bytes()];
        assert_eq!(error["errorCode"], "Redshift.DataLoadFailed", "{error}");
        let said = error["errorMessage"].as_str().unwrap_or_default();
        assert!(said.contains(message), "{error}");
        assert!(error["standpipe"]["id"].is_string(), "{error}");
        assert_eq!(error["standpipe"]["stage"], "accepted", "{error}");
    }
    // What was only tried is gone; what was loaded stays, with its manifest.
    let staged = world.staged()?;
    let parts = staged.iter().filter(|key| key.starts_with("parts/"));
    let manifests = staged.iter().filter(|key| key.starts_with("manifests/"));
    assert_eq!((parts.count(), manifests.count()), (1, 2), "{staged:?}");
    folder.done()
}

/// Nothing of a file can be loaded: it is in the ledger all the same, with no row.
#[test]
fn a_file_of_nothing_but_bad_rows_is_decided_too() -> Outcome {
    let folder = Folder::new("redshift-all-bad")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream(""))?;
    send(&daemon, "one\n")?;
    let books = daemon.settled("web", 1, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (0, 1), "{books:?}");
    ledger_explains(&world.server, 0)?;
    let errors = error_lines(&errors(&folder))?;
    let said = errors[&b"one"[..]]["errorMessage"].to_string();
    assert!(said.contains("Invalid JSON format"), "{said}");
    folder.done()
}

/// A warehouse, and then a store, that is away for longer than the retry duration.
#[test]
fn rows_are_diverted_when_warehouse_or_store_are_away_too_long() -> Outcome {
    let folder = Folder::new("redshift-away")?;
    let Some(mut world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream("retry: 2s"))?;
    send(&daemon, &rows(0..10))?;
    daemon.settled("web", 10, PATIENCE)?;
    world.server.crash()?;
    send(&daemon, &rows(1000..1010))?;
    let books = daemon.settled("web", 20, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (10, 10), "{books:?}");
    world.server.up()?;
    send(&daemon, &rows(10..20))?;
    daemon.settled("web", 30, PATIENCE)?;
    let down = Fault::Answer(503, "SlowDown");
    world.store.command("PUT", "", down, u32::MAX);
    send(&daemon, &rows(2000..2010))?;
    let books = daemon.settled("web", 40, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (20, 20), "{books:?}");
    world.store.heal();
    send(&daemon, &rows(20..30))?;
    let books = daemon.settled("web", 50, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (30, 20), "{books:?}");
    each_row_once(&world.server, 30)?;
    assert_eq!(error_lines(&errors(&folder))?.len(), 20);
    folder.done()
}

/// A table that is lost halts the stream and loses nothing; it goes on when the table is back.
#[test]
fn a_table_that_is_gone_is_waited_for() -> Outcome {
    let folder = Folder::new("redshift-gone")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream(""))?;
    world.server.ask("ALTER TABLE web RENAME TO elsewhere")?;
    send(&daemon, &rows(0..10))?;
    let status = daemon.state("web", "halted")?;
    let why = status["last_error"].to_string();
    assert!(why.contains("does not exist (42P01); create it"), "{why}");
    world.server.ask("ALTER TABLE elsewhere RENAME TO web")?;
    daemon.settled("web", 10, PATIENCE)?;
    each_row_once(&world.server, 10)?;
    folder.done()
}
