//! The commands `errors` and `redrive`, run as an operator would.

use std::process::Command;

use serde_json::Value;

use crate::trouble::{Attempting, Outcome, Trouble};
use crate::{Daemon, binaries};

/// Runs `errors` or `redrive` of a stream; the exit code, and what it printed.
pub fn command(daemon: &Daemon, what: &str, stream: &str, more: &[&str]) -> Outcome<(i32, Value)> {
    let said = Command::new(binaries::find("standpipe-delivery")?)
        .args([what, stream, "--json", "--config"])
        .arg(daemon.settings())
        .args(more)
        .output()
        .attempting(format!("run {what}"))?;
    let printed = String::from_utf8_lossy(&said.stdout);
    let complained = String::from_utf8_lossy(&said.stderr);
    println!("{what} {stream} {more:?}: {printed}{complained}");
    let value = serde_json::from_str(&printed).unwrap_or_default();
    Ok((said.status.code().unwrap_or(-1), value))
}

/// A redrive that must end well; how many records it put back.
pub fn redrive(daemon: &Daemon, stream: &str, more: &[&str]) -> Outcome<u64> {
    let (exit, counts) = command(daemon, "redrive", stream, more)?;
    let redriven = counts["redriven"].as_u64().filter(|_| exit == 0);
    redriven.ok_or_else(|| Trouble(format!("exit {exit}, the counts are {counts}")))
}
