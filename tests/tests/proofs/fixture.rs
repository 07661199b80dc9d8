//! Version 1 of every format on disk, written by the real programs and kept in `fixtures/v1`, is opened
//! for ever (rule 33, `docs/formats`).
//!
//! In it are two streams: `lines` with five records in its journal, three of them with an idempotency
//! key and two from an agent, and `rows`, which is paused, with a sealed Parquet file of two rows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, binaries, http, objects};

use crate::look::{json_lines, printed};
use crate::{PATIENCE, parquet, raw, raw_arrived};

fn fixture(of: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proofs/fixtures/v1");
    folder.join(of)
}

/// Copies a fixture, so that it stays as it is.
fn copy(from: &Path, to: &Path) -> Outcome {
    for path in objects::below(from)? {
        let target = to.join(path.strip_prefix(from)?);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(&path, &target)?;
    }
    Ok(())
}

#[test]
fn what_version_1_of_the_daemon_left_is_delivered() -> Outcome {
    let folder = Folder::new("fixture")?;
    copy(&fixture("daemon"), &folder.join("data"))?;
    let data = folder.join("data");
    printed(&data, &["journal", "verify"])?;
    let records = json_lines(&data, &["journal", "cat", "lines"])?;
    let mut ledger = Ledger::new(1_000_000);
    for record in &records {
        ledger.wrote(record["text"].as_str().unwrap_or_default().as_bytes());
    }
    assert_eq!(records.len(), 5, "{records:?}");

    let streams = raw("lines", "1s") + &parquet("rows", "1s", "inferred");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    // The key and the agent's mark are known.
    let again = ["Content-Type: text/plain", "Idempotency-Key: first"];
    let native = daemon.door("native")?;
    let answer = http::post(
        native,
        "/v1/streams/lines/records",
        &again,
        b"one\ntwo\nthree",
    )?;
    assert_eq!(answer.ok()?.json()?["first_position"], 0);
    let agent = fs::read_to_string(fixture("agent/agent-id"))?;
    let held = http::get(
        native,
        &format!("/v1/streams/lines/sources?agent={}", agent.trim()),
    )?;
    let held = held.ok()?.json()?;
    assert_eq!(held[0]["mark"]["offset"], 32, "{held}");
    assert_eq!(daemon.settled("lines", 5, PATIENCE)?.delivered, 5);
    raw_arrived(&folder.join("out/lines"), &mut ledger)?;
    ledger.settle()?;

    // The sealed file, which was sealed for a place that is not here.
    let status = daemon.status("rows")?;
    assert_eq!(
        (&status["state"], &status["sealed_files"]),
        (&"paused".into(), &1.into())
    );
    let file = json_lines(&data, &["spool", "ls", "rows"])?[0]["id"].to_string();
    let rows = printed(&data, &["spool", "cat", "rows", &file, "--rows"])?;
    assert_eq!(rows, "{\"n\":1,\"s\":\"a\"}\n{\"n\":2,\"t\":[1,2]}\n");
    let to = folder.join("exported").to_string_lossy().into_owned();
    printed(&data, &["spool", "export", "rows", "--to", &to])?;
    assert_eq!(daemon.settled("rows", 2, PATIENCE)?.delivered, 2);
    let exported = objects::below(Path::new(&to))?;
    let is_parquet = |path: &&PathBuf| path.extension().is_some_and(|e| e == "parquet");
    let object = exported
        .iter()
        .find(is_parquet)
        .map(|path| objects::rows(path));
    assert_eq!(
        object.transpose()?.map_or(0, |rows| rows.len()),
        2,
        "{exported:?}"
    );
    folder.done()
}

#[test]
fn what_version_1_of_the_agent_left_is_read() -> Outcome {
    let folder = Folder::new("fixture-agent")?;
    copy(&fixture("agent"), &folder.join("agent"))?;
    let settings = folder.join("agent.yaml");
    fs::write(
        &settings,
        "data_dir: agent\nallow_tmpfs: true\nship: {standpipe: {url: \"http://127.0.0.1:1\"}}\nflows: [{paths: [/nowhere/x.log], stream: lines}]\n",
    )?;
    let shown = Command::new(binaries::find("standpipe-agent")?)
        .args(["checkpoint", "show", "--json", "--config"])
        .arg(&settings)
        .output()?;
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(shown.status.success(), "{said}");
    let all: Value = serde_json::from_slice(&shown.stdout)?;
    assert_eq!(all[0]["acknowledged"], 32, "{all}");
    assert_eq!(all[0]["stream"], "lines", "{all}");
    folder.done()
}
