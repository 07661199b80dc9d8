//! `standpipe-agent status`: asks the agent that runs here, over its admin door.
//!
//! Asked about one file, it looks at the file itself, so that what it answers holds for the bytes
//! that were there when it was asked: a file is told from another by inode and birth, not by name.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::published::{self, NoDoor};
use standpipe_config::settings::agent::Settings;

use crate::disk::{Disk, Kind, Sight};
use crate::tail::{SourceStatus, Status};

/// How often it is asked again while it is waited for.
const AGAIN: Duration = Duration::from_millis(200);

/// How long a file may be unknown before it is held not to be followed: two looks of the agent.
const UNKNOWN: Duration = Duration::from_secs(15);

/// How long the agent may take to answer.
const REPLY: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Only about this file.
    pub file: Option<PathBuf>,
    /// Wait until all of the file is acknowledged, at most so long.
    pub wait: Option<Duration>,
    /// Answer in JSON.
    pub json: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No agent runs on this progress.
    #[error("no agent answers: {} {why}; is it running, and does it have listen.admin?", path.display())]
    NotRunning {
        /// The file that would name its door.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be reached.
    #[error("the agent at {door} does not answer: {source}")]
    Silent {
        /// Its admin door.
        door: SocketAddr,
        /// What happened.
        source: reqwest::Error,
    },
    /// It does not let us in.
    #[error(
        "the agent at {0} asks for a token: run this as a user who may read admin-token in its data_dir, root or its own"
    )]
    Locked(SocketAddr),
    /// HTTP cannot be had.
    #[error("cannot prepare HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// The file cannot be looked at.
    #[error("cannot look at {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is no file whose lines could be followed.
    #[error("{} is no regular file", .0.display())]
    NoFile(PathBuf),
    /// The agent does not know it.
    #[error("the agent does not follow {}: no pattern matches it, or it cannot be opened (`status` without --file says which)", .0.display())]
    NotFollowed(PathBuf),
}

impl From<NoDoor> for NoAnswer {
    fn from(NoDoor { path, why }: NoDoor) -> Self {
        Self::NotRunning { path, why }
    }
}

/// Asks, prints the answer, and says how it is.
pub async fn status(settings: &Settings, question: &Question) -> Result<Exit, NoAnswer> {
    let Some(path) = &question.file else {
        let status = ask(settings).await?;
        print!("{}", shown(&status, question.json));
        return Ok(Exit::Done);
    };
    let file = look(path)?;
    let began = Instant::now();
    loop {
        let waited = began.elapsed();
        let asked = ask(settings).await;
        // An agent that is just being restarted is waited for, too.
        let again = question.wait.is_some_and(|wait| waited < wait);
        let known = match asked {
            Ok(status) => about(status, &file),
            Err(_) if again => Vec::new(),
            Err(error) => return Err(error),
        };
        let done = !known.is_empty() && known.iter().all(|source| has_all(source, file.size));
        let unknown = known.is_empty() && waited >= UNKNOWN;
        if done || !again || unknown {
            if known.is_empty() {
                return Err(NoAnswer::NotFollowed(path.clone()));
            }
            print!("{}", told(&known, file.size, question.json));
            return Ok(if done { Exit::Done } else { Exit::Failed });
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Asks the agent that runs on the progress of these settings.
pub async fn ask(settings: &Settings) -> Result<Status, NoAnswer> {
    let door = published::admin(&settings.data_dir)?;
    let door = published::here(door);
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(REPLY)
        // The door is on this machine, and its certificate is made out for another name.
        .tls_danger_accept_invalid_certs(true)
        .build()?;
    let token = published::token(&settings.data_dir);
    let request = |scheme| {
        let request = http.get(format!("{scheme}://{door}/status"));
        match &token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    };
    let silent = |source| NoAnswer::Silent { door, source };
    let reply = match request("https").send().await {
        Ok(reply) => reply,
        // A door without TLS does not understand the first; one with TLS answers the second, and says
        // only that it speaks TLS.
        Err(_) => request("http").send().await.map_err(silent)?,
    };
    match reply.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(NoAnswer::Locked(door)),
        _ => reply.json().await.map_err(silent),
    }
}

fn look(path: &Path) -> Result<Sight, NoAnswer> {
    let sight = Disk::real().look(path).map_err(|source| NoAnswer::File {
        path: path.to_owned(),
        source,
    })?;
    match sight.kind {
        Kind::File => Ok(sight),
        _ => Err(NoAnswer::NoFile(path.to_owned())),
    }
}

/// What the agent knows of this incarnation. Where it is remembered in several ways, the followed
/// ones count.
fn about(status: Status, file: &Sight) -> Vec<SourceStatus> {
    let same =
        |s: &SourceStatus| (s.device, s.inode, s.birth) == (file.device, file.inode, file.birth);
    status.sources.into_iter().filter(same).collect()
}

fn has_all(source: &SourceStatus, size: u64) -> bool {
    source.acknowledged >= size && source.bytes.waiting == 0
}

fn told(known: &[SourceStatus], size: u64, json: bool) -> String {
    if json {
        return as_json(known);
    }
    known.iter().map(|source| line(source, size)).collect()
}

fn line(source: &SourceStatus, size: u64) -> String {
    let (path, stream, state) = (&source.path, &source.stream, &source.state);
    let (at, gone) = (source.acknowledged, source.bytes.gone);
    let lost = match gone {
        0 => String::new(),
        gone => format!(", {gone} gone before they could be read"),
    };
    format!("{path} to {stream}: {at} of {size} bytes acknowledged, {state}{lost}\n")
}

fn shown(status: &Status, json: bool) -> String {
    if json {
        return as_json(status);
    }
    let bytes = &status.bytes;
    let mut text = format!(
        "standpipe-agent {}: {} bytes delivered, {} waiting, {} excluded, {} gone before they could be read",
        status.version, bytes.delivered, bytes.waiting, bytes.excluded, bytes.gone
    );
    let reasons = bytes.reasons.named().into_iter().filter(|(_, n)| *n > 0);
    let reasons: Vec<_> = reasons.map(|(why, n)| format!("{n} {why}")).collect();
    if !reasons.is_empty() {
        text.push_str(&format!(" ({})", reasons.join(", ")));
    }
    text.push('\n');
    for source in &status.sources {
        text.push_str(&line(source, source.size));
    }
    for unmatched in &status.unmatched {
        let (pattern, stream) = (&unmatched.pattern, &unmatched.stream);
        // Writing to a String does not fail.
        let _ = writeln!(text, "{pattern} (to {stream}) matches nothing");
    }
    for unreadable in &status.unreadable {
        let _ = writeln!(
            text,
            "{} cannot be read: {}",
            unreadable.path, unreadable.reason
        );
    }
    text
}

fn as_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Nothing in it has no JSON form.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests;
