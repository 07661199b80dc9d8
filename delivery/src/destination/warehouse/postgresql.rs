//! The `postgresql` destination: `COPY … FROM STDIN`, streamed from the sealed file, and the
//! ledger's row in the same transaction, so that each file is loaded once (rule 25).
//!
//! Before a COMMIT is sent, a note says so durably, and which rows it leaves out: if its reply is
//! lost, the ledger says whether it happened, and the note what it did. A load that is refused for
//! its data is tried again part by part in a transaction that is rolled back, which finds the bad
//! rows; then the others are loaded.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};
use standpipe_config::faults;
use standpipe_config::settings::delivery as settings;
use tokio::sync::Mutex;

use super::bisect::Bisection;
use super::ledger::{Ledger, Loaded};
use super::place::Loading;
use super::session::Session;
use super::sql::Dialect;
use super::verdict::Refusal;
use crate::destination::{Attempts, Destination, Object, Outcome, Rejections};
use crate::failure::{Failure, Verdict};
use columns::Columns;
use feed::{Chunk, Feed};

mod columns;
mod feed;
mod text;

/// Bytes of text that are sent at a time.
const CHUNK: usize = 256 * 1024;

/// Bytes of text among which bad rows are looked for at a time; they are held in memory.
const SEARCHED: usize = 4 * 1024 * 1024;

/// So many refusals are looked into in one file; a bad row takes about fifteen. Local servers answer
/// thousands a second.
const PATIENCE: u32 = 100_000;

/// Every so many loads the ledger is pruned; the first load of a process is one.
const PRUNED_EVERY: u64 = 64;

/// Where rows go, and how.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Server, table, ledger.
    #[serde(flatten)]
    pub loading: Loading,
    /// What becomes of members that the table has no column for.
    pub unknown_columns: UnknownColumns,
}

/// What becomes of members that the table has no column for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownColumns {
    /// They are left out.
    Ignore,
    /// Their row is refused.
    Refuse,
    /// They go, as one JSON object, into this column.
    Column(String),
}

impl Place {
    /// What the settings say.
    pub fn of(destination: &settings::PostgresqlDestination) -> Self {
        Self {
            loading: Loading::of(&destination.loading),
            unknown_columns: match &destination.unknown_columns {
                settings::UnknownColumns::Ignore => UnknownColumns::Ignore,
                settings::UnknownColumns::Refuse => UnknownColumns::Refuse,
                settings::UnknownColumns::Column(name) => UnknownColumns::Column(name.clone()),
            },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.loading.fmt(f)
    }
}

/// A table of PostgreSQL. A handle: clones are the same, and share one connection.
#[derive(Clone, Debug)]
pub struct Postgresql {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    ledger: Ledger,
    /// Taken while a file is loaded, and put back only when that went well.
    session: Mutex<Option<Session>>,
    loads: AtomicU64,
}

/// What is known of a file's attempts while one is under way.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// A COMMIT was sent, and what became of it is not known.
    is_unknown: bool,
}

/// How a load ended.
enum Load {
    /// It is there, now or long since, without these rows.
    Done(Rejections),
    /// It was refused for its data.
    Refused,
}

impl Postgresql {
    /// Asks nobody yet.
    pub fn open(place: &Place) -> Self {
        Self {
            inner: Arc::new(Inner {
                place: place.clone(),
                ledger: Ledger::of(&place.loading, Dialect::Postgresql),
                session: Mutex::default(),
                loads: AtomicU64::default(),
            }),
        }
    }

    /// Asks whether rows could be loaded. `Retry`: nobody knows, the server does not answer.
    pub async fn preflight(&self) -> Result<(), Failure> {
        let session = self.connect().await?;
        Columns::ask(&session, &self.inner.place).await.map(drop)
    }

    async fn connect(&self) -> Result<Session, Failure> {
        let loading = &self.inner.place.loading;
        let session = Session::open(loading, Dialect::Postgresql).await?;
        let create = loading.create_ledger;
        self.inner.ledger.ensure(&session, create).await?;
        Ok(session)
    }

    async fn put(&self, object: &Object) -> Result<Outcome, Failure> {
        let mut fate = Fate {
            is_unknown: object.notes.known().sent,
        };
        match self.load(object, &mut fate).await {
            Err(failure) if failure.verdict == Verdict::Retry && object.is_last_try => {
                match fate.is_unknown {
                    // Diverted, its rows could be there twice (rule 18).
                    true => Err(failure),
                    false => Err(Failure::divert(failure.message)),
                }
            }
            other => other.map(Rejections::outcome),
        }
    }

