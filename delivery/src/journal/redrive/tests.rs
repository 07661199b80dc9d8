//! Batches of a redrive are stored once, and their records keep their names.

use super::super::vocabulary::{open, open_sealed, records, store};
use super::super::{Append, Content, Journal, LocalJournal};
use super::*;

fn name(position: u64) -> Name {
    let id = RecordId {
        lane: LaneId([9; 16]),
        run: Run([8; 8]),
        position,
        index: 1,
    };
    Name {
        id,
        arrival: Arrival(1_000 + position as i64),
    }
}

fn redrive(number: u64, texts: &[&str]) -> Redrive {
    Redrive {
        batch: Batch {
            number,
            content: Fingerprint::of(texts.concat().as_bytes()),
        },
        stage: Stage::Transformed,
        records: records(texts),
        names: (0..texts.len() as u64).map(name).collect(),
    }
}

async fn put(journal: &LocalJournal, redrive: Redrive) -> (u64, u64) {
    let append = Append {
        permit: None,
        content: Content::Redriven(redrive),
        idempotency_key: None,
    };
    let appended = journal.append(append).await.expect("answered");
    (appended.first_position, appended.accepted)
}

#[tokio::test]
async fn redriven_records_keep_name_arrival_and_stage_rule_27() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    store(&journal, &["new"]).await;
    assert_eq!(put(&journal, redrive(1, &["a", "b"])).await, (1, 2));
    for position in [1, 2] {
        let chunk = journal.read(position, 1).await.expect("reads");
        let row = chunk.rows().next().expect("a row");
        let expected = name(position - 1);
        assert_eq!(row.position, position);
        assert_eq!(row.redriven, Some(expected.id));
        assert_eq!(row.id(journal.lane()), expected.id);
        assert_eq!(row.arrival, expected.arrival);
        assert_eq!(row.stage, Stage::Transformed);
    }
    let chunk = journal.read(0, 1).await.expect("reads");
    let row = chunk.rows().next().expect("a row");
    assert_eq!(row.redriven, None);
    assert_eq!(row.id(journal.lane()).lane, journal.lane());
}

#[tokio::test]
async fn a_batch_is_stored_once_however_often_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let first = redrive(1, &["a", "b"]);
    assert_eq!(put(&journal, first.clone()).await, (0, 2));
    assert_eq!(put(&journal, first.clone()).await, (0, 2), "a repeat");
    assert_eq!(put(&journal, redrive(1, &["c"])).await.1, 0, "another 1");
    assert_eq!(put(&journal, redrive(3, &["c"])).await.1, 0, "2 is missing");
    assert_eq!(journal.end(), 2);
    let totals = journal.totals();
    assert_eq!((totals.redriven_records, totals.redriven_bytes), (2, 2));
    assert_eq!((totals.accepted_records, totals.accepted_bytes), (2, 2));
}

#[tokio::test]
async fn the_last_batch_is_known_after_kills_and_released_segments() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).await;
    let first = redrive(1, &["a", "b"]);
    put(&journal, first.clone()).await;
    journal.kill();
    for life in 0..3 {
        // Sealed and released: the segment in which the batch lies is gone by the second life.
        let journal = open_sealed(folder.path(), Some(2)).await.expect("opens");
        journal.release(2).await.expect("released");
        assert_eq!(journal.last_redrive(), first.batch, "life {life}");
        assert_eq!(journal.totals().redriven_records, 2, "life {life}");
        assert_eq!(put(&journal, first.clone()).await, (0, 2), "life {life}");
        journal.kill();
    }
}
