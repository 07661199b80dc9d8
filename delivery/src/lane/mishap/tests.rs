use tempfile::TempDir;

use super::*;

/// Rule 15.
#[test]
fn the_second_time_at_the_same_position_forbids_the_start_and_names_it() {
    let folder = TempDir::new().unwrap();
    let forbids = |position| forbids_start(folder.path(), position).unwrap();
    assert_eq!(forbids(7), None);
    note(folder.path(), 7, "boom").unwrap();
    assert_eq!(forbids(7), None, "once may be chance");
    note(folder.path(), 7, "boom").unwrap();
    let why = forbids(7).unwrap();
    assert!(why.contains("position 7") && why.contains("boom"), "{why}");
    assert_eq!(forbids(8), None, "what was sealed since is no matter");
}

#[test]
fn another_position_counts_anew() {
    let folder = TempDir::new().unwrap();
    note(folder.path(), 7, "boom").unwrap();
    note(folder.path(), 9, "boom").unwrap();
    note(folder.path(), 7, "boom").unwrap();
    assert_eq!(forbids_start(folder.path(), 7).unwrap(), None);
}

#[test]
fn a_note_that_does_not_read_back_forbids_nothing() {
    let folder = TempDir::new().unwrap();
    fs::write(path(folder.path()), b"{").unwrap();
    assert_eq!(forbids_start(folder.path(), 7).unwrap(), None);
    note(folder.path(), 7, "boom").unwrap();
}
