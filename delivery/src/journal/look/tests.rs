use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::super::vocabulary::{open, segments, store};
use super::*;

/// Everything in a journal's folder: what a look must leave as it is.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

fn texts(folder: &Path) -> (Vec<String>, Vec<Seen>) {
    let mut texts = Vec::new();
    let seen = look(folder, Depth::Bytes, |entry| {
        texts.extend(
            entry
                .rows()
                .map(|row| String::from_utf8_lossy(row.bytes).into_owned()),
        );
        ControlFlow::Continue(())
    });
    (texts, seen.unwrap())
}

#[tokio::test]
async fn a_look_finds_what_was_stored_while_the_journal_is_open_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    store(&journal, &["a", "b"]).await;
    store(&journal, &["c"]).await;
    let before = bytes(dir.path());
    let (found, seen) = texts(dir.path());
    assert_eq!(found, ["a", "b", "c"]);
    let last = seen.last().unwrap();
    assert_eq!((last.first, last.end, last.bytes), (0, 3, 3));
    assert_eq!(last.ending, Ending::Open);
    let heads = look(dir.path(), Depth::Heads, |_| {
        panic!("heads have no records")
    })
    .unwrap();
    assert_eq!(heads, seen);
    assert_eq!(bytes(dir.path()), before);
}

#[tokio::test]
async fn a_look_tells_damage_and_where_and_breaks_off_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    for _ in 0..3 {
        store(&journal, &["some record"]).await;
    }
    journal.shutdown().await.unwrap();
    let mut shown = 0;
    let seen = look(dir.path(), Depth::Bytes, |_| {
        shown += 1;
        ControlFlow::Break(())
    });
    assert_eq!((shown, seen.unwrap().len()), (1, 1));

    let path = segments(dir.path()).pop().unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(11).position(|w| w == b"some record").unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"X", at as u64).unwrap();
    let (found, seen) = texts(dir.path());
    assert!(found.is_empty(), "{found:?}");
    let ending = &seen.last().unwrap().ending;
    assert!(
        matches!(ending, Ending::Damaged { at: byte, why } if *byte < at as u64 && why.contains("checksum")),
        "{ending:?}"
    );
}
