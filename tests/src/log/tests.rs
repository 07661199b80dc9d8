use super::*;

#[test]
fn the_youngest_has_the_lowest_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut log = Log::create(&path).unwrap();
    for line in ["one", "two"] {
        log.write(line.as_bytes()).unwrap();
        log.rotate().unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        [read("a.log.2"), read("a.log.1"), read("a.log")],
        ["one", "two", ""]
    );
    assert_eq!(log.rotations(), 2);
}
