//! Which server, and how to get in: what the checkpoint keeps of a warehouse (rule 16).

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standpipe_config::secret::SecretSource;
use standpipe_config::settings::delivery as settings;

use super::sql;

/// A server that speaks PostgreSQL's protocol, and who asks there. Never a secret: only where it is
/// to be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Server {
    /// Its name, or its IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Who asks.
    pub user: String,
    /// Where the password is to be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// Whether, and how, the connection is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// An encrypted connection; the certificate is always looked at.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Tls {
    /// A file of the certificates to trust; `None`: those that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// A table, in a schema or where the server looks for it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Table {
    /// Its schema; `None`: the first in the server's search path that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name, to the letter.
    pub name: String,
}

/// What all warehouses have in common.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Loading {
    /// Where.
    pub server: Server,
    /// Into what.
    pub table: Table,
    /// The columns that rows are taken into, by name; none: all that the table has.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The table that says which files were loaded (rule 25).
    pub ledger: Table,
    /// Whether the ledger is created where it is not there.
    pub create_ledger: bool,
    /// How long the ledger remembers at least what can hardly be asked any more.
    pub ledger_memory: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a file is tried.
    pub retry: Duration,
}

impl Loading {
    /// What the settings say.
    pub fn of(loading: &settings::Loading) -> Self {
        Self {
            server: Server::of(&loading.server),
            table: Table::of(&loading.table),
            columns: loading.columns.clone(),
            ledger: Table::of(&loading.ledger),
            create_ledger: loading.create_ledger,
            ledger_memory: loading.ledger_memory,
            statement_timeout: loading.statement_timeout,
            retry: loading.retry,
        }
    }

    /// Whether both load into one table by one ledger, whoever asks there. A file that was sealed
    /// for another ledger may stand in that one, and nowhere else.
    pub fn is_place(&self, other: &Self) -> bool {
        self.server.is_place(&other.server)
            && (&self.table, &self.ledger) == (&other.table, &other.ledger)
    }
}

impl Server {
    fn of(server: &settings::Server) -> Self {
        let tls = server.tls.as_ref();
        Self {
            host: server.host.clone(),
            port: server.port,
            database: server.database.clone(),
            user: server.user.clone(),
            password: server.password.as_ref().map(|p| p.source().clone()),
            tls: tls.map(|tls| Tls { ca: tls.ca.clone() }),
        }
    }

    fn is_place(&self, other: &Self) -> bool {
        let place = |s: &Self| (s.host.clone(), s.port, s.database.clone());
        place(self) == place(other)
    }
}

impl Table {
    fn of(table: &settings::TableName) -> Self {
        Self {
            schema: table.schema.clone(),
            name: table.name.clone(),
        }
    }

    /// As SQL names it.
    pub(super) fn sql(&self) -> String {
        let name = sql::name(&self.name);
        match &self.schema {
            Some(schema) => format!("{}.{name}", sql::name(schema)),
            None => name,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            database,
            ..
        } = self;
        write!(f, "{database} at {host}:{port}")
    }
}

impl fmt::Display for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table {} of {}", self.table, self.server)
    }
}
