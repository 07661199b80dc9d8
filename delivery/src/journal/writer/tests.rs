//! The writer's promises: to callers who left, to the disk when it is full, to time.

use std::path::Path;
use std::time::Duration;

use standpipe_config::names::{LaneId, Run};

use super::super::birth;
use super::super::roll::Birth;
use super::super::vocabulary::*;
use super::super::{Journal, LocalJournal, Options};
use super::*;

mod full;

fn opened(folder: &Path) -> Writer {
    birth::open(folder, &options(folder)).expect("opens")
}

#[test]
fn what_waits_together_is_one_group() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = opened(folder.path());
    let before = writer.tail.group;
    serve(
        &mut writer,
        vec![text(&["a"]), text(&["b"]), text(&["c"])],
        false,
    );
    assert_eq!(writer.tail.group, before + 1);
    assert_eq!(writer.synced.position, 3);
}

#[test]
fn a_group_gathers_no_more_than_its_measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let roomy = Options {
        segment_bytes: 64 * 1024 * 1024,
        ..options(folder.path())
    };
    let mut writer = birth::open(folder.path(), &roomy).expect("opens");
    let before = writer.tail.group;
    let large = "x".repeat(1_500_000);
    let requests = (0..6).map(|_| text(&[&large])).collect();
    serve(&mut writer, requests, false);
    assert_eq!(writer.tail.group, before + 2, "three and three");
}

#[tokio::test]
async fn a_caller_that_leaves_after_the_first_poll_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let mut append = Box::pin(journal.append(text(&["a"])));
    let _ = futures::poll!(append.as_mut());
    drop(append);
    let mut end = journal.watch_end();
    let reached = end.wait_for(|end| *end == 1);
    tokio::time::timeout(Duration::from_secs(5), reached)
        .await
        .expect("stored")
        .expect("open");
    assert_eq!(all_from(&journal, 0, 1).await, ["a"]);
}

#[tokio::test]
async fn a_permit_is_held_until_the_request_is_durable() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let memory = Arc::new(tokio::sync::Semaphore::new(5));
    let permit = Arc::clone(&memory).acquire_many_owned(5).await.ok();
    let append = Append {
        permit,
        ..text(&["a"])
    };
    journal.append(append).await.expect("stored");
    let back = tokio::time::timeout(Duration::from_secs(5), memory.acquire_many(5));
    assert!(back.await.expect("back").is_ok());
}

#[tokio::test]
async fn a_writer_that_has_nothing_to_do_writes_one_rest_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    store(&journal, &["a"]).await;
    let end = || {
        journal
            .shared_for_tests()
            .with_index(|i| i.segments[0].end_at)
    };
    let before = end();
    for _ in 0..500 {
        if end() > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rest = entry::size(0, 0, 0);
    assert_eq!(end(), before + rest);
    tokio::time::sleep(4 * IDLE).await;
    assert_eq!(end(), before + rest, "one");
}

/// A journal whose last entry arrived in the year 2100.
fn from_the_future(folder: &Path) -> Arrival {
    let arrival = Arrival(4_102_444_800_000);
    let birth = Birth {
        lane: LaneId([1; 16]),
        run: Run([2; 8]),
        id: 1,
        previous: None,
        tail: Tail {
            arrival,
            ..Tail::default()
        },
        needed: 0,
        returns: 0,
        must: true,
    };
    let memory = super::super::tail::Memory::default();
    let snapshot = birth.snapshot(&memory.marks, &memory.keys);
    let sizes = (64 * 1024, 0);
    let mut space = Space::new(folder, sizes, quota(folder, 1 << 20), Vec::new()).expect("opens");
    birth.begin(&mut space, &snapshot).expect("begun");
    arrival
}

#[tokio::test]
async fn arrival_never_runs_backwards_not_even_over_restarts_rule_21() {
    let folder = tempfile::tempdir().expect("a folder");
    let future = from_the_future(folder.path());
    for position in 0..2 {
        let journal = open(folder.path()).await;
        store(&journal, &["a"]).await;
        let chunk = journal.read(position, 1).await.expect("reads");
        assert_eq!(chunk.entries[0].arrival, future);
        journal.kill();
    }
}

#[tokio::test]
async fn running_time_goes_on_over_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = 0;
    for _ in 0..3 {
        let mut writer = opened(folder.path());
        std::thread::sleep(Duration::from_millis(15));
        writer.stage(text(&["a"]), oneshot::channel().0);
        writer.flush().expect("written");
        assert!(writer.synced.running >= running + 15, "{running}");
        running = writer.synced.running;
    }
}

/// A small quota: eight segments of 64 KiB.
fn pinched(folder: &Path, sealed: Option<u64>) -> Options {
    Options {
        quota: quota(folder, 512 * 1024),
        sealed,
        ..options(folder)
    }
}

/// Fills the journal until it refuses, and says how many records it took.
async fn fill(journal: &LocalJournal) -> u64 {
    let record = "x".repeat(20_000);
    for _ in 0..1000 {
        if let Err(refusal) = journal.append(text(&[&record])).await {
            assert!(matches!(refusal, Refusal::Full(_)), "{refusal:?}");
            return journal.end();
        }
    }
    panic!("never full");
}

#[tokio::test]
async fn a_stream_at_its_quota_refuses_and_gets_its_space_back_rule_28() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = pinched(folder.path(), None);
    let quota = Arc::clone(&options.quota);
    let journal = LocalJournal::open(folder.path(), options)
        .await
        .expect("opens");
    let mut stored = 0;
    for round in 0..5 {
        let end = fill(&journal).await;
        assert!(end - stored >= 12, "round {round}: {stored} to {end}");
        assert!(quota.used() <= quota.bytes());
        journal.release(end).await.expect("released");
        stored = end;
    }
    assert_eq!(journal.totals().accepted_records, stored);
    journal.kill();
    let quota_again = pinched(folder.path(), Some(stored));
    let journal = LocalJournal::open(folder.path(), quota_again)
        .await
        .expect("opens");
    assert!(fill(&journal).await - stored >= 12);
}

#[tokio::test]
async fn a_drained_journal_takes_a_request_whose_space_comes_back_but_none_over_the_quota() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = LocalJournal::open(folder.path(), pinched(folder.path(), None))
        .await
        .expect("opens");
    let most = "x".repeat(400_000);
    for round in 0..4 {
        let appended = journal.append(text(&[&most])).await;
        assert!(appended.is_ok(), "round {round}: {appended:?}");
        journal.release(journal.end()).await.expect("released");
    }
    let too_large = "x".repeat(600_000);
    let refused = journal.append(text(&[&too_large])).await;
    assert!(
        matches!(refused, Err(Refusal::Full(Full::Quota { .. }))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_quota_counts_what_lies_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path());
    let quota = Arc::clone(&options.quota);
    let on_disk = || -> u64 {
        let files = std::fs::read_dir(folder.path()).expect("there");
        files
            .map(|f| f.expect("a file").metadata().expect("there").len())
            .sum()
    };
    for sealed in [None, Some(15), Some(35)] {
        let options = Options {
            sealed,
            ..options.clone()
        };
        let journal = LocalJournal::open(folder.path(), options)
            .await
            .expect("opens");
        assert_eq!(quota.used(), on_disk());
        let record = "x".repeat(20_000);
        for _ in 0..20 {
            store(&journal, &[&record]).await;
        }
        assert_eq!(quota.used(), on_disk());
        journal.release(journal.end() - 5).await.expect("released");
        assert_eq!(quota.used(), on_disk());
        journal.shutdown().await.expect("stops");
        assert_eq!(quota.used(), 0, "a closed journal counts nothing");
    }
}
