//! The real addresses of a process's doors, in a file, so that whoever asked for port 0 finds
//! them: `data_dir/doors.json`, `{"native":"127.0.0.1:41234","admin":"127.0.0.1:41235"}`.
//!
//! Beside it, while a process runs that wants one, a token of its admin door for its own commands:
//! `data_dir/admin-token`, another one at each start, for the process's user alone to read.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;

use crate::files::{Doing, FileError, remove, show, show_own};

/// The file's name in `data_dir`.
pub const FILE: &str = "doors.json";

/// The name of the token's file there.
const TOKEN: &str = "admin-token";

/// Random bytes of a token.
const LENGTH: usize = 32;

/// The file while the doors are open. Dropped, it is removed.
#[derive(Debug)]
pub struct Published {
    data_dir: PathBuf,
}

/// Removes what a process that was killed left behind: its addresses may be another's by now.
pub fn retract(data_dir: &Path) -> Result<(), FileError> {
    remove(&data_dir.join(TOKEN))?;
    remove(&data_dir.join(FILE))
}

/// Writes a new token of the admin door, for commands that may read the data.
pub fn publish_token(data_dir: &Path) -> Result<SecretString, FileError> {
    let path = data_dir.join(TOKEN);
    let mut bytes = [0; LENGTH];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled
        .map_err(|_| io::Error::other("the operating system has no random numbers"))
        .doing("make a token for", &path)?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    show_own(&path, token.as_bytes())?;
    Ok(token.into())
}

/// The token of the process that runs on `data_dir`; none where it has none, or it is not ours to
/// read.
pub fn token(data_dir: &Path) -> Option<SecretString> {
    let text = fs::read_to_string(data_dir.join(TOKEN)).ok()?;
    Some(text.into())
}

/// Writes the addresses, whole.
pub fn publish(
    data_dir: &Path,
    doors: &BTreeMap<&'static str, SocketAddr>,
) -> Result<Published, FileError> {
    let path = data_dir.join(FILE);
    // A map of plain texts always has a JSON form.
    let text = serde_json::to_vec(doors).unwrap_or_default();
    show(&path, &text)?;
    let data_dir = data_dir.to_owned();
    Ok(Published { data_dir })
}

/// The addresses of a process whose doors are open, by name; none where no process runs.
pub fn addresses(data_dir: &Path) -> Result<BTreeMap<String, SocketAddr>, FileError> {
    let path = data_dir.join(FILE);
    match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        read => serde_json::from_slice(&read.doing("read", &path)?)
            .map_err(io::Error::other)
            .doing("read", &path),
    }
}

/// Why a process has no admin door that could be asked.
#[derive(Debug)]
pub struct NoDoor {
    /// The file that would name it.
    pub path: PathBuf,
    /// What is wrong with the file, as the end of a sentence.
    pub why: String,
}

/// The admin door of the process that runs on `data_dir`.
pub fn admin(data_dir: &Path) -> Result<SocketAddr, NoDoor> {
    let path = data_dir.join(FILE);
    let wrong = |why: String| NoDoor {
        path: path.clone(),
        why,
    };
    let text = fs::read(&path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
    let doors: BTreeMap<String, SocketAddr> =
        serde_json::from_slice(&text).map_err(|error| wrong(format!("is damaged ({error})")))?;
    let admin = doors.get("admin").copied();
    admin.ok_or_else(|| wrong("names no admin door".to_owned()))
}

/// Where a door is reached from its own machine: one that is open everywhere, by loopback.
pub fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    address
}

impl Drop for Published {
    fn drop(&mut self) {
        if let Err(error) = retract(&self.data_dir) {
            tracing::warn!(%error, "the addresses of closed doors stay published");
        }
    }
}

#[cfg(test)]
mod tests;
