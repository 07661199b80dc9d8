use super::*;

#[test]
fn a_flush_seals_what_was_there_when_it_was_asked_for_and_is_over_then() {
    let levers = Levers::default();
    assert!(!levers.flushes(0, 5, false));
    levers.flush_to(10);
    levers.flush_to(7);
    assert!(!levers.flushes(0, 9, true), "there is more to come for it");
    assert!(levers.flushes(0, 10, true));
    assert!(levers.flushes(4, 9, false), "all that there is");
    assert!(!levers.flushes(10, 12, false), "it was sealed");
}
