//! Disk is counted, reused, and given back (rule 28).

use super::super::segment::file_id;
use super::super::vocabulary::quota;
use super::*;

const BYTES: u64 = 64 * 1024;

fn space(folder: &Path, quota: &Arc<Quota>) -> Space {
    Space::new(folder, (BYTES, 1), Arc::clone(quota), Vec::new()).expect("opens")
}

fn wanted(bytes: u64) -> Wanted {
    Wanted {
        bytes,
        returns: 0,
        least: None,
    }
}

#[test]
fn what_is_obtained_is_allocated_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let quota = quota(folder.path(), 1 << 20);
    let mut space = space(folder.path(), &quota);
    let blank = space.obtain(1, wanted(BYTES)).expect("room");
    let file = blank.file.metadata().expect("there");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(file.len(), BYTES);
    assert!(file.blocks() * 512 >= BYTES, "promised space is allocated");
    assert_eq!(quota.used(), BYTES);
    space.discard(blank).expect("removed");
    assert_eq!(quota.used(), 0);
}

#[test]
fn a_released_segment_is_reused_and_one_too_many_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let quota = quota(folder.path(), 1 << 20);
    let mut space = space(folder.path(), &quota);
    let blanks: Vec<_> = (1..=3)
        .map(|id| space.obtain(id, wanted(BYTES)).expect("room"))
        .collect();
    for (id, blank) in (1..).zip(blanks) {
        space
            .take_back(id, &blank.path, blank.bytes)
            .expect("taken");
    }
    assert_eq!(quota.used(), BYTES, "one is kept");
    let again = space.obtain(4, wanted(BYTES)).expect("room");
    assert_eq!(file_id(&again.path, RECYCLED), Some(1));
    assert_eq!(quota.used(), BYTES, "no new space");
    let large = space.obtain(5, wanted(2 * BYTES)).expect("room");
    space.take_back(5, &large.path, large.bytes).expect("taken");
    assert!(!space.has_recycled(), "of another size");
}

#[test]
fn the_quota_is_asked_and_what_comes_back_is_set_against_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let quota = quota(folder.path(), BYTES + BYTES / 2);
    let mut space = space(folder.path(), &quota);
    space.obtain(1, wanted(BYTES)).expect("room");
    let refused = space.obtain(2, wanted(BYTES));
    assert!(
        matches!(refused, Err(Trouble::Full(Full::Quota { .. }))),
        "{refused:?}"
    );
    let returned = Wanted {
        returns: BYTES,
        ..wanted(BYTES)
    };
    space
        .obtain(3, returned)
        .expect("room as soon as the old one is gone");
}

#[test]
fn a_pressed_quota_keeps_nothing_for_reuse() {
    let folder = tempfile::tempdir().expect("a folder");
    let quota = quota(folder.path(), 4 * BYTES);
    let mut space = space(folder.path(), &quota);
    let blanks: Vec<_> = (1..=2)
        .map(|id| space.obtain(id, wanted(BYTES)).expect("room"))
        .collect();
    space.take_back(1, &blanks[0].path, BYTES).expect("taken");
    assert!(space.has_recycled());
    quota.take(BYTES);
    space.take_back(2, &blanks[1].path, BYTES).expect("taken");
    assert_eq!(quota.used(), BYTES, "the spool's, nothing of ours");
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 0);
    quota.give_back(BYTES);
}

#[test]
fn a_journal_that_is_closed_gives_back_what_it_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let quota = quota(folder.path(), 1 << 20);
    let mut first = space(folder.path(), &quota);
    let blank = first.obtain(1, wanted(BYTES)).expect("room");
    drop(first);
    assert_eq!(quota.used(), 0);
    let found = vec![blank.path];
    let again = Space::new(folder.path(), (BYTES, 1), Arc::clone(&quota), found).expect("opens");
    assert!(again.has_recycled());
    assert_eq!(quota.used(), BYTES);
}

#[test]
fn a_file_system_that_cannot_allocate_gets_zeros() {
    let file = tempfile::tempfile().expect("a file");
    write_zeros(&file, 3 * 1024 * 1024 + 5).expect("written");
    assert_eq!(file.metadata().expect("there").len(), 3 * 1024 * 1024 + 5);
}
