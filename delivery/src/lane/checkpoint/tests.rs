use std::fs;
use std::path::PathBuf;

use standpipe_config::names::{Arrival, Run};
use tempfile::TempDir;

use super::*;
use crate::destination::Target;
use crate::spool::SpoolFile;

const LANE: LaneId = LaneId([1; 16]);

fn counts(records: u64) -> Counts {
    Counts {
        records,
        bytes: 10 * records,
    }
}

fn file(id: u64, role: Role, records: u64) -> SealedFile {
    let spool_file = |ending: &str| SpoolFile {
        name: format!("{id}.{ending}"),
        size: 5,
    };
    SealedFile {
        id,
        role,
        target: Target::File { path: "out".into() },
        key: format!("key/{id}"),
        refused_key: None,
        refused_target: None,
        seal: 1,
        counts: counts(records),
        rows: records,
        first: 0,
        last: 0,
        run: Run([2; 8]),
        oldest: Arrival(1000 + id as i64),
        object: spool_file("object"),
        hash: "00".into(),
        encoding: None,
        kept: vec![spool_file("object"), spool_file("index")],
        attempts: Attempts::default(),
    }
}

fn seal(number: u64, position: u64, files: Vec<SealedFile>) -> Entry {
    Entry::Sealed(Seal {
        number,
        position,
        dropped: counts(0),
        files,
    })
}

fn begin(folder: &TempDir) -> Checkpoint {
    Checkpoint::begin(folder.path(), LANE).unwrap()
}

fn read(folder: &TempDir) -> Checkpoint {
    Checkpoint::read(folder.path()).unwrap().unwrap()
}

fn error() -> Role {
    Role::Error("format-conversion-failed".into())
}

#[test]
fn the_state_that_was_recorded_is_the_state_that_is_read() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    let files = vec![
        file(1, Role::Data, 8),
        file(2, error(), 2),
        file(3, Role::Backup, 10),
    ];
    let version = Version {
        number: 2,
        settings: "abc".into(),
    };
    checkpoint.record(Entry::Settings(version)).unwrap();
    checkpoint.record(seal(1, 10, files)).unwrap();
    checkpoint.record(Entry::Delivered { file: 2 }).unwrap();
    let state = checkpoint.state().clone();
    assert_eq!((state.position, state.next_file), (10, 4));
    assert_eq!(*read(&folder).state(), state);
}

/// What is kept beside an object for the day it is refused has numbers of its own: a later life
/// that minted them again would write over it, and remove it with the wrong batch.
#[test]
fn no_number_is_minted_again_that_a_kept_file_has() {
    let folder = TempDir::new().unwrap();
    let mut data = file(1, Role::Data, 8);
    data.kept = vec![SpoolFile {
        name: format!("{:016x}.rows", 0x1f),
        size: 5,
    }];
    let checkpoint = begin(&folder);
    checkpoint.record(seal(1, 10, vec![data])).unwrap();
    assert_eq!(checkpoint.state().next_file, 0x20);
    assert_eq!(read(&folder).state().next_file, 0x20);
}

/// Rule 34: what waits is counted from the files; what is settled, when its object is delivered.
#[test]
fn a_record_is_settled_when_its_object_is_delivered() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    let files = vec![
        file(1, Role::Data, 8),
        file(2, error(), 2),
        file(3, Role::Backup, 10),
    ];
    checkpoint.record(seal(1, 10, files)).unwrap();
    let sealed = checkpoint.state().sealed();
    assert_eq!((sealed.waiting, sealed.files), (counts(10), 2));
    assert_eq!((sealed.backup, sealed.backup_files), (counts(10), 1));
    assert_eq!(sealed.oldest, Some(Arrival(1001)));
    for id in [1, 2, 3] {
        checkpoint.record(Entry::Delivered { file: id }).unwrap();
    }
    let state = checkpoint.state();
    assert_eq!(state.sealed(), Sealed::default());
    assert_eq!(state.settled.delivered, counts(8));
    assert_eq!(state.settled.failed["format-conversion-failed"], counts(2));
    assert_eq!(state.settled.backup, counts(10));
    assert_eq!(state.settled.objects, 3);
}

/// Rule 18: one entry removes the file refused and adds the error file.
#[test]
fn a_diverted_file_is_replaced_at_once() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    checkpoint
        .record(seal(1, 8, vec![file(1, Role::Data, 8)]))
        .unwrap();
    let added = file(2, error(), 8);
    checkpoint
        .record(Entry::Diverted {
            file: 1,
            added,
            delivered: counts(0),
        })
        .unwrap();
    let checkpoint = read(&folder);
    let ids: Vec<_> = checkpoint.state().files.keys().copied().collect();
    assert_eq!(ids, [2]);
    assert_eq!(checkpoint.state().sealed().waiting, counts(8));
}

