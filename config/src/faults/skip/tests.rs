use super::*;

const SYNCS: &[Sync] = &[
    Sync {
        name: "journal.group",
        means: "",
    },
    Sync {
        name: "spool.names",
        means: "",
    },
];

#[test]
fn an_order_names_syncs_with_commas_between() {
    assert_eq!(read("", SYNCS), Ok(vec![]));
    assert_eq!(read("spool.names", SYNCS), Ok(vec!["spool.names"]));
    let both = read("spool.names,journal.group", SYNCS);
    assert_eq!(both, Ok(vec!["spool.names", "journal.group"]));
}

#[test]
fn a_wrong_order_is_told_with_what_is_right() {
    let why = read("journal.group,spool.name", SYNCS).unwrap_err();
    assert!(why.contains("no sync spool.name;"), "{why}");
    assert!(why.contains("journal.group, spool.names"), "{why}");
}

#[test]
fn without_orders_none_is_left_out() {
    assert!(!leaves_out(("no", "such sync")));
}
