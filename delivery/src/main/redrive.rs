//! The commands about records that failed: what lies there, and putting it back.

use clap::Args;
use jiff::Timestamp;
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::process::exit::Exit;
use standpipe_delivery::daemon::{self, Asking, Selection};

use super::Config;

/// Which stream is asked about.
#[derive(Args)]
pub(super) struct Errors {
    /// The stream
    stream: StreamName,
    #[command(flatten)]
    config: Config,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What is put back.
#[derive(Args)]
pub(super) struct Redrive {
    #[command(flatten)]
    of: Errors,
    /// Only records that arrived then or later, such as 2026-11-29T02:00:00Z
    #[arg(long, value_name = "TIME", value_parser = arrival)]
    since: Option<Arrival>,
    /// Only records that arrived before
    #[arg(long, value_name = "TIME", value_parser = arrival)]
    until: Option<Arrival>,
    /// Only records that failed with this code, as `errors` shows it; may be given several times
    #[arg(long, value_name = "CODE")]
    error_code: Vec<String>,
    /// So many records at most
    #[arg(long, value_name = "RECORDS")]
    limit: Option<u64>,
    /// Puts nothing back, and says what would be
    #[arg(long)]
    dry_run: bool,
}

impl Errors {
    fn asking(&self) -> Asking<'_> {
        Asking {
            config: &self.config.config,
            stream: &self.stream,
            json: self.json,
        }
    }

    pub(super) fn run(&self) -> Exit {
        daemon::errors(&self.asking())
    }
}

impl Redrive {
    pub(super) fn run(self) -> Exit {
        let selection = Selection {
            since: self.since,
            until: self.until,
            codes: self.error_code,
            limit: self.limit,
            dry_run: self.dry_run,
        };
        daemon::redrive(&self.of.asking(), &selection)
    }
}

/// A moment, as people write one.
fn arrival(text: &str) -> Result<Arrival, String> {
    let time: Timestamp = text
        .parse()
        .map_err(|e| format!("{e}; a time is written as 2026-11-29T02:00:00Z"))?;
    Ok(Arrival(time.as_millisecond()))
}
