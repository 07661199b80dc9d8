use super::*;

#[test]
fn what_is_spread_is_never_shorter_and_hardly_ever_the_same() {
    let wait = Duration::from_secs(1);
    let waits: Vec<Duration> = (0..20).map(|_| spread(wait)).collect();
    assert!(
        waits
            .iter()
            .all(|spread| (wait..=wait * 3 / 2).contains(spread)),
        "{waits:?}"
    );
    assert!(waits.iter().any(|spread| *spread != waits[0]), "{waits:?}");
    assert_eq!(spread(Duration::ZERO), Duration::ZERO);
}

#[test]
fn waits_double_up_to_a_limit_and_honour_what_is_asked_up_to_it() {
    let mut backoff = Backoff::default();
    let waits: Vec<u128> = (0..8).map(|_| backoff.wait(None).as_millis()).collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    let mut backoff = Backoff::default();
    let asked = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(backoff.wait(asked(2)), Duration::from_secs(2));
    assert_eq!(backoff.wait(asked(3600)), LONGEST);
    assert_eq!(backoff.wait(asked(0)), Duration::from_millis(400));
}
