//! The ledger knows what was put back, whatever moment a crash left it at.

use standpipe_config::names::Fingerprint;

use super::*;

fn batch(number: u64) -> Batch {
    Batch {
        number,
        content: Fingerprint::of(&number.to_le_bytes()),
    }
}

fn none() -> Batch {
    Batch {
        number: 0,
        content: Fingerprint([0; 16]),
    }
}

fn lines(numbers: std::ops::Range<u64>) -> Ranges {
    let mut lines = Ranges::default();
    numbers.for_each(|number| lines.push(number));
    lines
}

fn open(folder: &Path, last: Batch) -> Ledger {
    Ledger::open(folder, last, true).unwrap().unwrap()
}

#[test]
fn a_batch_counts_when_the_journal_has_it_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path(), none());
    ledger.name(batch(1), "a", lines(0..3)).unwrap();
    assert_eq!(ledger.done("a").len(), 0);
    // A crash before the journal had it.
    let mut ledger = open(folder.path(), none());
    assert_eq!(ledger.done("a").len(), 0);
    // Another batch takes its number, and is stored; a crash before anybody knew.
    ledger.name(batch(1), "a", lines(0..2)).unwrap();
    let mut ledger = open(folder.path(), batch(1));
    assert_eq!(ledger.done("a"), lines(0..2));
    ledger.name(batch(2), "a", lines(5..6)).unwrap();
    ledger.settle(batch(2)).unwrap();
    ledger.aside("a").unwrap();
    let ledger = open(folder.path(), batch(2));
    assert_eq!(ledger.done("a").len(), 3);
    assert!(ledger.done("a").contains(5));
}

#[test]
fn a_ledger_that_does_not_fit_its_journal_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Ledger::open(folder.path(), batch(1), false).unwrap_err();
    assert!(
        missing.to_string().contains("journal with batch 1"),
        "{missing}"
    );
    let other = tempfile::tempdir().unwrap();
    let mut ledger = open(other.path(), none());
    ledger.name(batch(1), "a", lines(0..3)).unwrap();
    ledger.settle(batch(1)).unwrap();
    for last in [none(), batch(2)] {
        let opened = Ledger::open(other.path(), last, true);
        match last.number {
            // As if it had not been stored.
            0 => assert!(opened.is_ok()),
            _ => assert!(opened.is_err()),
        }
    }
}

#[test]
fn before_the_first_redrive_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        Ledger::open(folder.path(), none(), false)
            .unwrap()
            .is_none()
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn compacted_it_says_the_same_and_forgets_the_oldest_objects_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path(), none());
    let name = |number: u64| format!("errors/processing-failed/{number:0>60}");
    for number in 1..=600 {
        ledger
            .name(batch(number), &name(number), lines(0..number))
            .unwrap();
        ledger.settle(batch(number)).unwrap();
        if number % 3 == 0 {
            ledger.aside(&name(number)).unwrap();
        }
    }
    let ledger = open(folder.path(), batch(600));
    for number in 1..=600 {
        assert_eq!(ledger.done(&name(number)), lines(0..number));
    }
    assert_eq!(ledger.state.aside.len(), 200);
    let mut state = State::default();
    for number in 0..=ASIDE_KEPT {
        state.move_aside(name(number as u64));
    }
    assert!(!state.objects.contains_key(&name(0)));
    assert!(state.objects.contains_key(&name(1)));
}
