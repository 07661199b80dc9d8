//! Transform hooks: records pass the user's own code, and are each delivered, dropped or failed
//! once, whatever that code does.

mod faults;
mod flight;
mod invoke;
mod kills;
mod lines;
mod tried;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::program::Program;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Folder, Outcome, Trouble, objects};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// A transformation function in Python, served over HTTP, in a folder of its own.
struct Function {
    folder: PathBuf,
    program: Program,
    port: u16,
}

impl Function {
    /// Starts it; `None` where there is no Python.
    fn start(folder: &Folder) -> Outcome<Option<Self>> {
        match python()? {
            Some(python) => Self::run(&python, "function.py", folder).map(Some),
            None => Ok(None),
        }
    }

    fn run(python: &Path, script: &str, folder: &Folder) -> Outcome<Self> {
        let folder = folder.join("function");
        std::fs::create_dir_all(&folder)?;
        // What an earlier one left.
        let _ = std::fs::remove_file(folder.join("port"));
        let program = run(python, script, &folder)?;
        let port = until("the function to listen", PATIENCE, || {
            let text = std::fs::read_to_string(folder.join("port"));
            text.attempting("read its port")?
                .parse()
                .attempting("read its port")
        })?;
        Ok(Self {
            folder,
            program,
            port,
        })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What goes wrong from now on; nothing where it is empty.
    fn goes_wrong(&self, mode: &str) -> Outcome {
        let (new, path) = (self.folder.join("mode.new"), self.folder.join("mode"));
        std::fs::write(&new, mode)?;
        Ok(std::fs::rename(new, path)?)
    }

    /// Every request that it got.
    fn requests(&self) -> Outcome<Vec<Value>> {
        match self.folder.join("notes") {
            notes if notes.exists() => objects::json_lines(&notes),
            _ => Ok(vec![]),
        }
    }

    /// SIGKILL.
    fn kill(&mut self) -> Outcome {
        self.program.kill()
    }
}

fn python() -> Outcome<Option<PathBuf>> {
    let found = std::process::Command::new("python3")
        .arg("--version")
        .output();
    match found {
        Ok(_) => Ok(Some("python3".into())),
        Err(_) => {
            standpipe_tests::components::needs(
                "python3: a transformation function; apt-get install python3",
            )?;
            Ok(None)
        }
    }
}

fn run(python: &Path, script: &str, folder: &Path) -> Outcome<Program> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hooks");
    let script = scripts.join(script);
    let names = ["port", "notes", "mode"].map(|name| folder.join(name));
    let mut arguments = vec![script.to_string_lossy().into_owned()];
    arguments.extend(names.map(|name| name.to_string_lossy().into_owned()));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    // What Python compiles it keeps, unless told otherwise, beside the script.
    let environment = [("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())].into();
    Program::start_with(python, &arguments, &environment, &folder.join("log"))
}

/// A stream of raw objects in `out/NAME` whose records pass the function at `url`. `more` is YAML
/// of the hook, such as `, retries: 1`.
fn stream(name: &str, url: &str, more: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 5MiB, interval: 1s}}
  transform: {{http: {{url: \"{url}\", retry_pause: 10ms, buffering: {{size: 200KiB, interval: 0s}}{more}}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/, backup: {{file: {{path: copies}}}}}}}}
"
    )
}

/// The lines of all error objects below a folder.
fn error_lines(folder: &Path) -> Outcome<Vec<Value>> {
    let lines: Outcome<Vec<_>> = objects::below(folder)?
        .iter()
        .map(|path| objects::json_lines(path))
        .collect();
    Ok(lines?.concat())
}

/// What a line of an error object holds.
fn raw_data(line: &Value) -> Outcome<Vec<u8>> {
    let text = line["rawData"].as_str().unwrap_or("(none)");
    let decoded = base64_simd::STANDARD.decode_to_vec(text);
    decoded.map_err(|_| Trouble(format!("rawData of {line} is not base64")))
}
