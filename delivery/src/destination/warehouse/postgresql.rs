//! The `postgresql` destination: `COPY … FROM STDIN`, streamed from the sealed file, and the
//! ledger's row in the same transaction, so that each file is loaded once (rule 25).
//!
//! A load that is refused for its data is tried again part by part in a transaction that is rolled
//! back, which finds the bad rows; then the others are loaded.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};
use standpipe_config::settings::delivery as settings;

use super::bisect::Bisection;
use super::feed::{Chunk, Feed, Lines};
use super::loader::{Fate, Load, Loader};
use super::place::Loading;
use super::session::Session;
use super::sql::Dialect;
use super::verdict::{Hidden, Refusal};
use crate::destination::{Destination, Object, Outcome, Rejections};
use crate::failure::Failure;
use columns::Columns;

pub(super) mod columns;
pub(super) mod text;

/// Bytes of text that are sent at a time.
const CHUNK: usize = 256 * 1024;

/// Bytes of text among which bad rows are looked for at a time; they are held in memory.
const SEARCHED: usize = 4 * 1024 * 1024;

/// So many refusals are looked into in one file; a bad row takes about fifteen. Local servers answer
/// thousands a second.
const PATIENCE: u32 = 100_000;

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
    loader: Loader,
}

impl Postgresql {
    /// Asks nobody yet.
    pub fn open(place: &Place) -> Self {
        let loader = Loader::new(&place.loading, Dialect::Postgresql, Hidden::default());
        Self {
            inner: Arc::new(Inner {
                place: place.clone(),
                loader,
            }),
        }
    }

    /// Asks whether rows could be loaded. `Retry`: nobody knows, the server does not answer.
    pub async fn preflight(&self) -> Result<(), Failure> {
        let session = self.inner.loader.connect().await?;
        Columns::ask(&session, &self.inner.place).await.map(drop)
    }

    async fn put(&self, object: &Object) -> Result<Outcome, Failure> {
        let mut fate = Fate::of(object);
        let loaded = self.load(object, &mut fate).await;
        fate.outcome(object, loaded)
    }

    async fn load(&self, object: &Object, fate: &mut Fate) -> Result<Rejections, Failure> {
        let loader = &self.inner.loader;
        let mut slot = loader.slot().await;
        let session = loader.take(&mut slot).await?;
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
            match self.attempt(session, (&columns, bad), object, fate).await? {
                Load::Done(rejected) => return Ok(rejected),
                Load::Refused(_) => bad = self.bad_rows(session, object, &columns).await?,
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
        (columns, bad): (&Arc<Columns>, Rejections),
        object: &Object,
        fate: &mut Fate,
    ) -> Result<Load, Failure> {
        let loader = &self.inner.loader;
        if let Some(rejected) = loader.begin(session, object, fate).await? {
            return Ok(Load::Done(rejected));
        }
        let feed = Feed::new(object, Lines::Columns(columns.clone()), bad);
        match self.copy(session, &self.statement(columns), feed).await {
            Ok(loaded) => loader.commit(session, object, loaded, fate).await,
            Err(Refusal::Data(_, message)) => {
                loader.run(session, "ROLLBACK").await?;
                Ok(Load::Refused(message))
            }
            Err(Refusal::Other(failure)) => Err(failure),
        }
    }

    /// The statement that takes rows.
    fn statement(&self, columns: &Columns) -> String {
        let (table, columns) = (self.inner.place.loading.table.sql(), columns.sql());
        format!("COPY {table} ({columns}) FROM STDIN")
    }

    /// Streams rows; how many were taken, and which were left out.
    async fn copy(
        &self,
        session: &Session,
        sql: &str,
        feed: Feed,
    ) -> Result<(u64, Rejections), Refusal> {
        let (mut chunks, reading) = feed.start(CHUNK);
        let texts = stream::poll_fn(move |context| {
            let chunk = chunks.poll_recv(context);
            chunk.map(|chunk| chunk.map(|chunk: Chunk| chunk.text))
        });
        let copied = session.copy(sql, texts).await;
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
        let lines = Lines::Columns(columns.clone());
        let feed = Feed::new(object, lines, Rejections::default());
        let sql = self.statement(columns);
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
        self.inner.loader.run(session, sql).await
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
