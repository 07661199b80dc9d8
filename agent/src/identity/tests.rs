use super::*;
use crate::disk::Kind;

const CONTENT: &[u8] = b"first line\nsecond line\nthird line\n";

fn sight() -> Sight {
    Sight {
        device: 1,
        inode: 2,
        birth: 3,
        size: CONTENT.len() as u64,
        modified: 4,
        changed: 4,
        links: 1,
        kind: Kind::File,
    }
}

/// A source of which the first `reached` bytes were read.
fn known(reached: usize) -> Known {
    Known {
        incarnation: Incarnation::of(&sight()),
        prefix: Prefix::of(&CONTENT[..reached]),
        reached: vec![(reached as u64, Some(tail_of(&CONTENT[..reached])))],
    }
}

/// A file that holds `content`, as it shows itself to a source of which `reached` bytes were read.
fn shown(content: &[u8], reached: usize) -> Shown {
    Shown {
        sight: Sight {
            size: content.len() as u64,
            ..sight()
        },
        prefix: content.to_vec(),
        before: vec![content[..reached.min(content.len())].to_vec()],
    }
}

/// The table of identity, row by row.
#[test]
fn the_table_of_identity() {
    let grown = [CONTENT, b"more\n"].concat();
    let rewritten = [&b"x"[..], &CONTENT[1..]].concat();
    let mut other_tail = CONTENT.to_vec();
    other_tail[20] = b'!';
    let of = |known: &Known, content: &[u8]| judge(known, &shown(content, 23));
    let prefix_only = Known {
        reached: vec![(0, None)],
        ..known(23)
    };
    let tail_only = Known {
        prefix: Prefix::of(b""),
        ..known(23)
    };
    assert_eq!(of(&known(23), CONTENT), Verdict::Same);
    assert_eq!(of(&known(23), &grown), Verdict::Same, "it grew");
    assert_eq!(
        of(&known(23), b"short\n"),
        Verdict::Truncated,
        "size < offset"
    );
    assert_eq!(of(&known(23), b""), Verdict::Truncated, "emptied");
    assert_eq!(of(&prefix_only, &rewritten), Verdict::Truncated, "prefix");
    assert_eq!(of(&tail_only, &other_tail), Verdict::Truncated, "tail");
    assert_eq!(
        of(&prefix_only, &CONTENT[..22]),
        Verdict::Truncated,
        "shorter than its prefix"
    );
}

#[test]
fn another_inode_or_birth_is_another_file_even_with_equal_content() {
    for change in [
        Sight {
            inode: 9,
            ..sight()
        },
        Sight {
            birth: 9,
            ..sight()
        },
    ] {
        let mut shown = shown(CONTENT, 23);
        shown.sight = change;
        assert_eq!(judge(&known(23), &shown), Verdict::Other, "{change:?}");
    }
}

#[test]
fn another_device_number_needs_birth_and_content_to_agree() {
    let mut moved = shown(CONTENT, 23);
    moved.sight.device = 9;
    assert_eq!(judge(&known(23), &moved), Verdict::Same);
    let empty = known(0);
    assert_eq!(judge(&empty, &moved), Verdict::Other, "no content to agree");
    let mut unborn = known(23);
    unborn.incarnation.birth = 0;
    moved.sight.birth = 0;
    assert_eq!(judge(&unborn, &moved), Verdict::Other, "no birth to agree");
    let mut changed = shown(b"quite another text, no shorter\n", 23);
    changed.sight.device = 9;
    assert_eq!(judge(&known(23), &changed), Verdict::Other);
}

#[test]
fn one_reader_that_finds_other_bytes_is_enough() {
    let mut two = known(23);
    two.reached.push((11, Some(tail_of(b"first lime\n"))));
    let mut shown = shown(CONTENT, 23);
    shown.before.push(CONTENT[..11].to_vec());
    assert_eq!(judge(&two, &shown), Verdict::Truncated);
}

#[test]
fn an_open_file_that_shrinks_below_what_was_read_was_truncated() {
    let prefix = Prefix::of(b"0123456789");
    assert!(shrank(9, &prefix, 0));
    assert!(shrank(19, &prefix, 20));
    assert!(!shrank(20, &prefix, 20));
}

#[test]
fn a_tail_covers_the_last_kilobyte_and_prefixes_the_first_four() {
    let long: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
    assert_eq!(usize::from(tail_of(&long).length), TAIL_WINDOW);
    assert!(confirms(&tail_of(&long), &long[5000..]));
    assert!(!confirms(&tail_of(&long), &long[..9999]));
    assert!(!confirms(&tail_of(&long), &long[9999..]), "too few bytes");
    assert_eq!(Prefix::of(&long).length as usize, PREFIX);
    assert!(Prefix::of(&long[..10]).begins(&long));
}
