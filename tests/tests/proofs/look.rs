//! What an operator sees of journals and spools on disk, while the daemon runs and when it does not.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, binaries, objects};

use crate::{parquet, raw};

/// Runs a command of the daemon's program on a data folder.
pub(crate) fn look(data: &Path, arguments: &[&str]) -> Outcome<Output> {
    let output = Command::new(binaries::find("standpipe-delivery")?)
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .env("NO_COLOR", "1")
        .output()?;
    Ok(output)
}

/// What it printed, where it went well.
pub(crate) fn printed(data: &Path, arguments: &[&str]) -> Outcome<String> {
    let output = look(data, arguments)?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(Trouble(format!("{arguments:?} ended so: {output:?}"))),
    }
}

pub(crate) fn json_lines(data: &Path, arguments: &[&str]) -> Outcome<Vec<Value>> {
    let text = printed(data, &[arguments, &["--json"]].concat())?;
    let lines = text.lines().map(serde_json::from_str);
    Ok(lines.collect::<Result<_, _>>()?)
}

/// All that a look must leave as it is.
fn everything(data: &Path) -> Outcome<Vec<(std::path::PathBuf, Vec<u8>)>> {
    let paths = objects::below(&data.join("streams"))?;
    let each = paths.into_iter().map(|path| {
        let bytes = std::fs::read(&path)?;
        Ok((path, bytes))
    });
    each.collect()
}

/// What waits in the journal of `waits` and in the spool of `sealed`, whose destination is away.
fn seen(data: &Path) -> Outcome {
    let records = json_lines(data, &["journal", "cat", "waits", "--from", "1"])?;
    let texts: Vec<_> = records.iter().map(|r| r["text"].as_str()).collect();
    assert_eq!(texts, [Some("b"), Some("c")], "{records:?}");
    assert_eq!(records[0]["position"], 1);
    assert_eq!(
        printed(data, &["journal", "cat", "waits", "--to", "2"])?,
        "a\nb\n"
    );
    let segments = json_lines(data, &["journal", "ls", "waits"])?;
    let last = segments.last().cloned().unwrap_or_default();
    assert_eq!(
        (&last["end"], &last["ending"]["is"]),
        (&3.into(), &"open".into())
    );
    assert!(printed(data, &["journal", "verify"])?.contains("positions"));

    let files = json_lines(data, &["spool", "ls"])?;
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(
        (&files[0]["stream"], &files[0]["rows"]),
        (&"sealed".into(), &2.into())
    );
    let id = files[0]["id"].to_string();
    let rows = printed(data, &["spool", "cat", "sealed", &id, "--rows"])?;
    assert_eq!(rows, "{\"n\":1}\n{\"n\":2}\n");
    let key = files[0]["key"].as_str().unwrap_or_default();
    let object = look(data, &["spool", "cat", "sealed", key])?.stdout;
    assert!(object.starts_with(b"PAR1") && object.ends_with(b"PAR1"));
    assert!(printed(data, &["spool", "ls", "sealed"])?.contains(key));
    Ok(())
}

#[test]
fn journal_and_spool_are_seen_while_the_daemon_runs_and_when_it_does_not() -> Outcome {
    let folder = Folder::new("look")?;
    let streams = raw("waits", "900s")
        + &parquet("sealed", "1s", "inferred").replace("path: out", "path: away");
    std::fs::write(folder.join("away"), "where the folder should be")?;
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    daemon.post("waits", b"a\nb\nc")?.ok()?;
    daemon.post("sealed", b"{\"n\":1}\n{\"n\":2}\n")?.ok()?;
    standpipe_tests::wait::until("a file to be sealed", crate::PATIENCE, || {
        match daemon.status("sealed")?["sealed_files"] == 1 {
            true => Ok(()),
            false => Err(Trouble::new("none is")),
        }
    })?;
    let data = daemon.data();
    seen(&data)?;
    daemon.kill()?;
    let before = everything(&data)?;
    seen(&data)?;
    assert!(everything(&data)? == before, "a look changed something");
    let unknown = look(&data, &["spool", "cat", "none", "1"])?;
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(2), "{said}");
    assert!(said.contains("there are: sealed, waits"), "{said}");
    folder.done()
}

#[test]
fn verify_finds_a_flipped_bit() -> Outcome {
    let folder = Folder::new("verify")?;
    let mut daemon = Daemon::start(folder.path(), &raw("s", "900s"))?;
    for number in 0..3 {
        daemon
            .post("s", format!("record number {number}").as_bytes())?
            .ok()?;
    }
    daemon.kill()?;
    let data = daemon.data();
    for (path, mut bytes) in everything(&data)? {
        let needle = b"record number 1";
        let found = bytes.windows(needle.len()).position(|w| w == needle);
        if let Some(at) = found {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes)?;
        }
    }
    let output = look(&data, &["journal", "verify"])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        said.contains("DAMAGED at byte") && said.contains("checksum"),
        "{said}"
    );
    folder.done()
}
