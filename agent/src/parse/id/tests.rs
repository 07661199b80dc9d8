//! Ids in records, and letters that nobody could read.

use serde_json::{Value, json};
use standpipe_config::names::SourceId;
use standpipe_config::records::{Builder, Part};
use standpipe_config::settings::agent::{Log, OnError, Parse, Step};

use crate::parse::{Origin, Shaped, Shaper};
use crate::split::Piece;

fn origin() -> Origin<'static> {
    Origin {
        path: b"/var/log/a.log",
        offset: 17,
        time: "2026-11-21T10:00:00Z",
        source: Some((SourceId([0xab; 16]), 3)),
    }
}

fn piece(bytes: &[u8], part: Option<Part>) -> Piece<'_> {
    Piece {
        at: 0,
        bytes,
        end: 1,
        part,
        unterminated: false,
    }
}

fn shaped(steps: Vec<Step>, piece: Piece<'_>) -> Value {
    let parse = Parse {
        steps,
        record_id: true,
        ..Parse::default()
    };
    let mut out = Builder::default();
    let done = Shaper::new(&parse, "h").shape(piece, &origin(), &mut out);
    assert_eq!(done, Shaped::Kept);
    let records = out.finish();
    let record = records.iter().next().unwrap().bytes;
    serde_json::from_slice(record).unwrap_or_else(|e| panic!("{e}: {record:?}"))
}

fn id(part: &str) -> String {
    format!("{}/3/17{part}", "ab".repeat(16))
}

#[test]
fn the_id_stands_first_in_what_is_an_object_and_makes_one_of_all_else() {
    let whole = |line: &'static [u8]| shaped(vec![], piece(line, None));
    assert_eq!(
        whole(b"text"),
        json!({"standpipe_id": id(""), "line": "text"})
    );
    assert_eq!(whole(b"{}"), json!({"standpipe_id": id("")}));
    assert_eq!(
        whole(b" { \"a\": 1}"),
        json!({"standpipe_id": id(""), "a": 1})
    );
    assert_eq!(
        whole(b"{\"a\": 1"),
        json!({"standpipe_id": id(""), "line": "{\"a\": 1"})
    );
    assert_eq!(
        whole(b"[1]"),
        json!({"standpipe_id": id(""), "line": "[1]"})
    );
    assert_eq!(whole(b""), json!({"standpipe_id": id(""), "line": ""}));
    let bad = whole(b"\xff");
    assert_eq!(bad["invalid_utf8"], true);
}

#[test]
fn every_form_of_a_record_has_it() {
    let syslog = b"Jun 14 15:16:01 host sshd[1]: hi".as_slice();
    let value = shaped(vec![Step::Log(Log::Syslog)], piece(syslog, None));
    assert_eq!(
        (&value["standpipe_id"], &value["program"]),
        (&json!(id("")), &json!("sshd"))
    );
    let value = shaped(vec![Step::Log(Log::Syslog)], piece(b"no", None));
    assert_eq!(
        (&value["standpipe_id"], &value["line"]),
        (&json!(id("")), &json!("no"))
    );
    assert!(value["parse_error"].is_string());
    let value = shaped(vec![Step::Line], piece(b"x", None));
    assert_eq!(value, json!({"standpipe_id": id(""), "line": "x"}));
    let value = shaped(vec![Step::Brackets], piece(b"\"a\": 1", None));
    assert_eq!(value, json!({"standpipe_id": id(""), "a": 1}));
}

#[test]
fn the_parts_of_a_line_have_ids_of_their_own() {
    let part = Part {
        number: 2,
        last: false,
    };
    for steps in [vec![], vec![Step::Line]] {
        let value = shaped(steps, piece(b"x", Some(part)));
        let expected = json!({"standpipe_id": id("/2"), "line": "x", "part": 2, "last": false});
        assert_eq!(value, expected);
    }
}

#[test]
fn a_dead_letter_says_what_it_is_and_ships_nothing() {
    let parse = Parse {
        on_error: OnError::DeadLetter,
        ..Parse::by(Step::Log(Log::Syslog))
    };
    let mut shaper = Shaper::new(&parse, "h");
    let mut out = Builder::default();
    let good = b"Jun 14 15:16:01 host sshd[1]: hi".as_slice();
    assert_eq!(
        shaper.shape(piece(good, None), &origin(), &mut out),
        Shaped::Kept
    );
    let Shaped::Dead(letter) = shaper.shape(piece(b"no\xff", None), &origin(), &mut out) else {
        panic!("it parses");
    };
    assert_eq!(out.finish().len(), 1);
    assert_eq!(letter.last(), Some(&b'\n'));
    let letter: Value = serde_json::from_slice(&letter).unwrap();
    assert!(letter["parse_error"].is_string());
    let of = |key: &str| letter[key].clone();
    assert_eq!(
        [of("line"), of("file"), of("offset")],
        [json!("no\u{fffd}"), json!("/var/log/a.log"), json!(17)]
    );
    assert_eq!(
        [of("standpipe_id"), of("invalid_utf8")],
        [json!(id("")), json!(true)]
    );
}
