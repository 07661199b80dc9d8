use super::*;

#[test]
fn a_newer_or_damaged_note_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (text, part) in [
        (r#"{"standpipe_about":2,"born":1,"tags":{}}"#, "version 2"),
        (r#"{"standpipe_about":1"#, "cannot read"),
    ] {
        std::fs::write(path(folder.path()), text).unwrap();
        let error = About::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        note_birth(folder.path());
        let kept = std::fs::read_to_string(path(folder.path())).unwrap();
        assert_eq!(kept, text);
    }
}

#[test]
fn a_birth_is_noted_once() {
    let folder = tempfile::tempdir().unwrap();
    note_birth(folder.path());
    let born = About::read(folder.path()).unwrap();
    assert!(born.is_some());
    std::thread::sleep(std::time::Duration::from_millis(5));
    note_birth(folder.path());
    assert_eq!(About::read(folder.path()).unwrap(), born);
}
