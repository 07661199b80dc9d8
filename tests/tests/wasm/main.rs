//! Transforms in WebAssembly, through the real daemon: the examples do what a function over HTTP
//! does, and no component, however it goes wrong, loses a record or holds another stream up.

mod faults;
mod kills;
mod refused;
mod same;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, objects};

/// Enough for anything that takes seconds, or half a minute of two cores, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// A component that does what the first byte of a record says.
const UNRULY: &str = include_str!("../../../delivery/src/transform/wasm/tests/unruly.wat");

/// Writes a component, given as text, into a folder.
fn component(folder: &Folder, name: &str, text: &str) -> Outcome {
    let bytes = wat::parse_str(text).attempting(format!("read the text of {name}"))?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

/// A stream of raw objects in `out/NAME` whose records pass `transform`, which is YAML.
fn stream(name: &str, transform: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 5MiB, interval: 0s}}
  transform: {transform}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

/// A stream whose records pass a component. `more` is YAML of the hook, such as `, retries: 1`.
fn guest(name: &str, component: &Path, more: &str) -> String {
    let component = component.display();
    stream(
        name,
        &format!("{{wasm: {{component: \"{component}\", retry_pause: 10ms{more}}}}}"),
    )
}

/// A daemon with memory for several components, not started yet.
fn daemon(folder: &Folder, streams: &str) -> Outcome<Daemon> {
    let mut daemon = Daemon::new(folder.path(), streams)?;
    daemon.more = "limits: {disk: 1GiB, memory: 1GiB}\n".to_owned();
    daemon.configure(streams)?;
    Ok(daemon)
}

/// The lines of all error objects of a stream.
fn error_lines(folder: &Folder, stream: &str) -> Outcome<Vec<Value>> {
    let paths = objects::below(&folder.join("out/errors").join(stream))?;
    let lines: Outcome<Vec<_>> = paths.iter().map(|path| objects::json_lines(path)).collect();
    Ok(lines?.concat())
}

/// What a line of an error object holds.
fn raw_data(line: &Value) -> Outcome<Vec<u8>> {
    let text = line["rawData"].as_str().unwrap_or("(none)");
    let decoded = base64_simd::STANDARD.decode_to_vec(text);
    decoded.map_err(|_| Trouble(format!("rawData of {line} is not base64")))
}

/// A file of this repository.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
