use proptest::prelude::*;

use super::*;

fn texts(body: &[u8]) -> Vec<Vec<u8>> {
    let records = split(Vec::from(body)).unwrap();
    let checked = Records::new(records.bytes.clone(), records.ends.clone(), vec![]);
    assert_eq!(checked.as_ref(), Ok(&records));
    assert!(records.ends.capacity() * 4 <= offsets_size(body));
    records.iter().map(|record| record.bytes.to_vec()).collect()
}

#[test]
fn each_line_is_a_record_without_its_end() {
    assert_eq!(texts(b"one\ntwo\n"), [b"one", b"two"]);
    assert_eq!(texts(b"one\r\ntwo"), [b"one", b"two"]);
}

#[test]
fn empty_lines_are_no_records() {
    assert_eq!(texts(b"\n\r\none\n\n\n two\n\n"), [&b"one"[..], b" two"]);
    assert!(texts(b"").is_empty() && texts(b"\n\n").is_empty());
}

#[test]
fn a_carriage_return_elsewhere_belongs_to_the_text() {
    assert_eq!(texts(b"a\rb\r\r\nc\r"), [&b"a\rb\r"[..], b"c\r"]);
}

#[test]
fn bytes_that_are_no_text_pass() {
    assert_eq!(texts(b"\xff\x00\n\x80"), [&b"\xff\x00"[..], b"\x80"]);
}

#[test]
fn a_line_over_the_limit_is_named() {
    let longest = vec![b'x'; MAX_RECORD];
    let mut body = b"short\n\n".to_vec();
    body.extend_from_slice(&longest);
    body.extend_from_slice(b"\r\n");
    assert_eq!(texts(&body)[1], longest);
    body.extend_from_slice(&longest);
    body.push(b'x');
    let refused = split(body).unwrap_err();
    assert_eq!(refused.kind(), Kind::TooLarge);
    let message = format!("{refused:?}");
    assert!(message.contains("line 4 has 1024001 bytes"), "{message}");
}

proptest! {
    #[test]
    fn splits_like_the_plain_way(body in "[a\r\n]{0,40}") {
        let lines = body.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        });
        let plain: Vec<Vec<u8>> = lines
            .filter(|line| !line.is_empty())
            .map(|line| line.as_bytes().to_vec())
            .collect();
        prop_assert_eq!(texts(body.as_bytes()), plain);
    }
}
