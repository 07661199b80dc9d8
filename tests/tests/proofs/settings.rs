//! Settings that change between two runs.

use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, objects};

use crate::{PATIENCE, parquet, raw, raw_arrived};

fn send(daemon: &Daemon, stream: &str, ledger: &mut Ledger, word: &str) -> Outcome {
    let lines: Vec<_> = (0..100).map(|n| format!("{word} {n}")).collect();
    lines.iter().for_each(|line| ledger.wrote(line.as_bytes()));
    daemon
        .post(stream, lines.join("\n").as_bytes())?
        .ok()
        .map(|_| ())
}

/// Rule 16.
#[test]
fn a_stream_that_was_removed_drains_and_goes() -> Outcome {
    let folder = Folder::new("drain")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &(raw("stays", "1s") + &raw("goes", "900s")))?;
    send(&daemon, "goes", &mut ledger, "old")?;
    daemon.kill()?;
    daemon.configure(&raw("stays", "1s"))?;
    daemon.up()?;
    let refused = daemon.post("goes", b"more\n")?;
    assert!(matches!(refused.status, 404 | 503), "{refused}");
    until("the stream to be drained", PATIENCE, || {
        let mut found = Ledger::new(1_000_000);
        raw_arrived(&folder.join("out/goes"), &mut found)?;
        let arrived = objects::below(&folder.join("out/goes"))?;
        let gone = daemon.status("goes").is_err();
        match !arrived.is_empty() && gone {
            true => Ok(()),
            false => Err(Trouble(format!(
                "status: {:?}, objects: {arrived:?}",
                daemon.status("goes")
            ))),
        }
    })?;
    raw_arrived(&folder.join("out/goes"), &mut ledger)?;
    ledger.settle()?;
    daemon.post("stays", b"more\n")?.ok()?;
    assert_eq!(daemon.settled("stays", 1, PATIENCE)?.delivered, 1);
    folder.done()
}

/// Rule 16.
#[test]
fn edited_settings_lose_and_repeat_nothing() -> Outcome {
    let folder = Folder::new("edited")?;
    let mut ledger = Ledger::new(1_000_000);
    let edits = [
        raw("s", "900s"),
        raw("s", "900s").replace(
            "{raw: {delimiter: newline}}",
            "{raw: {delimiter: newline, compression: gzip}}",
        ),
        raw("s", "900s").replace("prefix: s/", "prefix: elsewhere/"),
        raw("s", "1s").replace("path: out", "path: out2"),
    ];
    let mut daemon = Daemon::new(folder.path(), &edits[0])?;
    for (number, edit) in edits.iter().enumerate() {
        daemon.configure(edit)?;
        daemon.up()?;
        send(&daemon, "s", &mut ledger, &format!("run {number}"))?;
        // Half of the runs end in peace.
        if number % 2 == 0 {
            daemon.kill()?;
        } else {
            daemon.stop(PATIENCE)?;
        }
    }
    daemon.up()?;
    let books = daemon.settled("s", 400, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (400, 400));
    raw_arrived(&folder.join("out"), &mut ledger)?;
    raw_arrived(&folder.join("out2"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

#[test]
fn a_stream_that_becomes_parquet_delivers_both_forms_once() -> Outcome {
    let folder = Folder::new("form")?;
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    daemon.post("s", b"{\"n\":1}\n")?.ok()?;
    daemon.settled("s", 1, PATIENCE)?;
    daemon.kill()?;
    daemon.configure(&parquet("s", "1s", "inferred"))?;
    daemon.up()?;
    daemon.post("s", b"{\"n\":2}\n")?.ok()?;
    let books = daemon.settled("s", 2, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (2, 2));
    let files = objects::below(&folder.join("out/s"))?;
    let is_parquet = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "parquet");
    let rows = files
        .iter()
        .find(is_parquet)
        .map(|path| objects::rows(path));
    assert_eq!(
        (files.len(), rows.transpose()?.map_or(0, |rows| rows.len())),
        (2, 1)
    );
    folder.done()
}
