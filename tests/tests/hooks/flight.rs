//! Requests to a function: several under way at once, compressed where asked for, over connections
//! that are used again; and records in the order in which they came.

use std::collections::BTreeSet;

use standpipe_tests::{Daemon, Folder, Outcome, objects};

use crate::{Function, PATIENCE, stream};

/// Records of one request to the daemon. Two make a request to the function.
const RECORDS: u64 = 8;

/// Bytes of a record.
const LONG: usize = 90 * 1024;

fn request() -> Vec<u8> {
    let line = |number| format!("{number} {} \"GET / HTTP/1.1\"\n", "x".repeat(LONG));
    (0..RECORDS).map(line).collect::<String>().into_bytes()
}

/// The function answers when all are there, and the last one first.
#[test]
fn four_requests_are_under_way_at_once_and_records_keep_their_order() -> Outcome {
    let folder = Folder::new("hook-flight")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    function.goes_wrong("backwards")?;
    let more = ", in_flight: 4, compression: gzip, retries: 0, timeout: 120s";
    let mut daemon = Daemon::start(folder.path(), &stream("web", &function.url(), more))?;
    daemon.post("web", &request())?.ok()?;
    let books = daemon.settled("web", RECORDS, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (RECORDS, 0));
    let notes = function.requests()?;
    assert_eq!(notes.len(), 4);
    assert!(notes.iter().all(|note| note["encoding"] == "gzip"));
    let mut all = BTreeSet::new();
    for path in objects::below(&folder.join("out/web"))? {
        let mut before = None;
        for row in objects::json_lines(&path)? {
            let line = row["line"].as_str().unwrap_or_default();
            let number: u64 = line.split(' ').next().unwrap_or_default().parse()?;
            assert!(before < Some(number), "{number} after {before:?}");
            before = Some(number);
            all.insert(number);
        }
    }
    assert_eq!(all.len() as u64, RECORDS);
    folder.done()
}

#[test]
fn a_connection_serves_one_request_after_the_other() -> Outcome {
    let folder = Folder::new("hook-connections")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let settings = stream("web", &function.url(), ", in_flight: 1");
    let mut daemon = Daemon::start(folder.path(), &settings)?;
    daemon.post("web", &request().repeat(5))?.ok()?;
    daemon.settled("web", 5 * RECORDS, PATIENCE)?;
    let notes = function.requests()?;
    let connections: BTreeSet<_> = notes.iter().map(|n| n["connection"].to_string()).collect();
    // A machine that stands still for seconds may cost one or the other.
    assert!(notes.len() >= 20, "{} requests", notes.len());
    assert!(connections.len() < 10, "{} connections", connections.len());
    folder.done()
}
