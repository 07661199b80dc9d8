//! `try`: records pass the transform and the format of a stream, and nothing is delivered.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use standpipe_tests::program::Program;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, binaries, port};

use crate::{Function, PATIENCE, stream};

/// Three lines that stay, one that is dropped, two that fail.
const LINES: &str = "0 - \"GET / HTTP/1.1\"\n1 - \"GET /robots.txt HTTP/1.1\"\r\n\n\
    2 - \"PUT /x HTTP/1.1\"\n3 - \"GET /y HTTP/1.1\"\n4 - \"PUT /z HTTP/1.1\"\n5 - \"GET /w HTTP/1.1\"";

/// What it said, and its exit code.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs it; what it needs of a temporary folder lies in `scratch`.
fn run(arguments: &[&str], input: &str, scratch: &Path) -> Outcome<Said> {
    std::fs::create_dir_all(scratch)?;
    let mut child = Command::new(binaries::find("standpipe-delivery")?)
        .arg("try")
        .args(arguments)
        .env("TMPDIR", scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .attempting("start try")?;
    let mut stdin = child.stdin.take().ok_or_else(|| Trouble::new("no stdin"))?;
    // It may have refused before it read anything.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output()?;
    let left = std::fs::read_dir(scratch)?.count();
    assert_eq!(left, 0, "its folder is gone");
    Ok(Said {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[test]
fn records_pass_a_function_and_are_told_and_not_delivered() -> Outcome {
    let folder = Folder::new("hook-tried")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let parquet = stream("table", &function.url(), "") + "  format: {parquet: {}}\n";
    let streams = stream("web", &function.url(), ", retries: 1") + &parquet;
    let daemon = Daemon::new(folder.path(), &streams)?;
    let settings = daemon.settings().to_string_lossy().into_owned();
    let scratch = folder.join("scratch");

    let said = run(&["-c", &settings, "web", "--json"], LINES, &scratch)?;
    assert_eq!(said.code, Some(1), "records failed: {}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout)?;
    assert_eq!(report["records"], 6);
    let expected = serde_json::json!({"ok": 3, "dropped": 1, "failed": 2});
    assert_eq!(report["outcomes"], expected);
    let failed = &report["failures"][0];
    assert_eq!(failed["type"], "processing-failed");
    assert_eq!(failed["code"], "Lambda.ProcessingFailedStatus");
    assert_eq!(failed["records"], 2);
    assert_eq!(failed["samples"][0], "2 - \"PUT /x HTTP/1.1\"");
    assert_eq!(
        report["dropped_samples"][0],
        "1 - \"GET /robots.txt HTTP/1.1\""
    );
    let first: Value = serde_json::from_str(report["output"][0].as_str().unwrap_or_default())?;
    assert_eq!(first["line"], "0 - \"GET / HTTP/1.1\"");
    let roles: Vec<_> = ["data", "backup", "processing-failed"]
        .map(Value::from)
        .into();
    let objects = report["objects"]
        .as_array()
        .ok_or_else(|| Trouble::new("no objects"))?;
    assert!(
        roles
            .iter()
            .all(|role| objects.iter().any(|o| o["role"] == *role))
    );

    let said = run(&["-c", &settings, "table"], LINES, &scratch)?;
    for part in [
        "3 ok, 1 dropped, 2 failed",
        "schema:",
        "path: string",
        "attempt: int",
    ] {
        assert!(said.stdout.contains(part), "{part} in {}", said.stdout);
    }
    assert!(!daemon.data().exists(), "the data folder is not needed");
    assert!(!folder.join("out").exists(), "nothing is delivered");
    folder.done()
}

#[test]
fn exit_codes_and_attempts_are_those_of_the_daemon() -> Outcome {
    let folder = Folder::new("hook-tried-codes")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let more = ", retries: 1, on_unreachable: wait";
    let daemon = Daemon::new(folder.path(), &stream("web", &function.url(), more))?;
    let settings = daemon.settings().to_string_lossy().into_owned();
    let scratch = folder.join("scratch");
    let fine = "0 - \"GET / HTTP/1.1\"\n";
    assert_eq!(
        run(&["-c", &settings, "web"], fine, &scratch)?.code,
        Some(0)
    );

    let said = run(&["-c", &settings, "other"], fine, &scratch)?;
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("there are: web"), "{}", said.stderr);

    // Nobody waits here, although the stream would.
    function.goes_wrong("500")?;
    let said = run(&["-c", &settings, "web", "--json"], fine, &scratch)?;
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("answered 500"), "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout)?;
    assert_eq!(report["failures"][0]["code"], "Lambda.FunctionError");
    assert_eq!(report["failures"][0]["attempts"], 2);
    folder.done()
}

/// The example of the documentation, as it stands.
#[test]
fn the_example_is_a_function() -> Outcome {
    let folder = Folder::new("hook-example")?;
    let Some(python) = crate::python()? else {
        return folder.done();
    };
    let example = "../docs/examples/transform-function/function.py";
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(example);
    let port = port::free()?;
    let arguments = [&*example.to_string_lossy(), &port.to_string()];
    let mut program = Program::start(&python, &arguments, &folder.join("example.log"))?;
    until("the example to listen", PATIENCE, || {
        program.runs()?;
        std::net::TcpStream::connect(("127.0.0.1", port)).attempting("connect")
    })?;
    let url = format!("http://127.0.0.1:{port}/");
    let daemon = Daemon::new(folder.path(), &stream("web", &url, ""))?;
    let settings = daemon.settings().to_string_lossy().into_owned();
    let line = |path: &str| {
        format!("::1 - - [29/Nov/2026:00:00:00 +0000] \"GET {path} HTTP/1.1\" 200 -\n")
    };
    let input = line("/é") + &line("/favicon.ico") + "nonsense\n";
    let said = run(
        &["-c", &settings, "web", "--json"],
        &input,
        &folder.join("scratch"),
    )?;
    let report: Value = serde_json::from_str(&said.stdout)?;
    let expected = serde_json::json!({"ok": 1, "dropped": 1, "failed": 1});
    assert_eq!(report["outcomes"], expected, "{report}");
    let row: Value = serde_json::from_str(report["output"][0].as_str().unwrap_or_default())?;
    assert_eq!((&row["path"], &row["bytes"]), (&"/é".into(), &0.into()));
    folder.done()
}
