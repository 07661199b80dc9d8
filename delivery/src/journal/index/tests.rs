//! Blocks of entries, and what waits in them.

use standpipe_config::names::Run;

use super::super::entry::{Group, Kind};
use super::*;

/// An entry of `count` records and `bytes` bytes that takes `length` bytes of disk.
fn head(first: u64, count: u32, bytes: u32, length: u64) -> Head {
    Head {
        kind: Kind::Records,
        length: length as u32,
        body_crc: 0,
        attributes: 0,
        segment: 1,
        run: Run([0; 8]),
        group: Group { number: 0, at: 0 },
        first,
        count,
        bytes,
        arrival: Arrival(first as i64 * 10),
        running: 0,
    }
}

/// Two segments: positions 0..6 in entries of two, half a block each, and 6..8.
fn index() -> Index {
    let mut one = Segment::new(1, PathBuf::from("one"), 0, 128);
    for place in 0..3 {
        one.add(
            &head(2 * place, 2, 100, BLOCK / 2),
            128 + place * (BLOCK / 2),
        );
    }
    let mut two = Segment::new(2, PathBuf::from("two"), 6, 128);
    two.add(&head(6, 2, 7, 96), 128);
    Index {
        segments: [one, two].into(),
    }
}

#[test]
fn a_position_is_found_by_its_block() {
    let place = |position| index().place(position).map(|p| (p.id, p.at, p.first));
    assert_eq!(place(0), Some((1, 128, 0)));
    assert_eq!(place(3), Some((1, 128, 0)));
    assert_eq!(place(4), Some((1, 128 + BLOCK, 4)));
    assert_eq!(place(6), Some((2, 128, 6)));
    assert_eq!(place(8), None);
}

#[test]
fn what_waits_is_counted_by_blocks() {
    let waiting = |position| {
        let (waiting, place) = index().waiting(position);
        (
            waiting.records,
            waiting.bytes,
            waiting.oldest.map(|a| a.0),
            place.is_some(),
        )
    };
    assert_eq!(waiting(0), (8, 307, Some(0), false));
    assert_eq!(
        waiting(3),
        (8, 307, Some(0), true),
        "its whole block, to be looked into"
    );
    assert_eq!(waiting(4), (4, 107, Some(40), false));
    assert_eq!(waiting(6), (2, 7, Some(60), false));
    assert_eq!(waiting(8), (0, 0, None, false));
}

#[test]
fn what_was_released_is_not_found() {
    let mut index = index();
    index.segments.pop_front();
    assert_eq!(index.place(3), None);
    assert_eq!(index.begin(8), 6);
    index.segments.pop_front();
    assert_eq!(index.begin(8), 8);
}

#[test]
fn entries_without_records_only_move_the_end() {
    let mut segment = Segment::new(1, PathBuf::new(), 5, 128);
    segment.add(&head(5, 0, 0, 96), 128);
    assert!(segment.is_empty());
    assert_eq!((segment.end, segment.end_at), (5, 224));
}
