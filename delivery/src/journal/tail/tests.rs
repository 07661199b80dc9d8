//! Recovery does again what was done when an entry was appended.

use standpipe_config::frame::GapReason;
use standpipe_config::names::Run;

use super::super::entry::{Group, Kind};
use super::super::vocabulary::{AGENT, mark, range, source};
use super::*;

fn head(count: u32, arrival: i64) -> Head {
    Head {
        kind: Kind::Records,
        length: 0,
        body_crc: 0,
        attributes: 0,
        segment: 1,
        run: Run([0; 8]),
        group: Group { number: 6, at: 0 },
        first: 4,
        count,
        bytes: 30,
        arrival: Arrival(arrival),
        running: 50,
    }
}

#[test]
fn an_entry_moves_the_end_and_the_totals() {
    let mut memory = Memory::default();
    memory.replay(&head(3, 100), vec![]);
    let tail = memory.tail;
    assert_eq!((tail.position, tail.group, tail.running), (7, 7, 50));
    assert_eq!(
        (tail.totals.accepted_records, tail.totals.accepted_bytes),
        (3, 30)
    );
}

#[test]
fn arrival_never_runs_backwards_rule_21() {
    let mut memory = Memory::default();
    memory.replay(&head(3, 100), vec![]);
    memory.replay(&head(3, 90), vec![]);
    assert_eq!(memory.tail.arrival, Arrival(100));
}

#[test]
fn marks_keys_and_gaps_come_back() {
    let mut memory = Memory::default();
    let stored = range(source(1), 0, 0, 40);
    let gap = range(source(1), 0, 40, 60);
    memory.replay(&head(3, 0), vec![Attribute::Range(AGENT, stored)]);
    assert_eq!(memory.marks.mark(source(1)), Some(&mark(source(1), 0, 40)));
    memory.replay(
        &head(0, 0),
        vec![Attribute::Gap(AGENT, gap, GapReason::Hole)],
    );
    assert_eq!(memory.marks.mark(source(1)), Some(&mark(source(1), 0, 60)));
    assert_eq!(memory.tail.totals.gap_bytes, 20);
    memory.replay(&head(0, 0), vec![Attribute::Final(AGENT, source(1), 0, 60)]);
    assert!(memory.marks.held(AGENT)[0].is_final);
    memory.replay(&head(2, 0), vec![Attribute::Key("k".to_owned())]);
    let reply = Reply {
        first: 4,
        accepted: 2,
    };
    assert_eq!(memory.keys.reply("k"), Some(reply));
}
