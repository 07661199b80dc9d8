//! The ledger: a table of the warehouse that says which sealed files were loaded (rule 25).
//!
//! Its row is written in the transaction that loads the file, behind a lock on the whole ledger:
//! Redshift does not enforce keys, and the lock also waits for an old session whose COMMIT is still
//! running. So whoever holds the lock and does not find a file knows that it was not loaded.

use std::time::Duration;

use jiff::Timestamp;
use standpipe_config::names::Arrival;
use tokio_postgres::SimpleQueryRow;

use super::place::{Loading, Table};
use super::session::Session;
use super::sql::Dialect;
use super::verdict::Refusal;
use crate::destination::Object;
use crate::failure::{Failure, Verdict};

/// A server's ledger.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    dialect: Dialect,
    table: Table,
    into: String,
    memory: Duration,
}

/// What a load did, as its row says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Loaded {
    /// Rows that are in the table.
    pub(super) rows: u64,
    /// Rows that were refused.
    pub(super) refused: u64,
}

impl Ledger {
    pub(super) fn of(loading: &Loading, dialect: Dialect) -> Self {
        Self {
            dialect,
            table: loading.ledger.clone(),
            into: loading.table.to_string(),
            memory: loading.ledger_memory,
        }
    }

    /// Takes care that it is there.
    pub(super) async fn ensure(&self, session: &Session, create: bool) -> Result<(), Failure> {
        let table = self.table.sql();
        let look = format!("SELECT 1 FROM {table} LIMIT 0");
        match session.run("look at the ledger of", &look).await {
            Ok(()) => Ok(()),
            Err(Refusal::Other(failure)) if failure.verdict == Verdict::Halt && create => {
                let created = session.run("create the ledger of", &self.creation()).await;
                created.map_err(Refusal::into_failure)
            }
            Err(refusal) => Err(refusal.into_failure()),
        }
    }

    fn creation(&self) -> String {
        // Redshift would not enforce it, and would believe it.
        let key = match self.dialect {
            Dialect::Postgresql => " PRIMARY KEY",
            Dialect::Redshift => "",
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {} (object varchar(1024) NOT NULL{key}, sha256 varchar(64) NOT NULL, loaded_into varchar(260) NOT NULL, lane varchar(64) NOT NULL, run varchar(64) NOT NULL, first_position bigint NOT NULL, last_position bigint NOT NULL, loaded_rows bigint NOT NULL, refused_rows bigint NOT NULL, loaded_at timestamp NOT NULL)",
            self.table.sql()
        )
    }

    /// Begins a transaction and waits until no other one is loading by this ledger.
    pub(super) async fn lock(&self, session: &Session) -> Result<(), Failure> {
        let mode = match self.dialect {
            Dialect::Postgresql => " IN SHARE ROW EXCLUSIVE MODE",
            Dialect::Redshift => "",
        };
        let sql = format!("BEGIN; LOCK TABLE {}{mode}", self.table.sql());
        let locked = session.run("lock the ledger of", &sql).await;
        locked.map_err(Refusal::into_failure)
    }

    /// Whether a file was loaded; the lock must be held. `Err` where its name stands for other
    /// content (rule 17).
    pub(super) async fn has(&self, session: &Session, object: &Object) -> Result<bool, Failure> {
        let sql = format!(
            "SELECT sha256 FROM {} WHERE object = {}",
            self.table.sql(),
            self.dialect.text(&object.key)
        );
        let found = session.rows("read the ledger of", &sql).await;
        let found = found.map_err(Refusal::into_failure)?;
        let hashes: Vec<_> = found.iter().filter_map(|row| row.get(0)).collect();
        match hashes.as_slice() {
            [] => Ok(false),
            [hash] if *hash == object.hash => Ok(true),
            _ => Err(Failure::halt(format!(
                "the ledger {} says that {} was loaded {} time(s) with SHA-256 {}, but the sealed file {} has SHA-256 {}; was a data folder copied? Look at both, and delete the ledger's row if the file is to be loaded",
                self.table,
                object.key,
                hashes.len(),
                hashes.join(", "),
                object.path.display(),
                object.hash
            ))),
        }
    }

    /// Adds the row of a file that was loaded in this transaction.
    pub(super) async fn add(
        &self,
        session: &Session,
        object: &Object,
        loaded: Loaded,
    ) -> Result<(), Failure> {
        let text = |text: &str| self.dialect.text(text);
        let of = &object.provenance;
        let values = [
            text(&object.key),
            text(&object.hash),
            text(&self.into),
            text(&of.lane.to_string()),
            text(&of.run.to_string()),
            of.first.to_string(),
            of.last.to_string(),
            loaded.rows.to_string(),
            loaded.refused.to_string(),
            text(&time(Arrival::now())),
        ];
        let sql = format!(
            "INSERT INTO {} (object, sha256, loaded_into, lane, run, first_position, last_position, loaded_rows, refused_rows, loaded_at) VALUES ({})",
            self.table.sql(),
            values.join(", ")
        );
        let added = session.run("write into the ledger of", &sql).await;
        added.map_err(Refusal::into_failure)
    }

    /// Forgets files of this lane that lie before all that could still be tried again, and are
    /// older than what a data folder restored from a backup would know.
    pub(super) async fn prune(&self, session: &Session, object: &Object) -> Result<(), Failure> {
        let memory = self.memory.as_millis() as i64;
        let before = Arrival(Arrival::now().0 - memory);
        let sql = format!(
            "DELETE FROM {} WHERE lane = {} AND last_position < {} AND loaded_at < {}",
            self.table.sql(),
            self.dialect.text(&object.provenance.lane.to_string()),
            object.waiting_from,
            self.dialect.text(&time(before))
        );
        let pruned = session.run("prune the ledger of", &sql).await;
        pruned.map_err(Refusal::into_failure)
    }
}

/// A moment, UTC, as both dialects read it.
fn time(at: Arrival) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A column of an answer.
pub(super) fn column(row: &SimpleQueryRow, index: usize) -> &str {
    row.get(index).unwrap_or_default()
}
