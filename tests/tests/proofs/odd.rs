//! Odd records: each ends where it should, alone, and the books balance.

use serde_json::{Value, json};
use standpipe_config::frame::{Encoder, Frame, MEDIA_TYPE, Range};
use standpipe_config::names::{AgentId, SourceId};
use standpipe_config::records::Builder;
use standpipe_tests::daemon::Books;
use standpipe_tests::{Daemon, Folder, Outcome, http, objects};

use crate::{PATIENCE, parquet};

/// Sends lines to a stream with a schema, waits, and gives the books, the rows, and the raw data
/// of what failed.
struct Odd {
    folder: Folder,
    daemon: Daemon,
}

impl Odd {
    fn with_schema(schema: &str) -> Outcome<Self> {
        let folder = Folder::new("odd")?;
        let daemon = Daemon::start(folder.path(), &parquet("odd", "1s", schema))?;
        Ok(Self { folder, daemon })
    }

    fn send(&mut self, lines: &[u8]) -> Outcome {
        self.daemon.post("odd", lines)?.ok().map(|_| ())
    }

    fn settled(&mut self, accepted: u64) -> Outcome<Books> {
        let books = self.daemon.settled("odd", accepted, PATIENCE)?;
        assert_eq!(books.accepted, accepted, "{books:?}");
        Ok(books)
    }

    fn rows(&self) -> Outcome<Vec<Value>> {
        let files = objects::below(&self.folder.join("out/odd"))?;
        let rows: Outcome<Vec<_>> = files.iter().map(|path| objects::rows(path)).collect();
        Ok(rows?.concat())
    }

    fn errors(&self) -> Outcome<Vec<Value>> {
        let files = objects::below(&self.folder.join("out/errors/odd"))?;
        let lines: Outcome<Vec<_>> = files.iter().map(|path| objects::json_lines(path)).collect();
        Ok(lines?.concat())
    }

    /// What failed, as it came.
    fn failed(&self) -> Outcome<Vec<Vec<u8>>> {
        let errors = self.errors()?;
        let raw = errors.iter().map(|line| {
            let text = line["rawData"].as_str().unwrap_or_default();
            base64_simd::STANDARD
                .decode_to_vec(text)
                .unwrap_or_default()
        });
        Ok(raw.collect())
    }
}

#[test]
fn halves_of_an_object_in_neighbouring_records_do_not_become_one_row() -> Outcome {
    let mut odd = Odd::with_schema("inferred")?;
    odd.send(b"{\"a\":1,\n\"b\":2}\n{\"a\":3}\n")?;
    let books = odd.settled(3)?;
    assert_eq!((books.delivered, books.failed), (1, 2));
    assert_eq!(odd.rows()?.len(), 1);
    assert_eq!(odd.rows()?[0]["a"], 3);
    assert_eq!(odd.failed()?, [&b"{\"a\":1,"[..], b"\"b\":2}"]);
    odd.folder.done()
}

#[test]
fn a_fraction_for_a_declared_int_fails_its_record_and_is_not_cut() -> Outcome {
    let mut odd = Odd::with_schema("[{name: a, type: int}]")?;
    odd.send(b"{\"a\":1}\n{\"a\":1.9}\n{\"a\":2}\n")?;
    let books = odd.settled(3)?;
    assert_eq!((books.delivered, books.failed), (2, 1));
    let values: Vec<_> = odd.rows()?.iter().map(|row| row["a"].clone()).collect();
    assert_eq!(values, [json!(1), json!(2)]);
    let errors = odd.errors()?;
    assert_eq!(odd.failed()?, [b"{\"a\":1.9}"]);
    let message = errors[0]["lastErrorMessage"].as_str().unwrap_or_default();
    assert!(message.contains('a'), "{}", errors[0]);
    assert!(
        errors[0]["standpipe"]["id"].is_string(),
        "rule 27: {}",
        errors[0]
    );
    odd.folder.done()
}

