//! The daemon's settings, as meant.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::names::StreamName;
use crate::prefix::{ErrorPrefix, Prefix};
use crate::secret::Secret;
use crate::settings::Admin;
use crate::tls::Tls;

mod bucket;
mod column;
mod created;
mod deaggregation;
mod destination;
mod firehose;
mod format;
mod glue;
mod json;
mod listen;
mod opensearch;
mod orc;
mod parquet;
mod partitioning;
mod read;
mod storing;
mod summary;
mod tables;
mod transform;
mod warehouse;
mod words;
mod write;

pub use column::{Column, ColumnType, NotAColumnType};
pub use created::Created;
pub use deaggregation::Deaggregation;
pub use destination::is_extension;
pub use firehose::{AccessKey, Action, Firehose};
pub use json::{HiveJson, JsonSerDe, OpenXJson, check_timestamp_format};
pub use opensearch::{DocumentIds, OpenSearchDestination, Rotation, SearchAccess};
pub use orc::{Orc, OrcCompression};
pub use parquet::{ParquetLayout, ParquetVersion};
pub use partitioning::{EventTime, KeyQuery, Partitioning};
pub use read::{load, load_data_dir, read, read_stream};
pub use storing::{Encryption, Storing};
pub use summary::summary;
pub use tables::TABLES;
pub use transform::{Hook, HttpHook, LambdaHook, OnUnreachable, Transform, WASM_RESULTS, WasmHook};
pub use warehouse::{
    CopyAccess, CopyOptions, CopyReads, Loading, PostgresqlDestination, RedshiftDestination,
    Server, ServerTls, TableName, UnknownColumns,
};
pub use write::write_stream;

/// Everything in `delivery.yaml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Journal, spool and checkpoints.
    pub data_dir: PathBuf,
    /// Whether `data_dir` may lie in memory.
    pub allow_tmpfs: bool,
    /// The doors. What is `None` is not opened.
    pub listen: Listen,
    /// What the process may use.
    pub limits: Limits,
    /// The streams, in the order of the file.
    pub streams: Vec<Stream>,
}

/// The doors.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listen {
    /// The Firehose API.
    pub firehose: Option<Firehose>,
    /// The native door.
    pub native: Option<Native>,
    /// Metrics, health, status.
    pub admin: Option<Admin>,
}

/// The native door.
#[derive(Clone, PartialEq, Debug)]
pub struct Native {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who may enter. Empty: only loopback is accepted, and needs no token.
    pub tokens: Vec<Token>,
    /// How it speaks TLS; `None`: it does not.
    pub tls: Option<Tls>,
}

/// A bearer token.
#[derive(Clone, PartialEq, Debug)]
pub struct Token {
    /// What logs call it.
    pub name: String,
    /// The token.
    pub token: Secret,
    /// The streams it opens: patterns with `*`.
    pub streams: Vec<StreamPattern>,
}

/// A pattern of stream names in which `*` stands for any characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamPattern(pub String);

impl StreamPattern {
    /// Whether a stream is meant.
    pub fn matches(&self, name: &StreamName) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.as_str().strip_prefix(first) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// What the process may use.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// All buffers of the process, in bytes.
    pub memory: u64,
    /// When the data folder's file system counts as full.
    pub disk: HighWater,
}

/// When a file system counts as full.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum HighWater {
    /// Used share of the whole, in percent, 1 to 100.
    Percent(u8),
    /// Bytes that must stay free.
    Free(u64),
}

/// The quota of a stream whose settings name none, in bytes.
pub const QUOTA: u64 = 10 * 1024 * 1024 * 1024;

/// A stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Stream {
    /// Its name.
    pub name: StreamName,
    /// The name it had before, whose folder it takes over.
    pub former_name: Option<StreamName>,
    /// What records are taken apart into at the doors.
    pub deaggregation: Option<Deaggregation>,
    /// Journal, spool and recycled segments together, in bytes.
    pub quota: u64,
    /// When a batch closes: first reached wins.
    pub buffering: Buffering,
    /// What changes records on their way.
    pub transform: Option<Transform>,
    /// How records are told apart, each partition with objects of its own.
    pub partitioning: Option<Partitioning>,
    /// How objects are written.
    pub format: Format,
    /// Where they go.
    pub destination: Destination,
}

