//! The agent's settings, as meant.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::DEFAULT_MAX_LINE;
use crate::names::StreamName;
use crate::secret::Secret;
use crate::settings::Admin;
use crate::tls::Trust;

mod firehose;
mod flow;
mod include;
mod journald;
mod parse;
mod pattern;
mod read;
mod summary;
mod tables;

pub use firehose::region_of;
pub use journald::Journald;
pub use parse::{Log, Metadata, OnError, Parse, Step};
pub use pattern::Pattern;
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
    pub admin: Option<Admin>,
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
        /// Whom it takes for the daemon, and what it shows to it.
        trust: Trust,
    },
    /// An endpoint of Firehose, of AWS or of a daemon of ours: at least once.
    Firehose(Firehose),
}

/// An endpoint that speaks Firehose's API, and who asks.
#[derive(Clone, PartialEq, Debug)]
pub struct Firehose {
    /// Base address without a path, `https://firehose.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key's id and its secret; `None`: whom the usual chain of AWS finds.
    pub key: Option<(String, Secret)>,
    /// Who signed the endpoint's certificate; `None`: whom this machine believes.
    pub ca: Option<PathBuf>,
}

/// Files that feed one stream, or a journal that does.
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
    /// Bytes after which a line, or an event of several, is cut into parts; as they stand in the
    /// file.
    pub max_line: usize,
    /// How lines are put together; `None`: each is a record.
    pub multi_line: Option<MultiLine>,
    /// Lines at the beginning of each file that are passed over.
    pub skip_header_lines: u64,
    /// How the files write text.
    pub encoding: Encoding,
    /// How changes are noticed.
    pub watch: Watching,
    /// The system's journal instead of files; then there are no `paths`, and an entry is a record.
    pub journald: Option<Journald>,
}

impl Flow {
    /// A flow with the default of everything that is not named.
    pub fn new(paths: Vec<String>, stream: StreamName) -> Self {
        Self {
            paths,
            exclude: Vec::new(),
            stream,
            start: Start::Beginning,
            parse: Parse::default(),
            max_line: DEFAULT_MAX_LINE,
            multi_line: None,
            skip_header_lines: 0,
            encoding: Encoding::Utf8,
            watch: Watching::Auto,
            journald: None,
        }
    }
}

/// How lines are put together to events.
#[derive(Clone, PartialEq, Debug)]
pub struct MultiLine {
    /// A line that it matches begins an event; all others belong to the one before.
    pub start: Pattern,
    /// The last event of a file is whole when nothing was written for so long.
    pub wait: Duration,
}

/// How a file writes text. What is shipped is UTF-8, but for what was no text in the first place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Bytes as they are.
    Utf8,
    /// Two or four bytes for a character, the low byte of each two first.
    Utf16Le,
    /// The same, the high byte first.
    Utf16Be,
    /// ISO 8859-1: a byte for a character.
    Latin1,
}

/// How it is noticed that something was written or rotated. Everything is looked at now and then in
/// any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watching {
    /// By the operating system's notices, where it gives some.
    Auto,
    /// By looking several times a second: file systems that others write to give no notices.
    Poll,
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

#[cfg(test)]
mod tests;
