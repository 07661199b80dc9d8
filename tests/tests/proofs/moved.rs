//! A data folder that was moved, or restored from an older copy (rule 13, `docs/backup.md`).

use std::path::Path;
use std::process::Command;

use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble};

use crate::{PATIENCE, raw, raw_arrived};

const LINES: u64 = 100;

fn send(daemon: &Daemon, ledger: &mut Ledger, word: &str) -> Outcome {
    let lines: Vec<_> = (0..LINES).map(|n| format!("{word} {n}")).collect();
    lines.iter().for_each(|line| ledger.wrote(line.as_bytes()));
    daemon.post("web", lines.join("\n").as_bytes())?.ok()?;
    Ok(())
}

/// As the manual says it.
fn copy(from: &Path, to: &Path) -> Outcome {
    let status = Command::new("cp").arg("-a").args([from, to]).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble(format!("{} was not copied", from.display()))),
    }
}

#[test]
fn a_data_folder_that_was_moved_goes_on_where_it_was() -> Outcome {
    let folder = Folder::new("moved")?;
    let mut ledger = Ledger::new(usize::MAX);
    let (old, new) = (folder.join("old"), folder.join("new"));
    let mut daemon = Daemon::start(&old, &raw("web", "900s"))?;
    send(&daemon, &mut ledger, "before")?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    let mut moved = Daemon::new(&new, &raw("web", "1s"))?;
    copy(&daemon.data(), &moved.data())?;
    moved.up()?;
    send(&moved, &mut ledger, "after")?;
    let books = moved.settled("web", 2 * LINES, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (2 * LINES, 2 * LINES));
    raw_arrived(&new.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

/// Both lives number their records from the same position on; without a run in the names the second
/// would give those of the first to other bytes.
#[test]
fn a_data_folder_restored_from_an_older_copy_gives_no_name_to_other_bytes() -> Outcome {
    let folder = Folder::new("restored")?;
    let mut ledger = Ledger::new(usize::MAX);
    let mut daemon = Daemon::start(folder.path(), &raw("web", "1s"))?;
    send(&daemon, &mut ledger, "before")?;
    daemon.settled("web", LINES, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    copy(&daemon.data(), &folder.join("copy"))?;
    daemon.up()?;
    send(&daemon, &mut ledger, "lost with the disk")?;
    daemon.settled("web", 2 * LINES, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    std::fs::remove_dir_all(daemon.data())?;
    copy(&folder.join("copy"), &daemon.data())?;
    daemon.up()?;
    send(&daemon, &mut ledger, "after")?;
    let books = daemon.settled("web", 2 * LINES, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (2 * LINES, 2 * LINES));
    raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
