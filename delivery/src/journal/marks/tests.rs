//! Which range is new, which a repeat, and when a source is forgotten.

use standpipe_config::names::Fingerprint;

use super::super::vocabulary::{AGENT, mark, range, source};
use super::*;

const DAY: u64 = 24 * HOUR;

/// What is decided about `start..end` of epoch 2, of which the agent knows `committed` to be held,
/// with the mark (epoch, offset).
fn decided(known: Option<(u64, u64)>, start: u64, end: u64, committed: u64) -> Decision {
    let mark = known.map(|(epoch, offset)| mark(source(1), epoch, offset));
    let range = Range {
        committed,
        ..range(source(1), 2, start, end)
    };
    decide(mark.as_ref(), &range, 1)
}

#[test]
fn rule_3_in_the_epoch_of_the_mark() {
    let known = Some((2, 100));
    assert_eq!(decided(known, 100, 150, 0), Decision::Store, "at the mark");
    assert_eq!(decided(known, 0, 100, 0), Decision::Held, "up to the mark");
    assert_eq!(decided(known, 20, 30, 20), Decision::Held, "before it");
    assert_eq!(decided(known, 50, 150, 50), Decision::Expected, "across it");
    assert_eq!(
        decided(known, 101, 150, 101),
        Decision::Expected,
        "behind it"
    );
}

#[test]
fn rule_3_without_a_mark() {
    assert_eq!(
        decided(None, 70, 150, 70),
        Decision::Store,
        "an evicted mark"
    );
    assert_eq!(decided(None, 0, 150, 0), Decision::Store, "a new source");
    assert_eq!(decided(None, 70, 150, 10), Decision::Expected);
}

#[test]
fn rule_3_in_a_later_epoch_than_the_mark() {
    let known = Some((1, 100));
    assert_eq!(decided(known, 0, 150, 0), Decision::Store);
    assert_eq!(decided(known, 100, 150, 0), Decision::Expected);
}

#[test]
fn rule_3_in_an_earlier_epoch_than_the_mark() {
    let known = Some((3, 100));
    for (start, end) in [(0, 100), (100, 150), (0, 1)] {
        let decision = decided(known, start, end, start);
        assert_eq!(
            decision,
            Decision::Expected,
            "{start}..{end} is never stored"
        );
    }
}

#[test]
fn records_of_no_bytes_are_never_stored() {
    assert_eq!(decided(None, 5, 5, 5), Decision::Expected);
    assert_eq!(decided(Some((2, 5)), 5, 5, 5), Decision::Expected);
    let backwards = Range {
        end: 3,
        ..range(source(1), 2, 5, 5)
    };
    assert_eq!(decide(None, &backwards, 0), Decision::Expected);
}

#[test]
fn a_range_without_records_moves_the_mark_all_the_same() {
    let range = range(source(1), 2, 5, 9);
    assert_eq!(
        decide(Some(&mark(source(1), 2, 5)), &range, 0),
        Decision::Store
    );
}

fn with_source(running: u64) -> Marks {
    let mut marks = Marks::default();
    marks.store(AGENT, &range(source(1), 2, 0, 100), running);
    marks.commit();
    marks
}

fn knows(marks: &Marks, number: u8) -> bool {
    marks.mark(source(number)).is_some()
}

#[test]
fn a_stored_range_moves_the_mark_with_its_evidence_rule_4() {
    let marks = with_source(0);
    assert_eq!(marks.mark(source(1)), Some(&mark(source(1), 2, 100)));
}

#[test]
fn a_final_source_is_forgotten_after_seven_days_of_running_time() {
    let mut marks = with_source(0);
    marks.conclude(AGENT, source(1), 2, DAY);
    marks.forget(8 * DAY);
    assert!(knows(&marks, 1), "not before");
    marks.forget(8 * DAY + 1);
    assert!(!knows(&marks, 1));
}

