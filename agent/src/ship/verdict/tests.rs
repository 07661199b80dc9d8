use standpipe_config::names::SourceId;

use super::Confirmation::{Agrees, Disagrees, Unknown};
use super::*;
use crate::identity::tail_of;

fn place(offset: u64) -> Place {
    Place {
        epoch: 1,
        offset,
        part: 0,
        tail: Some(tail_of(offset.to_string().as_bytes())),
    }
}

const fn sent(start: Place, end: Place, is_gap: bool) -> Sent {
    Sent { start, end, is_gap }
}

/// The answer of a daemon that holds everything before `offset` of `epoch`.
fn answer(outcome: Outcome, epoch: u64, offset: u64) -> Answer {
    let mark = Mark {
        source: SourceId([1; 16]),
        epoch,
        offset,
        tail: place(offset).tail,
    };
    Answer {
        outcome,
        mark: Some(mark),
    }
}

/// What records of bytes 100 to 200 of epoch 1 are moved to.
fn records(answer: Answer, own: Confirmation) -> Move {
    judge(&sent(place(100), place(200), false), &answer, |_, _| own)
}

fn gap(answer: Answer, own: Confirmation) -> Move {
    judge(&sent(place(100), place(200), true), &answer, |_, _| own)
}

fn unmarked(outcome: Outcome) -> Answer {
    Answer {
        outcome,
        mark: None,
    }
}

#[test]
fn stored_moves_on() {
    assert_eq!(
        records(answer(Outcome::Stored, 1, 200), Unknown),
        Move::Advance
    );
    assert_eq!(gap(unmarked(Outcome::Stored), Unknown), Move::Advance);
}

#[test]
fn rule_4_held_moves_on_only_with_evidence() {
    let held = |offset| answer(Outcome::Held, 1, offset);
    assert_eq!(records(held(200), Unknown), Move::Advance, "as it was sent");
    let mut other = held(200);
    other.mark.as_mut().unwrap().tail = place(7).tail;
    assert_eq!(records(other.clone(), Disagrees), Move::Mint, "other bytes");
    assert_eq!(records(other.clone(), Unknown), Move::Mint);
    assert_eq!(records(other, Agrees), Move::Advance, "a shorter window");
    assert_eq!(records(held(300), Agrees), Move::Advance);
    assert_eq!(records(held(300), Disagrees), Move::Mint);
    assert_eq!(records(held(300), Unknown), Move::Mint);
    assert_eq!(records(unmarked(Outcome::Held), Agrees), Move::Mint);
    assert_eq!(records(answer(Outcome::Held, 2, 10), Agrees), Move::Mint);
    let mut after_gap = held(200);
    after_gap.mark.as_mut().unwrap().tail = None;
    assert_eq!(records(after_gap, Agrees), Move::Mint, "no evidence");
}

#[test]
fn rule_4_a_mark_ahead_is_followed_only_with_evidence() {
    let expected = answer(Outcome::Expected, 1, 150);
    let there = Move::GoTo { offset: 150 };
    assert_eq!(records(expected.clone(), Agrees), there);
    assert_eq!(records(expected.clone(), Disagrees), Move::Mint);
    assert_eq!(records(expected, Unknown), Move::Mint);
}

#[test]
fn rule_5_a_mark_behind_is_followed_unless_the_bytes_disagree() {
    let expected = answer(Outcome::Expected, 1, 50);
    let there = Move::GoTo { offset: 50 };
    assert_eq!(records(expected.clone(), Agrees), there);
    assert_eq!(records(expected.clone(), Unknown), there);
    assert_eq!(records(expected, Disagrees), Move::Mint);
}

#[test]
fn a_daemon_that_forgot_the_source_or_its_epoch_gets_it_again() {
    assert_eq!(records(unmarked(Outcome::Expected), Agrees), Move::Again);
    let older = answer(Outcome::Expected, 0, 500);
    assert_eq!(records(older, Disagrees), Move::Again);
    let newer = answer(Outcome::Expected, 2, 500);
    assert_eq!(records(newer, Agrees), Move::Mint);
}

#[test]
fn rule_5_a_gap_never_hangs() {
    assert_eq!(gap(answer(Outcome::Held, 1, 300), Disagrees), Move::Advance);
    assert_eq!(gap(unmarked(Outcome::Held), Unknown), Move::Advance);
    assert_eq!(gap(answer(Outcome::Held, 2, 1), Unknown), Move::Advance);
    assert_eq!(gap(answer(Outcome::Expected, 2, 1), Unknown), Move::Advance);
    let ahead = answer(Outcome::Expected, 1, 150);
    assert_eq!(gap(ahead, Unknown), Move::GoTo { offset: 150 });
    assert_eq!(gap(unmarked(Outcome::Expected), Unknown), Move::Again);
}
