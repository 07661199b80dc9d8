use super::*;

fn health() -> Health {
    Health::new("web".parse().unwrap())
}

#[test]
fn each_part_goes_wrong_and_right_by_itself() {
    let health = health();
    health.halt(Part::Backup, "backup");
    assert!(health.is_halted(Part::Backup) && !health.is_halted(Part::Delivery));
    health.clear(Part::Delivery);
    assert!(health.is_halted(Part::Backup));
    health.clear(Part::Backup);
    assert_eq!(health.last_error(), None);
}

#[test]
fn what_needs_an_operator_is_shown_before_what_passes() {
    let health = health();
    health.worry(Part::Lane, "full");
    assert_eq!(health.last_error().unwrap(), "full");
    health.halt(Part::Delivery, "login");
    assert_eq!(health.last_error().unwrap(), "login");
}

#[test]
fn the_same_trouble_is_news_once() {
    let health = health();
    assert!(health.change(Part::Lane, Weight::Passing, "a"));
    assert!(!health.change(Part::Lane, Weight::Passing, "b"));
    assert!(health.change(Part::Lane, Weight::Halted, "b"));
    assert_eq!(health.last_error().unwrap(), "b");
}
