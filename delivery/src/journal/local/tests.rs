//! The journal as lane and doors see it.

use super::super::vocabulary::*;
use super::*;

mod model;

#[tokio::test]
async fn what_was_appended_is_read_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    assert_eq!(store(&journal, &["a", "bb"]).await.first_position, 0);
    assert_eq!(store(&journal, &["", "d"]).await.first_position, 2);
    assert_eq!(all_from(&journal, 0, 1).await, ["a", "bb", "", "d"]);
    assert_eq!(all_from(&journal, 1, 1 << 20).await, ["bb", "", "d"]);
    assert_eq!((journal.begin(), journal.end()), (0, 4));
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let (lane, run) = (journal.lane(), journal.run());
    store(&journal, &["a", "bb"]).await;
    let totals = journal.totals();
    journal.kill();
    let journal = open(folder.path()).await;
    assert_eq!(journal.lane(), lane);
    assert_ne!(journal.run(), run, "rule 13");
    assert_eq!(journal.totals(), totals);
    assert_eq!(store(&journal, &["c"]).await.first_position, 2);
    assert_eq!(all_from(&journal, 0, 1).await, ["a", "bb", "c"]);
    let chunk = journal.read(0, 100).await.expect("reads");
    assert_eq!(chunk.entries[0].run, run, "the run at append (rule 13)");
}

#[tokio::test]
async fn segments_follow_each_other_and_are_recycled_on_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let long = "x".repeat(10_000);
    for _ in 0..30 {
        store(&journal, &[&long]).await;
    }
    let before = segments(folder.path()).len();
    assert!(before >= 5, "{before} segments");
    assert_eq!(all_from(&journal, 0, 35_000).await.len(), 30);
    journal.release(29).await.expect("released");
    assert_eq!(segments(folder.path()).len(), 1, "only the active one");
    assert!(
        journal.begin() <= 29 && journal.begin() > 20,
        "{}",
        journal.begin()
    );
    store(&journal, &[&long]).await;
    journal.kill();
    let journal = open_sealed(folder.path(), Some(29)).await.expect("opens");
    assert_eq!(all_from(&journal, 29, 1).await.len(), 2);
    assert_eq!(journal.totals().accepted_records, 31);
}

#[tokio::test]
async fn a_shutdown_answers_all_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    store(&journal, &["a"]).await;
    journal.shutdown().await.expect("stops");
    assert_eq!(journal.append(text(&["b"])).await, Err(Refusal::Closed));
    assert_eq!(all_from(&journal, 0, 1).await, ["a"]);
}

/// When what is on disk is unknown nothing more is promised: whoever comes hears that he is refused,
/// or, where the thread ended with his request in hand, that nobody knows; the process must end.
#[tokio::test]
async fn a_journal_that_cannot_go_on_refuses_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    store(&journal, &["a"]).await;
    std::fs::remove_dir_all(folder.path()).expect("removed");
    let large = "x".repeat(40_000);
    let mut appended = Ok(());
    for _ in 0..10 {
        appended = journal.append(text(&[&large])).await.map(drop);
        if appended.is_err() {
            break;
        }
    }
    let refusal = appended.expect_err("no segment can be begun");
    let later = journal.append(text(&["b"])).await;
    for refusal in [refusal, later.expect_err("nothing is taken any more")] {
        let is_said = matches!(refusal, Refusal::Halted(_) | Refusal::Unknown(_));
        assert!(is_said, "{refusal:?}");
    }
    let failed = tokio::time::timeout(std::time::Duration::from_secs(60), journal.failed());
    let why = failed.await.expect("it failed");
    assert!(why.contains("the daemon must restart"), "{why}");
    assert!(why.contains(&folder.path().display().to_string()), "{why}");
    assert!(journal.shutdown().await.is_err());
}

/// A stop is no failure.
#[tokio::test]
async fn a_journal_that_was_shut_down_has_not_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    store(&journal, &["a"]).await;
    journal.shutdown().await.expect("ends well");
    let failed = journal.failed();
    assert!(futures::FutureExt::now_or_never(failed).is_none());
}
