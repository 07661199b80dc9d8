//! What a group writes is what its heads say.

use super::super::scan::{Walk, check_body, read_at};
use super::super::vocabulary::records;
use super::*;

fn written(drafts: Vec<Draft>) -> (Group, Vec<(Head, Vec<u8>)>) {
    let place = entry::Group { number: 3, at: 128 };
    let mut group = Group::new(5, Run([1; 8]), place);
    let mut tail = Tail {
        position: 10,
        ..Tail::default()
    };
    drafts.into_iter().for_each(|d| group.push(d, &mut tail));
    let file = tempfile::tempfile().expect("a file");
    group.write(&file).expect("written");
    let walk = Walk {
        file: &file,
        segment: 5,
    };
    let mut found = Vec::new();
    let mut at = 128;
    while at < 128 + group.length() {
        let head = walk.head(at).expect("reads").expect("a head");
        let body = walk.body(&head, at).expect("reads").expect("a body");
        at += u64::from(head.length);
        found.push((head, body));
    }
    assert!(
        read_at(&file, at, 1).expect("reads").is_empty(),
        "nothing behind"
    );
    (group, found)
}

fn of(texts: &[&str]) -> Draft {
    Draft {
        kind: Kind::Records,
        attributes: Vec::new(),
        records: records(texts),
    }
}

#[test]
fn entries_read_back_small_and_large_mixed() {
    let large = "l".repeat(LARGE + 3);
    let drafts = vec![
        of(&["a"]),
        of(&[&large]),
        of(&["bc", "d"]),
        of(&[&large, "e"]),
    ];
    let (group, found) = written(drafts);
    let firsts: Vec<_> = found
        .iter()
        .map(|(head, _)| (head.first, head.count))
        .collect();
    assert_eq!(firsts, [(10, 1), (11, 1), (12, 2), (14, 2)]);
    let bytes: Vec<_> = found
        .iter()
        .map(|(head, body)| head.parts(body).expect("parts").bytes.to_vec())
        .collect();
    let last = format!("{large}e");
    assert_eq!(
        bytes,
        [
            b"a".to_vec(),
            large.into_bytes(),
            b"bcd".to_vec(),
            last.into_bytes()
        ]
    );
    assert_eq!(group.entries.len(), 4);
    assert_eq!(group.entries[0], (found[0].0, 128));
}

#[test]
fn a_body_is_covered_by_its_checksum_to_the_last_byte_of_padding() {
    let (_, found) = written(vec![of(&["abc"])]);
    let (head, body) = &found[0];
    for byte in 0..body.len() {
        let mut body = body.clone();
        body[byte] ^= 4;
        assert!(check_body(head, &body).is_err(), "byte {byte}");
    }
}

#[test]
fn a_group_that_begins_anew_keeps_nothing_of_the_last() {
    let (mut group, _) = written(vec![of(&["abc"])]);
    group.restart(6, entry::Group { number: 4, at: 256 });
    let mut tail = Tail::default();
    group.push(Draft::bare(Kind::Rest, Vec::new()), &mut tail);
    let (head, at) = group.entries[0];
    assert_eq!((head.segment, head.group.number, at), (6, 4, 256));
    assert_eq!((group.entries.len(), group.length()), (1, HEAD as u64));
    assert_eq!(tail.group, 5, "the next group has a later number");
}
