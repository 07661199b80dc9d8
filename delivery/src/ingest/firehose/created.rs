//! Streams that were made over the wire: kept durably in `data_dir/created`, beside those of the
//! settings, which win by name and cannot be changed here.
//!
//! What is to be is durable before it is done: a definition before its stream starts, a new one
//! before the stream starts anew, the mark of deletion before the stream's door closes. A daemon
//! that was killed in between does the rest when it starts. A deleted stream delivers what it
//! holds; when that is done, its folder goes, and then its definition.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::settings::delivery::{Created as Settings, Firehose, Stream};
use tokio::task::spawn_blocking;

use super::exception::{Exception, Kind};
use super::names::Names;
use crate::stream::{StartError, Streams};
use configuration::Configuration;
use definition::{Definition, Definitions};
use written::Written;

pub use definition::DefinitionError;

mod configuration;
mod conversion;
mod definition;
pub(super) mod describe;
mod meant;
mod partitioned;
mod processing;
pub(super) mod requests;
mod written;

/// Streams that may be made over the wire: what a caller can do to memory and threads is bounded.
const MOST: usize = 500;

/// How often somebody looks whether a deleted stream has delivered everything.
const LOOK: Duration = Duration::from_millis(100);

/// The streams that were made over the wire. A handle: clones see the same streams.
#[derive(Clone, Debug)]
pub struct Created {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    streams: Streams,
    definitions: Definitions,
    /// `None`: the settings do not say where such streams deliver, so none can be made.
    settings: Option<Settings>,
    /// Held for moments only.
    known: Mutex<BTreeMap<StreamName, Definition>>,
    /// Held while one is made, changed or removed: one at a time.
    changes: tokio::sync::Mutex<()>,
}

/// Why the streams that were made over the wire do not run.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// What is kept of them cannot be used.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// One of them cannot be started.
    #[error(transparent)]
    Stream(#[from] StartError),
}

/// What is asked for a new stream.
#[derive(Debug)]
struct New {
    written: Written,
    tags: BTreeMap<String, String>,
    encrypted: bool,
}

/// What is asked for a stream that is there.
#[derive(Debug)]
struct Change {
    written: Written,
    version: String,
    destination: String,
}

impl Created {
    /// Reads what is kept and starts it, when the streams of the settings run.
    pub async fn start(
        data_dir: &Path,
        firehose: Option<&Firehose>,
        streams: &Streams,
    ) -> Result<Self, NotStarted> {
        let data_dir = data_dir.to_owned();
        let read = blocking(move || {
            let definitions = Definitions::open(&data_dir)?;
            let known = definitions.read_all()?;
            Ok::<_, DefinitionError>((definitions, known))
        });
        let (definitions, known) = read.await?;
        let created = Self {
            shared: Arc::new(Shared {
                streams: streams.clone(),
                definitions,
                settings: firehose.and_then(|door| door.created.clone()),
                known: Mutex::default(),
                changes: tokio::sync::Mutex::default(),
            }),
        };
        for (name, definition) in known {
            created.start_one(name, definition).await?;
        }
        Ok(created)
    }

    async fn start_one(&self, name: StreamName, kept: Definition) -> Result<(), StartError> {
        if self.shared.streams.names().contains(&name) {
            tracing::warn!(stream = %name, "was made over the wire once; the settings have a stream of this name, and they count");
            return Ok(());
        }
        let stream = self.stream(&name, &kept.configuration).await;
        if kept.deleting {
            self.known().insert(name.clone(), kept);
            tokio::spawn(self.clone().forget_when_gone(name));
            return Ok(());
        }
        match stream {
            Ok(stream) => {
                self.shared.streams.start_born(&stream, &kept.tags).await?;
                self.known().insert(name, kept);
            }
            Err(why) => {
                tracing::error!(stream = %name, "was made over the wire and has no door now: {}; it delivers what it holds", why.message);
            }
        }
        Ok(())
    }

