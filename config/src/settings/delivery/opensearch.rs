//! OpenSearch and Elasticsearch as a destination: what the settings say of them.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Access, Destination};
use crate::secret::Secret;

mod read;
mod tables;
mod write;

pub(super) use read::read;
pub(super) use tables::{OPENSEARCH, SIGV4};
pub(super) use write::{lines, summary};

/// A cluster that takes documents, each record one.
#[derive(Clone, PartialEq, Debug)]
pub struct OpenSearchDestination {
    /// Addresses of its nodes; one at least. The next one is asked when one does not answer.
    pub nodes: Vec<String>,
    /// The index, its beginning where the name rotates, or the data stream.
    pub index: String,
    /// What is appended to it.
    pub rotation: Rotation,
    /// Whether the index is a data stream.
    pub is_data_stream: bool,
    /// Where documents have their ids from.
    pub ids: DocumentIds,
    /// The field whose value is the routing.
    pub routing: Option<String>,
    /// The ingest pipeline that documents pass.
    pub pipeline: Option<String>,
    /// Who asks.
    pub access: SearchAccess,
    /// A file with the certificates that the cluster's are to be signed by, beside those that the
    /// system trusts.
    pub ca: Option<PathBuf>,
    /// A file with an index template, which is put there if the cluster has none of its name.
    pub template: Option<PathBuf>,
    /// How long the cluster may take over a bulk request; we wait twice as long.
    pub timeout: Duration,
    /// How long a file is tried again, before its records go under the error prefix.
    pub retry: Duration,
    /// Where records go that failed, and, if that is wanted, copies of all: a folder or a bucket.
    pub backup: Box<Destination>,
    /// Whether copies of all records go there too.
    pub backup_all: bool,
}

/// What is appended to the name of an index, of the arrival of the record, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// Nothing.
    None,
    /// `-2016-02-25-13`
    Hour,
    /// `-2016-02-25`
    Day,
    /// `-2016-w09`: weeks begin on Sunday, and the first is the one with the year's first Saturday.
    Week,
    /// `-2016-w08`: weeks of ISO 8601.
    IsoWeek,
    /// `-2016-02`
    Month,
}

/// Where documents have their ids from.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentIds {
    /// From lane, run, position and index: each record is a document of its own.
    Position,
    /// From a field of the record: the last one of a value stays.
    Field(String),
    /// The cluster's: an attempt whose reply was lost makes duplicates.
    None,
}

/// Who asks a cluster.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchAccess {
    /// Nobody says.
    Open,
    /// A user with a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// An API key, as Elasticsearch encodes it.
    ApiKey(Secret),
    /// An AWS access key that signs.
    SigV4 {
        /// `es` or `aoss`.
        service: String,
        /// The region.
        region: String,
        /// The key; `None`: whom the usual AWS chain finds.
        access: Option<Access>,
    },
}
