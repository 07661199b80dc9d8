//! The `redshift` destination: a sealed file is staged in a bucket with a manifest, and one
//! transaction loads it by `COPY … MANIFEST` and writes the ledger's row (rule 25).
//!
//! All is staged before the ledger is locked, under names that a retry finds again. Redshift enforces
//! no key and has no savepoints: what keeps a file from being loaded twice is the lock, and parts are
//! tried in transactions of their own. What is staged stays, as it does with Firehose; only parts that
//! were tried in a search are removed.

use std::sync::Arc;

use standpipe_config::faults;

use super::loader::{Fate, Load, Loader};
use super::session::Session;
use super::sql::{self, Dialect};
use super::verdict::{Hidden, Refusal};
use crate::destination::s3::memory::UploadMemory;
use crate::destination::s3::{Bucket, Conditions};
use crate::destination::{Destination, Object, Outcome, Rejections};
use crate::failure::Failure;
use copy::{Credentials, Piece};
use pack::Compression;
use search::Search;

pub use place::{Access, Objects, Place};

mod copy;
mod pack;
mod place;
mod search;

/// What keys of manifests begin with; the key of what they list follows.
const MANIFESTS: &str = "manifests/";

/// A table of Redshift. A handle: clones are the same, and share one connection.
#[derive(Clone, Debug)]
pub struct Redshift {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    credentials: Credentials,
    loader: Loader,
    staging: Bucket,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the credentials.
        self.place.fmt(f)
    }
}

