//! ORC files: over kills each record is one row, or lies under the error prefix; and another make's
//! reader finds in each column what was sent.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use standpipe_tests::{Daemon, Folder, Outcome, objects, readers};

use crate::{PATIENCE, orc};

const SCHEMA: &str = "[{name: id, type: int}, {name: text, type: string}, {name: yes, type: boolean},
  {name: tiny, type: int8}, {name: small, type: int16}, {name: seconds, type: int32}, {name: bytes, type: int},
  {name: single, type: float32}, {name: double, type: double}, {name: price, type: 'decimal(12,3)'},
  {name: at, type: timestamp}, {name: day, type: date}, {name: list, type: 'list<int>'},
  {name: map, type: 'map<string,int>'}, {name: inner, type: 'struct<a:int,b:string>'}]";

const COMPRESSIONS: [&str; 4] = ["none", "zlib", "snappy", "zstd"];

/// Records of one round, after each of which the daemon is killed.
const ROUND: u64 = 600;
const ROUNDS: u64 = 3;

/// What can be no row of the schema.
fn is_bad(id: u64) -> bool {
    id % 50 == 7
}

/// A record, and its row: each column is null now and then, and now and then for long. `bytes` are
/// as a web server's: some of them much wider than the others.
fn record(id: u64) -> (Value, Value) {
    let at = 1_795_000_000_000 + 250 * id as i64;
    let bytes = if id % 14 == 3 {
        20_000_000 + id
    } else {
        id * 7919 % 60_000
    };
    let columns = [
        ("text", json!(format!("é {}", id % 9)), None),
        ("yes", json!(id.is_multiple_of(3)), None),
        ("tiny", json!(id as i64 % 256 - 128), None),
        ("small", json!(32_767 - id as i64), None),
        ("seconds", json!(at / 1000), None),
        ("bytes", json!(bytes), None),
        ("single", json!(id as f64 / 4.0), None),
        ("double", json!(0.1 + id as f64), None),
        (
            "price",
            json!(format!("{id}.125")),
            Some(json!(format!("{id}.125"))),
        ),
        ("at", json!(at), None),
        ("day", json!("2026-11-29"), None),
        ("list", json!(vec![id; id as usize % 4]), None),
        ("map", json!({"k": id}), Some(json!([["k", id]]))),
        ("inner", json!({"a": id, "b": null}), None),
    ];
    let (mut sent, mut row) = (json!({"id": id}), json!({"id": id}));
    for (place, (name, value, told)) in columns.into_iter().enumerate() {
        let is_null = (id + place as u64).is_multiple_of(11) || id / 100 == place as u64;
        row[name] = match is_null {
            true => Value::Null,
            false => told.unwrap_or(value.clone()),
        };
        if !is_null {
            sent[name] = value;
        }
    }
    if is_bad(id) {
        sent["tiny"] = json!(128);
    }
    (sent, row)
}

#[test]
fn each_record_is_a_row_of_orc_once_over_kills() -> Outcome {
    let folder = Folder::new("orc")?;
    let streams = COMPRESSIONS.map(|compression| orc(compression, compression, SCHEMA));
    let mut daemon = Daemon::start(folder.path(), &streams.concat())?;
    for round in 0..ROUNDS {
        let ids = round * ROUND..(round + 1) * ROUND;
        let lines: String = ids.map(|id| format!("{}\n", record(id).0)).collect();
        for stream in COMPRESSIONS {
            daemon.post(stream, lines.as_bytes())?.ok()?;
        }
        daemon.kill()?;
        daemon.up()?;
    }
    let count = ROUNDS * ROUND;
    let ids = || (0..count).filter(|id| !is_bad(*id));
    let expected: BTreeMap<_, _> = ids().map(|id| (id, vec![record(id).1])).collect();
    for stream in COMPRESSIONS {
        let books = daemon.settled(stream, count, PATIENCE)?;
        let bad = count - expected.len() as u64;
        assert_eq!((books.accepted, books.failed), (count, bad), "{books:?}");
        let mut errors = 0;
        for path in objects::below(&folder.join(&format!("out/errors/{stream}")))? {
            let name = path.display().to_string();
            assert!(name.contains("format-conversion-failed/"), "{name}");
            errors += objects::json_lines(&path)?.len() as u64;
        }
        assert_eq!(errors, bad);
        let Some(rows) = readers::orc_rows(&folder.join(&format!("out/{stream}")))? else {
            continue;
        };
        let mut found = BTreeMap::<_, Vec<_>>::new();
        for row in rows {
            found
                .entry(row["id"].as_u64().unwrap_or(u64::MAX))
                .or_default()
                .push(row);
        }
        for (id, rows) in &found {
            assert_eq!(Some(rows), expected.get(id), "{stream}");
        }
        assert_eq!(found.len(), expected.len(), "{stream}");
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
