//! Warehouses as destinations: what the settings say of them.

use std::path::PathBuf;
use std::time::Duration;

use super::Destination;
use crate::secret::Secret;

mod copy_options;
mod read;
mod redshift;
mod tables;
mod write;

pub use copy_options::{CopyOptions, CopyReads};
pub(super) use read::{check_format, postgresql};
pub(super) use redshift::redshift;
pub use redshift::{CopyAccess, RedshiftDestination};
pub(super) use tables::{
    POSTGRESQL, POSTGRESQL_KEY, REDSHIFT, REDSHIFT_KEY, SIDE_COLUMN, STAGING, STAGING_S3,
};
pub(super) use write::{postgresql_lines, redshift_lines, redshift_summary, summary};

/// A server that speaks PostgreSQL's protocol, and who asks there.
#[derive(Clone, PartialEq, Debug)]
pub struct Server {
    /// Its name, or its IP address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Who asks.
    pub user: String,
    /// The password, where one is asked for.
    pub password: Option<Secret>,
    /// Whether, and how, the connection is encrypted.
    pub tls: Option<ServerTls>,
}

/// An encrypted connection; the certificate is always looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerTls {
    /// A file of the certificates to trust; `None`: those that the system trusts.
    pub ca: Option<PathBuf>,
}

/// A table, to the letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableName {
    /// Its schema; `None`: the first in the server's search path that has it.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// What all warehouses have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Loading {
    /// Where.
    pub server: Server,
    /// Into what.
    pub table: TableName,
    /// The columns that rows are taken into, by name; none: all that the table has.
    pub columns: Vec<String>,
    /// The table that says which files were loaded.
    pub ledger: TableName,
    /// Whether the ledger is created where it is not there.
    pub create_ledger: bool,
    /// How long the ledger remembers files at least.
    pub ledger_memory: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a file is tried again, before its records go under the error prefix.
    pub retry: Duration,
}

/// A table of PostgreSQL, each record a row.
#[derive(Clone, PartialEq, Debug)]
pub struct PostgresqlDestination {
    /// Server, table, ledger.
    pub loading: Loading,
    /// What becomes of members that the table has no column for.
    pub unknown_columns: UnknownColumns,
    /// Where records go that failed, and, if that is wanted, copies of all: a folder or a bucket.
    pub backup: Box<Destination>,
    /// Whether copies of all records go there too.
    pub backup_all: bool,
}

/// What becomes of members of a record that the table has no column for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnknownColumns {
    /// They are left out.
    Ignore,
    /// Their record fails.
    Refuse,
    /// They go, as one JSON object, into this column.
    Column(String),
}
