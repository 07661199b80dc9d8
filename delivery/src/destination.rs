//! Where sealed files go.
//!
//! A destination takes the same bytes under the same name again and again, until it has them; it
//! knows nothing of lanes, checkpoints or formats.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standpipe_config::files::{Doing, FileError};
use standpipe_config::names::{LaneId, Run};
use standpipe_config::settings::delivery as settings;

use crate::failure::Failure;
use crate::record::Row;

pub use notes::{Attempts, Note, Notes};
pub use outcome::{Outcome, Reason, Rejections};
use s3::memory::UploadMemory;
use warehouse::{postgresql, redshift};

pub mod file;
pub mod found;
mod notes;
pub mod opensearch;
mod outcome;
pub mod s3;
pub mod warehouse;

/// Requests, or groups of files, that are sent to one place at once.
const AT_ONCE: usize = 4;

/// Objects that are sent to one place at once: many are small, and each waits for its reply. What
/// they take of memory is bounded elsewhere.
const OBJECTS_AT_ONCE: usize = 16;

/// What every destination can do.
///
/// `deliver` takes sealed files of one seal and says for each, in order, whether it is delivered,
/// which means durable there too (rule 19), which of its rows are refused for good while the others
/// are there, or what failed and what to do about it. Delivering again what was delivered changes
/// nothing. A name that exists is done only if its content is ours (rule 17). Dropping the future
/// is safe at any time.
pub trait Destination {
    /// Delivers the files of one group.
    fn deliver(
        &self,
        group: &[Object],
    ) -> impl Future<Output = Vec<Result<Outcome, Failure>>> + Send;
}

/// A sealed file, as a destination sees it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name at the destination.
    pub key: String,
    /// Where its bytes lie.
    pub path: PathBuf,
    /// How many there are.
    pub size: u64,
    /// Their SHA-256, in hex.
    pub hash: String,
    /// Its `Content-Encoding`, for a destination that can say so.
    pub encoding: Option<String>,
    /// The rows it was made of, and their index (rule 31), for a destination that looks at rows.
    pub rows: Option<RowsFiles>,
    /// Which records they are.
    pub provenance: Provenance,
    /// Position of the first record of the stream that lies sealed and is not delivered: what lies
    /// before it will never be tried again.
    pub waiting_from: u64,
    /// The retry duration is over (rule 21): what cannot be delivered now is to be refused, unless
    /// it is unknown whether it is there already (rule 18).
    pub is_last_try: bool,
    /// What is remembered of the attempts to deliver it.
    pub notes: Notes,
}

/// A rows file, as a destination sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowsFiles {
    /// The rows, one behind the other.
    pub data: PathBuf,
    /// Which records they are, and where each lies.
    pub index: PathBuf,
}

/// Which records an object is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// Their lane.
    pub lane: LaneId,
    /// The run of the first.
    pub run: Run,
    /// Position of the first.
    pub first: u64,
    /// Position of the last.
    pub last: u64,
    /// How many accepted records it decides about.
    pub records: u64,
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
    /// A bucket of object storage.
    S3(s3::Place),
    /// An index of OpenSearch or Elasticsearch.
    OpenSearch(opensearch::Place),
    /// A table of PostgreSQL.
    Postgresql(postgresql::Place),
    /// A table of Redshift.
    Redshift(Box<redshift::Place>),
}

impl Target {
    /// Where the settings say that objects go.
    pub fn of(destination: &settings::Destination) -> Self {
        match destination {
            settings::Destination::File(file) => Self::File {
                path: file.path.clone(),
            },
            settings::Destination::S3(s3) => Self::S3(s3::Place::of(s3)),
            settings::Destination::OpenSearch(found) => {
                Self::OpenSearch(opensearch::Place::of(found))
            }
            settings::Destination::Postgresql(postgresql) => {
                Self::Postgresql(postgresql::Place::of(postgresql))
            }
            settings::Destination::Redshift(redshift) => {
                Self::Redshift(Box::new(redshift::Place::of(redshift)))
            }
        }
    }

    /// What kind of place it is, as the settings call it.
    pub fn kind(&self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        let kind = written.get("kind").and_then(|kind| kind.as_str());
        kind.unwrap_or_default().to_owned()
    }

