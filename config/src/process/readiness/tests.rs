use super::*;

#[test]
fn ready_when_every_latch_is_released() {
    let readiness = Readiness::default();
    let streams = readiness.latch("the streams");
    let door = readiness.latch("the native door");
    assert_eq!(readiness.missing(), ["the native door", "the streams"]);
    streams.release();
    assert_eq!(readiness.missing(), ["the native door"]);
    door.release();
    assert!(readiness.missing().is_empty());
}

#[test]
fn a_part_that_died_on_its_way_up_stays_missing() {
    let readiness = Readiness::default();
    drop(readiness.latch("the streams"));
    assert_eq!(readiness.missing(), ["the streams"]);
}

#[test]
fn a_process_that_stops_is_not_ready() {
    let readiness = Readiness::default();
    readiness.stopping();
    assert_eq!(readiness.missing(), ["this process is stopping"]);
}
