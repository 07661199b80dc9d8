use super::*;

#[test]
fn the_addresses_are_there_while_the_doors_are_open() {
    let dir = tempfile::tempdir().unwrap();
    let doors = BTreeMap::from([
        ("native", "127.0.0.1:4574".parse().unwrap()),
        ("admin", "[::1]:4575".parse().unwrap()),
    ]);
    let published = publish(dir.path(), &doors).unwrap();
    let text = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
    assert_eq!(text, r#"{"admin":"[::1]:4575","native":"127.0.0.1:4574"}"#);
    drop(published);
    assert!(!dir.path().join(FILE).exists());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), "{}").unwrap();
    retract(dir.path()).unwrap();
    assert!(!dir.path().join(FILE).exists());
    retract(dir.path()).unwrap();
}

#[test]
fn whoever_asks_finds_the_addresses_or_that_nobody_is_there() {
    let dir = tempfile::tempdir().unwrap();
    assert!(addresses(dir.path()).unwrap().is_empty());
    let admin = "127.0.0.1:4575".parse().unwrap();
    let _published = publish(dir.path(), &BTreeMap::from([("admin", admin)])).unwrap();
    assert_eq!(addresses(dir.path()).unwrap().get("admin"), Some(&admin));
}

#[test]
fn a_token_is_another_one_each_time_and_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;
    let dir = tempfile::tempdir().unwrap();
    assert!(token(dir.path()).is_none());
    let first = publish_token(dir.path()).unwrap();
    let read = token(dir.path()).unwrap();
    assert_eq!(first.expose_secret(), read.expose_secret());
    assert_eq!(first.expose_secret().len(), 2 * LENGTH);
    let second = publish_token(dir.path()).unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret());
    let rights = std::fs::metadata(dir.path().join(TOKEN)).unwrap();
    assert_eq!(rights.permissions().mode() & 0o777, 0o600);
    retract(dir.path()).unwrap();
    assert!(token(dir.path()).is_none());
}

#[test]
fn a_door_that_is_open_everywhere_is_reached_by_loopback() {
    for (open, reached) in [
        ("0.0.0.0:1", "127.0.0.1:1"),
        ("[::]:2", "[::1]:2"),
        ("192.0.2.1:3", "192.0.2.1:3"),
    ] {
        assert_eq!(here(open.parse().unwrap()), reached.parse().unwrap());
    }
}
