//! The Firehose door as its clients see it: boto3 and the AWS CLI against the running daemon,
//! through kills and a full disk, and callers who mean no good; and the agent, in the Kinesis Agent's
//! place.

mod agents;
mod apart;
mod busy;
mod clients;
mod columns;
mod converted;
mod created;
mod hostile;
mod kpl;
mod writers;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::s3::commanded::Commanded;
use standpipe_tests::s3::{KEY_ID, SECRET};
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, components, port};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A stream of raw objects in `out/NAME`.
fn raw(name: &str, more: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 1MiB, interval: 1s}}
  {more}
  format: {{raw: {{delimiter: newline}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

/// A daemon with a Firehose door, at a port that it keeps over restarts, and where that is.
fn daemon(folder: &Path, streams: &str, more: &str) -> Outcome<(Daemon, String)> {
    let mut daemon = Daemon::new(folder, streams)?;
    let port = port::free()?;
    daemon.doors = format!("  firehose: {{address: \"127.0.0.1:{port}\", {more}}}\n");
    daemon.configure(streams)?;
    Ok((daemon, format!("http://127.0.0.1:{port}")))
}

/// A store, and a daemon of which streams that are made over the wire deliver into it, not started;
/// `more` is of `created`.
fn set_up(folder: &Folder, more: &str) -> Outcome<(Commanded, Daemon, String)> {
    std::fs::write(folder.join("secret"), SECRET)?;
    let store = Commanded::start(&folder.join("store"))?;
    let endpoint = store.address();
    let more = format!(
        "region: eu-1, created: {{{more} s3: {{endpoint: \"http://{endpoint}\", access_key_id: {KEY_ID}, secret_access_key: {{file: secret}}}}}}"
    );
    let (daemon, door) = daemon(folder.path(), &raw("web", ""), &more)?;
    Ok((store, daemon, door))
}

/// A Python with boto3 and the AWS CLI, if it is there.
fn python() -> Outcome<Option<Command>> {
    let found = components::find("boto3 and the AWS CLI", "STANDPIPE_PYTHON")?;
    Ok(found.map(|python| {
        let mut command = Command::new(python);
        // Nothing of the machine's own settings for AWS.
        for variable in ["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL"] {
            command.env_remove(variable);
        }
        command.env("HOME", "/nonexistent");
        command
    }))
}

/// A script of this folder.
fn script(name: &str) -> String {
    format!("{}/tests/firehose/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a script printed, as JSON.
fn said(command: &mut Command) -> Outcome<Value> {
    let output = command.output().attempting("run Python")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Trouble(format!("the script failed: {said}")));
    }
    serde_json::from_slice(&output.stdout).attempting("read what Python printed")
}