/// Firehose's buffering hints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Buffering {
    /// Bytes of records per file, before compression and conversion.
    pub size: u64,
    /// Age of a batch since its first record was read.
    pub interval: Duration,
}

/// How objects are written.
#[derive(Clone, PartialEq, Debug)]
pub enum Format {
    /// Records as they are.
    Raw(Raw),
    /// JSON records as rows.
    Parquet(Parquet),
    /// JSON records as rows of ORC.
    Orc(Orc),
}

/// Records as they are, one behind the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Raw {
    /// Whether a newline follows each record that does not end in one.
    pub newline: bool,
    /// How the object is compressed.
    pub compression: RawCompression,
}

/// Compression of a raw object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RawCompression {
    /// Not at all.
    None,
    /// `.gz`
    Gzip,
    /// `.zip`: an archive with one entry
    Zip,
    /// `.snappy`, as `snappy-java` writes it
    Snappy,
    /// `.snappy`, as Hadoop writes it
    HadoopSnappy,
    /// `.zst`
    Zstd,
}

/// JSON records as rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Parquet {
    /// Compression of the column chunks.
    pub compression: ParquetCompression,
    /// The columns.
    pub schema: Schema,
    /// How records are read.
    pub json: JsonSerDe,
    /// How the file is laid out.
    pub layout: ParquetLayout,
}

/// Compression of Parquet column chunks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// Snappy, Firehose's default.
    Snappy,
    /// Gzip, level 6.
    Gzip,
    /// Zstandard, level 1.
    Zstd,
    /// LZ4, raw blocks.
    Lz4,
}

/// The columns of a stream's objects.
#[derive(Clone, PartialEq, Debug)]
pub enum Schema {
    /// Learned from the records; it only grows (rule 22).
    Inferred,
    /// Said in the settings; a value that does not fit fails its record.
    Declared(Vec<Column>),
}

/// Where objects go.
#[derive(Clone, PartialEq, Debug)]
pub enum Destination {
    /// A folder of this machine.
    File(FileDestination),
    /// A bucket of object storage.
    S3(S3Destination),
    /// OpenSearch or Elasticsearch.
    OpenSearch(OpenSearchDestination),
    /// A table of PostgreSQL.
    Postgresql(PostgresqlDestination),
    /// A table of Redshift.
    Redshift(Box<RedshiftDestination>),
}

/// A folder of this machine, laid out as a bucket would be.
#[derive(Clone, PartialEq, Debug)]
pub struct FileDestination {
    /// The folder.
    pub path: PathBuf,
    /// Where data objects go.
    pub prefix: Prefix,
    /// Where records that failed go.
    pub error_output_prefix: ErrorPrefix,
    /// What keys of data objects end in, in place of the format's suffix.
    pub file_extension: Option<String>,
    /// Firehose's source backup: all records as they came, delivered to a place of their own.
    pub backup: Option<Box<Destination>>,
    /// Whether only records that failed go to the backup, in place of the error output prefix here.
    pub backup_failed: bool,
}

/// A bucket of object storage.
#[derive(Clone, PartialEq, Debug)]
pub struct S3Destination {
    /// Which one.
    pub bucket: Bucket,
    /// How objects are stored there.
    pub storing: Storing,
    /// Where data objects go.
    pub prefix: Prefix,
    /// Where records that failed go.
    pub error_output_prefix: ErrorPrefix,
    /// What keys of data objects end in, in place of the format's suffix.
    pub file_extension: Option<String>,
    /// Firehose's source backup: all records as they came, delivered to a place of their own.
    pub backup: Option<Box<Destination>>,
    /// Whether only records that failed go to the backup, in place of the error output prefix here.
    pub backup_failed: bool,
}

/// A bucket, and how to get in.
#[derive(Clone, PartialEq, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The address of the server, such as `http://127.0.0.1:9000`; `None`: AWS.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket's name stands in the path of an address, and not in its host.
    pub path_style: bool,
    /// Who asks; `None`: whom the usual AWS chain finds.
    pub access: Option<Access>,
}

/// An access key.
#[derive(Clone, PartialEq, Debug)]
pub struct Access {
    /// Its id, which is no secret.
    pub key_id: String,
    /// Its secret.
    pub secret: Secret,
}

#[cfg(test)]
mod tests;
