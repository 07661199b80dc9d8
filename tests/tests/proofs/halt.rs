//! What an operator can do to a stream: pause it, flush it, and lead it out of a halt without touching
//! files (rule 30).

use std::fs;
use std::path::Path;

use serde_json::Value;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, http, objects};

use crate::look::{json_lines, look, printed};
use crate::{PATIENCE, raw, raw_arrived};

fn send(daemon: &Daemon, ledger: &mut Ledger, word: &str) -> Outcome {
    let lines: Vec<_> = (0..100).map(|n| format!("{word} {n}")).collect();
    lines.iter().for_each(|line| ledger.wrote(line.as_bytes()));
    daemon.post("s", lines.join("\n").as_bytes())?.ok()?;
    Ok(())
}

/// Waits until a stream says so.
fn says(daemon: &Daemon, what: &str, is_so: impl Fn(&Value) -> bool) -> Outcome<Value> {
    until(what, PATIENCE, || {
        let status = daemon.status("s")?;
        match is_so(&status) {
            true => Ok(status),
            false => Err(Trouble(format!("the status is {status}"))),
        }
    })
}

fn sealed(daemon: &Daemon) -> Outcome<Value> {
    says(daemon, "a file to be sealed", |s| s["sealed_files"] == 1)
}

fn arrived_once(folder: &Path, ledger: &mut Ledger) -> Outcome {
    raw_arrived(folder, ledger)?;
    ledger.settle()
}

#[test]
fn a_paused_stream_takes_records_and_delivers_nothing_also_over_a_restart() -> Outcome {
    let folder = Folder::new("pause")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    let data = daemon.data();
    printed(&data, &["pause", "s"])?;
    send(&daemon, &mut ledger, "while paused")?;
    let status = sealed(&daemon)?;
    assert_eq!(status["state"], "paused", "{status}");
    daemon.kill()?;
    daemon.up()?;
    send(&daemon, &mut ledger, "after a restart")?;
    let status = says(&daemon, "two files to be sealed", |s| {
        s["sealed_files"] == 2
    })?;
    assert_eq!(status["state"], "paused", "{status}");
    assert!(objects::below(&folder.join("out"))?.is_empty());
    printed(&data, &["resume", "s"])?;
    assert_eq!(daemon.settled("s", 200, PATIENCE)?.delivered, 200);
    assert_eq!(daemon.status("s")?["state"], "running");
    // And while it does not run.
    daemon.kill()?;
    printed(&data, &["pause", "s"])?;
    daemon.up()?;
    assert_eq!(daemon.status("s")?["paused"], true);
    arrived_once(&folder.join("out"), &mut ledger)?;
    folder.done()
}

#[test]
fn a_flush_seals_without_waiting_for_size_or_age() -> Outcome {
    let folder = Folder::new("flush")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &raw("s", "900s"))?;
    for round in 1..=2 {
        send(&daemon, &mut ledger, &format!("round {round}"))?;
        let said = printed(&daemon.data(), &["flush", "s"])?;
        assert!(said.contains("sealed"), "{said}");
        assert_eq!(daemon.settled("s", 100 * round, PATIENCE)?.waiting, 0);
    }
    arrived_once(&folder.join("out"), &mut ledger)?;
    folder.done()
}

#[test]
fn what_a_destination_that_is_gone_would_have_got_can_be_exported() -> Outcome {
    let folder = Folder::new("export")?;
    let mut ledger = Ledger::new(1_000_000);
    fs::write(folder.join("out"), "where the folder should be")?;
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    let data = daemon.data();
    let to = folder.join("exported");
    let export = ["spool", "export", "s", "--to", &to.to_string_lossy()].map(str::to_owned);
    let export: Vec<_> = export.iter().map(String::as_str).collect();

    send(&daemon, &mut ledger, "while it runs")?;
    sealed(&daemon)?;
    printed(&data, &[&export[..], &["--copy"]].concat())?;
    assert_eq!(daemon.books("s")?.waiting, 100, "a copy takes nothing out");
    let said = printed(&data, &export)?;
    assert!(said.contains("100 records"), "{said}");
    assert_eq!(daemon.settled("s", 100, PATIENCE)?.delivered, 100);

    send(&daemon, &mut ledger, "when it does not run")?;
    sealed(&daemon)?;
    daemon.kill()?;
    printed(&data, &export)?;
    fs::remove_file(folder.join("out"))?;
    daemon.up()?;
    send(&daemon, &mut ledger, "when the destination is back")?;
    assert_eq!(daemon.settled("s", 300, PATIENCE)?.delivered, 300);
    raw_arrived(&to.join("s"), &mut ledger)?;
    arrived_once(&folder.join("out"), &mut ledger)?;
    folder.done()
}

