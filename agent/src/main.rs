//! The agent's program: `standpipe-agent run | check`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use standpipe_agent::daemon;
use standpipe_agent::faults::POINTS;
use standpipe_config::faults;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::logging::Logging;
use standpipe_config::settings::Loaded;
use standpipe_config::settings::agent::{self, Settings};

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
}

#[derive(clap::Args)]
struct Config {
    /// The settings
    #[arg(
        long = "config",
        value_name = "FILE",
        default_value = "/etc/standpipe/agent.yaml"
    )]
    file: PathBuf,
}

fn main() -> Exit {
    if let Some(exit) = faults::start(POINTS) {
        return exit;
    }
    let arguments = Arguments::parse();
    if let Err(error) = arguments.logging.start() {
        eprintln!("standpipe-agent: {error}");
        return Exit::Wrong;
    }
    match arguments.command {
        Command::Run { once, config } => load(&config).map_or(Exit::Wrong, |s| run(s, once)),
        Command::Check { config } => load(&config).map_or(Exit::Wrong, |settings| {
            print!("{}", agent::summary(&settings));
            Exit::Done
        }),
    }
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

fn run(settings: Settings, once: bool) -> Exit {
    // A second provider is no trouble: one is there then.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(daemon::run(settings, once)),
        Err(error) => Err(error.into()),
    };
    ended.unwrap_or_else(|error| {
        tracing::error!("{error}");
        Exit::Failed
    })
}
