//! A damaged journal halts its stream, says where, deletes nothing, and keeps nobody else.

use std::fs;
use std::path::{Path, PathBuf};

use standpipe_tests::{Daemon, Folder, Outcome, Trouble, objects};

use crate::{PATIENCE, raw};

/// Records that are found again in the bytes of a file.
fn records(word: &str) -> Vec<u8> {
    let line = |n: u32| format!("{word} {n:06} {}\n", "-".repeat(80));
    (0..2_000).map(line).collect::<String>().into_bytes()
}

/// Flips one bit in the middle of what the records made of a file below `folder`; which, where.
fn flip(folder: &Path, word: &str) -> Outcome<(PathBuf, usize)> {
    let needle = format!("{word} 001000");
    for path in objects::below(folder)? {
        let mut bytes = fs::read(&path)?;
        let found = bytes
            .windows(needle.len())
            .position(|w| w == needle.as_bytes());
        if let Some(at) = found {
            bytes[at + 3] ^= 0x10;
            fs::write(&path, bytes)?;
            return Ok((path, at));
        }
    }
    Err(Trouble(format!(
        "no file below {} holds {needle:?}",
        folder.display()
    )))
}

/// Rule 15.
#[test]
fn a_flipped_bit_in_a_journal_halts_its_stream_and_names_file_and_offset() -> Outcome {
    let folder = Folder::new("damage")?;
    let mut daemon = Daemon::start(folder.path(), &(raw("good", "900s") + &raw("bad", "900s")))?;
    // Several groups, so that good ones of a later sync follow the damage (rule 12).
    for chunk in records("bad").chunks(20 * 94) {
        daemon.post("bad", chunk)?.ok()?;
    }
    daemon.post("good", &records("good"))?.ok()?;
    daemon.kill()?;
    let (path, at) = flip(&folder.join("data"), "bad")?;
    let before = fs::read(&path)?;

    daemon.configure(&(raw("good", "1s") + &raw("bad", "1s")))?;
    daemon.up()?;
    let status = daemon.state("bad", "halted")?;
    let why = status["last_error"].as_str().unwrap_or_default().to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    assert!(why.contains(&*name), "{why} does not name {name}");
    let offsets = why
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse::<usize>().ok());
    let near = |offset: usize| offset <= at && offset + 4096 > at;
    assert!(
        offsets.clone().any(near),
        "{why} names no offset at or shortly before {at}"
    );
    assert!(
        fs::read(&path)?.starts_with(&before[..at]),
        "the damaged file was changed"
    );

    let books = daemon.settled("good", 2_000, PATIENCE)?;
    assert_eq!(books.delivered, 2_000);
    let refused = daemon.post("bad", b"more\n")?;
    assert_eq!(refused.status, 503, "{refused}");
    daemon.post("good", b"more\n")?.ok()?;
    assert_eq!(daemon.settled("good", 2_001, PATIENCE)?.accepted, 2_001);
    folder.done()
}
