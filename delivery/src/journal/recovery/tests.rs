//! What is found after a crash, and what is damage.

use std::ops::Range as Span;

use super::super::entry::{HEAD, Kind};
use super::super::local::Options;
use super::super::vocabulary::*;
use super::*;

/// Folders of an image and of a copy to harm.
struct Image {
    made: tempfile::TempDir,
    harmed: tempfile::TempDir,
}

impl Image {
    /// A journal of two groups: "one", and then "two" and "three"; with a rest entry or not.
    fn new(rests: bool) -> Self {
        let made = tempfile::tempdir().expect("a folder");
        let mut writer =
            super::super::birth::open(made.path(), &options(made.path())).expect("opens");
        serve(&mut writer, vec![text(&["one"])], false);
        serve(&mut writer, vec![text(&["two"]), text(&["three"])], rests);
        let harmed = tempfile::tempdir().expect("a folder");
        Self { made, harmed }
    }

    /// Recovers a copy that was harmed first.
    fn recover(&self, harm: impl FnOnce(&mut Vec<u8>)) -> Result<Recovered, OpenError> {
        copy(self.made.path(), self.harmed.path());
        change(&segments(self.harmed.path())[0], harm);
        recover(self.harmed.path(), None)
    }

    /// The entries: kind and bytes.
    fn entries(&self) -> Vec<(Kind, Span<usize>)> {
        let bytes = std::fs::read(&segments(self.made.path())[0]).expect("reads");
        let mut at = HEADER;
        let mut found = Vec::new();
        while let Ok(head) = Head::decode(&bytes[at..]) {
            let end = at + head.length as usize;
            found.push((head.kind, at..end));
            at = end;
        }
        found
    }
}

fn damaged_at(result: Result<Recovered, OpenError>, file: &Path) -> u64 {
    match result {
        Err(OpenError::Damaged { path, offset, .. }) => {
            assert_eq!(path.file_name(), file.file_name());
            offset
        }
        other => panic!("no damage, but {other:?}"),
    }
}

