use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_config::records::Records;

use super::*;

fn piece(bytes: &[u8]) -> Piece<'_> {
    Piece {
        at: 0,
        bytes,
        end: 0,
        part: None,
        unterminated: false,
    }
}

fn parsed(format: Option<Step>, piece: Piece<'_>) -> Records {
    let parse = format.map_or(Parse::default(), Parse::by);
    let mut out = Builder::default();
    Shaper::new(&parse, "").shape(piece, &Origin::default(), &mut out);
    out.finish()
}

fn value(format: Step, bytes: &[u8]) -> Value {
    let records = parsed(Some(format), piece(bytes));
    assert_eq!(records.len(), 1);
    serde_json::from_slice(&records.bytes).expect("a parsed record is JSON")
}

fn combined(line: &str) -> Value {
    value(Step::Combined, line.as_bytes())
}

#[test]
fn without_a_format_the_line_is_the_record_with_all_its_notes() {
    let part = Some(Part {
        number: 7,
        last: false,
    });
    let odd = Piece {
        at: 0,
        bytes: b"\xff\x00\"",
        end: 0,
        part,
        unterminated: true,
    };
    let records = parsed(None, odd);
    let expected = Record {
        bytes: b"\xff\x00\"",
        part,
        unterminated: true,
    };
    assert_eq!(records.iter().collect::<Vec<_>>(), [expected]);
}

#[test]
fn what_is_no_utf8_is_replaced_and_said() {
    let expected = json!({"line": "a\u{fffd}\u{fffd}b\u{fffd}", "invalid_utf8": true});
    assert_eq!(value(Step::Line, b"a\xff\xfeb\xc3"), expected);
}

#[test]
fn a_part_says_which_and_is_a_record_of_its_own() {
    let cut = Piece {
        part: Some(Part {
            number: 3,
            last: true,
        }),
        ..piece(b"end")
    };
    let records = parsed(Some(Step::Line), cut);
    assert_eq!(
        &records.bytes[..],
        br#"{"line":"end","part":3,"last":true}"#
    );
    assert!(
        records.notes.is_empty(),
        "or it would be put together with its neighbours"
    );
}

proptest! {
    #[test]
    fn any_text_comes_back(text in "\\PC*[\u{0}-\u{1f}\"\\\\]*\\PC*") {
        prop_assert_eq!(value(Step::Line, text.as_bytes()), json!({"line": text}));
    }

    #[test]
    fn any_bytes_become_json_in_every_format(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let line = value(Step::Line, &bytes);
        prop_assert_eq!(&line["line"], &json!(String::from_utf8_lossy(&bytes)));
        let shaped = value(Step::Combined, &bytes);
        prop_assert_eq!(&shaped["line"], &line["line"]);
        prop_assert!(shaped["parse_error"].is_string());
    }

    #[test]
    fn any_fields_become_json(
        user in proptest::collection::vec(any::<u8>(), 0..8),
        request in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let line = [b"h - ", &user[..], b" [17/May/2015:10:05:03 +0000] \"", &request, b"\" 200 1"];
        let shaped = value(Step::Combined, &line.concat());
        prop_assert!(shaped["host"] == "h" || shaped["parse_error"].is_string());
    }
}

#[test]
fn rule_9_a_record_over_the_limit_is_passed_on_raw_in_marked_parts() {
    let first = Part {
        number: 0,
        last: true,
    };
    let long = vec![b'"'; MAX_RECORD / 2];
    for format in [Step::Line, Step::Combined] {
        let records = parsed(Some(format), piece(&long));
        let record = records.iter().next().unwrap();
        assert_eq!((record.bytes, record.part), (&long[..], Some(first)));
        assert_eq!(records.len(), 1);
    }
    let short = vec![b'"'; MAX_RECORD / 2 - 10];
    assert!(parsed(Some(Step::Line), piece(&short)).notes.is_empty());
}

#[test]
fn rule_9_no_record_is_over_the_limit_whatever_the_settings_say() {
    let long = vec![b'x'; 2 * MAX_RECORD + 1];
    let whole = Piece {
        unterminated: true,
        ..piece(&long)
    };
    for format in [None, Some(Step::Line)] {
        let records = parsed(format, whole);
        let notes: Vec<_> = records
            .iter()
            .map(|r| (r.bytes.len(), r.part.unwrap(), r.unterminated))
            .collect();
        let part = |number, last| Part { number, last };
        let expected = [
            (MAX_RECORD, part(0, false), false),
            (MAX_RECORD, part(1, false), false),
            (1, part(2, true), true),
        ];
        assert_eq!(notes, expected);
    }
}

