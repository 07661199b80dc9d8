//! Idempotency keys are remembered, for a while (rule 10).

use super::*;

fn known(number: u64, running: u64) -> Known {
    Known {
        key: number.to_string(),
        reply: Reply {
            first: number,
            accepted: 1,
        },
        running,
    }
}

#[test]
fn a_repeat_gets_the_first_reply() {
    let mut keys = Keys::default();
    keys.remember(known(5, 0));
    assert_eq!(keys.reply("5"), Some(known(5, 0).reply));
    assert_eq!(keys.reply("6"), None);
}

#[test]
fn the_newest_ten_thousand_are_kept() {
    let mut keys = Keys::default();
    (0..=KEPT as u64).for_each(|n| keys.remember(known(n, 0)));
    keys.forget(0);
    assert_eq!(keys.reply("0"), None);
    assert!(keys.reply("1").is_some() && keys.reply("10000").is_some());
    assert_eq!(keys.iter().count(), KEPT);
}

#[test]
fn a_key_is_forgotten_after_a_day_of_running_time() {
    let mut keys = Keys::default();
    keys.remember(known(1, 0));
    keys.remember(known(2, 1));
    keys.forget(KEPT_FOR);
    assert!(keys.reply("1").is_some());
    keys.forget(KEPT_FOR + 1);
    assert!(keys.reply("1").is_none() && keys.reply("2").is_some());
}

#[test]
fn the_keys_of_a_refused_group_are_forgotten() {
    let mut keys = Keys::default();
    keys.remember(known(1, 0));
    keys.commit();
    keys.remember(known(2, 0));
    keys.remember(known(3, 0));
    keys.undo();
    assert_eq!(keys.iter().collect::<Vec<_>>(), [known(1, 0)]);
    assert!(keys.reply("2").is_none());
}
