use std::fs;
use std::os::unix::ffi::OsStrExt;

use standpipe_config::names::SourceId;
use tempfile::TempDir;

use super::*;
use crate::identity::{Incarnation, Prefix, tail_of};

fn id(number: u8) -> SourceId {
    SourceId([number; 16])
}

fn source(number: u8) -> Entry {
    Entry::Source {
        source: id(number),
        path: "/log/a".into(),
        incarnation: Incarnation {
            device: 1,
            inode: number.into(),
            generation: 0,
            birth: 7,
        },
        prefix: Prefix::of(b"abc"),
    }
}

fn standing(number: u8, stream: &str, epoch: u64, offset: u64) -> Entry {
    let place = Place {
        epoch,
        offset,
        part: 0,
        tail: Some(tail_of(b"x")),
    };
    Entry::Standing {
        source: id(number),
        stream: stream.parse().unwrap(),
        standing: Standing {
            place,
            size: offset,
            ..Standing::beginning(epoch)
        },
    }
}

fn epoch(number: u8, epoch: u64, closed_at: u64) -> Entry {
    Entry::Epoch {
        source: id(number),
        epoch,
        closed_at,
    }
}

fn ended(number: u8) -> Entry {
    let Entry::Standing {
        source,
        stream,
        standing,
    } = standing(number, "web", 0, 9)
    else {
        unreachable!()
    };
    let standing = Standing {
        is_final: true,
        counts: Counts {
            delivered: 9,
            ..Counts::default()
        },
        ..standing
    };
    Entry::Standing {
        source,
        stream,
        standing,
    }
}

fn state(entries: &[Entry]) -> State {
    let mut state = State::default();
    entries.iter().for_each(|entry| state.apply(entry));
    state
}

#[test]
fn progress_comes_back_after_a_restart_and_after_compaction() {
    let folder = TempDir::new().unwrap();
    let mut progress = Progress::open(folder.path()).unwrap();
    progress.stage(&Entry::Begun);
    progress.stage(&source(1));
    for offset in 0..2000 {
        progress.stage(&standing(1, "web", 0, offset));
        if offset % 100 == 0 {
            progress.sync().unwrap();
        }
    }
    let unsynced = progress.state().clone();
    drop(progress);
    let mut again = Progress::open(folder.path()).unwrap();
    assert!(again.state().begun);
    let place = again.state().sources[&id(1)].streams[&"web".parse().unwrap()].place;
    assert_eq!(place.offset, 1900, "what was synced, and no more");
    again.stage(&standing(1, "web", 0, 1999));
    again.sync().unwrap();
    assert_eq!(*again.state(), unsynced);
    let size: u64 = fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size < 200_000, "{size} bytes for one source");
}

#[test]
fn rule_1_births_must_be_synced_and_offsets_may_wait() {
    let folder = TempDir::new().unwrap();
    let mut progress = Progress::open(folder.path()).unwrap();
    for (entry, birth) in [
        (source(1), true),
        (standing(1, "web", 0, 0), true),
        (standing(1, "web", 0, 5), false),
        (standing(1, "app", 0, 0), true),
        (epoch(1, 1, 5), true),
    ] {
        progress.stage(&entry);
        assert_eq!(progress.must_sync(), birth, "{entry:?}");
        progress.sync().unwrap();
        assert!(!progress.must_sync());
    }
}

#[test]
fn an_epoch_is_remembered_until_every_stream_has_passed_it() {
    let mut state = state(&[
        source(1),
        standing(1, "web", 0, 5),
        standing(1, "app", 0, 3),
        epoch(1, 1, 8),
        epoch(1, 2, 4),
    ]);
    let closed = |state: &State| state.sources[&id(1)].closed.clone();
    assert_eq!(closed(&state), [(0, 8), (1, 4)].into());
    state.apply(&standing(1, "web", 2, 0));
    assert_eq!(closed(&state), [(0, 8), (1, 4)].into());
    state.apply(&standing(1, "app", 1, 0));
    assert_eq!(closed(&state), [(1, 4)].into());
    state.apply(&standing(1, "app", 2, 1));
    assert_eq!(closed(&state), [].into());
    assert_eq!(state.sources[&id(1)].epoch, 2);
}

#[test]
fn a_snapshot_says_everything() {
    let before = state(&[
        source(1),
        standing(1, "web", 0, 5),
        epoch(1, 1, 8),
        epoch(1, 2, 4),
        source(2),
        standing(2, "web", 0, 1),
        epoch(2, 1, 1),
        standing(2, "web", 1, 0),
        source(5),
        standing(5, "app", 0, 1),
        standing(5, "web", 0, 1),
        epoch(5, 1, 7),
        standing(5, "app", 1, 2),
        source(3),
        ended(3),
        source(4),
        ended(4),
        Entry::Begun,
        Entry::Forgotten { source: id(3) },
    ]);
    assert_eq!(before.totals.delivered, 9);
    assert_eq!(state(&before.snapshot()), before);
}

#[test]
fn ended_sources_are_remembered_but_not_without_bound() {
    let mut state = state(&[source(1), ended(1)]);
    assert_eq!(state.ended, [id(1)]);
    assert_eq!(state.to_forget(), None);
    state.apply(&standing(1, "web", 0, 10));
    assert!(state.ended.is_empty(), "it came back");
    for number in 0..=ENDED_KEPT as u16 {
        let mut long = [0; 16];
        long[..2].copy_from_slice(&number.to_le_bytes());
        let [mut minted, mut ends] = [source(1), ended(1)];
        for entry in [&mut minted, &mut ends] {
            if let Entry::Source { source, .. } | Entry::Standing { source, .. } = entry {
                *source = SourceId(long);
            }
            state.apply(entry);
        }
    }
    assert_eq!(state.to_forget(), Some(SourceId([0; 16])));
}

#[test]
fn an_entry_of_a_later_version_is_skipped_and_a_senseless_one_is_damage() {
    let folder = TempDir::new().unwrap();
    let mut log = EntryLog::open(folder.path(), LOG).unwrap().log;
    log.append(&[br#"{"entry":"comet","tail":"long"}"#.to_vec()])
        .unwrap();
    assert!(Progress::open(folder.path()).is_ok());
    log.append(&[b"{}".to_vec()]).unwrap();
    let refused = Progress::open(folder.path()).unwrap_err();
    assert!(matches!(refused, LogError::Damaged { .. }), "{refused}");
}

#[test]
fn an_agents_id_stays_and_is_minted_anew_only_when_it_is_lost() {
    let folder = TempDir::new().unwrap();
    let born = agent_id(folder.path()).unwrap();
    assert_eq!(agent_id(folder.path()).unwrap(), born);
    fs::write(folder.path().join(AGENT_FILE), "not an id").unwrap();
    assert_ne!(agent_id(folder.path()).unwrap(), born);
}

#[test]
fn a_path_of_any_bytes_comes_back() {
    for bytes in [
        &b"/log/a.log"[..],
        b"/l\\xg/\xff\xfe",
        "/é\\x5c".as_bytes(),
        b"\\",
    ] {
        let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
        assert_eq!(path_from_text(&path_to_text(path)), path);
    }
}
