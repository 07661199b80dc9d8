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
