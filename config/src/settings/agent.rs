//! The agent's settings, as meant.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::names::StreamName;
use crate::secret::Secret;

mod flow;
mod include;
mod read;
mod summary;
mod tables;
mod url;

pub use read::{load, read};
pub use summary::summary;
pub use tables::TABLES;

/// Everything in `agent.yaml` and the files it includes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Progress.
    pub data_dir: PathBuf,
    /// Whether `data_dir` may lie in memory.
    pub allow_tmpfs: bool,
    /// Where metrics, health and status are; `None`: nowhere.
    pub admin: Option<SocketAddr>,
    /// Where records go.
    pub ship: Ship,
    /// Bytes read and not yet acknowledged, at most.
    pub in_flight: u64,
    /// What is followed.
    pub flows: Vec<Flow>,
}

/// Where an agent ships to.
#[derive(Clone, Debug)]
pub enum Ship {
    /// A daemon of ours, by the native door: exactly once.
    Standpipe {
        /// Base address, `http://127.0.0.1:4574`.
        url: String,
        /// Bearer token.
        token: Option<Secret>,
    },
}

/// Files that feed one stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// Patterns of the files to follow, absolute.
    pub paths: Vec<String>,
    /// Patterns of files not to follow, on the whole path or the file name.
    pub exclude: Vec<String>,
    /// The stream at the daemon.
    pub stream: StreamName,
    /// Where to begin in files that exist at the very first start.
    pub start: Start,
    /// What a line becomes.
    pub parse: Parse,
    /// Bytes after which a line is cut into parts.
    pub max_line: usize,
}

/// Where to begin in a file that exists at the very first start. Files that appear later are
/// always read from their beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// At its first byte.
    Beginning,
    /// Behind its last line.
    End,
}

/// What a line becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parse {
    /// The line as it is.
    None,
    /// `{"line": …}`
    Line,
    /// Apache's common and combined formats, as JSON.
    Combined,
}

#[cfg(test)]
mod tests;
