//! The agent's program: `standpipe-agent run | check | status | checkpoint | convert-kinesis`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use standpipe_agent::ask::{self, Question};
use standpipe_agent::checkpoint::{self, JournalRewind, Rewind};
use standpipe_agent::daemon;
use standpipe_agent::faults::{POINTS, SYNCS};
use standpipe_agent::kinesis::{self, Target};
use standpipe_config::faults;
use standpipe_config::names::StreamName;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::logging::Logging;
use standpipe_config::process::manual;
use standpipe_config::settings::Loaded;
use standpipe_config::settings::agent::{self, Settings};
use standpipe_config::units;

/// Follows rotating log files and ships their lines exactly once.
#[derive(Parser)]
#[command(name = "standpipe-agent", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    logging: Logging,
}

#[derive(Subcommand)]
enum Command {
    /// Follow and ship until stopped.
    Run {
        /// Read to the end of all files, ship, wait for the acknowledgement, and exit.
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        config: Config,
    },
    /// Say all that is wrong with the settings, or what they mean.
    Check {
        #[command(flatten)]
        config: Config,
    },
    /// Ask the agent that runs here how its files stand.
    Status(Status),
    /// What is remembered of files, while the agent does not run.
    Checkpoint {
        #[command(subcommand)]
        command: Checkpoint,
    },
    /// Write the Kinesis Agent's settings as settings of this agent.
    ConvertKinesis(ConvertKinesis),
}

#[derive(clap::Args)]
struct Status {
    /// Only this file: exit 0 if all that is in it now is acknowledged, 1 if not
    #[arg(long)]
    file: Option<PathBuf>,
    /// Wait until it is, at most so long
    #[arg(long, value_name = "SPAN", num_args = 0..=1, default_missing_value = "8760h", value_parser = units::parse_span, requires = "file")]
    wait: Option<Duration>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

#[derive(clap::Args)]
struct ConvertKinesis {
    /// The Kinesis Agent's settings; the flows of the files in agent.d beside it are added
    #[arg(value_name = "FILE", default_value = "/etc/aws-kinesis/agent.json")]
    file: PathBuf,
    /// Write into this file, which must not be there yet, instead of to stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Ship to the Standpipe daemon with this native door
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4574")]
    url: String,
    /// Ship to Firehose, as before
    #[arg(long, conflicts_with = "url")]
    firehose: bool,
}

#[derive(Subcommand)]
enum Checkpoint {
    /// Say what is remembered.
    Show {
        /// Answer in JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: Config,
    },
    /// Go back in a file or in a journal: what follows is sent, and stored, once more.
    Rewind {
        /// The file
        #[arg(long, required_unless_present = "journal")]
        file: Option<PathBuf>,
        /// Only for this stream
        #[arg(long)]
        stream: Option<StreamName>,
        /// Behind so many bytes, or at the beginning of the line that they end in
        #[arg(long, value_name = "BYTES", default_value_t = 0)]
        to: u64,
        /// The journal, as `checkpoint show` names it
        #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "to"])]
        journal: Option<String>,
        /// Behind the entry with this cursor; without it, at the first entry there is
        #[arg(long, value_name = "CURSOR", requires = "journal")]
        after: Option<String>,
        #[command(flatten)]
        config: Config,
    },
}

#[derive(clap::Args)]
struct Config {
    /// The settings
    #[arg(
        id = "settings",
        long = "config",
        value_name = "FILE",
        default_value = "/etc/standpipe/agent.yaml"
    )]
    file: PathBuf,
}

fn main() -> Exit {
    if let Some(exit) = faults::start(POINTS, SYNCS).or_else(manual::start::<Arguments>) {
        return exit;
    }
    let arguments = Arguments::parse();
    if let Err(error) = arguments.logging.start() {
        eprintln!("standpipe-agent: {error}");
        return Exit::Wrong;
    }
    match arguments.command {
        Command::Run { once, config } => run(config, once),
        Command::Check { config } => load(&config).map_or(Exit::Wrong, |settings| {
            print!("{}", agent::summary(&settings));
            Exit::Done
        }),
        Command::Status(status) => load(&status.config).map_or(Exit::Wrong, |s| answer(&s, status)),
        Command::Checkpoint { command } => look_back(command),
        Command::ConvertKinesis(order) => convert_kinesis(order),
    }
}