    /// Makes a stream.
    async fn create(&self, names: &Names, name: StreamName, new: New) -> Result<(), Exception> {
        let configuration = Configuration::over(None, new.written)?;
        let stream = self.stream(&name, &configuration).await?;
        let _change = self.shared.changes.lock().await;
        let taken = self.shared.streams.status().contains_key(&name);
        if taken || self.known().contains_key(&name) {
            return Err(names.exists(&name));
        }
        self.check_quota()?;
        let kept = Definition {
            configuration,
            version: 1,
            born: Arrival::now(),
            updated: None,
            tags: new.tags,
            encrypted: new.encrypted,
            deleting: false,
        };
        self.keep(&name, &kept).await?;
        faults::reach("created", "kept");
        let started = self.shared.streams.start_born(&stream, &kept.tags).await;
        if let Err(error) = started {
            self.forget(&name).await?;
            return Err(failed(&name, &error.to_string()));
        }
        tracing::info!(stream = %name, "made over the wire");
        self.known().insert(name, kept);
        Ok(())
    }

    fn check_quota(&self) -> Result<(), Exception> {
        let known = self.known();
        if known.len() < MOST {
            return Ok(());
        }
        let names: Vec<&str> = known.keys().map(StreamName::as_str).collect();
        let message = format!(
            "You have already consumed your firehose quota of {MOST} hoses. Firehose names: [{}]",
            names.join(", ")
        );
        Err(Exception::new(Kind::LimitExceeded, message))
    }