    async fn load(&self, object: &Object, fate: &mut Fate) -> Result<Rejections, Failure> {
        let mut slot = self.inner.session.lock().await;
        let session = match slot.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => self.connect().await?,
        };
        // Dropped where it fails: the server rolls back.
        let rejected = self.load_by(&session, object, fate).await?;
        *slot = Some(session);
        Ok(rejected)
    }

    async fn load_by(
        &self,
        session: &Session,
        object: &Object,
        fate: &mut Fate,
    ) -> Result<Rejections, Failure> {
        let columns = Arc::new(Columns::ask(session, &self.inner.place).await?);
        let mut bad = Rejections::default();
        for _ in 0..2 {
            let feed = Feed::new(object, &columns, bad);
            match self.attempt(session, feed, object, fate).await? {
                Load::Done(rejected) => return Ok(rejected),
                Load::Refused => bad = self.bad_rows(session, object, &columns).await?,
            }
        }
        Err(Failure::retry(format!(
            "cannot load {} into {}: rows are refused that were taken a moment ago",
            object.key, self.inner.place
        )))
    }

    /// One transaction: the ledger's lock, the rows, the ledger's row.
    async fn attempt(
        &self,
        session: &Session,
        feed: Feed,
        object: &Object,
        fate: &mut Fate,
    ) -> Result<Load, Failure> {
        let ledger = &self.inner.ledger;
        ledger.lock(session).await?;
        if ledger.has(session, object).await? {
            self.run(session, "ROLLBACK").await?;
            return Ok(Load::Done(object.notes.known().rejected.clone()));
        }
        fate.is_unknown = false;
        faults::reach("warehouse", "locked");
        let (rows, rejected) = match self.copy(session, feed).await {
            Ok(copied) => copied,
            Err(Refusal::Data(..)) => {
                self.run(session, "ROLLBACK").await?;
                return Ok(Load::Refused);
            }
            Err(Refusal::Other(failure)) => return Err(failure),
        };
        let refused = rejected.len() as u64;
        ledger
            .add(session, object, Loaded { rows, refused })
            .await?;
        let loads = self.inner.loads.fetch_add(1, Ordering::Relaxed);
        if loads.is_multiple_of(PRUNED_EVERY) {
            ledger.prune(session, object).await?;
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

    /// Streams rows; how many were taken, and which were left out.
    async fn copy(&self, session: &Session, feed: Feed) -> Result<(u64, Rejections), Refusal> {
        let sql = feed.statement(&self.inner.place);
        let (mut chunks, reading) = feed.start(CHUNK);
        let texts = stream::poll_fn(move |context| {
            let chunk = chunks.poll_recv(context);
            chunk.map(|chunk| chunk.map(|chunk: Chunk| chunk.text))
        });
        let copied = session.copy(&sql, texts).await;
        // What came to an end because the file could not be read must not be committed.
        let rejected = reading.end().await?;
        let rows = copied?;
        // Constraints that wait for the COMMIT are to be heard of before it.
        let immediate = "SET CONSTRAINTS ALL IMMEDIATE";
        session.run("check constraints of", immediate).await?;
        Ok((rows, rejected))
    }

    /// Which rows are refused, and why: in a transaction that is rolled back.
    async fn bad_rows(
        &self,
        session: &Session,
        object: &Object,
        columns: &Arc<Columns>,
    ) -> Result<Rejections, Failure> {
        self.run(session, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE")
            .await?;
        let feed = Feed::new(object, columns, Rejections::default());
        let sql = feed.statement(&self.inner.place);
        let (mut chunks, reading) = feed.start(SEARCHED);
        let (mut bad, mut patience) = (Vec::new(), PATIENCE);
        while let Some(chunk) = chunks.recv().await {
            let mut bisection = Bisection::new(0..chunk.rows.len() as u64, patience);
            while let Some(part) = bisection.next() {
                match self.probe(session, &sql, chunk.part(part)).await? {
                    None => bisection.taken(),
                    Some((code, message)) => bisection.refused(&code, &message),
                }
            }
            patience = bisection.patience();
            for found in bisection.bad() {
                let numbers = chunk.numbers(found.rows.clone());
                numbers.for_each(|row| bad.push((row, found.code.clone(), found.message.clone())));
            }
        }
        self.run(session, "ROLLBACK").await?;
        let mut rejected = reading.end().await?;
        for (row, code, message) in bad {
            rejected.add(row, &code, &message);
        }
        Ok(rejected)
    }

    /// Tries rows; what was taken stays in the transaction. Code and message where they are refused.
    async fn probe(
        &self,
        session: &Session,
        sql: &str,
        text: Bytes,
    ) -> Result<Option<(String, String)>, Failure> {
        self.run(session, "SAVEPOINT part").await?;
        match session.copy(sql, stream::iter([text])).await {
            Ok(_) => {
                self.run(session, "RELEASE SAVEPOINT part").await?;
                Ok(None)
            }
            Err(Refusal::Data(code, message)) => {
                self.run(session, "ROLLBACK TO SAVEPOINT part").await?;
                Ok(Some((code, message)))
            }
            Err(Refusal::Other(failure)) => Err(failure),
        }
    }

    async fn run(&self, session: &Session, sql: &str) -> Result<(), Failure> {
        let doing = format!("run {sql} for");
        let ran = session.run(&doing, sql).await;
        ran.map_err(Refusal::into_failure)
    }
}

impl Destination for Postgresql {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        let mut results = Vec::with_capacity(group.len());
        for object in group {
            results.push(self.put(object).await);
        }
        results
    }
}
