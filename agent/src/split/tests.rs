use proptest::prelude::*;

use super::*;

type Owned = (Vec<u8>, Option<(u32, bool)>, bool);

fn owned(piece: Piece<'_>) -> Owned {
    let part = piece.part.map(|part| (part.number, part.last));
    (piece.bytes.to_vec(), part, piece.unterminated)
}

fn split(max_line: usize, bytes: &[u8], end_of_source: bool) -> (Vec<Owned>, Consumed) {
    let mut pieces = vec![];
    let splitter = Splitter { max_line };
    let consumed = splitter.split(bytes, 0, end_of_source, &mut |piece| {
        pieces.push(owned(piece));
    });
    (pieces, consumed)
}

/// Offers `bytes` as a file that grows by `step` bytes at a time.
fn split_growing(max_line: usize, bytes: &[u8], step: usize) -> Vec<Owned> {
    let (mut at, mut number, mut pieces) = (0, 0, vec![]);
    let mut offered = 0;
    loop {
        offered = (offered + step).min(bytes.len());
        let end = offered == bytes.len();
        let consumed = Splitter { max_line }.split(&bytes[at..offered], number, end, &mut |p| {
            pieces.push(owned(p));
        });
        at += consumed.bytes;
        number = consumed.next_part;
        if end {
            assert_eq!((at, number), (bytes.len(), 0), "the end is always consumed");
            return pieces;
        }
    }
}

/// The plainest splitting there is: whole lines, not cut.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let unterminated = lines.pop().unwrap_or_default();
    for line in &mut lines {
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    lines.push(unterminated);
    lines.retain(|line| !line.is_empty());
    lines
}

/// Puts parts together, and checks that they follow each other.
fn joined(pieces: &[Owned], max_line: usize) -> Vec<Vec<u8>> {
    let (mut lines, mut line, mut expected) = (vec![], vec![], 0);
    for (bytes, part, _) in pieces {
        assert!((1..=max_line).contains(&bytes.len()), "{pieces:?}");
        let (number, last) = part.unwrap_or((0, true));
        assert_eq!(number, expected, "{pieces:?}");
        line.extend_from_slice(bytes);
        expected = number + 1;
        if last {
            assert!(
                part.is_none() || number > 0,
                "one part is no cut: {pieces:?}"
            );
            lines.push(std::mem::take(&mut line));
            expected = 0;
        }
    }
    assert_eq!(expected, 0, "the last part is missing: {pieces:?}");
    lines
}

fn bytes_with_many_ends() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b'a'),
        2 => Just(b'\r'),
        2 => Just(b'\n'),
        2 => any::<u8>(),
    ];
    proptest::collection::vec(byte, 0..60)
}

proptest! {
    #[test]
    fn the_pieces_do_not_depend_on_the_chunks(
        bytes in bytes_with_many_ends(),
        max_line in 1usize..9,
        step in 1usize..20,
    ) {
        let (whole, consumed) = split(max_line, &bytes, true);
        prop_assert_eq!(consumed, Consumed { bytes: bytes.len(), next_part: 0 });
        prop_assert_eq!(split_growing(max_line, &bytes, step), whole);
    }

    #[test]
    fn parts_put_together_are_the_line(bytes in bytes_with_many_ends(), max_line in 1usize..9) {
        let (pieces, _) = split(max_line, &bytes, true);
        prop_assert_eq!(joined(&pieces, max_line), lines(&bytes));
    }

    #[test]
    fn a_cut_leaves_characters_whole(text in "[aé€😀]{0,30}", max_line in 4usize..9) {
        let (pieces, _) = split(max_line, text.as_bytes(), true);
        for (bytes, ..) in pieces {
            prop_assert!(std::str::from_utf8(&bytes).is_ok());
        }
    }
}

fn whole(text: &str) -> Owned {
    (text.into(), None, false)
}

fn part(text: &str, number: u32, last: bool) -> Owned {
    (text.into(), Some((number, last)), false)
}

#[test]
fn lines_end_at_feed_or_return_and_feed_and_empty_ones_are_passed_over() {
    let (pieces, consumed) = split(9, b"one\n\n\r\ntwo\r\nth\rree\r\r\nfo", false);
    let expected = [whole("one"), whole("two"), whole("th\rree\r")];
    assert_eq!(pieces, expected);
    assert_eq!(consumed.bytes, 21);
}

#[test]
fn a_line_of_exactly_the_limit_stays_whole() {
    assert_eq!(split(3, b"abc\n", false).0, [whole("abc")]);
    assert_eq!(split(3, b"abc\r\n", false).0, [whole("abc")]);
    assert_eq!(split(3, b"abc", false).0, []);
    assert_eq!(
        split(3, b"abc\r", false).0,
        [],
        "CR may belong to a line end"
    );
    let (pieces, _) = split(3, b"abc\rd\n", false);
    assert_eq!(pieces, [part("abc", 0, false), part("\rd", 1, true)]);
    let (pieces, _) = split(3, b"abcdef\r\n", false);
    assert_eq!(pieces, [part("abc", 0, false), part("def", 1, true)]);
}

#[test]
fn the_parts_of_a_line_that_is_still_being_written_are_counted_on() {
    let splitter = Splitter { max_line: 2 };
    let mut pieces = vec![];
    let consumed = splitter.split(b"abcde", 4, false, &mut |piece| pieces.push(owned(piece)));
    assert_eq!(pieces, [part("ab", 4, false), part("cd", 5, false)]);
    let expected = Consumed {
        bytes: 4,
        next_part: 6,
    };
    assert_eq!(consumed, expected);
}

#[test]
fn what_a_source_ends_with_is_unterminated() {
    let (pieces, _) = split(3, b"ab\ncd\r", true);
    assert_eq!(pieces, [whole("ab"), ("cd\r".into(), None, true)]);
    let (pieces, _) = split(3, b"abcd", true);
    let last = ("d".into(), Some((1, true)), true);
    assert_eq!(pieces, [part("abc", 0, false), last]);
}