impl Redshift {
    /// Secrets are read, but nobody is asked yet.
    pub fn open(place: &Place, memory: &UploadMemory) -> Result<Self, Failure> {
        let credentials = place.credentials()?;
        let hidden = match &credentials {
            // A word that stands in other places too, and tells nothing.
            Credentials::Role(role) if role == "default" => Hidden::default(),
            Credentials::Role(roles) => Hidden::new(roles.split(',').map(str::to_owned)),
            Credentials::Key { id, secret } => Hidden::new([secret.clone(), id.clone()]),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                place: place.clone(),
                credentials,
                loader: Loader::new(&place.loading, Dialect::Redshift, hidden),
                staging: Bucket::open(&place.staging, memory)?,
            }),
        })
    }

    /// Asks whether files could be staged under keys that begin with `start`, and loaded. `Retry`:
    /// nobody knows, one of both does not answer.
    pub async fn preflight(&self, start: &str) -> Result<Conditions, Failure> {
        let Inner {
            place,
            loader,
            staging,
            ..
        } = &*self.inner;
        let card = staging.preflight(start).await?;
        for start in [MANIFESTS, search::PARTS] {
            staging.preflight(start).await?;
        }
        let session = loader.connect().await?;
        let columns = match &place.loading.columns[..] {
            [] => "*".to_owned(),
            names => sql::names(names.iter().map(String::as_str)),
        };
        let look = format!(
            "SELECT {columns} FROM {} LIMIT 0",
            place.loading.table.sql()
        );
        let looked = session.run("look at", &look).await;
        looked.map_err(Refusal::into_failure)?;
        Ok(card)
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
        let loader = &self.inner.loader;
        if fate.is_unknown {
            // Asked before anything is staged: the bucket may be away, and the rows be there.
            if let Some(rejected) = loader.begin(session, object, fate).await? {
                return Ok(rejected);
            }
            loader.run(session, "ROLLBACK").await?;
        }
        let manifest = self.stage(object).await?;
        faults::reach("warehouse", "staged");
        let all = (Some(manifest), Rejections::default());
        let said = match self.attempt(session, all, object, fate).await? {
            Load::Done(rejected) => return Ok(rejected),
            Load::Refused(said) => said,
        };
        let compression = match self.inner.place.objects {
            Objects::Parquet => return Err(self.refused(session, object, &said).await),
            Objects::Plain => Compression::None,
            Objects::Gzip => Compression::Gzip,
            Objects::Zstd => Compression::Zstd,
        };
        let search = Search::new(self, session, object, compression);
        let good = search.run(said).await?;
        match self.attempt(session, good, object, fate).await? {
            Load::Done(rejected) => Ok(rejected),
            Load::Refused(said) => Err(Failure::retry(format!(
                "cannot load {} into {}: rows are refused that were taken a moment ago: {said}",
                object.key, self.inner.place
            ))),
        }
    }

    /// Of a file of which no part can be loaded.
    async fn refused(&self, session: &Session, object: &Object, said: &str) -> Failure {
        let detail = self.detail(session, &object.key).await;
        let said = detail.as_deref().unwrap_or(said);
        Failure::divert(format!(
            "cannot load {} into {}: {said}",
            object.key, self.inner.place
        ))
    }

    /// Puts the file and its manifest into the bucket; the manifest's address.
    async fn stage(&self, object: &Object) -> Result<String, Failure> {
        let staging = &self.inner.staging;
        let mut staged = staging.deliver(std::slice::from_ref(object)).await;
        staged.pop().unwrap_or(Ok(Outcome::Delivered))?;
        let whole = Piece {
            key: object.key.clone(),
            size: object.size,
        };
        let manifest = format!("{MANIFESTS}{}", object.key);
        self.list(&manifest, &[whole]).await
    }

    /// Puts a manifest into the bucket; its address.
    async fn list(&self, key: &str, pieces: &[Piece]) -> Result<String, Failure> {
        let staging = &self.inner.staging;
        let manifest = copy::manifest(pieces, |key| staging.url(key))
            .map_err(|e| Failure::halt(format!("cannot write the manifest {key}: {e}")))?;
        staging.stage(key, manifest.into()).await?;
        Ok(staging.url(key))
    }

    /// One transaction: the ledger's lock, the rows, the ledger's row. Without a manifest there are
    /// no rows.
    async fn attempt(
        &self,
        session: &Session,
        (manifest, rejected): (Option<String>, Rejections),
        object: &Object,
        fate: &mut Fate,
    ) -> Result<Load, Failure> {
        let loader = &self.inner.loader;
        if let Some(rejected) = loader.begin(session, object, fate).await? {
            return Ok(Load::Done(rejected));
        }
        let copied = match &manifest {
            Some(manifest) => self.copy(session, manifest).await,
            None => Ok(0),
        };
        match copied {
            Ok(rows) => loader.commit(session, object, (rows, rejected), fate).await,
            Err(Refusal::Data(_, said)) => {
                loader.run(session, "ROLLBACK").await?;
                Ok(Load::Refused(said))
            }
            Err(Refusal::Other(failure)) => Err(failure),
        }
    }

    /// Loads what a manifest lists; how many rows that were.
    async fn copy(&self, session: &Session, manifest: &str) -> Result<u64, Refusal> {
        let Inner {
            place, credentials, ..
        } = &*self.inner;
        let sql = copy::statement(place, credentials, manifest);
        session.run("load rows into", &sql).await?;
        let count = "SELECT pg_last_copy_count()";
        let found = session.rows("count what was loaded into", count).await?;
        let count = found.first().and_then(|row| row.get(0)?.parse().ok());
        Ok(count.unwrap_or(0))
    }

    /// What the warehouse noted of an object that it refused, where it noted something.
    async fn detail(&self, session: &Session, key: &str) -> Option<String> {
        // The view keeps so much of an address.
        let url: String = self.inner.staging.url(key).chars().take(256).collect();
        let question = format!(
            "SELECT trim(column_name), trim(error_message) FROM sys_load_error_detail WHERE trim(file_name) = {} ORDER BY start_time DESC LIMIT 1",
            Dialect::Redshift.text(&url)
        );
        let rows = session.rows("read the load errors of", &question).await;
        let rows = rows.ok()?;
        let row = rows.first()?;
        let (column, message) = (row.get(0).unwrap_or_default(), row.get(1)?);
        match column {
            "" => Some(message.to_owned()),
            column => Some(format!("column {column}: {message}")),
        }
    }
}

impl Destination for Redshift {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        let mut results = Vec::with_capacity(group.len());
        for object in group {
            results.push(self.put(object).await);
        }
        results
    }
}
