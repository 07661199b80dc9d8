//! The commands that talk to the daemon that runs.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use standpipe_config::names::StreamName;
use standpipe_config::process::exit::Exit;
use standpipe_config::units::parse_span;
use standpipe_delivery::operate::command::{Command, order};
use standpipe_delivery::operate::export::{Exported, export};
use standpipe_delivery::operate::{NotDone, status, waited};

use super::look::{Data, done};

/// One stream.
#[derive(Args)]
pub(super) struct Stream {
    /// The stream
    stream: StreamName,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(super) struct Divert {
    /// All that waits in the spool, and not only what has failed so far
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    of: Stream,
}

#[derive(Args)]
pub(super) struct Export {
    /// The folder to which the files go
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Leaves the files in the spool too: they are delivered as if nothing had been
    #[arg(long)]
    copy: bool,
    #[command(flatten)]
    of: Stream,
}

#[derive(Args)]
pub(super) struct Status {
    /// Prints what the daemon says, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(super) struct Top {
    /// How often to look
    #[arg(long, value_name = "SPAN", default_value = "2s", value_parser = parse_span)]
    interval: Duration,
    /// Looks so often and ends; else it ends with Ctrl-C
    #[arg(long, value_name = "NUMBER")]
    times: Option<u32>,
    #[command(flatten)]
    data: Data,
}

impl Status {
    pub(super) fn run(&self) -> Exit {
        wait(&self.data, async |folder| {
            status::status(&folder, self.json).await
        })
    }
}

impl Top {
    pub(super) fn run(&self) -> Exit {
        let folder = match self.data.folder() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        let shown = waited(status::top(&folder, self.interval, self.times));
        done(shown.map(|()| Exit::Done))
    }
}

/// Prints what came of it.
fn wait(data: &Data, work: impl AsyncFnOnce(PathBuf) -> Result<String, NotDone>) -> Exit {
    let folder = match data.folder() {
        Ok(folder) => folder,
        Err(exit) => return exit,
    };
    done(waited(work(folder)).and_then(|said| {
        writeln!(std::io::stdout(), "{said}")?;
        Ok(Exit::Done)
    }))
}

impl Stream {
    pub(super) fn run(&self, command: Command) -> Exit {
        wait(&self.data, async |folder| {
            order(&folder, &self.stream, command).await
        })
    }
}

impl Divert {
    pub(super) fn run(&self) -> Exit {
        self.of.run(Command::Divert { all: self.all })
    }
}

impl Export {
    pub(super) fn run(&self) -> Exit {
        let stream = &self.of.stream;
        wait(&self.of.data, async |folder| {
            let exported = export(&folder, stream, &self.to, self.copy).await?;
            let Exported {
                files,
                records,
                delivered,
            } = exported;
            let to = self.to.display();
            Ok(format!(
                "{files} files of {stream} with {records} records lie in {to}; {delivered} were delivered meanwhile, and do not"
            ))
        })
    }
}
