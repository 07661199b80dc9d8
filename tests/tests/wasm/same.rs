//! The examples in Python and JavaScript give the same objects as a function over HTTP, from the
//! same access log; and what was compiled once is not compiled again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Zoned;
use standpipe_tests::daemon::Books;
use standpipe_tests::program::Program;
use standpipe_tests::random::Random;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, access, components, objects};

use crate::{PATIENCE, daemon, error_lines, guest, ours, raw_data, stream};

/// Access-log lines of one request, and requests; `tests/run --full` asks for more.
const LINES: usize = 1000;
const REQUESTS: usize = 3;
const REQUESTS_IN_FULL: usize = 100;

/// Lines that no access log has, and some that few have.
const ODD: [&[u8]; 9] = [
    b"this is no line",
    b"127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] \"GET",
    b"\xff\xfe - - [x] \"GET / HTTP/1.1\" 200 1",
    b"h - caf\xc3\xa9 [x] \"GET /\xe2\x80\xa8\xf0\x9f\x9a\xb0?q=\\\\ HTTP/1.1\" 200 12 \"-\"",
    b"h - a\x01\x7f\tb [x\"\\y] \"GET /\x08\x0c HTTP/1.1\" 404 -",
    b"h - - [x] \"GET / HTTP/1.1\" 200 0012",
    b"h - - [x] \"GET /favicon.ico HTTP/1.1\" 200 5",
    b"h - - [x] \"GET / HTTP/1.1\" 200 9007199254740991",
    b"\xef\xbb\xbfh - - [x] \"GET / HTTP/1.1\" 200 1 ",
];

fn requests() -> Vec<Vec<u8>> {
    let (mut random, now) = (Random::new(), Zoned::now());
    let full = std::env::var_os("STANDPIPE_FULL").is_some();
    let count = if full { REQUESTS_IN_FULL } else { REQUESTS };
    let mut request = || {
        let mut text = vec![];
        for _ in 0..LINES {
            access::line(&mut random, &now, &mut text);
        }
        for odd in ODD {
            text.extend_from_slice(odd);
            text.push(b'\n');
        }
        text
    };
    (0..count).map(|_| request()).collect()
}

/// The Python of this machine serves the function; its port.
fn function(folder: &Folder) -> Outcome<(Program, u16)> {
    let port = folder.join("port").display().to_string();
    let script = ours("tests/tests/wasm/function.py").display().to_string();
    let clean = ours("docs/examples/transform-python").display().to_string();
    let arguments = [script.as_str(), &clean, &port];
    let program = Program::start(
        Path::new("python3"),
        &arguments,
        &folder.join("function.log"),
    )?;
    let port = until("the function to listen", PATIENCE, || {
        let text = std::fs::read_to_string(&port).attempting("read its port")?;
        text.parse().attempting("read its port")
    })?;
    Ok((program, port))
}

/// The components, as tests/run built them; `None` where one is not there.
fn examples() -> Outcome<Option<[PathBuf; 2]>> {
    let python = components::find(
        "the example transform in Python",
        "STANDPIPE_TRANSFORM_PYTHON",
    )?;
    let javascript = components::find(
        "the example transform in JavaScript",
        "STANDPIPE_TRANSFORM_JAVASCRIPT",
    )?;
    Ok(python
        .zip(javascript)
        .map(|(python, javascript)| [python, javascript]))
}

/// How often each line of a stream's objects is there.
fn delivered(folder: &Folder, name: &str) -> Outcome<BTreeMap<String, u32>> {
    let mut lines = BTreeMap::new();
    for path in objects::below(&folder.join("out").join(name))? {
        for line in objects::lines(&path)? {
            let line = String::from_utf8(line).attempting("read a line")?;
            *lines.entry(line).or_default() += 1;
        }
    }
    Ok(lines)
}

/// How often each record failed, with its attempts. Codes, names and messages differ.
fn failed(folder: &Folder, name: &str) -> Outcome<BTreeMap<(Vec<u8>, u64), u32>> {
    let mut records = BTreeMap::new();
    for line in error_lines(folder, name)? {
        let attempts = line["attemptsMade"].as_u64().unwrap_or(0);
        *records.entry((raw_data(&line)?, attempts)).or_default() += 1;
    }
    Ok(records)
}

#[test]
fn examples_and_a_function_over_http_give_the_same_objects() -> Outcome {
    let folder = Folder::new("wasm-same")?;
    let Some([python, javascript]) = examples()? else {
        return folder.done();
    };
    let (_function, port) = function(&folder)?;
    let http = format!(
        "{{http: {{url: \"http://127.0.0.1:{port}/\", timeout: 5m, buffering: {{interval: 0s}}}}}}"
    );
    let settings = [
        stream("http", &http),
        guest("python", &python, ", timeout: 5m"),
        guest("javascript", &javascript, ", timeout: 5m"),
    ];
    let mut daemon = daemon(&folder, &settings.concat())?;
    daemon.up()?;
    let requests = requests();
    let names = ["http", "python", "javascript"];
    for request in &requests {
        for name in names {
            daemon.post(name, request)?.ok()?;
        }
    }
    let count = (requests.len() * (LINES + ODD.len())) as u64;
    let mut books = vec![];
    for name in names {
        books.push(daemon.settled(name, count, PATIENCE)?);
    }
    assert_eq!(books, [books[0]; 3]);
    assert!(books[0].delivered > 0 && books[0].dropped > 0 && books[0].failed > 0);
    let (rows, errors) = (delivered(&folder, "http")?, failed(&folder, "http")?);
    for name in ["python", "javascript"] {
        assert_eq!(delivered(&folder, name)?, rows, "{name}");
        assert_eq!(failed(&folder, name)?, errors, "{name}");
        for line in error_lines(&folder, name)? {
            let is_said = match std::str::from_utf8(&raw_data(&line)?) {
                Ok(_) => line["errorMessage"] == "this is no line of an access log",
                Err(_) => line["errorMessage"] == "the record is no UTF-8",
            };
            assert!(
                is_said && line["errorCode"] == "Standpipe.ProcessingFailed",
                "{line}"
            );
        }
    }
    again(&mut daemon, &books[0])?;
    folder.done()
}

/// After another start both examples work, and neither was compiled again.
fn again(daemon: &mut Daemon, before: &Books) -> Outcome {
    daemon.stop(PATIENCE)?;
    assert_eq!(loaded(daemon, "was compiled before")?, 0);
    daemon.up()?;
    let line = b"h - - [x] \"GET / HTTP/1.1\" 200 5\n";
    for name in ["python", "javascript"] {
        daemon.post(name, line)?.ok()?;
        let books = daemon.settled(name, before.accepted + 1, PATIENCE)?;
        assert_eq!(books.delivered, before.delivered + 1, "{name}");
    }
    assert_eq!(loaded(daemon, "was compiled before")?, 2);
    Ok(())
}

/// How many lines of the log say this.
fn loaded(daemon: &Daemon, what: &str) -> Outcome<usize> {
    let log = std::fs::read_to_string(daemon.log()).attempting("read the log")?;
    match log
        .lines()
        .filter(|line| line.contains("transform"))
        .count()
    {
        0 => Err(Trouble::new("the log says nothing of transforms")),
        _ => Ok(log.lines().filter(|line| line.contains(what)).count()),
    }
}