#[test]
fn a_source_that_goes_on_is_not_final() {
    let mut marks = with_source(0);
    marks.conclude(AGENT, source(1), 2, 0);
    marks.store(AGENT, &range(source(1), 2, 100, 200), 0);
    marks.commit();
    assert!(!marks.held(AGENT)[0].is_final);
    marks.conclude(AGENT, source(1), 1, 0);
    marks.commit();
    assert!(!marks.held(AGENT)[0].is_final, "the end of an older epoch");
    marks.forget(8 * DAY);
    assert!(knows(&marks, 1));
}

#[test]
fn a_source_that_its_agent_no_longer_names_is_forgotten_after_an_hour() {
    let mut marks = with_source(0);
    marks.store(AgentId([9; 16]), &range(source(2), 0, 0, 1), 0);
    marks.live(AGENT, &[], HOUR);
    assert!(knows(&marks, 1), "its first list without it");
    marks.live(AGENT, &[], 2 * HOUR);
    assert!(knows(&marks, 1), "not before the hour is over");
    marks.live(AGENT, &[], 2 * HOUR + 1);
    assert!(!knows(&marks, 1));
    assert!(knows(&marks, 2), "another agent's");
}

#[test]
fn a_source_that_is_named_again_stays() {
    let mut marks = with_source(0);
    marks.live(AGENT, &[], HOUR);
    marks.live(AGENT, &[source(1)], 2 * HOUR);
    marks.live(AGENT, &[], 3 * HOUR);
    marks.live(AGENT, &[], 4 * HOUR);
    assert!(knows(&marks, 1), "its hour began again");
}

#[test]
fn a_silent_source_is_forgotten_after_thirty_days() {
    let mut marks = with_source(DAY);
    marks.forget(31 * DAY);
    assert!(knows(&marks, 1));
    marks.forget(31 * DAY + 1);
    assert!(!knows(&marks, 1));
}

#[test]
fn only_what_is_durable_is_told() {
    let mut marks = with_source(0);
    marks.store(AGENT, &range(source(1), 2, 100, 200), 1);
    marks.store(AGENT, &range(source(2), 0, 0, 10), 1);
    let offsets = |marks: &Marks| {
        let mut found: Vec<_> = marks.held(AGENT).iter().map(|h| h.mark.offset).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(offsets(&marks), [100]);
    marks.commit();
    assert_eq!(offsets(&marks), [10, 200]);
}

#[test]
fn a_refused_group_is_undone() {
    let mut marks = with_source(0);
    marks.store(AGENT, &range(source(1), 2, 100, 200), 1);
    marks.store(AGENT, &range(source(1), 2, 200, 300), 1);
    marks.store(AGENT, &range(source(2), 0, 0, 10), 1);
    marks.undo();
    assert_eq!(marks.mark(source(1)).map(|m| m.offset), Some(100));
    assert!(!knows(&marks, 2));
    marks.live(AGENT, &[], 5);
    marks.live(AGENT, &[], 5 + 2 * HOUR);
    assert!(!knows(&marks, 1));
    marks.undo();
    assert!(knows(&marks, 1), "even a forgotten one comes back");
}

#[test]
fn evidence_is_kept_and_told_with_the_mark_rule_6() {
    let evidence = Evidence {
        source: source(1),
        path: "/var/log/x".to_owned(),
        device: 1,
        inode: 2,
        generation: 3,
        birth: 4,
        prefix_length: 5,
        prefix: Fingerprint([6; 16]),
    };
    let mut marks = Marks::default();
    marks.identify(AGENT, &evidence, 0);
    marks.commit();
    assert!(marks.held(AGENT).is_empty(), "nothing of it is held yet");
    marks.store(AGENT, &range(source(1), 0, 0, 9), 0);
    marks.commit();
    assert_eq!(marks.held(AGENT)[0].evidence, Some(evidence));
    assert!(marks.held(AgentId([9; 16])).is_empty());
}

#[test]
fn an_end_that_is_not_reached_is_known() {
    let marks = with_source(0);
    assert!(marks.reaches(source(1), 2, 100));
    assert!(!marks.reaches(source(1), 2, 101));
    assert!(marks.reaches(source(1), 1, 500), "an older epoch is closed");
    assert!(
        marks.reaches(source(1), 3, 0),
        "a later one that held nothing"
    );
    assert!(marks.reaches(source(9), 2, 100), "an unknown source");
}