/// Rule 22.
#[test]
fn a_fraction_for_an_inferred_int_makes_the_column_wider() -> Outcome {
    let mut odd = Odd::with_schema("inferred")?;
    odd.send(b"{\"a\":1}\n{\"a\":1.5}\n{\"a\":\"text\",\"b\":true}\n")?;
    let books = odd.settled(3)?;
    assert_eq!((books.delivered, books.failed), (3, 0));
    let rows = odd.rows()?;
    assert_eq!((&rows[0]["a"], &rows[1]["a"]), (&json!(1.0), &json!(1.5)));
    assert_eq!((&rows[2]["a"], &rows[2]["b"]), (&Value::Null, &json!(true)));
    let rest = rows[2]["_rest"].as_str().unwrap_or_default();
    let rest: Value = serde_json::from_str(rest)?;
    assert_eq!(rest["a"], "text");
    odd.folder.done()
}

#[test]
fn one_bad_record_among_ten_thousand_fails_alone() -> Outcome {
    let mut odd = Odd::with_schema("[{name: n, type: int}]")?;
    let line = |n: u32| match n {
        6_789 => "{\"n\":\"seven\"}\n".to_owned(),
        _ => format!("{{\"n\":{n}}}\n"),
    };
    let lines: String = (0..10_000).map(line).collect();
    odd.send(lines.as_bytes())?;
    let books = odd.settled(10_000)?;
    assert_eq!((books.delivered, books.failed), (9_999, 1));
    let mut seen: Vec<_> = odd
        .rows()?
        .iter()
        .filter_map(|row| row["n"].as_u64())
        .collect();
    seen.sort_unstable();
    let expected: Vec<_> = (0..10_000).filter(|n| *n != 6_789).collect();
    assert_eq!(seen, expected);
    assert_eq!(odd.failed()?, [b"{\"n\":\"seven\"}"]);
    odd.folder.done()
}

/// Rules 14 and 34: the record is the unit of the books, whatever it becomes.
#[test]
fn several_objects_in_one_record_are_one_record_in_the_books() -> Outcome {
    let mut odd = Odd::with_schema("inferred")?;
    odd.send(b"{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4}{\"a\":\n")?;
    let books = odd.settled(2)?;
    assert_eq!((books.delivered, books.failed), (1, 1));
    let values: Vec<_> = odd.rows()?.iter().map(|row| row["a"].clone()).collect();
    assert_eq!(
        values,
        [json!(1), json!(2), json!(3)],
        "a record fails as a whole"
    );
    assert_eq!(odd.failed()?, [b"{\"a\":4}{\"a\":"]);
    odd.folder.done()
}

#[test]
fn deep_and_long_records_end_alone() -> Outcome {
    let mut odd = Odd::with_schema("inferred")?;
    let deep = ["{\"a\":", &"[".repeat(150_000), &"]".repeat(150_000), "}"].concat();
    let wide = format!("{{\"a\":[{}0]}}", "{\"b\":[1,2,3]},".repeat(20_000));
    let lines = [&deep, "\n", &wide, "\n{\"c\":1}\n"].concat();
    odd.send(lines.as_bytes())?;
    let books = odd.settled(3)?;
    assert_eq!(books.delivered + books.failed, 3);
    assert!(odd.rows()?.iter().any(|row| row["c"] == 1), "{books:?}");
    for raw in odd.failed()? {
        assert!(raw == deep.as_bytes() || raw == wide.as_bytes());
    }
    odd.folder.done()
}

/// Only frames can hold one: the text door and the agent know no empty line.
#[test]
fn an_empty_record_ends_where_it_should() -> Outcome {
    let mut odd = Odd::with_schema("inferred")?;
    let mut records = Builder::default();
    [&b"{\"a\":1}"[..], b"", b"  ", b"{\"a\":2}"]
        .iter()
        .for_each(|r| records.push_plain(r));
    let source = SourceId([1; 16]);
    let range = Range {
        source,
        epoch: 0,
        start: 0,
        end: 20,
        committed: 0,
        tail: None,
    };
    let mut encoder = Encoder::new(AgentId([2; 16]));
    encoder.push(&Frame::Records(range, records.finish()));
    let media_type = format!("Content-Type: {MEDIA_TYPE}");
    let door = odd.daemon.door("native")?;
    http::post(
        door,
        "/v1/streams/odd/records",
        &[&media_type],
        &encoder.finish(),
    )?
    .ok()?;
    let books = odd.settled(4)?;
    assert_eq!((books.delivered, books.failed), (2, 2), "{books:?}");
    assert_eq!(odd.rows()?.len(), 2);
    assert_eq!(odd.failed()?, [&b""[..], b"  "]);
    odd.folder.done()
}
