use super::*;

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