#[test]
fn a_combined_line_becomes_its_fields() {
    let line = r#"83.149.9.216 - frank [17/May/2015:10:05:03 +0200] "GET /a%20b?c=d HTTP/1.1" 200 203023 "http://semicomplete.com/" "Mozilla/5.0 (X11)""#;
    let expected = json!({
        "host": "83.149.9.216", "ident": null, "user": "frank", "time": "2015-05-17T08:05:03Z",
        "request": "GET /a%20b?c=d HTTP/1.1", "method": "GET", "path": "/a%20b?c=d",
        "protocol": "HTTP/1.1", "status": 200, "bytes": 203023,
        "referer": "http://semicomplete.com/", "user_agent": "Mozilla/5.0 (X11)",
    });
    assert_eq!(combined(line), expected);
}

#[test]
fn a_common_line_has_null_for_what_it_does_not_say() {
    let line = r#"2001:db8::1 - - [29/Feb/2024:23:59:60 -0030] "HEAD / HTTP/1.0" 304 -"#;
    let expected = json!({
        "host": "2001:db8::1", "ident": null, "user": null, "time": "2024-03-01T00:29:59Z",
        "request": "HEAD / HTTP/1.0", "method": "HEAD", "path": "/", "protocol": "HTTP/1.0",
        "status": 304, "bytes": null, "referer": null, "user_agent": null,
    });
    assert_eq!(combined(line), expected);
}

#[test]
fn escaped_quotes_belong_to_their_field_and_other_escapes_stay() {
    let line = r#"h - John Doe [17/May/2015:10:05:03 +0000] "GET /\"x\" y\\ HTTP/1.1" 404 0 "\x16\x03" "say \"hi\"\\" "1.2.3.4" 0.5"#;
    let value = combined(line);
    assert_eq!(value["user"], "John Doe");
    assert_eq!(value["path"], r#"/"x" y\"#);
    assert_eq!(value["referer"], r"\x16\x03");
    assert_eq!(value["user_agent"], r#"say "hi"\"#);
    assert_eq!(value["rest"], r#""1.2.3.4" 0.5"#);
}

#[test]
fn a_request_that_is_none_has_no_method() {
    let of = |request: &str| {
        let line = format!(r#"h - - [17/May/2015:10:05:03 +0000] "{request}" 400 226 "-" "-""#);
        let value = combined(&line);
        let part = |key: &str| value[key].as_str().unwrap_or("null").to_owned();
        [part("method"), part("path"), part("protocol")].join("|")
    };
    assert_eq!(of("-"), "null|null|null");
    assert_eq!(of(""), "null|null|null");
    assert_eq!(of(r"\x16\x03 \x01"), "null|null|null");
    assert_eq!(of("GET /old"), "GET|/old|null");
    assert_eq!(of("GET HTTP/1.1"), "GET|null|HTTP/1.1");
    assert_eq!(of("M-SEARCH * HTTP/1.1"), "M-SEARCH|*|HTTP/1.1");
}

#[test]
fn invalid_bytes_in_a_field_are_said() {
    let line = b"h - - [17/May/2015:10:05:03 +0000] \"GET /\xff HTTP/1.1\" 200 1";
    let value = value(Step::Combined, line);
    assert_eq!(value["path"], "/\u{fffd}");
    assert_eq!(value["invalid_utf8"], true);
}

#[test]
fn a_line_that_does_not_parse_is_kept_with_the_reason() {
    let good = r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-""#;
    assert!(combined(good)["parse_error"].is_null());
    for (from, to, why) in [
        (good, "h", "host"),
        (good, "h -", "identity"),
        (" [", " ", "[time]"),
        ("]", "", "]"),
        ("May", "Mai", "time"),
        ("17/", "32/", "time"),
        ("+0000", "x0000", "time"),
        (" \"GET", " GET", "request"),
        ("200", "2x0", "status"),
        ("200", "+200", "status"),
        (" 1 ", " 99999999999999999999999 ", "bytes"),
        (" \"-\" \"-\"", " -", "referer"),
        ("\"-\" \"-\"", "\"-\" \"-", "user agent"),
        ("\"-\" \"-\"", "\"-\" \"-\\", "user agent"),
    ] {
        let line = good.replacen(from, to, 1);
        let value = combined(&line);
        assert_eq!(value["line"], line);
        let said = value["parse_error"].as_str().unwrap_or("nothing");
        assert!(said.contains(why), "{line}: {said}");
    }
}

#[test]
fn a_part_of_a_combined_line_is_not_parsed() {
    let cut = Piece {
        part: Some(Part {
            number: 0,
            last: false,
        }),
        ..piece(br#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1"#)
    };
    let records = parsed(Some(Step::Combined), cut);
    let value: Value = serde_json::from_slice(&records.bytes).unwrap();
    assert_eq!((&value["part"], &value["last"]), (&json!(0), &json!(false)));
    assert!(value["parse_error"].as_str().unwrap().contains("max_line"));
}

#[test]
fn numbers_are_written_as_they_are() {
    for number in [0, 9, 10, 203_023, u64::MAX] {
        let mut out = vec![];
        json::number(number, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
    }
}
