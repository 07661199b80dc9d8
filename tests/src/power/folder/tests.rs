use std::collections::BTreeSet;

use super::*;

fn name(text: &str) -> &OsStr {
    OsStr::new(text)
}

/// What a folder holds after a cut, by chance: names with their inodes.
fn outcomes(folder: &Folder) -> BTreeSet<String> {
    let once = |seed| {
        let mut folder = folder.clone();
        folder.cut(&mut Random::seeded(seed));
        let shown = folder.names().iter();
        let shown: Vec<_> = shown
            .map(|(name, inode)| format!("{}={inode}", name.display()))
            .collect();
        shown.join(" ")
    };
    (0..300).map(once).collect()
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|text| text.to_string()).collect()
}

#[test]
fn an_entry_survives_a_sync_and_by_chance_without() {
    let mut folder = Folder::default();
    folder.set(name("a"), 1);
    assert_eq!(outcomes(&folder), set(&["", "a=1"]));
    folder.sync();
    assert_eq!(outcomes(&folder), set(&["a=1"]));
    folder.remove(name("a"));
    assert_eq!(folder.get(name("a")), None);
    assert_eq!(outcomes(&folder), set(&["", "a=1"]));
}

#[test]
fn a_rename_is_whole_or_not_there() {
    let mut folder = Folder::default();
    folder.set(name("new"), 2);
    folder.set(name("old"), 1);
    folder.sync();
    folder.rename(name("new"), name("old"));
    assert_eq!(outcomes(&folder), set(&["new=2 old=1", "old=2"]));
    folder.sync();
    assert_eq!(outcomes(&folder), set(&["old=2"]));
}

#[test]
fn any_subset_survives_but_one_name_keeps_its_order() {
    let mut folder = Folder::default();
    folder.set(name("a"), 1);
    folder.set(name("b"), 2);
    folder.remove(name("a"));
    assert_eq!(outcomes(&folder), set(&["", "a=1", "b=2", "a=1 b=2"]));
}

#[test]
fn two_names_of_one_file_stay_two() {
    let mut folder = Folder::default();
    folder.set(name("a"), 1);
    folder.set(name("b"), 1);
    folder.rename(name("a"), name("b"));
    assert_eq!(folder.names().len(), 2);
}