/// DESIGN.md: the cost of a delivered file does not grow with the files that wait.
#[test]
fn the_log_stays_small_however_many_files_are_delivered() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    let waiting = (1..=60).map(|id| file(id, Role::Data, 1)).collect();
    checkpoint.record(seal(1, 60, waiting)).unwrap();
    let size = || {
        let sizes = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap());
        sizes.map(|e| e.metadata().unwrap().len()).max().unwrap()
    };
    let before = size();
    checkpoint.record(Entry::Delivered { file: 1 }).unwrap();
    assert!(
        size() - before < 100,
        "{} bytes for one file",
        size() - before
    );
    for id in 61..361 {
        let number = id - 59;
        let files = vec![file(id, Role::Data, 1)];
        checkpoint.record(seal(number, id, files)).unwrap();
        checkpoint.record(Entry::Delivered { file: id }).unwrap();
    }
    assert!(size() < 5 * before, "{} after {before}", size());
    let state = checkpoint.state().clone();
    assert_eq!(*read(&folder).state(), state, "over its compactions");
}

#[test]
fn there_is_none_until_its_birth_is_whole() {
    let folder = TempDir::new().unwrap();
    assert!(Checkpoint::read(folder.path()).unwrap().is_none());
    EntryLog::open(folder.path(), KIND).unwrap();
    assert!(Checkpoint::read(folder.path()).unwrap().is_none());
    begin(&folder);
    assert_eq!(read(&folder).state().lane, LANE);
}

fn log_with(folder: &TempDir, text: &str) -> Result<Option<Checkpoint>, CheckpointError> {
    begin(folder);
    let mut log = EntryLog::open(folder.path(), KIND).unwrap().log;
    log.append(&[text.into()]).unwrap();
    drop(log);
    Checkpoint::read(folder.path())
}

/// Rule 32: unknown members, and unknown entries that say so, are passed over.
#[test]
fn what_is_unknown_is_passed_over_only_where_that_is_safe() {
    let read = |text| log_with(&TempDir::new().unwrap(), text);
    read(r#"{"entry":"settings","number":4,"settings":"x","newer":1}"#).unwrap();
    read(r#"{"entry":"weather","optional":true}"#).unwrap();
    for text in [r#"{"entry":"weather"}"#, "{}", "nonsense"] {
        let refused = read(text);
        assert!(
            matches!(refused, Err(CheckpointError::Senseless { .. })),
            "{text}: {refused:?}"
        );
    }
}

#[test]
fn entries_that_do_not_add_up_are_refused() {
    let text = r#"{"entry":"delivered","file":77}"#;
    let refused = log_with(&TempDir::new().unwrap(), text).unwrap_err();
    assert!(refused.to_string().contains("77"), "{refused}");
}

/// Rule 15: damage is said, not repaired.
#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    for number in 1..4 {
        checkpoint.record(seal(number, number, vec![])).unwrap();
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    let newest = paths.last().unwrap();
    let mut bytes = fs::read(newest).unwrap();
    bytes[60] ^= 1;
    fs::write(newest, bytes).unwrap();
    assert!(Checkpoint::read(folder.path()).is_err());
}

/// Callers who come at once share a sync, and each finds its entry durable.
#[test]
fn entries_that_come_at_once_are_all_there() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    let files = (1..401).map(|id| file(id, Role::Data, 1)).collect();
    checkpoint.record(seal(1, 400, files)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let checkpoint = &checkpoint;
            scope.spawn(move || {
                for id in 50 * thread + 1..50 * thread + 51 {
                    checkpoint.record(Entry::Delivered { file: id }).unwrap();
                    assert!(checkpoint.file(id).is_none());
                    let again = Entry::Delivered { file: id };
                    assert!(checkpoint.record(again).is_err(), "each hears of its own");
                }
            });
        }
    });
    assert_eq!(checkpoint.state().settled.delivered, counts(400));
    assert!(checkpoint.state().files.is_empty());
}

/// Rule 26: what an attempt must remember survives a restart and a snapshot.
#[test]
fn attempts_are_remembered() {
    let folder = TempDir::new().unwrap();
    let checkpoint = begin(&folder);
    checkpoint
        .record(seal(1, 5, vec![file(1, Role::Data, 5)]))
        .unwrap();
    let attempts = Attempts {
        upload: Some("u".into()),
        sent: true,
        ..Attempts::default()
    };
    let entry = Entry::Attempted {
        file: 1,
        attempts: attempts.clone(),
    };
    checkpoint.record(entry.clone()).unwrap();
    let again = read(&folder);
    assert_eq!(again.file(1).unwrap().attempts, attempts);
    again.compact(&mut lock(&again.log)).unwrap();
    drop((checkpoint, again));
    assert_eq!(read(&folder).file(1).unwrap().attempts, attempts);
    let unknown = Entry::Attempted { file: 7, attempts };
    assert!(read(&folder).record(unknown).is_err());
}
