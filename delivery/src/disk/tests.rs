//! When a door closes, and what the file system is asked.

use super::*;

fn folder(high_water: HighWater) -> Arc<DataFolder> {
    Arc::new(DataFolder::new(Path::new("/"), high_water))
}

#[test]
fn the_quota_closes_the_door_and_opens_it_again() {
    let quota = Quota::new(100, folder(HighWater::Free(0)));
    quota.take(60);
    assert_eq!(quota.admit(40), Ok(()));
    let full = Full::Quota {
        quota: 100,
        used: 60,
    };
    assert_eq!(quota.admit(41), Err(full));
    quota.give_back(1);
    assert_eq!(quota.admit(41), Ok(()));
    assert_eq!(quota.used(), 59);
}

#[test]
fn how_full_the_disk_may_be_can_change() {
    let folder = folder(HighWater::Free(u64::MAX));
    assert_eq!(folder.room().unwrap(), 0);
    folder.limit(HighWater::Free(0));
    assert!(folder.room().unwrap() > 0);
}

#[test]
fn what_is_taken_already_may_be_used_up_to_the_quota() {
    let quota = Quota::new(100, folder(HighWater::Free(0)));
    quota.take(100);
    assert_eq!(quota.admit(0), Ok(()));
    quota.take(1);
    assert!(quota.admit(0).is_err());
}

#[test]
fn from_three_quarters_of_the_quota_on_the_open_batch_seals() {
    let quota = Quota::new(100, folder(HighWater::Free(0)));
    quota.take(74);
    assert!(!quota.is_pressed());
    quota.take(1);
    assert!(quota.is_pressed());
}

/// Rule 28: a request that is larger than what is left must not wait for the interval.
#[test]
fn a_request_that_found_no_room_makes_the_open_batch_seal_until_one_does() {
    let quota = Quota::new(100, folder(HighWater::Free(0)));
    quota.take(60);
    assert!(quota.admit(41).is_err());
    assert!(quota.is_pressed());
    assert_eq!(quota.admit(40), Ok(()));
    assert!(!quota.is_pressed());
}

#[test]
fn a_quota_reaches_no_further_than_the_file_system() {
    let quota = Quota::new(u64::MAX, folder(HighWater::Free(0)));
    let whole = quota.folder().whole().expect("told");
    assert_eq!(quota.reach(), whole);
    quota.take(whole / 4 * 3 + 4);
    assert!(quota.is_pressed());
}

#[test]
fn the_high_water_mark_closes_the_door_and_seals() {
    for mark in [HighWater::Free(u64::MAX), HighWater::Percent(0)] {
        let quota = Quota::new(100, folder(mark));
        let full = Full::HighWater(PathBuf::from("/"));
        assert_eq!(quota.admit(1), Err(full.clone()));
        assert_eq!(quota.admit(0), Err(full), "nor is what is taken used");
        assert!(quota.is_pressed());
    }
}

#[test]
fn room_is_what_is_above_the_mark() {
    let all = folder(HighWater::Free(0)).room().expect("told");
    let kept = all / 2;
    let half = folder(HighWater::Free(kept)).room().expect("told");
    // Others write meanwhile.
    assert!(half.abs_diff(all - kept) < all / 10, "{half} of {all}");
    let whole = folder(HighWater::Free(0)).whole().expect("told");
    assert!(whole >= all);
}

#[test]
fn what_the_file_system_said_is_believed_for_a_moment_without_what_was_taken() {
    let folder = folder(HighWater::Free(0));
    *folder.known.lock().expect("unpoisoned") = Some((Instant::now(), 50));
    let quota = Quota::new(100, Arc::clone(&folder));
    quota.take(20);
    assert_eq!(folder.room().expect("told"), 30);
    assert_eq!(quota.admit(30), Ok(()));
    assert_eq!(folder.room().expect("told"), 30, "enough: not asked again");
    let asked = "before a door closes, the file system is asked again";
    assert_eq!(quota.admit(31), Ok(()), "{asked}");
    assert_ne!(folder.room().expect("told"), 30, "{asked}");
    let old = Instant::now() - BELIEVED;
    *folder.known.lock().expect("unpoisoned") = Some((old, 50));
    assert_ne!(folder.room().expect("told"), 50, "asked again");
}

#[test]
fn a_file_system_that_cannot_be_asked_closes_the_door() {
    let gone = DataFolder::new(Path::new("/nowhere/at/all"), HighWater::Free(0));
    let quota = Quota::new(100, Arc::new(gone));
    let refused = quota.admit(1).expect_err("closed").to_string();
    assert!(refused.contains("/nowhere/at/all"), "{refused}");
    assert!(!quota.is_pressed());
}