    /// Changes where a stream delivers to.
    async fn update(
        &self,
        names: &Names,
        name: &StreamName,
        change: Change,
    ) -> Result<(), Exception> {
        let _change = self.shared.changes.lock().await;
        let before = self.changeable(names, name)?;
        if change.destination != super::describe::DESTINATION {
            let message = format!("Destination Id {} not found", change.destination);
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        if change.version != before.version.to_string() {
            let message = format!(
                "Cannot update firehose: {name} since the current version id: {} and specified version id: {} do not match",
                before.version, change.version
            );
            return Err(Exception::new(Kind::ConcurrentModification, message));
        }
        let ran_with = before.configuration.clone();
        let configuration = Configuration::over(Some(ran_with.clone()), change.written)?;
        let stream = self.stream(name, &configuration).await?;
        let kept = Definition {
            configuration,
            version: before.version + 1,
            updated: Some(Arrival::now()),
            ..before
        };
        self.keep(name, &kept).await?;
        faults::reach("created", "updated");
        self.known().insert(name.clone(), kept);
        // Nobody knows which columns the table had when the stream started.
        let is_same = !ran_with.has_rows()
            && self.stream(name, &ran_with).await.ok().as_ref() == Some(&stream);
        if is_same {
            return Ok(());
        }
        let restarted = self.shared.streams.restart(&stream).await;
        restarted.map_err(|error| failed(name, &error.to_string()))
    }

    /// Closes a stream's door for good; it goes when it has delivered what it holds.
    async fn delete(&self, names: &Names, name: &StreamName) -> Result<(), Exception> {
        let _change = self.shared.changes.lock().await;
        let before = self.changeable(names, name)?;
        let kept = Definition {
            deleting: true,
            ..before
        };
        self.keep(name, &kept).await?;
        faults::reach("created", "marked");
        self.known().insert(name.clone(), kept);
        self.shared.streams.remove(name).await;
        tracing::info!(stream = %name, "deleted over the wire: it delivers what it holds");
        tokio::spawn(self.clone().forget_when_gone(name.clone()));
        Ok(())
    }

    /// Notes whether a stream's records are kept encrypted.
    async fn encrypt(
        &self,
        names: &Names,
        name: &StreamName,
        encrypted: bool,
    ) -> Result<(), Exception> {
        let _change = self.shared.changes.lock().await;
        let before = self.changeable(names, name)?;
        let kept = Definition {
            encrypted,
            ..before
        };
        self.keep(name, &kept).await?;
        self.known().insert(name.clone(), kept);
        Ok(())
    }

    /// A stream that can be changed over the wire.
    fn changeable(&self, names: &Names, name: &StreamName) -> Result<Definition, Exception> {
        match self.definition(name) {
            Some(kept) if kept.deleting => {
                let message = format!(
                    "Firehose {name} under accountId {} is being deleted",
                    names.account
                );
                Err(Exception::new(Kind::InUse, message))
            }
            Some(kept) => Ok(kept),
            None if self.shared.streams.names().contains(name) => {
                let message = format!(
                    "Firehose {name} stands in the settings of this server, and is changed there, not over the wire"
                );
                Err(Exception::new(Kind::InvalidArgument, message))
            }
            None => Err(names.not_found(name)),
        }
    }

    fn definition(&self, name: &StreamName) -> Option<Definition> {
        self.known().get(name).cloned()
    }

    /// The streams that deliver what they hold and then go.
    pub(super) fn deleting(&self) -> Vec<StreamName> {
        let known = self.known();
        let deleting = known.iter().filter(|(_, kept)| kept.deleting);
        deleting.map(|(name, _)| name.clone()).collect()
    }

    /// Whether the operator says that what a stream keeps is encrypted, and its maker asked for it.
    pub(super) fn is_encrypted(&self, name: &StreamName) -> bool {
        self.disk_is_encrypted() && self.known().get(name).is_some_and(|kept| kept.encrypted)
    }

    fn disk_is_encrypted(&self) -> bool {
        let settings = self.shared.settings.as_ref();
        settings.is_some_and(|settings| settings.disk_is_encrypted)
    }

    /// The settings that a stream of this configuration runs with.
    async fn stream(&self, name: &StreamName, of: &Configuration) -> Result<Stream, Exception> {
        let Some(settings) = self.shared.settings.clone() else {
            let message = "streams cannot be made here: the settings of this server do not say where they deliver; name listen.firehose.created";
            return Err(Exception::new(Kind::InvalidArgument, message));
        };
        let (name, of) = (name.clone(), of.clone());
        blocking(move || of.stream(&name, &settings)).await
    }

    /// Keeps a definition, durably.
    async fn keep(&self, name: &StreamName, kept: &Definition) -> Result<(), Exception> {
        let (definitions, named, kept) =
            (self.shared.definitions.clone(), name.clone(), kept.clone());
        let written = blocking(move || definitions.write(&named, &kept)).await;
        written.map_err(|error| not_kept(name, &error))
    }

    async fn forget(&self, name: &StreamName) -> Result<(), Exception> {
        let (definitions, named) = (self.shared.definitions.clone(), name.clone());
        let removed = blocking(move || definitions.remove(&named)).await;
        removed.map_err(|error| not_kept(name, &error))?;
        self.known().remove(name);
        Ok(())
    }

    /// Looks now and then whether a deleted stream is gone.
    async fn forget_when_gone(self, name: StreamName) {
        while self.shared.streams.is_there(&name).await {
            tokio::time::sleep(LOOK).await;
        }
        faults::reach("created", "drained");
        if let Err(error) = self.forget(&name).await {
            // The next start finds it and tries again.
            tracing::warn!(stream = %name, "is gone, but its definition stays: {}", error.message);
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<StreamName, Definition>> {
        let known = self.shared.known.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A full disk passes; nobody knows what became of anything else.
fn not_kept(name: &StreamName, error: &FileError) -> Exception {
    match error.is_full() {
        true => Exception::unavailable(error.to_string(), Duration::from_secs(5)),
        false => failed(name, &error.to_string()),
    }
}

fn failed(name: &StreamName, why: &str) -> Exception {
    tracing::error!(stream = %name, "could not be changed over the wire: {why}");
    Exception::new(Kind::Internal, why)
}

/// Runs what touches files on a thread made for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        // The runtime is shutting down: nobody waits for the result any more.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
