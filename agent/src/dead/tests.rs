use std::fs;

use super::*;

#[test]
fn letters_are_appended_for_each_stream_and_the_file_may_be_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    let dead = DeadLetters::of(folder.path());
    let (web, app) = ("web".parse().unwrap(), "app".parse().unwrap());
    let read = |name: &str| fs::read_to_string(folder.path().join("dead-letter").join(name));
    dead.append(&web, b"").unwrap();
    assert!(read("web.jsonl").is_err(), "nothing is written for nothing");
    dead.append(&web, b"1\n").unwrap();
    dead.append(&app, b"2\n").unwrap();
    dead.append(&web, b"3\n").unwrap();
    assert_eq!(read("web.jsonl").unwrap(), "1\n3\n");
    assert_eq!(read("app.jsonl").unwrap(), "2\n");
    let letters = folder.path().join("dead-letter");
    fs::rename(letters.join("web.jsonl"), letters.join("web.1")).unwrap();
    dead.append(&web, b"4\n").unwrap();
    assert_eq!(read("web.jsonl").unwrap(), "4\n");
}

#[test]
fn what_cannot_be_written_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let stream = "web".parse().unwrap();
    fs::write(folder.path().join("dead-letter"), "a file").unwrap();
    let error = DeadLetters::of(folder.path())
        .append(&stream, b"1\n")
        .unwrap_err();
    assert!(error.to_string().contains("/dead-letter"), "{error}");
    assert!(DeadLetters::default().append(&stream, b"1\n").is_err());
}
