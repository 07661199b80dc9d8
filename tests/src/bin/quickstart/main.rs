//! `cargo quickstart [FILE…]`: both programs at work on one machine, from a fresh clone.
//!
//! Without files it writes an access log that rotates while it is read. Files of the user's are
//! read where they lie, and never touched. Everything it makes lies in one folder, which it names.
//! It fails if what lies in the Parquet files is not what was in the logs.

mod given;
mod progress;
mod report;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use standpipe_tests::binaries;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

use given::Given;

const USAGE: &str = "cargo quickstart [FILE…]

Runs agent and daemon on FILEs, which are only read, or on an access log of its own that rotates
while it is read. Says where the Parquet files lie and how many rows they hold.";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|a| a == "-h" || a == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let given = match given::read(&arguments) {
        Ok(given) => given,
        Err(Trouble(why)) => {
            eprintln!("{why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match quickstart(&given) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble(why)) => {
            eprintln!("\nquickstart: {why}");
            ExitCode::FAILURE
        }
    }
}

fn quickstart(given: &[Given]) -> Outcome {
    binaries::build(&[])?;
    let folder = new_folder()?;
    eprintln!("Everything of this run lies in {}", folder.display());
    let outcome = match given {
        [] => run::on_a_log_that_rotates(&folder),
        files => run::on_files(&folder, files),
    };
    outcome.map_err(|Trouble(why)| {
        let folder = folder.display();
        Trouble(format!(
            "{why}\nThe logs of both programs: {folder}/delivery.log, {folder}/agent.log"
        ))
    })
}

/// A folder for this run, beside the programs: on a real disk wherever they are.
fn new_folder() -> Outcome<PathBuf> {
    let built = binaries::folder()?;
    let home = built.parent().unwrap_or(Path::new(".")).join("quickstart");
    std::fs::create_dir_all(&home).attempting(format!("create {}", home.display()))?;
    let now = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    for number in 1.. {
        let name = if number == 1 {
            now.clone()
        } else {
            format!("{now}-{number}")
        };
        match std::fs::create_dir(home.join(&name)) {
            Ok(()) => {
                return home
                    .join(&name)
                    .canonicalize()
                    .attempting("find the new folder");
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).attempting(format!("create {}", home.join(name).display()));
            }
        }
    }
    Err(Trouble::new(
        "there is no name left for the folder of this run",
    ))
}