#[test]
fn an_image_is_what_the_tests_believe() {
    use Kind::{Records, Rest, Snapshot};
    let kinds = |rests| {
        Image::new(rests)
            .entries()
            .iter()
            .map(|e| e.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(true), [Snapshot, Records, Records, Records, Rest]);
    assert_eq!(kinds(false), [Snapshot, Records, Records, Records]);
}

#[test]
fn a_torn_tail_is_cut_wherever_the_last_group_tore_rule_12() {
    let image = Image::new(false);
    let entries = image.entries();
    let (two, three) = (entries[2].1.clone(), entries[3].1.clone());
    let bytes = std::fs::read(&segments(image.made.path())[0]).expect("reads");
    // Zeros where there were zeros change nothing.
    let still = |entry: &Span<usize>, cut: usize| {
        bytes[cut.min(entry.end)..entry.end].iter().all(|b| *b == 0)
    };
    for cut in two.start..=three.end {
        let short = image.recover(|bytes| bytes.truncate(cut)).expect("opens");
        let whole = u64::from(cut >= two.end) + u64::from(cut >= three.end);
        assert_eq!(short.memory.tail.position, 1 + whole, "cut at {cut}");
        let zeroed = image.recover(|bytes| bytes[cut..].fill(0)).expect("opens");
        let whole = [&two, &three]
            .into_iter()
            .take_while(|e| still(e, cut))
            .count() as u64;
        assert_eq!(zeroed.memory.tail.position, 1 + whole, "zeros from {cut}");
    }
}

#[test]
fn a_group_whose_first_entry_is_bad_and_second_good_is_torn_rule_12() {
    let image = Image::new(false);
    let two = image.entries()[2].1.clone();
    let found = image
        .recover(|bytes| bytes[two.start + HEAD] ^= 1)
        .expect("opens");
    assert_eq!(found.memory.tail.position, 1);
    let cut = std::fs::metadata(&segments(image.harmed.path())[0])
        .expect("there")
        .len();
    assert_eq!(
        cut, two.start as u64,
        "nothing is appended behind a cut: it is gone"
    );
}

#[test]
fn a_bit_flipped_anywhere_before_the_rest_is_damage_never_the_end() {
    let image = Image::new(true);
    let rest = image.entries()[4].1.clone();
    let file = segments(image.made.path())[0].clone();
    for byte in 0..rest.start {
        if (4..6).contains(&byte) {
            continue; // The version: a newer one is refused as such.
        }
        let found = image.recover(|bytes| bytes[byte] ^= 1 << (byte % 8));
        let at = damaged_at(found, &file);
        assert!(at <= byte as u64, "byte {byte}: said to be at {at}");
        let entry = image
            .entries()
            .into_iter()
            .map(|e| e.1)
            .find(|e| e.contains(&byte));
        assert_eq!(at, entry.map_or(0, |e| e.start as u64), "byte {byte}");
    }
}

#[test]
fn a_bit_flipped_in_or_behind_the_rest_loses_nothing() {
    let image = Image::new(true);
    let rest = image.entries()[4].1.clone();
    for byte in rest.start..rest.end + 200 {
        let found = image.recover(|bytes| bytes[byte] ^= 1).expect("opens");
        assert_eq!(found.memory.tail.position, 3, "byte {byte}");
    }
}

#[test]
fn a_flipped_bit_in_an_older_segment_is_damage_even_in_its_last_group() {
    let image = Image::new(false);
    write_groups(image.made.path(), None, vec![vec![text(&["four"])]]);
    let entries = image.entries();
    for byte in entries[3].1.start..entries[3].1.start + HEAD {
        let found = image.recover(|bytes| bytes[byte] ^= 1);
        let file = segments(image.made.path())[0].clone();
        assert_eq!(damaged_at(found, &file), entries[3].1.start as u64);
    }
}

#[test]
fn what_lies_behind_the_end_that_the_next_segment_names_is_void() {
    let image = Image::new(false);
    let torn = image.entries()[3].1.clone();
    change(&segments(image.made.path())[0], |bytes| {
        bytes[torn.start] ^= 1
    });
    let whole = std::fs::read(&segments(image.made.path())[0]).expect("reads");
    write_groups(image.made.path(), None, vec![vec![text(&["four"])]]);
    let found = image.recover(|bytes| *bytes = whole).expect("opens");
    let ends: Vec<_> = found
        .index
        .segments
        .iter()
        .map(|s| (s.first, s.end))
        .collect();
    assert_eq!(
        ends,
        [(0, 2), (2, 3)],
        "the first position of a segment voids what is older"
    );
}

#[test]
fn entries_of_an_earlier_life_of_the_file_are_not_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "x".repeat(9_000);
    let many = || (0..20).map(|_| vec![text(&[&long])]).collect::<Vec<_>>();
    write_groups(folder.path(), None, many());
    // Released and written over: the old entries are whole, behind the new ones.
    write_groups(folder.path(), Some(20), vec![vec![text(&["new"])]]);
    write_groups(folder.path(), Some(21), vec![vec![text(&["newer"])]]);
    let found = recover(folder.path(), Some(21)).expect("opens");
    assert_eq!(found.memory.tail.position, 22);
}

#[test]
fn a_recycled_file_with_whole_old_entries_at_the_very_place_reads_as_its_new_life() {
    let image = Image::new(false);
    let entries = image.entries();
    let old = std::fs::read(&segments(image.made.path())[0]).expect("reads");
    // Another life of the same file: its header and snapshot, then the old life's entries.
    let other = Image::new(false);
    let path = segments(other.made.path())[0].clone();
    let ours = other.entries()[0].1.end;
    let mut header = Header::decode(&path, &std::fs::read(&path).expect("reads")).expect("ours");
    header.id = 2;
    let bytes = [&header.encode()[..], &old[HEADER..]].concat();
    let named = super::super::segment::path(image.made.path(), SEGMENT, 2);
    std::fs::write(&named, bytes).expect("written");
    std::fs::remove_file(&segments(image.made.path())[0]).expect("removed");
    let error = recover(image.made.path(), None).expect_err("the snapshot is another life's");
    assert!(matches!(error, OpenError::Damaged { offset, .. } if offset == HEADER as u64));
    assert_eq!(ours, entries[0].1.end);
}

