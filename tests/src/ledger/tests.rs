use super::*;

fn settled(written: &[&str], arrived: &[&str]) -> String {
    let mut ledger = Ledger::new(4);
    written.iter().for_each(|r| ledger.wrote(r.as_bytes()));
    arrived.iter().for_each(|r| ledger.arrived(r.as_bytes()));
    ledger
        .settle()
        .map_or_else(|trouble| trouble.0, |()| "fine".into())
}

#[test]
fn what_arrived_as_often_as_it_was_written_is_fine() {
    assert_eq!(settled(&["a", "a", "b"], &["b", "a", "a"]), "fine");
    assert_eq!(settled(&["12345678"], &["1234", "5678"]), "fine");
    assert_eq!(settled(&[], &[]), "fine");
}

#[test]
fn each_kind_of_finding_is_told() {
    assert!(settled(&["a", "a", "b"], &["a", "b"]).contains("1 lost: \"a\""));
    assert!(settled(&["a"], &["a", "a", "a"]).contains("2 too often: \"a\""));
    assert!(settled(&["a"], &["a", "b"]).contains("1 never written: \"b\""));
    assert!(settled(&["12345"], &["1234"]).contains("1 lost: \"5\""));
}

#[test]
fn one_ledger_is_added_to_another() {
    let mut one = Ledger::new(4);
    let mut other = Ledger::new(4);
    one.wrote(b"a");
    other.wrote(b"a");
    other.copy_into(&mut one);
    assert_eq!(one.written(), 2);
    assert!(one.settle().is_err());
}

#[test]
fn what_was_only_tried_may_arrive_or_not_but_not_twice() {
    let mut ledger = Ledger::new(4);
    ledger.tried(b"a");
    ledger.settle().unwrap();
    ledger.arrived(b"a");
    ledger.settle().unwrap();
    ledger.arrived(b"a");
    assert!(ledger.settle().unwrap_err().0.contains("1 too often"));
}
