//! The real addresses of a process's doors, in a file, so that whoever asked for port 0 finds
//! them: `data_dir/doors.json`, `{"native":"127.0.0.1:41234","admin":"127.0.0.1:41235"}`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::files::{Doing, FileError, remove, show};

/// The file's name in `data_dir`.
pub const FILE: &str = "doors.json";

/// The file while the doors are open. Dropped, it is removed.
#[derive(Debug)]
pub struct Published {
    path: PathBuf,
}

/// Removes what a process that was killed left behind: its addresses may be another's by now.
pub fn retract(data_dir: &Path) -> Result<(), FileError> {
    remove(&data_dir.join(FILE))
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
    Ok(Published { path })
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

impl Drop for Published {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(%error, "the addresses of closed doors stay published");
        }
    }
}

#[cfg(test)]
mod tests;
