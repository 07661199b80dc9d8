//! Redrive: once its cause is gone, every record that failed is brought to its destination exactly
//! once, whatever ends the daemon meanwhile and however often it is asked for.

mod hook;
mod kills;
mod selection;
mod storage;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::{Daemon, Ledger, Outcome, Trouble, objects};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// A format that lines of text fail.
const COLUMNS: &str = "{parquet: {schema: [{name: n, type: int}]}}";

/// One that takes them.
const LINES: &str = "{raw: {delimiter: newline}}";

/// A stream `web` to the folder `out`; each request is an object of its own.
fn stream(format: &str) -> String {
    format!(
        "web:
  buffering: {{size: 1MiB, interval: 0s}}
  format: {format}
  destination: {{file: {{path: out, prefix: web/, error_output_prefix: errors/}}}}
"
    )
}

/// Lines of text that nobody wrote before.
fn lines(name: &str, count: u64, ledger: &mut Ledger) -> Vec<u8> {
    let mut text = vec![];
    for number in 0..count {
        let line = format!("{name} {number}");
        ledger.wrote(line.as_bytes());
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// Runs `errors` or `redrive` of the stream; the exit code, and what it printed.
fn command(daemon: &Daemon, what: &str, more: &[&str]) -> Outcome<(i32, Value)> {
    standpipe_tests::redrive::command(daemon, what, "web", more)
}

/// A redrive that must end well; how many records it put back.
fn redrive(daemon: &Daemon, more: &[&str]) -> Outcome<u64> {
    standpipe_tests::redrive::redrive(daemon, "web", more)
}

/// How many records lie under the error prefix, as `errors` says.
fn failed(daemon: &Daemon) -> Outcome<u64> {
    let (exit, summary) = command(daemon, "errors", &[])?;
    assert_eq!(exit, 0, "{summary}");
    let records = summary["records"].as_u64();
    records.ok_or_else(|| Trouble(format!("the summary is {summary}")))
}

/// How many of the accepted records were redriven, by the books.
fn redriven(daemon: &Daemon) -> Outcome<u64> {
    let status = daemon.status("web")?;
    let redriven = status["books"]["redriven"].as_u64();
    redriven.ok_or_else(|| Trouble(format!("the status is {status}")))
}

/// The lines of all error objects below a folder.
fn error_lines(folder: &Path) -> Outcome<Vec<Value>> {
    let lines: Outcome<Vec<_>> = objects::below(folder)?
        .iter()
        .map(|path| objects::json_lines(path))
        .collect();
    Ok(lines?.concat())
}
