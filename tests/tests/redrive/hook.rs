//! A transformation function that failed is repaired: what it failed comes in, transformed once.

use std::path::{Path, PathBuf};

use standpipe_tests::program::Program;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, components, objects};

use crate::{PATIENCE, failed, redrive, redriven};

/// The function of the proofs of hooks, in a folder of its own.
struct Function {
    folder: PathBuf,
    port: u16,
    _program: Program,
}

impl Function {
    fn start(folder: &Path) -> Outcome<Option<Self>> {
        if std::process::Command::new("python3")
            .arg("--version")
            .output()
            .is_err()
        {
            components::needs("python3: a transformation function; apt-get install python3")?;
            return Ok(None);
        }
        std::fs::create_dir_all(folder)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hooks/function.py");
        let names = ["port", "notes", "mode"].map(|name| folder.join(name));
        let mut arguments = vec![script.to_string_lossy().into_owned()];
        arguments.extend(names.map(|name| name.to_string_lossy().into_owned()));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let program = Program::start(Path::new("python3"), &arguments, &folder.join("log"))?;
        let port = until("the function to listen", PATIENCE, || {
            let text = std::fs::read_to_string(folder.join("port"));
            let text = text.attempting("read its port")?;
            text.parse().attempting("read its port")
        })?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            port,
            _program: program,
        }))
    }

    /// What goes wrong from now on; nothing where it is empty.
    fn goes_wrong(&self, mode: &str) -> Outcome {
        let (new, path) = (self.folder.join("mode.new"), self.folder.join("mode"));
        std::fs::write(&new, mode)?;
        Ok(std::fs::rename(new, path)?)
    }
}

fn stream(port: u16) -> String {
    format!(
        "web:
  buffering: {{size: 1MiB, interval: 0s}}
  transform: {{http: {{url: \"http://127.0.0.1:{port}/\", retries: 1, retry_pause: 10ms, buffering: {{size: 200KiB, interval: 0s}}}}}}
  destination: {{file: {{path: out, prefix: web/, error_output_prefix: errors/}}}}
"
    )
}

fn request(part: u64, ledger: &mut Ledger) -> Vec<u8> {
    let mut text = vec![];
    for number in 0..500 {
        let line = format!("{part} {number} - \"GET /{number} HTTP/1.1\"");
        ledger.wrote(line.as_bytes());
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

#[test]
fn what_a_function_failed_comes_in_once_when_it_is_repaired() -> Outcome {
    let folder = Folder::new("redrive-hook")?;
    let Some(function) = Function::start(&folder.join("function"))? else {
        return folder.done();
    };
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &stream(function.port))?;
    daemon.post("web", &request(0, &mut ledger))?.ok()?;
    let books = daemon.settled("web", 500, PATIENCE)?;
    assert_eq!(books.delivered, 500);
    function.goes_wrong("500")?;
    for part in 1..4 {
        daemon.post("web", &request(part, &mut ledger))?.ok()?;
        daemon.settled("web", 500 * (part + 1), PATIENCE)?;
    }
    assert_eq!(failed(&daemon)?, 1500);
    // Not repaired yet: they fail again, under their own names.
    assert_eq!(redrive(&daemon, &["--limit", "600"])?, 600);
    daemon.settled("web", 2600, PATIENCE)?;
    assert_eq!(failed(&daemon)?, 1500);
    function.goes_wrong("")?;
    assert_eq!(redrive(&daemon, &[])?, 1500);
    let books = daemon.settled("web", 4100, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (2000, 2100), "{books:?}");
    assert_eq!(redriven(&daemon)?, 2100);
    assert_eq!((failed(&daemon)?, redrive(&daemon, &[])?), (0, 0));
    for path in objects::below(&folder.join("out/web"))? {
        for shaped in objects::json_lines(&path)? {
            let line = shaped["line"].as_str().unwrap_or("(no line)");
            ledger.arrived(line.as_bytes());
        }
    }
    ledger.settle()?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
