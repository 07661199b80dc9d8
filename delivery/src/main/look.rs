//! The commands that look into what lies on disk, and those about a spool.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use standpipe_config::names::StreamName;
use standpipe_config::process::exit::Exit;
use standpipe_config::settings::delivery::load_data_dir;
use standpipe_delivery::operate::command::Command;
use standpipe_delivery::operate::{NotDone, journal, spool};

use super::command::{Divert, Export, Stream};
use super::wrong_usage;

/// Where the data lies.
#[derive(Args)]
pub(super) struct Data {
    /// The configuration that names the data folder
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/standpipe/delivery.yaml"
    )]
    config: PathBuf,
    /// The data folder itself, in the place of a configuration
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    data_dir: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Journal {
    /// Lists the segments of journals: which records they hold, and how they end
    Ls {
        /// Only of this stream
        stream: Option<StreamName>,
        /// Prints a JSON object for each
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Writes out the records that a journal still holds
    Cat {
        /// The stream
        stream: StreamName,
        /// From this position on
        #[arg(long, value_name = "POSITION", default_value_t = 0)]
        from: u64,
        /// Up to this position, which is not written
        #[arg(long, value_name = "POSITION", default_value_t = u64::MAX)]
        to: u64,
        /// Prints a JSON object for each record, with its position and when it arrived
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Reads every byte of journals and checkpoints; exit 1 where one is damaged
    Verify {
        /// Only of this stream
        stream: Option<StreamName>,
        /// Prints a JSON object for each segment
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
pub(super) enum Spool {
    /// Lists the sealed files that wait for their delivery
    Ls {
        /// Only of this stream
        stream: Option<StreamName>,
        /// Prints a JSON object for each
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Writes out a sealed file, as it will be delivered
    Cat {
        /// The stream
        stream: StreamName,
        /// The file: its number or its key, as `spool ls` shows them
        file: String,
        /// Writes the rows that it was made of, a line each
        #[arg(long)]
        rows: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Tries again, now, whatever a stream waits for or is halted by
    Retry(Stream),
    /// Takes sealed files out of the spool into a folder; they count as delivered
    Export(Export),
    /// Puts what has failed under the error prefix, unless one more attempt delivers it
    Divert(Divert),
}

impl Data {
    /// The data folder; on the way out what is wrong with the configuration.
    pub(super) fn folder(&self) -> Result<PathBuf, Exit> {
        match &self.data_dir {
            Some(folder) => Ok(folder.clone()),
            None => load_data_dir(&self.config).map_err(|why| wrong_usage(&why.to_string())),
        }
    }
}

impl Journal {
    pub(super) fn run(self) -> Exit {
        let (Self::Ls { data, .. } | Self::Cat { data, .. } | Self::Verify { data, .. }) = &self;
        let folder = match data.folder() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        done(match &self {
            Self::Ls { stream, json, .. } => journal::list(&folder, stream.as_ref(), *json),
            Self::Verify { stream, json, .. } => journal::verify(&folder, stream.as_ref(), *json),
            Self::Cat {
                stream,
                from,
                to,
                json,
                ..
            } => journal::cat(&folder, stream, *from..*to, *json),
        })
    }
}

impl Spool {
    pub(super) fn run(self) -> Exit {
        let in_folder =
            |data: &Data, look: &dyn Fn(&Path) -> Result<Exit, NotDone>| match data.folder() {
                Ok(folder) => done(look(&folder)),
                Err(exit) => exit,
            };
        match &self {
            Self::Ls { stream, json, data } => {
                in_folder(data, &|folder| spool::list(folder, stream.as_ref(), *json))
            }
            Self::Cat {
                stream,
                file,
                rows,
                data,
            } => in_folder(data, &|folder| spool::cat(folder, stream, file, *rows)),
            Self::Retry(stream) => stream.run(Command::Retry),
            Self::Export(export) => export.run(),
            Self::Divert(divert) => divert.run(),
        }
    }
}

/// Says why not, if so.
pub(super) fn done(outcome: Result<Exit, NotDone>) -> Exit {
    outcome.unwrap_or_else(|why| {
        let exit = why.exit();
        if exit != Exit::Done {
            wrong_usage(&why.to_string());
        }
        exit
    })
}
