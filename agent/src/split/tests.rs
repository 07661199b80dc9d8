use proptest::prelude::*;

use super::*;

type Owned = (Vec<u8>, Option<(u32, bool)>, bool);

fn plain(max_line: usize) -> Splitter<'static> {
    Splitter {
        max_line,
        start: None,
        encoding: Encoding::Utf8,
        odd: false,
    }
}

fn owned(piece: Piece<'_>) -> Owned {
    let part = piece.part.map(|part| (part.number, part.last));
    (piece.bytes.to_vec(), part, piece.unterminated)
}

fn split(max_line: usize, bytes: &[u8], end_of_source: bool) -> (Vec<Owned>, Consumed) {
    let mut pieces = vec![];
    let splitter = plain(max_line);
    let consumed = splitter.split(bytes, 0, end_of_source, &mut |piece| {
        pieces.push(owned(piece));
    });
    (pieces, consumed)
}

fn split_growing(max_line: usize, bytes: &[u8], step: usize) -> Vec<Owned> {
    grown(plain(max_line), bytes, step)
}

/// Offers `bytes` as a file that grows by `step` bytes at a time.
fn grown(splitter: Splitter<'_>, bytes: &[u8], step: usize) -> Vec<Owned> {
    let (mut at, mut number, mut pieces) = (0, 0, vec![]);
    let mut offered = 0;
    loop {
        offered = (offered + step).min(bytes.len());
        let end = offered == bytes.len();
        let here = Splitter {
            odd: at % 2 == 1,
            ..splitter
        };
        let consumed = here.split(&bytes[at..offered], number, end, &mut |p| {
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
    let splitter = plain(2);
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

/// An event begins with `a`.
fn events(max_line: usize, start: &Pattern) -> Splitter<'_> {
    Splitter {
        start: Some(start),
        ..plain(max_line)
    }
}

fn owned_events(max_line: usize, bytes: &[u8], end_of_source: bool) -> (Vec<Owned>, Consumed) {
    let start = Pattern::new("^a").unwrap();
    let mut pieces = vec![];
    let consumed = events(max_line, &start).split(bytes, 0, end_of_source, &mut |piece| {
        assert_eq!(&bytes[piece.at..piece.at + piece.bytes.len()], piece.bytes);
        pieces.push(owned(piece));
    });
    (pieces, consumed)
}

#[test]
fn lines_that_do_not_match_belong_to_the_one_before() {
    let text = b"a1\n  at x\r\n\n  at y\r\na2\na3\n more";
    let (pieces, consumed) = owned_events(99, text, false);
    assert_eq!(pieces, [whole("a1\n  at x\r\n\n  at y"), whole("a2")]);
    assert_eq!(consumed.bytes, 23, "the last one may go on");
    let (pieces, _) = owned_events(99, text, true);
    assert_eq!(pieces[2], ("a3\n more".into(), None, true));
    let (pieces, _) = owned_events(99, b"x\ny\na\n", true);
    assert_eq!(
        pieces,
        [whole("x\ny"), whole("a")],
        "what begins a file is whatever it is"
    );
}

#[test]
fn an_event_ends_only_when_its_next_line_is_known() {
    assert_eq!(owned_events(99, b"a1\n", false).0, []);
    assert_eq!(
        owned_events(99, b"a1\na", false).0,
        [],
        "it may become any line"
    );
    assert_eq!(owned_events(99, b"a1\n", true).0, [whole("a1")]);
    let long = [b"a1\na".as_slice(), &[b'x'; START_WINDOW]].concat();
    assert_eq!(owned_events(9, &long[..START_WINDOW + 2], false).0, []);
    assert_eq!(
        owned_events(9, &long, false).0[0],
        whole("a1"),
        "this much of it tells"
    );
}

#[test]
fn an_event_that_is_too_long_is_cut_like_a_line() {
    let (pieces, consumed) = owned_events(4, b"a\nbc\nde\na\nf", false);
    assert_eq!(pieces, [part("a\nbc", 0, false), part("\nde", 1, true)]);
    assert_eq!(
        consumed,
        Consumed {
            bytes: 8,
            next_part: 0
        }
    );
}

/// Lines put together by hand.
fn plain_events(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut events: Vec<Vec<u8>> = vec![];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match events.last_mut() {
            Some(event) if !line.starts_with(b"a") => event.extend_from_slice(line),
            _ => events.push(line.to_vec()),
        }
    }
    for event in &mut events {
        for end in [b"\n".as_slice(), b"\r"] {
            let whole = end == b"\n" || event.len() < bytes.len() || bytes.ends_with(b"\n");
            if let Some(rest) = event.strip_suffix(end).filter(|_| whole) {
                *event = rest.to_vec();
            }
        }
    }
    events.retain(|event| !event.is_empty());
    events
}

proptest! {
    #[test]
    fn events_do_not_depend_on_the_chunks(
        bytes in bytes_with_many_ends(),
        max_line in 1usize..20,
        step in 1usize..20,
    ) {
        let (expected, _) = owned_events(max_line, &bytes, true);
        let start = Pattern::new("^a").unwrap();
        prop_assert_eq!(grown(events(max_line, &start), &bytes, step), expected);
    }

    #[test]
    fn events_are_the_lines_between_two_starts(lines in proptest::collection::vec("[ab][a-c]{0,3}\r?\n", 0..20)) {
        let text = lines.concat();
        let (pieces, _) = owned_events(1000, text.as_bytes(), true);
        let found: Vec<_> = pieces.into_iter().map(|(bytes, ..)| bytes).collect();
        prop_assert_eq!(found, plain_events(text.as_bytes()));
    }
}

fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
    let units = || text.encode_utf16();
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Latin1 => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        Encoding::Utf16Le => units().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => units().flat_map(u16::to_be_bytes).collect(),
    }
}