/// What is said goes to stderr, so that stdout is a file of settings.
fn convert_kinesis(order: ConvertKinesis) -> Exit {
    let target = match order.firehose {
        true => Target::Firehose,
        false => Target::Standpipe(order.url),
    };
    let converted = match kinesis::convert(&order.file, &target) {
        Ok(converted) => converted,
        Err(error) => {
            eprintln!("standpipe-agent: {error}");
            return Exit::Wrong;
        }
    };
    converted.said.iter().for_each(|line| eprintln!("{line}"));
    let Some(settings) = converted.settings else {
        return Exit::Failed;
    };
    match order.output {
        None => print!("{settings}"),
        Some(path) => {
            let created = File::create_new(&path);
            if let Err(error) = created.and_then(|mut file| file.write_all(settings.as_bytes())) {
                let path = path.display();
                return failed(&format!("cannot write the settings into {path}: {error}"));
            }
        }
    }
    match converted.incomplete {
        true => Exit::Failed,
        false => Exit::Done,
    }
}

fn answer(settings: &Settings, status: Status) -> Exit {
    let question = Question {
        file: status.file,
        wait: status.wait,
        json: status.json,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    provide_tls();
    let answered = match runtime {
        Ok(runtime) => runtime.block_on(ask::status(settings, &question)),
        Err(error) => return failed(&error),
    };
    answered.unwrap_or_else(|error| failed(&error))
}

fn look_back(command: Checkpoint) -> Exit {
    let (Checkpoint::Show { config, .. } | Checkpoint::Rewind { config, .. }) = &command;
    let Some(settings) = load(config) else {
        return Exit::Wrong;
    };
    match command {
        Checkpoint::Show { json, .. } => show(&settings, json),
        Checkpoint::Rewind {
            file,
            stream,
            to,
            journal,
            after,
            ..
        } => match (file, journal) {
            (Some(file), _) => rewind(&settings, &Rewind { file, stream, to }),
            (None, journal) => {
                let journal = journal.unwrap_or_default();
                let order = JournalRewind {
                    journal,
                    stream,
                    after,
                };
                rewind_journal(&settings, &order)
            }
        },
    }
}

fn show(settings: &Settings, json: bool) -> Exit {
    let all = match checkpoint::show(settings) {
        Ok(all) => all,
        Err(error) => return failed(&error),
    };
    if json {
        // Nothing in it has no JSON form.
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
        return Exit::Done;
    }
    for one in all {
        if let Some(cursor) = one.cursor {
            println!(
                "{} to {}: {} bytes acknowledged, up to {cursor} (source {})",
                one.path, one.stream, one.acknowledged, one.id
            );
            continue;
        }
        println!(
            "{} to {}: {} bytes acknowledged in epoch {}{} (source {}, inode {})",
            one.path,
            one.stream,
            one.acknowledged,
            one.epoch,
            if one.is_final { ", final" } else { "" },
            one.id,
            one.inode
        );
    }
    Exit::Done
}

fn rewind(settings: &Settings, order: &Rewind) -> Exit {
    match checkpoint::rewind(settings, order) {
        Ok(streams) => {
            for (stream, offset) in streams {
                println!(
                    "{} to {stream}: from byte {offset} on again",
                    order.file.display()
                );
            }
            Exit::Done
        }
        Err(error) => failed(&error),
    }
}

fn rewind_journal(settings: &Settings, order: &JournalRewind) -> Exit {
    let after = order.after.as_ref();
    let from = after.map_or("all entries".to_owned(), |cursor| {
        format!("from behind {cursor} on")
    });
    match checkpoint::rewind_journal(settings, order) {
        Ok(streams) => {
            for stream in streams {
                println!("{} to {stream}: {from} again", order.journal);
            }
            Exit::Done
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Exit {
    eprintln!("standpipe-agent: {error}");
    Exit::Failed
}

fn provide_tls() {
    // A second provider is no trouble: one is there then.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn load(config: &Config) -> Option<Settings> {
    match agent::load(&config.file) {
        Ok(Loaded { settings, warnings }) => {
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            Some(settings)
        }
        Err(problems) => {
            eprintln!("{problems}");
            None
        }
    }
}

fn run(config: Config, once: bool) -> Exit {
    let Some(settings) = load(&config) else {
        return Exit::Wrong;
    };
    provide_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(daemon::run(settings, once, move || load(&config))),
        Err(error) => Err(error.into()),
    };
    ended.unwrap_or_else(|error| {
        tracing::error!("{error}");
        Exit::Failed
    })
}

#[cfg(test)]
#[path = "main/tests.rs"]
mod tests;
