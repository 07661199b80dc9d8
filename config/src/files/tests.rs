use std::fs;

use tempfile::TempDir;

use super::*;

const KIND: LogKind = LogKind {
    name: "checkpoint",
    magic: *b"SPTE",
    version: 1,
};

fn entry(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn open(folder: &TempDir) -> Result<Opened, LogError> {
    EntryLog::open(folder.path(), KIND)
}

/// A log with the entries "one", "two", "three", one append each; returns its path.
fn three(folder: &TempDir) -> PathBuf {
    let mut log = open(folder).unwrap().log;
    for text in ["one", "two", "three"] {
        log.append(&[entry(text)]).unwrap();
    }
    log.path().to_owned()
}

#[test]
fn entries_come_back_in_order() {
    let folder = TempDir::new().unwrap();
    three(&folder);
    let mut opened = open(&folder).unwrap();
    assert_eq!(opened.entries, [entry("one"), entry("two"), entry("three")]);
    opened.log.append(&[entry("four"), entry("")]).unwrap();
    assert_eq!(open(&folder).unwrap().entries.len(), 5);
}

#[test]
fn a_look_finds_what_is_there_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    assert_eq!(EntryLog::look(folder.path(), KIND).unwrap(), None);
    let path = three(&folder);
    let mut torn = fs::read(&path).unwrap();
    torn.truncate(torn.len() - 1);
    fs::write(&path, &torn).unwrap();
    let found = EntryLog::look(folder.path(), KIND).unwrap();
    assert_eq!(found, Some(vec![entry("one"), entry("two")]));
    assert_eq!(fs::read(&path).unwrap(), torn);
    torn[20] ^= 1;
    fs::write(&path, &torn).unwrap();
    let damaged = EntryLog::look(folder.path(), KIND);
    assert!(
        matches!(damaged, Err(LogError::Damaged { .. })),
        "{damaged:?}"
    );
}

#[test]
fn a_torn_tail_is_cut_and_the_log_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = three(&folder);
    let whole = fs::read(&path).unwrap();
    // "three" takes 16 bytes of frame header, 4 of length and 5 of text.
    for cut in whole.len() - 24..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut opened = open(&folder).unwrap();
        assert_eq!(opened.entries, [entry("one"), entry("two")], "cut at {cut}");
        opened.log.append(&[entry("again")]).unwrap();
        assert_eq!(open(&folder).unwrap().entries[2], entry("again"));
    }
}

#[test]
fn a_flipped_bit_before_the_last_append_is_damage() {
    let folder = TempDir::new().unwrap();
    let path = three(&folder);
    let whole = fs::read(&path).unwrap();
    for byte in 0..whole.len() - 25 {
        let mut bytes = whole.clone();
        bytes[byte] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let opened = open(&folder);
        let refused = matches!(
            opened,
            Err(LogError::Damaged { .. } | LogError::Newer { .. })
        );
        assert!(refused, "byte {byte}: {opened:?}");
    }
}

#[test]
fn a_new_generation_replaces_the_old_one() {
    let folder = TempDir::new().unwrap();
    three(&folder);
    let mut log = open(&folder).unwrap().log;
    log.compact(&[entry("state")]).unwrap();
    log.append(&[entry("more")]).unwrap();
    assert_eq!(
        open(&folder).unwrap().entries,
        [entry("state"), entry("more")]
    );
    log.compact(&[entry("state 2")]).unwrap();
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "the newest and the one before it");
}

#[test]
fn compaction_pays_only_when_much_was_appended() {
    let folder = TempDir::new().unwrap();
    let mut log = open(&folder).unwrap().log;
    assert!(!log.wants_compaction());
    log.append(&[vec![0; 70_000]]).unwrap();
    assert!(log.wants_compaction());
}

#[test]
fn what_was_set_aside_is_not_opened_again() {
    let folder = TempDir::new().unwrap();
    three(&folder);
    assert!(EntryLog::exists(folder.path(), KIND).unwrap());
    EntryLog::set_aside(folder.path(), KIND).unwrap();
    assert!(!EntryLog::exists(folder.path(), KIND).unwrap());
    assert!(open(&folder).unwrap().entries.is_empty());
}

#[test]
fn a_file_is_written_whole_and_a_folder_with_its_parents() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("a/b/c");
    create_folder(&deep).unwrap();
    create_folder(&deep).unwrap();
    write_whole(&deep.join("x"), b"1", "x").unwrap();
    write_whole(&deep.join("x"), b"2", "x").unwrap();
    assert_eq!(fs::read(deep.join("x")).unwrap(), b"2");
    assert_eq!(
        fs::read_dir(&deep).unwrap().count(),
        1,
        "nothing is left aside"
    );
    remove(&deep.join("x")).unwrap();
    remove(&deep.join("x")).unwrap();
    let refused = write_whole(&folder.path().join("no/such/y"), b"", "y").unwrap_err();
    assert!(refused.to_string().contains("no/such/y"), "{refused}");
}

#[test]
fn a_folder_belongs_to_one_process_and_survives_power_cuts() {
    let folder = TempDir::new().unwrap();
    let mine = folder.path().join("data");
    let lock = FolderLock::acquire(&mine, true).unwrap();
    let second = FolderLock::acquire(&mine, true);
    assert!(matches!(second, Err(FolderError::InUse(_))), "{second:?}");
    drop(lock);
    FolderLock::acquire(&mine, true).unwrap();
    if std::path::Path::new("/dev/shm").is_dir() {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let refused = FolderLock::acquire(memory.path(), false);
        assert!(
            matches!(refused, Err(FolderError::InMemory(_))),
            "{refused:?}"
        );
        FolderLock::acquire(memory.path(), true).unwrap();
    }
}

#[test]
fn a_new_generation_that_has_its_name_but_failed_ends_the_old_one() {
    let folder = TempDir::new().unwrap();
    let mut log = open(&folder).unwrap().log;
    // What stands there makes the rename fail; a sync that fails after it leaves the same behind.
    let next = folder.path().join("checkpoint.0000000000000002");
    fs::create_dir(next).unwrap();
    log.compact(&[entry("state")]).unwrap_err();
    let refused = log.append(&[entry("lost at the next start")]);
    assert!(matches!(refused, Err(LogError::Broken(_))), "{refused:?}");
}
