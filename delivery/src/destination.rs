//! Where sealed files go.
//!
//! A destination takes the same bytes under the same name again and again, until it has them; it
//! knows nothing of lanes, checkpoints or formats.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use standpipe_config::files::{Doing, FileError};
use standpipe_config::settings::delivery as settings;

use crate::failure::Failure;

pub mod file;

/// What every destination can do.
///
/// `deliver` takes sealed files of one seal and says for each, in order, whether it is delivered,
/// which means durable there too (rule 19), or what failed and what to do about it. Delivering
/// again what was delivered changes nothing. A name that exists is done only if its content is
/// ours (rule 17). Dropping the future is safe at any time.
pub trait Destination {
    /// Delivers the files of one group.
    fn deliver(&self, group: &[Object]) -> impl Future<Output = Vec<Result<(), Failure>>> + Send;
}

/// A sealed file, as a destination sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its name at the destination.
    pub key: String,
    /// Where its bytes lie.
    pub path: PathBuf,
    /// How many there are.
    pub size: u64,
    /// Their SHA-256, in hex.
    pub hash: String,
}

/// Where a sealed file goes, as the checkpoint keeps it (rule 16): what it takes to find the
/// place again, never a secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// A folder of this machine.
    File {
        /// The folder.
        path: PathBuf,
    },
}

impl Target {
    /// Where the settings say that objects go.
    pub fn of(destination: &settings::Destination) -> Self {
        match destination {
            settings::Destination::File(file) => Self::File {
                path: file.path.clone(),
            },
        }
    }

    /// The error type of rows that it refuses.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::File { .. } => "delivery-failed",
        }
    }

    /// Opens it.
    pub fn open(&self) -> AnyDestination {
        match self {
            Self::File { path } => AnyDestination::File(file::Folder::new(path)),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path } => write!(f, "the folder {}", path.display()),
        }
    }
}

/// The destinations that there are.
#[derive(Clone, Debug)]
pub enum AnyDestination {
    /// A folder of this machine.
    File(file::Folder),
}

impl Destination for AnyDestination {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<(), Failure>> {
        match self {
            Self::File(folder) => folder.deliver(group).await,
        }
    }
}

/// The SHA-256 of a file's content, in hex: what a name that exists is compared by (rule 17).
pub fn content_hash(path: &Path) -> Result<String, FileError> {
    let mut file = File::open(path).doing("open", path)?;
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer).doing("read", path)? {
            0 => return Ok(hex(hash.finish().as_ref())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