/// Rule 17: a name that holds other content halts the stream. The operator diverts what halts it.
#[test]
fn a_stream_that_a_foreign_object_halts_goes_on_when_its_file_is_diverted() -> Outcome {
    let folder = Folder::new("divert")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    let data = daemon.data();
    printed(&data, &["pause", "s"])?;
    send(&daemon, &mut ledger, "halts")?;
    sealed(&daemon)?;
    let files = json_lines(&data, &["spool", "ls"])?;
    let foreign = folder
        .join("out")
        .join(files[0]["key"].as_str().unwrap_or_default());
    fs::create_dir_all(foreign.parent().unwrap_or(&foreign))?;
    fs::write(&foreign, "of somebody else")?;
    printed(&data, &["resume", "s"])?;
    daemon.state("s", "halted")?;
    let books = daemon.books("s")?;
    assert_eq!(books.waiting, 100);
    printed(&data, &["spool", "retry", "s"])?;
    daemon.state("s", "halted")?;

    let said = printed(&data, &["spool", "divert", "s"])?;
    assert!(said.contains("1 files"), "{said}");
    let books = daemon.settled("s", 100, PATIENCE)?;
    assert_eq!((books.failed, books.delivered), (100, 0));
    daemon.state("s", "running")?;
    let errors = objects::below(&folder.join("out/errors"))?;
    assert_eq!(errors.len(), 1, "{errors:?}");
    let lines = objects::json_lines(&errors[0])?;
    assert_eq!(lines.len(), 100);
    folder.done()
}

#[test]
fn commands_come_from_no_browser_and_name_streams_that_there_are() -> Outcome {
    let folder = Folder::new("commands")?;
    let daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    let admin = daemon.door("admin")?;
    let none: &[&str] = &[];
    let page: &[&str] = &["Standpipe-Command: 1", "Origin: http://127.0.0.1"];
    for headers in [none, page] {
        let refused = http::post(admin, "/streams/s/pause", headers, b"")?;
        assert_eq!(refused.status, 403, "{refused}");
    }
    assert_eq!(daemon.status("s")?["paused"], false);
    let unknown = look(&daemon.data(), &["flush", "none"])?;
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        !unknown.status.success() && said.contains("there are: s"),
        "{said}"
    );
    folder.done()
}

#[test]
fn the_status_is_shown_in_a_terminal_and_as_json() -> Outcome {
    let folder = Folder::new("status")?;
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    daemon.post("s", b"a\nb")?.ok()?;
    daemon.settled("s", 2, PATIENCE)?;
    let data = daemon.data();
    let text = printed(&data, &["status"])?;
    let row = text.lines().find(|line| line.starts_with("s "));
    let cells: Vec<_> = row.unwrap_or_default().split_whitespace().collect();
    assert_eq!(cells[1..4], ["running", "2", "2"], "{text}");
    let status = printed(&data, &["status", "--json"])?;
    let status: Value = serde_json::from_str(&status)?;
    assert_eq!(status["streams"]["s"]["books"]["delivered"], 2);
    let looks = printed(&data, &["top", "--interval", "10ms", "--times", "2"])?;
    assert_eq!(looks.matches("OUT/S").count(), 1, "{looks}");
    daemon.kill()?;
    let nobody = look(&data, &["status"])?;
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert_eq!(nobody.status.code(), Some(1), "{said}");
    folder.done()
}
