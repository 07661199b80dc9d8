//! Frames and text requests, as their senders see them.

use standpipe_config::frame::{Evidence, HeldSource};
use standpipe_config::names::{Fingerprint, SourceId};
use standpipe_config::records::{Note, Part};

use super::super::vocabulary::*;
use super::super::{Journal, LocalJournal, birth};
use super::*;

struct Stream {
    folder: tempfile::TempDir,
    journal: LocalJournal,
}

impl Stream {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = open(folder.path()).await;
        Self { folder, journal }
    }

    async fn reopened(self) -> Self {
        self.journal.kill();
        let journal = open(self.folder.path()).await;
        Self {
            journal,
            folder: self.folder,
        }
    }

    async fn send(&self, list: Vec<Frame>) -> Vec<(Outcome, Option<Mark>)> {
        let appended = self.journal.append(frames(list)).await.expect("stored");
        appended.answers
    }

    async fn texts(&self) -> Vec<String> {
        all_from(&self.journal, 0, 1).await
    }
}

fn of(start: u64, end: u64, texts: &[&str]) -> Frame {
    Frame::Records(range(source(1), 0, start, end), records(texts))
}

fn at(offset: u64) -> Option<Mark> {
    Some(mark(source(1), 0, offset))
}

#[tokio::test]
async fn a_repeat_after_a_lost_reply_is_held_and_not_stored_again_rule_2() {
    let stream = Stream::new().await;
    let request = || vec![of(0, 10, &["a"])];
    assert_eq!(stream.send(request()).await, [(Outcome::Stored, at(10))]);
    assert_eq!(stream.send(request()).await, [(Outcome::Held, at(10))]);
    let stream = stream.reopened().await;
    assert_eq!(stream.send(request()).await, [(Outcome::Held, at(10))]);
    assert_eq!(stream.texts().await, ["a"]);
}

#[test]
fn a_retry_that_meets_its_first_attempt_in_the_queue_is_held_rule_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = birth::open(folder.path(), &options(folder.path())).expect("opens");
    let request = || frames(vec![of(0, 10, &["a"])]);
    let answers = serve(&mut writer, vec![request(), request()], false);
    let outcome = |place: usize| answers[place].as_ref().expect("answered").answers[0].0;
    assert_eq!((outcome(0), outcome(1)), (Outcome::Stored, Outcome::Held));
    assert_eq!(writer.synced.position, 1);
}

#[tokio::test]
async fn later_frames_of_a_request_see_what_earlier_ones_moved() {
    let stream = Stream::new().await;
    let request = vec![
        of(0, 10, &["a"]),
        of(10, 20, &["b"]),
        of(15, 30, &["x"]),
        of(0, 20, &["x"]),
    ];
    let expected = [
        (Outcome::Stored, at(10)),
        (Outcome::Stored, at(20)),
        (Outcome::Expected, at(20)),
        (Outcome::Held, at(20)),
    ];
    assert_eq!(stream.send(request).await, expected);
    assert_eq!(stream.texts().await, ["a", "b"]);
}

#[tokio::test]
async fn what_is_not_at_the_mark_is_refused_with_the_evidence_rule_4() {
    let stream = Stream::new().await;
    stream.send(vec![of(0, 10, &["a"])]).await;
    let expected = [(Outcome::Expected, at(10))];
    assert_eq!(stream.send(vec![of(5, 30, &["x"])]).await, expected);
    assert_eq!(expected[0].1.and_then(|mark| mark.tail), Some(tail(10)));
    let unknown = Range {
        committed: 3,
        ..range(source(2), 0, 5, 30)
    };
    let request = vec![Frame::Records(unknown, records(&["x"]))];
    assert_eq!(stream.send(request).await, [(Outcome::Expected, None)]);
    assert_eq!(stream.journal.end(), 1);
}

#[tokio::test]
async fn a_gap_moves_the_mark_and_is_counted_rule_5() {
    let stream = Stream::new().await;
    stream.send(vec![of(0, 10, &["a"])]).await;
    let gap = Range {
        tail: None,
        ..range(source(1), 0, 10, 50)
    };
    let lost = || vec![Frame::Gap(gap, GapReason::Deleted)];
    let moved = Some(Mark {
        tail: None,
        ..mark(source(1), 0, 50)
    });
    assert_eq!(stream.send(lost()).await, [(Outcome::Stored, moved)]);
    assert_eq!(stream.send(lost()).await, [(Outcome::Held, moved)]);
    assert_eq!(stream.journal.totals().gap_bytes, 40, "once");
    let stream = stream.reopened().await;
    assert_eq!(stream.journal.totals().gap_bytes, 40);
    let next = vec![of(50, 60, &["b"])];
    assert_eq!(stream.send(next).await, [(Outcome::Stored, at(60))]);
}

fn evidence(id: SourceId) -> Evidence {
    Evidence {
        source: id,
        path: "/var/log/app.log".to_owned(),
        device: 1,
        inode: 2,
        generation: 3,
        birth: 4,
        prefix_length: 5,
        prefix: Fingerprint([6; 16]),
    }
}

fn ends_at(offset: u64) -> Frame {
    Frame::Final {
        source: source(1),
        epoch: 0,
        offset,
    }
}

