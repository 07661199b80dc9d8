//! Takes over where the Kinesis Agent stands in its files. A program of its own, run once, so that the
//! agent, which runs on every machine, does not carry SQLite.

use std::path::PathBuf;

use clap::Parser;
use standpipe_agent::checkpoint::{Became, import};
use standpipe_config::process::exit::Exit;
use standpipe_config::process::manual;
use standpipe_config::settings::agent;
use standpipe_config::units;

mod database;

/// Takes over where the Kinesis Agent stands in its files. Neither agent may run.
#[derive(Parser)]
#[command(name = "standpipe-kinesis-checkpoints", version)]
struct Arguments {
    /// The Kinesis Agent's database
    #[arg(
        value_name = "FILE",
        default_value = "/var/run/aws-kinesis-agent/checkpoints"
    )]
    file: PathBuf,
    /// The settings of this agent
    #[arg(long, value_name = "FILE", default_value = "/etc/standpipe/agent.yaml")]
    config: PathBuf,
    /// Go on so many bytes before each position, at the beginning of a line: the Kinesis Agent may be
    /// ahead of what was delivered, and what it delivered is delivered once more then
    #[arg(long, value_name = "SIZE", default_value = "0B", value_parser = units::parse_size)]
    rewind: u64,
}

fn main() -> Exit {
    if let Some(exit) = manual::start::<Arguments>() {
        return exit;
    }
    let arguments = Arguments::parse();
    let settings = match agent::load(&arguments.config) {
        Ok(loaded) => loaded.settings,
        Err(problems) => {
            eprintln!("{problems}");
            return Exit::Wrong;
        }
    };
    let rows = match database::read(&arguments.file) {
        Ok(rows) => rows,
        Err(error) => return failed(&error),
    };
    for why in &rows.unusable {
        eprintln!("standpipe-kinesis-checkpoints: {why}");
    }
    match import(&settings, &rows.positions, arguments.rewind) {
        Ok(taken) => {
            let mut all = rows.unusable.is_empty();
            for one in taken {
                let (path, stream) = (one.path.display(), one.stream);
                match one.became {
                    Became::Resumes(at) => println!("{path} to {stream}: goes on at byte {at}"),
                    Became::Passed(at) => {
                        println!("{path} to {stream}: is older, goes on at its end, byte {at}")
                    }
                    Became::Begins => {
                        println!("{path} to {stream}: is newer, or unknown: from its beginning")
                    }
                    Became::Left(why) => {
                        all = false;
                        eprintln!(
                            "{path} to {stream}: the position does not count, and the file is read as if nothing were known: {why}"
                        );
                    }
                }
            }
            if all { Exit::Done } else { Exit::Failed }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Exit {
    eprintln!("standpipe-kinesis-checkpoints: {error}");
    Exit::Failed
}
