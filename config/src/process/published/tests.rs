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