#[test]
fn a_missing_segment_in_the_middle_halts_and_deletes_nothing_rule_15() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b", "c"] {
        write_groups(folder.path(), None, vec![vec![text(&[name])]]);
    }
    std::fs::remove_file(&segments(folder.path())[1]).expect("removed");
    let before = segments(folder.path());
    for sealed in [None, Some(0), Some(1)] {
        let error = super::super::birth::open(
            folder.path(),
            &Options {
                sealed,
                ..options(folder.path())
            },
        );
        let error = error.expect_err("halts").to_string();
        assert!(error.contains("does not fit its checkpoint"), "{error}");
    }
    assert_eq!(segments(folder.path()), before);
    assert!(
        recover(folder.path(), Some(2)).is_ok(),
        "what is missing was sealed"
    );
}

#[test]
fn a_checkpoint_without_its_journal_halts_rule_15() {
    let folder = tempfile::tempdir().expect("a folder");
    for sealed in [0, 5] {
        let error = recover(folder.path(), Some(sealed)).expect_err("halts");
        assert!(matches!(error, OpenError::Lost { .. }), "{error:?}");
    }
}

#[test]
fn a_journal_that_does_not_begin_at_0_halts_without_its_checkpoint_rule_15() {
    let folder = tempfile::tempdir().expect("a folder");
    write_groups(folder.path(), None, vec![vec![text(&["a"])]]);
    write_groups(folder.path(), Some(1), vec![vec![text(&["b"])]]);
    let error = recover(folder.path(), None).expect_err("halts").to_string();
    assert!(error.contains("there is no checkpoint"), "{error}");
    // Nor when nothing is left in it.
    write_groups(folder.path(), Some(2), vec![]);
    assert!(recover(folder.path(), None).is_err());
}

#[test]
fn the_next_position_is_the_larger_of_journal_end_and_checkpoint_rule_12() {
    let folder = tempfile::tempdir().expect("a folder");
    write_groups(folder.path(), None, vec![vec![text(&["a"])]]);
    let found = recover(folder.path(), Some(7)).expect("opens");
    assert_eq!(found.memory.tail.position, 7);
    write_groups(folder.path(), Some(7), vec![vec![text(&["b"])]]);
    let found = recover(folder.path(), Some(7)).expect("opens");
    assert_eq!((found.memory.tail.position, found.index.begin(9)), (8, 7));
    assert!(
        recover(folder.path(), Some(1)).is_err(),
        "1 to 6 never were"
    );
}

#[test]
fn a_start_that_stored_nothing_leaves_no_segment_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    write_groups(folder.path(), None, vec![vec![text(&["a"])]]);
    for _ in 0..5 {
        write_groups(folder.path(), None, vec![]);
    }
    assert_eq!(
        segments(folder.path()).len(),
        2,
        "the records, and the active one"
    );
    let found = recover(folder.path(), None).expect("opens");
    assert_eq!(found.memory.tail.position, 1);
}

#[test]
fn a_crash_between_begin_and_rename_leaves_a_recycled_file_that_is_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    write_groups(folder.path(), None, vec![vec![text(&["a"])]]);
    let half = super::super::segment::path(folder.path(), RECYCLED, 9);
    std::fs::write(&half, vec![1; 64 * 1024]).expect("written");
    write_groups(folder.path(), None, vec![vec![text(&["b"])]]);
    assert!(!half.exists());
    let last = segments(folder.path()).pop().expect("a segment");
    assert_eq!(file_id(&last, SEGMENT), Some(10), "higher than any file's");
    assert_eq!(
        recover(folder.path(), None)
            .expect("opens")
            .memory
            .tail
            .position,
        2
    );
}
