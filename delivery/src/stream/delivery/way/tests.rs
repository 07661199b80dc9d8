use super::*;

fn started(way: &mut Way, now: Instant) -> Vec<u64> {
    std::iter::from_fn(|| way.start(now, false).map(|(id, _)| id)).collect()
}

fn with(files: std::ops::Range<u64>) -> Way {
    let mut way = Way::new(4);
    files.for_each(|id| way.add(id));
    way
}

#[test]
fn the_oldest_files_go_first_and_some_at_once() {
    let now = Instant::now();
    let mut way = with(1..10);
    assert_eq!(started(&mut way, now), [1, 2, 3, 4]);
    way.done(2);
    assert_eq!(started(&mut way, now), [5]);
}

#[test]
fn a_file_that_fails_waits_longer_each_time_and_lets_others_pass() {
    let first = Instant::now();
    let mut now = first;
    let mut way = with(1..3);
    let mut longest = Duration::ZERO;
    assert_eq!(started(&mut way, now), [1, 2]);
    way.done(2);
    for failures in 1..20 {
        way.retry(1, now);
        assert_eq!(started(&mut way, now), [] as [u64; 0]);
        let pause = way.wakes().unwrap() - now;
        assert!(pause <= LONGEST_PAUSE, "{pause:?}");
        longest = longest.max(pause);
        now += pause;
        let (id, so_far) = way.start(now, false).unwrap();
        let so_far = so_far.unwrap();
        assert_eq!((id, so_far.count, so_far.since), (1, failures, first));
    }
    assert!(longest > LONGEST_PAUSE / 3, "{longest:?}");
    way.done(1);
    assert!(!way.has_failures());
}

#[test]
fn a_halted_way_is_tried_slowly_with_the_file_that_halted_it() {
    let now = Instant::now();
    let mut way = with(1..10);
    assert_eq!(started(&mut way, now).len(), 4);
    way.halt(2, now);
    way.halt(3, now);
    way.done(1);
    way.retry(4, now);
    assert_eq!(started(&mut way, now), [] as [u64; 0], "nothing new");
    let later = way.wakes().unwrap();
    assert_eq!(later, now + HALT_PAUSE);
    assert_eq!(started(&mut way, later), [2], "alone");
    way.halt(2, later);
    let later = way.wakes().unwrap();
    assert_eq!(started(&mut way, later), [2]);
    way.done(2);
    assert!(!way.is_halted());
    assert_eq!(started(&mut way, later).len(), 4, "the others follow");
}

#[test]
fn while_it_stops_only_what_never_failed_begins() {
    let now = Instant::now();
    let mut way = with(1..7);
    assert_eq!(started(&mut way, now).len(), 4);
    way.retry(1, now);
    way.done(2);
    way.done(3);
    way.done(4);
    let later = now + LONGEST_PAUSE;
    assert_eq!(way.start(later, true), Some((5, None)));
    assert_eq!(way.start(later, true), Some((6, None)));
    assert_eq!(way.start(later, true), None);
    assert_eq!(
        way.start(later, false)
            .map(|(id, f)| (id, f.unwrap().count)),
        Some((1, 1))
    );
}

#[test]
fn what_is_left_of_a_group_inherits_how_it_went() {
    let now = Instant::now();
    let mut way = Way::new(1);
    way.add(1);
    way.add(9);
    assert_eq!(started(&mut way, now), [1], "one at a time");
    way.retry(1, now);
    let later = now + LONGEST_PAUSE;
    assert_eq!(started(&mut way, later), [1]);
    way.rename(1, 4);
    way.halt(4, later);
    assert_eq!(started(&mut way, later + HALT_PAUSE), [4]);
    assert_eq!(way.failures[&4].count, 2);
    assert_eq!(way.failures[&4].since, now);
    way.done(4);
    assert_eq!(started(&mut way, later + HALT_PAUSE), [9]);
    way.done(9);
    assert!(way.is_empty());
}

/// Rule 30: an operator does not wait for the pause to pass.
#[test]
fn what_waits_is_sent_at_once_when_an_operator_says_so() {
    let now = Instant::now();
    let mut way = with(1..4);
    assert_eq!(started(&mut way, now), [1, 2, 3]);
    way.retry(1, now);
    way.done(2);
    way.halt(3, now);
    assert_eq!(started(&mut way, now), [] as [u64; 0]);
    way.try_again(now);
    let (id, failures) = way.start(now, false).unwrap();
    assert_eq!(
        (id, failures.unwrap().count),
        (3, 1),
        "what halted it first"
    );
    way.done(3);
    assert_eq!(started(&mut way, now), [1]);
}

#[test]
fn what_is_given_up_is_what_failed_or_all() {
    let now = Instant::now();
    let mut way = with(1..4);
    let given_up = |way: &mut Way| {
        let next = std::iter::from_fn(|| way.start(now, false));
        let next = next.filter(|(_, failures)| failures.is_some_and(|f| f.given_up));
        next.map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(way.give_up(false, now), 0);
    assert_eq!(given_up(&mut way), [] as [u64; 0]);
    way.retry(2, now);
    assert_eq!(way.give_up(false, now), 1);
    assert_eq!(given_up(&mut way), [2]);
    let mut all = with(1..4);
    assert_eq!(all.give_up(true, now), 3);
    assert_eq!(given_up(&mut all), [1, 2, 3]);
}

#[test]
fn what_was_taken_elsewhere_is_not_sent_wherever_it_waited() {
    let now = Instant::now();
    let mut way = with(1..5);
    assert_eq!(started(&mut way, now), [1, 2, 3, 4]);
    way.retry(1, now);
    way.halt(2, now);
    way.done(3);
    way.done(4);
    way.add(5);
    for id in [1, 2, 5] {
        way.forget(id);
    }
    assert!(way.is_empty() && !way.has_failures(), "{way:?}");
}
