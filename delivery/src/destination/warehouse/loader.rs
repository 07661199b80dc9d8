//! The part of a load that all warehouses share (rule 25): one connection, the ledger's lock, and a
//! commit whose fate is known in the end.
//!
//! Before a COMMIT is sent, a note says so durably, and which rows it leaves out: if its reply is
//! lost, the ledger says whether it happened, and the note what it did.

use std::sync::atomic::{AtomicU64, Ordering};

use standpipe_config::faults;
use tokio::sync::{Mutex, MutexGuard};

use super::ledger::{Ledger, Loaded};
use super::place::Loading;
use super::session::Session;
use super::sql::Dialect;
use super::verdict::{Hidden, Refusal};
use crate::destination::{Attempts, Object, Outcome, Rejections};
use crate::failure::{Failure, Verdict};

/// Every so many loads the ledger is pruned; the first load of a process is one.
const PRUNED_EVERY: u64 = 64;

/// Loads files into one table, one after the other.
#[derive(Debug)]
pub(super) struct Loader {
    loading: Loading,
    dialect: Dialect,
    hidden: Hidden,
    ledger: Ledger,
    /// Taken while a file is loaded, and put back only when that went well.
    session: Mutex<Option<Session>>,
    loads: AtomicU64,
}

/// What is known of a file's attempts while one is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// A COMMIT was sent, and what became of it is not known.
    pub(super) is_unknown: bool,
}

/// How a load ended.
pub(super) enum Load {
    /// It is there, now or long since, without these rows.
    Done(Rejections),
    /// It was refused for its data; what the warehouse said.
    Refused(String),
}

impl Loader {
    /// Asks nobody yet. What is `hidden` is not repeated when the server says it.
    pub(super) fn new(loading: &Loading, dialect: Dialect, hidden: Hidden) -> Self {
        Self {
            loading: loading.clone(),
            dialect,
            hidden,
            ledger: Ledger::of(loading, dialect),
            session: Mutex::default(),
            loads: AtomicU64::default(),
        }
    }

    /// A connection of its own, to a server that has the ledger.
    pub(super) async fn connect(&self) -> Result<Session, Failure> {
        let session = Session::open(&self.loading, self.dialect, &self.hidden).await?;
        let create = self.loading.create_ledger;
        self.ledger.ensure(&session, create).await?;
        Ok(session)
    }

    /// Where the connection is kept between loads.
    pub(super) async fn slot(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().await
    }

    /// The connection that is there, or a new one. Dropped where a load fails: the server rolls back.
    pub(super) async fn take(&self, slot: &mut Option<Session>) -> Result<Session, Failure> {
        match slot.take().filter(|session| !session.is_closed()) {
            Some(session) => Ok(session),
            None => self.connect().await,
        }
    }

    /// Begins the transaction of a file, behind the ledger's lock. `Some`: it was loaded long since,
    /// without these rows, and there is no transaction.
    pub(super) async fn begin(
        &self,
        session: &Session,
        object: &Object,
        fate: &mut Fate,
    ) -> Result<Option<Rejections>, Failure> {
        self.ledger.lock(session).await?;
        if self.ledger.has(session, object).await? {
            self.run(session, "ROLLBACK").await?;
            return Ok(Some(object.notes.known().rejected.clone()));
        }
        fate.is_unknown = false;
        faults::reach("warehouse", "locked");
        Ok(None)
    }

    /// Ends it: so many rows were loaded, without those that are rejected.
    pub(super) async fn commit(
        &self,
        session: &Session,
        object: &Object,
        (rows, rejected): (u64, Rejections),
        fate: &mut Fate,
    ) -> Result<Load, Failure> {
        let refused = rejected.len() as u64;
        let loaded = Loaded { rows, refused };
        self.ledger.add(session, object, loaded).await?;
        let loads = self.loads.fetch_add(1, Ordering::Relaxed);
        if loads.is_multiple_of(PRUNED_EVERY) {
            self.ledger.prune(session, object).await?;
        }
        let note = Attempts {
            sent: true,
            rejected: rejected.clone(),
            ..object.notes.known().clone()
        };
        object.notes.keep(note).await?;
        faults::reach("warehouse", "noted");
        fate.is_unknown = true;
        self.run(session, "COMMIT").await?;
        faults::reach("warehouse", "committed");
        Ok(Load::Done(rejected))
    }

    /// Runs a statement that says nothing about data.
    pub(super) async fn run(&self, session: &Session, sql: &str) -> Result<(), Failure> {
        let doing = format!("run {sql} for");
        let ran = session.run(&doing, sql).await;
        ran.map_err(Refusal::into_failure)
    }
}

impl Fate {
    /// Of a file whose attempt begins.
    pub(super) fn of(object: &Object) -> Self {
        Self {
            is_unknown: object.notes.known().sent,
        }
    }

    /// What became of the file. After the retry duration it is refused, unless nobody can say
    /// whether a COMMIT was done: its rows could be there twice (rule 18).
    pub(super) fn outcome(
        self,
        object: &Object,
        loaded: Result<Rejections, Failure>,
    ) -> Result<Outcome, Failure> {
        match loaded {
            Err(failure) if failure.verdict == Verdict::Retry && object.is_last_try => {
                match self.is_unknown {
                    true => Err(failure),
                    false => Err(Failure::divert(failure.message)),
                }
            }
            other => other.map(Rejections::outcome),
        }
    }
}