    /// Whether both are one place, whoever asks there.
    pub fn is_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { path }, Self::File { path: other }) => path == other,
            (Self::S3(place), Self::S3(other)) => place.is_place(other),
            (Self::OpenSearch(place), Self::OpenSearch(other)) => place.is_place(other),
            (Self::Postgresql(place), Self::Postgresql(other)) => {
                place.loading.is_place(&other.loading)
            }
            (Self::Redshift(place), Self::Redshift(other)) => place.is_place(other),
            _ => false,
        }
    }

    /// Whether objects are stored there in the same way.
    pub fn stores_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::S3(place), Self::S3(other)) => place.storing == other.storing,
            _ => true,
        }
    }

    /// How many groups of files are sent there at once.
    pub fn at_once(&self) -> usize {
        match self {
            Self::File { .. } | Self::S3(_) => OBJECTS_AT_ONCE,
            Self::OpenSearch(_) => AT_ONCE,
            // A COPY takes a seal, one after the other.
            Self::Postgresql(_) | Self::Redshift(_) => 1,
        }
    }

    /// Whether all data files of a seal go there together, as one group.
    pub fn takes_seals(&self) -> bool {
        match self {
            Self::File { .. } | Self::S3(_) | Self::OpenSearch(_) => false,
            Self::Postgresql(_) | Self::Redshift(_) => true,
        }
    }

    /// How long it is tried again, from the first attempt of this process (rule 21); `None`: for
    /// ever.
    pub fn retry(&self) -> Option<Duration> {
        match self {
            Self::File { .. } | Self::S3(_) => None,
            Self::OpenSearch(place) => Some(place.retry()),
            Self::Postgresql(place) => Some(place.loading.retry),
            Self::Redshift(place) => Some(place.loading.retry),
        }
    }

    /// What a row is called there, where rows are documents.
    pub fn document(&self, lane: LaneId, row: &Row<'_>) -> Option<opensearch::Document> {
        match self {
            Self::OpenSearch(place) => Some(place.document_at_best(lane, row)),
            _ => None,
        }
    }

    /// The error type of rows that it refuses.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::File { .. } | Self::S3(_) => "delivery-failed",
            Self::OpenSearch(_) => opensearch::ERROR_TYPE,
            Self::Postgresql(_) => "postgresql-failed",
            Self::Redshift(_) => "redshift-failed",
        }
    }

    /// Opens it; `memory` is what all uploads of the process may hold. Asks nobody yet.
    pub fn open(&self, memory: &UploadMemory) -> Result<AnyDestination, Failure> {
        Ok(match self {
            Self::File { path } => AnyDestination::File(file::Folder::new(path)),
            Self::S3(place) => AnyDestination::S3(s3::Bucket::open(place, memory)?),
            Self::OpenSearch(place) => {
                AnyDestination::OpenSearch(opensearch::Cluster::open(place, memory)?)
            }
            Self::Postgresql(place) => {
                AnyDestination::Postgresql(postgresql::Postgresql::open(place))
            }
            Self::Redshift(place) => {
                AnyDestination::Redshift(redshift::Redshift::open(place, memory)?)
            }
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path } => write!(f, "the folder {}", path.display()),
            Self::S3(place) => place.fmt(f),
            Self::OpenSearch(place) => place.fmt(f),
            Self::Postgresql(place) => place.fmt(f),
            Self::Redshift(place) => place.fmt(f),
        }
    }
}

/// The destinations that there are.
#[derive(Clone, Debug)]
pub enum AnyDestination {
    /// A folder of this machine.
    File(file::Folder),
    /// A bucket of object storage.
    S3(s3::Bucket),
    /// OpenSearch or Elasticsearch.
    OpenSearch(opensearch::Cluster),
    /// A table of PostgreSQL.
    Postgresql(postgresql::Postgresql),
    /// A table of Redshift.
    Redshift(redshift::Redshift),
}

impl AnyDestination {
    /// Asks whether objects could be delivered under keys that begin with `start`, and of a bucket
    /// how it keeps conditions. Leaves nothing behind.
    pub async fn preflight(&self, start: &str) -> Result<Option<s3::Conditions>, Failure> {
        match self {
            // Created with its first object, and every object says how that went.
            Self::File(_) => Ok(None),
            Self::S3(bucket) => bucket.preflight(start).await.map(Some),
            Self::OpenSearch(cluster) => cluster.preflight().await.map(|()| None),
            Self::Postgresql(table) => table.preflight().await.map(|()| None),
            Self::Redshift(table) => table.preflight(start).await.map(Some),
        }
    }
}

impl Destination for AnyDestination {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        match self {
            Self::File(folder) => folder.deliver(group).await,
            Self::S3(bucket) => bucket.deliver(group).await,
            Self::OpenSearch(cluster) => cluster.deliver(group).await,
            Self::Postgresql(table) => table.deliver(group).await,
            Self::Redshift(table) => table.deliver(group).await,
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

/// A hash as text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
