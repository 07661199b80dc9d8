//! `pause|resume|flush STREAM` and `spool retry|divert STREAM`: orders to the daemon that runs, and
//! where no daemon runs, what can be done without it.

use std::path::Path;

use serde_json::{Value, json};
use standpipe_config::files::FolderLock;
use standpipe_config::names::StreamName;

use super::ask::{Door, NoAnswer};
use super::{NotDone, chosen};
use crate::lane::mishap;
use crate::stream::paused;

/// An order to a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Deliver nothing until told to go on.
    Pause,
    /// Deliver again.
    Resume,
    /// Seal what was accepted so far.
    Flush,
    /// Try again what failed.
    Retry,
    /// Put what failed, or all that waits, under the error prefix.
    Divert {
        /// All that waits.
        all: bool,
    },
}

impl Command {
    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Flush => "flush",
            Self::Retry => "retry",
            Self::Divert { .. } => "divert",
        }
    }
}

/// Orders it; what came of it, for people.
pub async fn order(
    data_dir: &Path,
    stream: &StreamName,
    command: Command,
) -> Result<String, NotDone> {
    match ask(data_dir, stream, command).await {
        Ok(said) => Ok(said["message"].as_str().unwrap_or_default().to_owned()),
        Err(absent) if absent.is_absence() => alone(data_dir, stream, command, absent),
        Err(error) => Err(error.into()),
    }
}

async fn ask(data_dir: &Path, stream: &StreamName, command: Command) -> Result<Value, NoAnswer> {
    let path = format!("/streams/{stream}/{}", command.word());
    let body = match command {
        Command::Divert { all } => json!({ "all": all }),
        _ => json!({}),
    };
    Door::find(data_dir)?.order(&path, &body).await
}

/// Without a daemon: what its next start finds.
fn alone(
    data_dir: &Path,
    stream: &StreamName,
    command: Command,
    absent: NoAnswer,
) -> Result<String, NotDone> {
    let [stored] = &chosen(data_dir, Some(stream))?[..] else {
        return Err(absent.into());
    };
    let hold = || FolderLock::acquire(data_dir, true).map_err(NotDone::from);
    match command {
        Command::Pause => {
            let _held = hold()?;
            paused::note(stored.path(), true)?;
            Ok(format!(
                "{stream} will deliver nothing when the daemon starts, until `resume {stream}`"
            ))
        }
        Command::Resume => {
            let _held = hold()?;
            paused::note(stored.path(), false)?;
            Ok(format!("{stream} will deliver when the daemon starts"))
        }
        Command::Retry => {
            let _held = hold()?;
            mishap::forget(stored.path())?;
            Ok(format!("{stream} tries again when the daemon starts"))
        }
        Command::Flush | Command::Divert { .. } => Err(absent.into()),
    }
}
