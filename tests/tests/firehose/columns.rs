//! Streams that are made over the wire with a conversion: rows with the columns of a table, each
//! once over a kill, in objects that pyarrow reads.

use serde_json::{Value, json};
use standpipe_tests::s3::{BUCKET, Contents};
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Folder, Outcome, Trouble, objects};

use crate::{PATIENCE, python, said, script, set_up};

/// Each is put by one run of the script, with one record that fails.
const ROUNDS: u64 = 2;
const ROUND: u64 = 100;

const STREAMS: [&str; 2] = ["parquet", "orc"];

/// A table as `aws glue get-table` prints it, where the settings below say.
fn write_table(folder: &Folder) -> Outcome {
    let columns = json!([
        {"Name": "id", "Type": "bigint"},
        {"Name": "what_kind", "Type": "string"},
        {"Name": "at", "Type": "timestamp"},
        {"Name": "inner", "Type": "struct<a:int>"},
    ]);
    let table = json!({"Table": {"Name": "orders", "StorageDescriptor": {"Columns": columns}}});
    let shop = folder.join("tables/shop");
    std::fs::create_dir_all(&shop)?;
    Ok(std::fs::write(shop.join("orders.json"), table.to_string())?)
}

/// What the script says when it is run with these words; `None` where there is no Python.
fn run(words: &[&str]) -> Outcome<Option<Value>> {
    let Some(mut python) = python()? else {
        return Ok(None);
    };
    let python = python.arg(script("columns.py")).args(words);
    if words[0] == "read" {
        return said(python).map(Some);
    }
    let status = python.status().attempting("run Python")?;
    match status.success() {
        true => Ok(Some(Value::Null)),
        false => Err(Trouble(format!("{words:?} ended with {status}"))),
    }
}

fn row(number: u64) -> Value {
    let at = format!("2026-11-21T10:00:{:02}", number % 60);
    json!({"id": number, "what_kind": format!("é {number}"), "at": at, "inner": {"a": number}})
}

#[test]
fn each_record_is_a_row_with_the_columns_of_the_table_over_a_kill() -> Outcome {
    let folder = Folder::new("firehose-columns")?;
    write_table(&folder)?;
    let (store, mut daemon, door) = set_up(&folder, "glue_tables: tables,")?;
    daemon.up()?;
    if run(&["make", &door, BUCKET])?.is_none() {
        return folder.done();
    }
    for round in 0..ROUNDS {
        let first = (round * ROUND).to_string();
        run(&["put", &door, &first])?;
        daemon.kill()?;
        daemon.up()?;
    }
    for stream in STREAMS {
        let sent = ROUNDS * (ROUND + 1);
        let books = daemon.settled(stream, sent, PATIENCE)?;
        let seen = (books.accepted, books.delivered, books.failed);
        assert_eq!(seen, (sent, sent - ROUNDS, ROUNDS), "{stream}: {books:?}");
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    let delivered = folder.join("delivered");
    Contents::at(store.address())?.download(&delivered)?;
    let found = run(&["read", &delivered.to_string_lossy()])?.unwrap_or_default();
    let expected: Vec<_> = (0..ROUNDS * ROUND).map(row).collect();
    for stream in STREAMS {
        assert_eq!(found[stream], json!(expected), "{stream}");
        let mut failed = 0;
        for path in objects::below(&delivered.join(format!("errors/{stream}")))? {
            for line in objects::json_lines(&path)? {
                let code = &line["lastErrorCode"];
                assert_eq!(code, "DataFormatConversion.MalformedData", "{line}");
                failed += 1;
            }
        }
        assert_eq!(failed, ROUNDS, "{stream}");
    }
    folder.done()
}
