use standpipe_config::names::{LaneId, Run};

use super::*;

fn add(failures: &mut Failures, position: u64, code: &str, message: &str) {
    let id = RecordId {
        lane: LaneId([1; 16]),
        run: Run([2; 8]),
        position,
        index: 0,
    };
    let reason = Reason {
        code,
        message,
        attempts: 1,
        ended: Arrival(position as i64),
    };
    failures.add(id, &reason);
}

fn messages(failures: &Failures, code: &str) -> Vec<String> {
    let samples = failures.codes()[code].samples.iter();
    samples.map(|sample| sample.message.clone()).collect()
}

#[test]
fn each_code_keeps_its_last_different_messages() {
    let mut failures = Failures::default();
    for (position, message) in (0..).zip(["a", "b", "a", "c", "d", "d"]) {
        add(&mut failures, position, "Lambda.FunctionError", message);
    }
    add(&mut failures, 9, "OS.MalformedData", "e");
    assert_eq!(messages(&failures, "Lambda.FunctionError"), ["a", "c", "d"]);
    assert_eq!(messages(&failures, "OS.MalformedData"), ["e"]);
    let code = &failures.codes()["Lambda.FunctionError"];
    assert_eq!((code.lines, code.latest), (6, Arrival(5)));
    let last = code.samples.back().unwrap();
    assert!(
        last.id.contains("-5") || last.id.ends_with("5-0"),
        "{}",
        last.id
    );
}

#[test]
fn memory_is_bounded_whatever_fails() {
    let mut failures = Failures::default();
    for position in 0..10_000 {
        let code = format!("PostgreSQL.{}", position % 50);
        add(&mut failures, position, &code, &"x".repeat(5000));
    }
    assert_eq!(failures.codes().len(), CODES + 1);
    let lines: u64 = failures.codes().values().map(|code| code.lines).sum();
    assert_eq!(lines, 10_000);
    let longest = failures
        .codes()
        .keys()
        .map(|code| messages(&failures, code));
    let longest = longest.flatten().map(|message| message.len()).max();
    assert_eq!(longest, Some(SHOWN));
}

#[test]
fn what_failed_later_comes_behind() {
    let (mut failures, mut later) = (Failures::default(), Failures::default());
    for (position, message) in (0..).zip(["a", "b"]) {
        add(&mut failures, position, "code", message);
    }
    for (position, message) in (2..).zip(["c", "d"]) {
        add(&mut later, position, "code", message);
    }
    failures.append(later);
    assert_eq!(messages(&failures, "code"), ["b", "c", "d"]);
    assert_eq!(failures.codes()["code"].lines, 4);
}
