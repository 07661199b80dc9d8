use super::*;

const POINTS: &[Point] = &[
    Point {
        name: "journal.synced",
        means: "",
    },
    Point {
        name: "journal.written",
        means: "",
    },
];

#[test]
fn an_order_names_a_point_and_how_often_it_is_reached() {
    for (order, spared) in [("journal.synced", 0), ("journal.synced:3", 2)] {
        let kill = read(order, POINTS).unwrap();
        assert_eq!(kill.point, "journal.synced");
        assert_eq!(kill.spared.into_inner(), spared, "{order}");
    }
}

#[test]
fn a_wrong_order_is_told_with_what_is_right() {
    let why = read("journal.sync", POINTS).unwrap_err();
    assert!(why.contains("journal.synced, journal.written"), "{why}");
    for order in [
        "journal.synced:0",
        "journal.synced:",
        "journal.synced:-1",
        "",
    ] {
        assert!(read(order, POINTS).is_err(), "{order}");
    }
}

#[test]
fn the_nth_time_is_the_last() {
    let kill = read("journal.written:3", POINTS).unwrap();
    assert_eq!(
        [kill.ends(), kill.ends(), kill.ends()],
        [false, false, true]
    );
}

#[test]
fn part_and_moment_make_a_name() {
    assert!(is("journal.synced", "journal", "synced"));
    for (part, moment) in [("journal", "sync"), ("jour", "synced"), ("journal.", "")] {
        assert!(!is("journal.synced", part, moment));
    }
}

#[test]
fn the_list_has_one_name_per_line() {
    assert_eq!(list(POINTS), "journal.synced\njournal.written\n");
}

#[test]
fn without_orders_nothing_happens() {
    reach("no", "such point", || panic!("it did its last"));
}
