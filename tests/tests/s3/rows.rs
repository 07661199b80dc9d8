//! Objects of rows, read back from real stores by boto3, pyarrow, polars and DuckDB: each finds each
//! row once, and in it what was sent.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, KEY_ID, SECRET};
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, components};

const PATIENCE: Duration = Duration::from_secs(120);

/// Streams, and what their schema is.
const STREAMS: [(&str, &str); 2] = [
    ("inferred", "inferred"),
    (
        "declared",
        "[{name: id, type: int}, {name: text, type: string}, {name: single, type: double}, {name: list, type: 'list<int>'}, {name: inner, type: 'struct<a:int,b:string>'}]",
    ),
];

/// Records of one round, after each of which the daemon is killed.
const ROUND: u64 = 500;
const ROUNDS: u64 = 3;

fn streams(url: &str) -> String {
    let stream = |(name, schema): (&str, &str)| {
        format!(
            "{name}:
  buffering: {{size: 1MiB, interval: 1s}}
  format: {{parquet: {{compression: zstd, schema: {schema}}}}}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: {name}/
      endpoint: \"{url}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
"
        )
    };
    STREAMS.map(stream).concat()
}

/// A record as it is sent, and as it must be found.
fn record(id: u64) -> Value {
    let list: Vec<_> = (0..1 + id % 3).collect();
    let text = match id % 5 {
        0 => Value::Null,
        _ => json!(format!("é {id}")),
    };
    let inner = json!({"a": id, "b": "x"});
    json!({"id": id, "text": text, "single": id as f64 / 4.0, "list": list, "inner": inner})
}

/// What the readers find below a prefix.
fn read(python: &Path, url: &str, name: &str, folder: &Folder) -> Outcome<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/s3/rows.py");
    let output = Command::new(python)
        .arg(script)
        .args([url, BUCKET, &format!("{name}/"), KEY_ID, SECRET])
        .arg(folder.join(&format!("found/{name}")))
        .output()?;
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout)?),
        false => Err(Trouble(String::from_utf8_lossy(&output.stderr).into())),
    }
}

fn rows_read_back(make: Make, name: &str) -> Outcome {
    let folder = Folder::new(name)?;
    let python = components::find("pyarrow, duckdb, polars and boto3", "STANDPIPE_PYTHON")?;
    let (Some(server), Some(python)) = (Server::start(make, folder.path())?, python) else {
        return folder.done();
    };
    std::fs::write(folder.join("secret"), SECRET)?;
    let url = format!("http://{}", server.address());
    let mut daemon = Daemon::start(folder.path(), &streams(&url))?;
    for round in 0..ROUNDS {
        let ids = round * ROUND..(round + 1) * ROUND;
        let lines: String = ids.map(|id| format!("{}\n", record(id))).collect();
        for (stream, _) in STREAMS {
            daemon.post(stream, lines.as_bytes())?.ok()?;
        }
        daemon.kill()?;
        daemon.up()?;
    }
    let count = ROUNDS * ROUND;
    let expected: BTreeMap<_, _> = (0..count).map(|id| (id, vec![record(id)])).collect();
    for (stream, _) in STREAMS {
        let books = daemon.settled(stream, count, PATIENCE)?;
        assert_eq!(books.delivered, count, "{stream}: {books:?}");
        let said = read(&python, &url, stream, &folder)?;
        println!("{stream}: {} objects", said["objects"]);
        let mut found = BTreeMap::<_, Vec<_>>::new();
        for row in said["rows"].as_array().into_iter().flatten() {
            let id = row["id"].as_u64().unwrap_or(u64::MAX);
            found.entry(id).or_default().push(row.clone());
        }
        assert!(found == expected, "{stream}: not each row once");
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn each_row_is_found_once_in_minio() -> Outcome {
    rows_read_back(Make::MinIo, "s3-rows-minio")
}

#[test]
fn each_row_is_found_once_in_versity() -> Outcome {
    rows_read_back(Make::Versity, "s3-rows-versity")
}
