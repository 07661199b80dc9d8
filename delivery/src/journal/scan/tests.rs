//! A bad entry is judged by what lies behind it (rule 12).

use standpipe_config::names::{Arrival, Run};

use super::super::entry::{Group, Kind};
use super::*;

/// The head of a rest entry of segment life 5.
fn rest(at: u64) -> [u8; HEAD] {
    let head = Head {
        kind: Kind::Rest,
        length: HEAD as u32,
        body_crc: 0,
        attributes: 0,
        segment: 5,
        run: Run([0; 8]),
        group: Group { number: 1, at },
        first: 0,
        count: 0,
        bytes: 0,
        arrival: Arrival(0),
        running: 0,
    };
    head.encode()
}

/// Whether what was at byte 128 of a file had been synced, if this lies at `place`.
fn was_synced(place: usize, bytes: &[u8], segment: u64) -> bool {
    let file = tempfile::tempfile().expect("a file");
    file.write_all_at(&vec![0; 4 * WINDOW], 0).expect("written");
    file.write_all_at(bytes, place as u64).expect("written");
    let walk = Walk {
        file: &file,
        segment,
    };
    walk.was_synced(128).expect("reads")
}

#[test]
fn an_entry_of_a_later_group_shows_that_what_lies_before_was_synced() {
    assert!(was_synced(800, &rest(136), 5));
    assert!(!was_synced(800, &rest(128), 5), "of the same group");
    assert!(!was_synced(800, &rest(64), 5), "of an earlier group");
    assert!(!was_synced(800, &rest(136), 6), "of an earlier life");
    assert!(!was_synced(800, &rest(808), 5), "from another place");
    assert!(!was_synced(804, &rest(136), 5), "no place for an entry");
}

#[test]
fn it_is_found_wherever_the_windows_of_the_search_meet() {
    for back in (0..=HEAD + 16).step_by(8) {
        let place = 128 + WINDOW - back;
        assert!(was_synced(place, &rest(136), 5), "{place}");
    }
    assert!(
        was_synced(4 * WINDOW - HEAD, &rest(136), 5),
        "at the very end"
    );
}

#[test]
fn a_file_that_ends_inside_an_entry_is_a_bad_entry_not_an_error() {
    let file = tempfile::tempfile().expect("a file");
    file.write_all_at(&rest(0), 0).expect("written");
    let walk = Walk {
        file: &file,
        segment: 5,
    };
    let head = walk.head(0).expect("reads").expect("good");
    assert!(walk.head(8).expect("reads").is_err());
    let longer = Head {
        length: u32::MAX - 7,
        ..head
    };
    assert_eq!(
        walk.body(&longer, 0).expect("reads"),
        Err("the file ends inside an entry")
    );
    assert_eq!(walk.body(&head, 0).expect("reads"), Ok(Vec::new()));
}
