//! What is read, how much of it, and what waits.

use std::time::Duration;

use super::super::vocabulary::*;
use super::super::{Journal, LocalJournal};
use super::*;
use crate::failure::Verdict;

async fn journal_of(groups: &[&[&str]]) -> (tempfile::TempDir, LocalJournal) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    for texts in groups {
        store(&journal, texts).await;
    }
    (folder, journal)
}

/// First position and record count of each entry read.
async fn shape(journal: &LocalJournal, position: u64, budget: usize) -> Vec<(u64, usize)> {
    let chunk = journal.read(position, budget).await.expect("reads");
    chunk
        .entries
        .iter()
        .map(|e| (e.first, e.records.len()))
        .collect()
}

#[tokio::test]
async fn entries_are_read_whole_up_to_the_budget() {
    let (_folder, journal) = journal_of(&[&["1234", "5678"], &["12"], &["1"]]).await;
    assert_eq!(shape(&journal, 0, 1).await, [(0, 2)], "one at least");
    assert_eq!(shape(&journal, 0, 9).await, [(0, 2)], "never a part of one");
    assert_eq!(shape(&journal, 0, 10).await, [(0, 2), (2, 1)]);
    assert_eq!(shape(&journal, 0, 11).await, [(0, 2), (2, 1), (3, 1)]);
}

#[tokio::test]
async fn an_entry_is_cut_so_that_the_chunk_starts_at_the_position() {
    let (_folder, journal) = journal_of(&[&["a", "bb", "ccc"], &["d"]]).await;
    assert_eq!(shape(&journal, 1, 1).await, [(1, 2)]);
    assert_eq!(shape(&journal, 2, 100).await, [(2, 1), (3, 1)]);
    assert_eq!(all_from(&journal, 2, 100).await, ["ccc", "d"]);
}

#[tokio::test]
async fn an_entry_larger_than_the_budget_and_the_segments_is_read_whole() {
    let large = "x".repeat(300_000);
    let (_folder, journal) = journal_of(&[&["a"], &[&large, "b"], &["c"]]).await;
    assert_eq!(all_from(&journal, 0, 10).await, ["a", &large, "b", "c"]);
    assert_eq!(shape(&journal, 1, 10).await, [(1, 2)]);
}

#[tokio::test]
async fn entries_without_records_are_passed_over() {
    let (_folder, journal) = journal_of(&[&["a"]]).await;
    let empty = range(source(1), 0, 0, 10);
    send(&journal, empty, &[]).await.expect("stored");
    tokio::time::sleep(Duration::from_millis(60)).await; // A rest entry.
    store(&journal, &["b"]).await;
    assert_eq!(shape(&journal, 0, 100).await, [(0, 1), (1, 1)]);
    assert_eq!(shape(&journal, 1, 100).await, [(1, 1)]);
}

#[tokio::test]
async fn a_read_waits_until_there_is_something_synced_rule_11() {
    let (_folder, journal) = journal_of(&[&["a"]]).await;
    let waits = tokio::spawn({
        let journal = journal.clone();
        async move { journal.read(1, 100).await }
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(!waits.is_finished());
    store(&journal, &["b"]).await;
    let chunk = waits.await.expect("runs").expect("reads");
    assert_eq!(chunk.end(), Some(2));
}

#[tokio::test]
async fn a_read_of_a_closed_journal_does_not_wait_for_ever() {
    let (_folder, journal) = journal_of(&[&["a"]]).await;
    journal.shutdown().await.expect("stops");
    let failure = journal.read(1, 100).await.expect_err("closed");
    assert_eq!(failure.verdict, Verdict::Retry);
}

#[tokio::test]
async fn what_was_released_cannot_be_read() {
    let (folder, journal) = journal_of(&[&["a"]]).await;
    journal.kill();
    let journal = open_sealed(folder.path(), Some(1)).await.expect("opens");
    store(&journal, &["b"]).await;
    let failure = journal.read(0, 100).await.expect_err("released");
    assert_eq!(failure.verdict, Verdict::Halt);
    assert!(failure.message.contains("position 0"), "{failure}");
}

#[tokio::test]
async fn damage_met_while_reading_halts_naming_file_and_offset_rule_15() {
    let (folder, journal) = journal_of(&[&["first"], &["second"]]).await;
    let file = segments(folder.path())[0].clone();
    let bytes = std::fs::read(&file).expect("reads");
    let place = |text: &[u8]| {
        bytes
            .windows(text.len())
            .position(|w| w == text)
            .expect("there")
    };
    change(&file, |bytes| bytes[place(b"second")] ^= 1);
    assert_eq!(
        shape(&journal, 0, 5).await,
        [(0, 1)],
        "what lies before is good"
    );
    let failure = journal.read(1, 100).await.expect_err("damaged");
    assert_eq!(failure.verdict, Verdict::Halt);
    // Behind the head and one end.
    let entry = place(b"second") - HEAD - 4;
    let said = format!("{} at byte {entry}:", file.display());
    assert!(failure.message.contains(&said), "{failure} {said}");
}

fn waiting(journal: &LocalJournal, position: u64) -> (u64, u64) {
    let waiting = journal.waiting_from(position);
    assert_eq!(waiting.oldest.is_some(), waiting.records > 0);
    (waiting.records, waiting.bytes)
}

#[tokio::test]
async fn what_waits_is_counted_at_every_position() {
    let texts: [&[&str]; 3] = [&["a", "bb", "ccc"], &[], &["dddd", ""]];
    let (folder, journal) = journal_of(&texts).await;
    let lengths = [1, 2, 3, 4, 0];
    let check = |journal: &LocalJournal| {
        // Twice, as the last answer is kept.
        for position in [0, 1, 2, 2, 3, 4, 4, 5, 1] {
            let bytes = lengths[position..].iter().sum::<u64>();
            let expected = (5 - position as u64, bytes);
            assert_eq!(waiting(journal, position as u64), expected, "{position}");
        }
    };
    check(&journal);
    journal.kill();
    check(&open(folder.path()).await);
}

#[tokio::test]
async fn what_waits_grows_while_its_beginning_stays() {
    let (_folder, journal) = journal_of(&[&["a", "bb"]]).await;
    assert_eq!(waiting(&journal, 1), (1, 2));
    store(&journal, &["ccc"]).await;
    assert_eq!(waiting(&journal, 1), (2, 5));
}

#[tokio::test]
async fn the_oldest_that_waits_is_known() {
    let (_folder, journal) = journal_of(&[&["a"]]).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    store(&journal, &["b", "c"]).await;
    let chunk = journal.read(0, 100).await.expect("reads");
    let arrivals: Vec<_> = chunk.entries.iter().map(|e| Some(e.arrival)).collect();
    assert!(arrivals[0] < arrivals[1]);
    let oldest = |position| journal.waiting_from(position).oldest;
    assert_eq!(
        [oldest(0), oldest(1), oldest(2), oldest(3)],
        [arrivals[0], arrivals[1], arrivals[1], None]
    );
}