fn text_of(encoding: Encoding, bytes: &[u8]) -> String {
    let mut text = String::new();
    decode(encoding, false, bytes, &mut text);
    text
}

const WIDE: [Encoding; 2] = [Encoding::Utf16Le, Encoding::Utf16Be];

proptest! {
    /// U+0A00 and U+000A, U+0D0A and the like: half a character is no line end.
    #[test]
    fn utf_16_is_split_between_characters_and_gives_its_text_back(
        text in "[a\r\n\u{a00}\u{a0a}\u{a0d}\u{d0a}\u{10a0a}😀]{0,30}",
        max_line in 8usize..20,
        step in 1usize..20,
    ) {
        for encoding in WIDE {
            let bytes = encoded(encoding, &text);
            let splitter = Splitter { encoding, ..plain(max_line) };
            let pieces = grown(splitter, &bytes, step);
            let as_text: Vec<Owned> = pieces
                .into_iter()
                .map(|(bytes, part, end)| (text_of(encoding, &bytes).into_bytes(), part, end))
                .collect();
            let joined = joined(&as_text, 1000);
            prop_assert_eq!(joined, lines(text.as_bytes()));
            let whole = as_text.iter().all(|(bytes, ..)| !String::from_utf8_lossy(bytes).contains('\u{fffd}'));
            prop_assert!(whole, "a cut leaves characters whole");
        }
    }

    #[test]
    fn latin_1_gives_its_text_back(text in "[\u{1}-\u{ff}]{0,30}") {
        prop_assert_eq!(text_of(Encoding::Latin1, &encoded(Encoding::Latin1, &text)), text);
    }
}

#[test]
fn half_characters_are_replaced() {
    let mut text = String::new();
    decode(Encoding::Utf16Le, true, b"\0a\0\x3d\xd8b\0c", &mut text);
    assert_eq!(text, "\u{fffd}a\u{fffd}b\u{fffd}");
}
