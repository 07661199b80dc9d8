//! JSON as it is found in the wild: whatever it is, nothing of it is lost. Each record is a row whose
//! columns and side column together hold all of it, or lies under the error prefix as it came.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use standpipe_tests::daemon::Books;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, objects, readers};

use crate::{PATIENCE, orc, parquet};

/// A record, and what must be found of it in the row's side column to the letter.
struct Sent {
    bytes: Vec<u8>,
    literal: Option<&'static str>,
}

/// What comes behind the id of a record that is an object.
fn members() -> Vec<(String, Option<&'static str>)> {
    let plain = [
        r#""a.b":1,"a":{"b":2,"c.d":{"e.f":[1]}}"#,
        r#""Key":1,"key":"x","KEY":true,"kEy":[1]"#,
        r#""v":7"#,
        r#""v":"seven""#,
        r#""v":7.5"#,
        r#""v":[7,"seven",{"v":7}]"#,
        r#""v":{"v":{"v":[]}}"#,
        r#""v":true"#,
        r#""v":"0123""#,
        r#""n":null,"o":{"x":null,"y":1},"l":[null,1,null]"#,
        r#""o":{"x":"text","y":"text"},"l":["text"]"#,
        r#""o":{},"l":[]"#,
        r#""l":[[1],[2,"three"]],"o":[{"x":1}]"#,
        r#""d":1,"d":2"#,
        r#""d":"text","d":3"#,
        r#""":1,"_rest":5,"\u0001":"control""#,
        r#""s":"\u0000 \u00e9 \ud83d\ude00 \" \\ /""#,
        r#""id2":-0.0,"x":1e3,"y":-9223372036854775808"#,
    ];
    let mut all: Vec<_> = plain.map(|text| (text.to_owned(), None)).into();
    for (text, literal) in [
        (r#""v":18446744073709551616"#, "18446744073709551616"),
        (r#""w":0.123456789012345678901"#, "0.123456789012345678901"),
        (r#""v":1e400"#, "1e400"),
        (r#""s":"half \ud800 of one""#, r"half \ud800 of one"),
    ] {
        all.push((text.to_owned(), Some(literal)));
    }
    for depth in [10, 60, 120] {
        let nested = format!(
            "{}1{}",
            "{\"x\":[".repeat(depth / 2),
            "]}".repeat(depth / 2)
        );
        all.push((format!("\"deep\":{nested}"), None));
    }
    // More keys than become columns.
    for batch in 0..40 {
        let keys = (0..30).map(|key| format!("\"k{batch}-{key}\":{key}"));
        all.push((keys.collect::<Vec<_>>().join(","), None));
    }
    let long = "x".repeat(300);
    all.push((format!("\"{long}\":1"), None));
    all.push((format!("\"big\":\"{}\"", "é".repeat(490_000)), None));
    let list = vec!["12345"; 160_000].join(",");
    all.push((format!("\"list\":[{list}]"), None));
    all
}

/// The records by id; of those that are no objects the id stands where it can.
fn records() -> BTreeMap<u64, Sent> {
    let objects = members()
        .into_iter()
        .enumerate()
        .map(|(id, (text, literal))| {
            let bytes = format!("{{\"id\":{id},{text}}}").into_bytes();
            (id as u64, Sent { bytes, literal })
        });
    let mut all: BTreeMap<_, _> = objects.collect();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(400), "]".repeat(400));
    let others: [&[u8]; 9] = [
        b"{\"id\":1000,\"s\":\"\xff\xfe\"}",
        b"\xc3\x28",
        b"oops",
        b"[{\"id\":1001}]",
        b"1002",
        b"{\"id\":1003,}",
        b"{\"id\":1004",
        b"{\"id\":1005,\"s\":\"a\tb\"}",
        deep.as_bytes(),
    ];
    for (id, bytes) in (1000..).zip(others) {
        let bytes = bytes.to_vec();
        all.insert(
            id,
            Sent {
                bytes,
                literal: None,
            },
        );
    }
    all
}

/// A value without nulls among the members of objects, and with all numbers as doubles.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(values) => values.iter().map(normal).collect(),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(key, value)| (key.clone(), normal(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Rule 22: what a row holds in all: a key of the side column stands for the whole value.
fn whole(row: &Value) -> Outcome<Value> {
    let mut members = row.as_object().cloned().unwrap_or_default();
    if let Some(rest) = members
        .remove("_rest")
        .and_then(|r| r.as_str().map(str::to_owned))
    {
        let rest: Map<String, Value> = serde_json::from_str(&rest)?;
        members.extend(rest);
    }
    Ok(normal(&Value::Object(members)))
}

/// That a row is all of the record.
fn is_all_of(sent: &Sent, row: &Value) -> Outcome {
    let rest = row["_rest"].as_str().unwrap_or_default();
    let text = String::from_utf8_lossy(&sent.bytes).into_owned();
    let shown: String = text.chars().take(200).collect();
    if let Some(literal) = sent.literal {
        return match rest.contains(literal) {
            true => Ok(()),
            false => Err(Trouble(format!("{literal} of {shown} is lost: {row}"))),
        };
    }
    let (expected, found) = (normal(&serde_json::from_str(&text)?), whole(row)?);
    match expected == found {
        true => Ok(()),
        false => Err(Trouble(format!("of {shown} came {found}"))),
    }
}

/// Sends the records to a stream, and waits until each is somewhere.
fn settled(daemon: &mut Daemon, stream: &str, records: &BTreeMap<u64, Sent>) -> Outcome<Books> {
    for batch in records.values().collect::<Vec<_>>().chunks(20) {
        let lines = batch.iter().map(|sent| [&sent.bytes[..], b"\n"].concat());
        let lines = lines.collect::<Vec<_>>().concat();
        daemon.post(stream, &lines)?.ok()?;
    }
    let count = records.len() as u64;
    let books = daemon.settled(stream, count, PATIENCE)?;
    assert_eq!((books.accepted, books.dropped), (count, 0), "{books:?}");
    Ok(books)
}

/// That each row is all of its record; how many there are.
fn are_whole(rows: &[Value], records: &BTreeMap<u64, Sent>) -> Outcome<u64> {
    for row in rows {
        let id = row["id"].as_u64().unwrap_or(u64::MAX);
        let sent = records.get(&id);
        is_all_of(sent.ok_or_else(|| Trouble(format!("{row}")))?, row)?;
    }
    Ok(rows.len() as u64)
}

#[test]
fn nothing_of_hostile_json_is_lost() -> Outcome {
    let folder = Folder::new("hostile")?;
    let streams = parquet("odd", "1s", "inferred") + &orc("orc", "snappy", "inferred");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    let records = records();
    let count = records.len() as u64;
    let books = settled(&mut daemon, "orc", &records)?;
    if let Some(rows) = readers::orc_rows(&folder.join("out/orc"))? {
        assert_eq!(are_whole(&rows, &records)?, books.delivered);
    }
    let books = settled(&mut daemon, "odd", &records)?;

    let mut found = 0;
    for path in objects::below(&folder.join("out/odd"))? {
        found += are_whole(&objects::rows(&path)?, &records)?;
    }
    let mut failed = Vec::new();
    for path in objects::below(&folder.join("out/errors/odd"))? {
        for line in objects::json_lines(&path)? {
            let raw = line["rawData"].as_str().unwrap_or_default();
            failed.push(base64_simd::STANDARD.decode_to_vec(raw)?);
        }
    }
    let mut expected: Vec<_> = records
        .range(1000..)
        .map(|(_, s)| s.bytes.clone())
        .collect();
    expected.sort();
    failed.sort();
    assert_eq!(failed, expected, "what is no object");
    assert_eq!(
        (found, failed.len() as u64),
        (books.delivered, books.failed)
    );
    assert_eq!(found + failed.len() as u64, count);
    if let Some(counts) = readers::counts(&folder.join("out/odd"))? {
        for reader in ["pyarrow", "duckdb", "polars"] {
            assert_eq!(counts[reader], json!(found), "{reader}");
        }
    }
    let metrics = daemon.door("admin")?;
    let metrics = standpipe_tests::http::get(metrics, "/metrics")?.ok()?;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for name in [
        "standpipe_rows_with_rest_total",
        "standpipe_schema_growths_total",
    ] {
        assert!(
            metrics.contains(&format!("{name}{{stream=\"odd\"}}")),
            "{metrics}"
        );
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
