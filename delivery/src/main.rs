//! `standpipe-delivery`: makes records durable, buffers, converts and delivers them exactly once.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use standpipe_config::faults;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::logging::Logging;
use standpipe_config::process::manual;
use standpipe_config::units::parse_span;
use standpipe_delivery::daemon;
use standpipe_delivery::faults::{POINTS, SYNCS};
use standpipe_delivery::operate::command::Command as Order;

#[path = "main/command.rs"]
mod command;
#[path = "main/look.rs"]
mod look;

#[path = "main/redrive.rs"]
mod redrive;

/// Memory that an encoder freed serves the next one, whatever thread it runs on: glibc keeps it for
/// each thread, and a backlog of Parquet then takes more than `limits.memory`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes records durable, buffers, converts and delivers them exactly once.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage or wrong configuration (nothing was started),
/// 3 stopped at the deadline with work left (nothing is lost).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    logging: Logging,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the daemon
    Run(Run),
    /// Says what a configuration means, or everything that is wrong with it
    Check(Check),
    /// Runs records from stdin, a line each, through a stream's transform and format, and says what
    /// became of them; delivers nothing
    Try(Try),
    /// Says how the daemon that runs is doing
    Status(command::Status),
    /// Shows how the daemon that runs is doing, again and again, with rates
    Top(command::Top),
    /// Looks into journals, while the daemon runs or not
    #[command(subcommand)]
    Journal(look::Journal),
    /// Looks into spools, and leads streams out of a halt
    #[command(subcommand)]
    Spool(look::Spool),
    /// Lets a stream deliver nothing until `resume`: it goes on taking records
    Pause(command::Stream),
    /// Lets a stream that was paused deliver
    Resume(command::Stream),
    /// Seals what a stream has accepted so far, without waiting for size or age
    Flush(command::Stream),
    /// Says what lies under a stream's error prefix, grouped by code, with samples
    Errors(redrive::Errors),
    /// Puts records that failed back into their stream, each once
    Redrive(redrive::Redrive),
}

#[derive(Args)]
struct Config {
    /// The configuration
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "/etc/standpipe/delivery.yaml"
    )]
    config: PathBuf,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    config: Config,
    /// How long a stop may take: what is not delivered by then waits for the next start
    #[arg(long, value_name = "SPAN", default_value = daemon::STOP_DEADLINE, value_parser = parse_span)]
    stop_deadline: Duration,
}

#[derive(Args)]
struct Check {
    #[command(flatten)]
    config: Config,
    /// Also asks the real destinations whether they are there and may be read and written, and
    /// whether transforms are there
    #[arg(long)]
    connect: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Try {
    #[command(flatten)]
    config: Config,
    /// The stream
    stream: String,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

fn main() -> Exit {
    if let Some(exit) = faults::start(POINTS, SYNCS).or_else(manual::start::<Arguments>) {
        return exit;
    }
    let arguments = Arguments::parse();
    if let Err(wrong) = arguments.logging.start() {
        return wrong_usage(&wrong.to_string());
    }
    match arguments.command {
        Command::Run(run) => daemon::run(&run.config.config, run.stop_deadline),
        Command::Check(check) => daemon::check(&check.config.config, check.json, check.connect),
        Command::Try(this) => daemon::trial::run(&this.config.config, &this.stream, this.json),
        Command::Status(status) => status.run(),
        Command::Top(top) => top.run(),
        Command::Journal(journal) => journal.run(),
        Command::Spool(spool) => spool.run(),
        Command::Pause(stream) => stream.run(Order::Pause),
        Command::Resume(stream) => stream.run(Order::Resume),
        Command::Flush(stream) => stream.run(Order::Flush),
        Command::Errors(errors) => errors.run(),
        Command::Redrive(redrive) => redrive.run(),
    }
}

fn wrong_usage(what: &str) -> Exit {
    let _ = writeln!(std::io::stderr(), "{what}");
    Exit::Wrong
}

#[cfg(test)]
#[path = "main/tests.rs"]
mod tests;