#[tokio::test]
async fn what_identifies_a_source_is_told_after_restarts_and_releases_rules_6_and_7() {
    let Stream { folder, journal } = {
        let stream = Stream::new().await;
        let identify = vec![Frame::Identify(evidence(source(1)))];
        assert_eq!(stream.send(identify).await, [(Outcome::Noted, None)]);
        stream.send(vec![of(0, 10, &["a"])]).await;
        assert_eq!(
            stream.send(vec![ends_at(10)]).await,
            [(Outcome::Noted, at(10))]
        );
        stream
    };
    let told = [HeldSource {
        mark: mark(source(1), 0, 10),
        is_final: true,
        evidence: Some(evidence(source(1))),
    }];
    assert_eq!(journal.sources(AGENT), told);
    journal.kill();
    for _ in 0..2 {
        let journal = open_sealed(folder.path(), Some(1)).await.expect("opens");
        assert_eq!(journal.begin(), 1, "the segment with the frames is gone");
        assert_eq!(journal.sources(AGENT), told);
        journal.kill();
    }
}

#[tokio::test]
async fn an_end_that_was_not_reached_is_no_end() {
    let stream = Stream::new().await;
    stream.send(vec![of(0, 10, &["a"])]).await;
    assert_eq!(
        stream.send(vec![ends_at(11)]).await,
        [(Outcome::Expected, at(10))]
    );
    assert!(!stream.journal.sources(AGENT)[0].is_final);
}

#[tokio::test]
async fn a_list_of_live_sources_is_noted() {
    let stream = Stream::new().await;
    stream.send(vec![of(0, 10, &["a"])]).await;
    let answers = stream.send(vec![Frame::Live(vec![source(2)])]).await;
    assert_eq!(answers, [(Outcome::Noted, None)]);
    let stream = stream.reopened().await;
    assert_eq!(
        stream.journal.sources(AGENT).len(),
        1,
        "not forgotten at once"
    );
}

#[tokio::test]
async fn bytes_that_hold_no_record_are_held_all_the_same() {
    let stream = Stream::new().await;
    stream.send(vec![of(0, 10, &[])]).await;
    let stream = stream.reopened().await;
    let next = vec![of(10, 20, &["a"])];
    assert_eq!(stream.send(next).await, [(Outcome::Stored, at(20))]);
    assert_eq!(stream.texts().await, ["a"]);
}

#[tokio::test]
async fn a_key_makes_a_text_request_repeatable_rule_10() {
    let stream = Stream::new().await;
    let request = |key: &str| Append {
        idempotency_key: Some(key.to_owned()),
        ..text(&["a", "b"])
    };
    store(&stream.journal, &["before"]).await;
    let first = stream.journal.append(request("k")).await.expect("stored");
    assert_eq!((first.first_position, first.accepted), (1, 2));
    assert_eq!(stream.journal.append(request("k")).await, Ok(first.clone()));
    let stream = stream.reopened().await;
    assert_eq!(stream.journal.append(request("k")).await, Ok(first));
    let other = stream.journal.append(request("l")).await.expect("stored");
    assert_eq!(other.first_position, 3);
    assert_eq!(stream.texts().await, ["before", "a", "b", "a", "b"]);
}

#[tokio::test]
async fn notes_of_records_come_back() {
    let stream = Stream::new().await;
    let part = Some(Part {
        number: 1,
        last: true,
    });
    let note = |record, part, unterminated| Note {
        record,
        part,
        unterminated,
    };
    let noted = Records {
        notes: vec![note(1, part, false), note(2, None, true)],
        ..records(&["a", "b", "c"])
    };
    let append = Append {
        content: Content::Text(noted.clone()),
        ..text(&[])
    };
    stream.journal.append(append).await.expect("stored");
    let chunk = stream.journal.read(0, 1).await.expect("reads");
    assert_eq!(chunk.entries[0].records, noted);
    let chunk = stream.journal.read(1, 1).await.expect("reads");
    let parts: Vec<_> = chunk.rows().map(|row| row.part).collect();
    assert_eq!(parts, [part, None], "cut with their records");
}

#[tokio::test]
async fn a_request_that_says_nothing_stores_nothing() {
    let stream = Stream::new().await;
    let appended = store(&stream.journal, &[]).await;
    assert_eq!((appended.first_position, appended.accepted), (0, 0));
    assert_eq!(stream.send(vec![]).await, []);
    assert_eq!(stream.journal.totals().accepted_records, 0);
}

#[test]
fn no_request_takes_more_room_than_was_made_for_it() {
    let key = Append {
        idempotency_key: Some("k".repeat(128)),
        ..text(&["a", "b"])
    };
    let all = frames(vec![
        of(0, 10, &["a", ""]),
        Frame::Gap(range(source(1), 0, 10, 20), GapReason::Hole),
        Frame::Identify(evidence(source(1))),
        ends_at(20),
        Frame::Live(vec![source(1); 50]),
    ]);
    for append in [text(&["a"]), key, all] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = birth::open(folder.path(), &options(folder.path())).expect("opens");
        let (room, before) = (room_for(&append), writer.at);
        serve(&mut writer, vec![append], false);
        let taken = writer.at - before;
        assert!(taken > 0 && taken <= room, "{taken} of {room}");
    }
}
