//! Reading the settings again while the daemon runs (SIGHUP): streams come, change and go, and
//! no record is lost by it.
//!
//! A file that cannot be used changes nothing, nor does one whose new streams cannot be delivered.
//! What a stream holds is kept through a change: its open batch is sealed as it was meant, and what
//! is sealed goes where it was sealed for (rule 16). Its door is closed for a moment, and callers
//! come back. Tokens and keys count from the next request on. What cannot change while the daemon
//! runs is said, and takes effect at the next start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::process::service;
use standpipe_config::settings::Loaded;
use standpipe_config::settings::delivery::{Settings, Stream};
use standpipe_config::units::print_size;
use standpipe_config::yaml::{Problem, Problems};

use super::start::Running;
use super::{preflight, room};
use fixed::fixed;

mod fixed;

/// How reading the settings went, as `status` shows it. A handle: clones say the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Reloads(Arc<Mutex<Account>>);

/// How it went so far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Account {
    /// When the settings in use were read, in milliseconds since 1970.
    pub(super) read_at: i64,
    /// How often they were read again since the start.
    pub(super) reloads: u64,
    /// How often what was read could not be used.
    pub(super) refused: u64,
    /// Why, the last time, if it was the last time.
    pub(super) last_error: Option<String>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            read_at: Arrival::now().0,
            reloads: 0,
            refused: 0,
            last_error: None,
        }
    }
}

impl Reloads {
    /// How it went so far.
    pub(super) fn account(&self) -> Account {
        self.lock().clone()
    }

    fn note(&self, outcome: &Result<(), Problems>) {
        let mut account = self.lock();
        account.reloads += 1;
        match outcome {
            Ok(()) => {
                account.read_at = Arrival::now().0;
                account.last_error = None;
            }
            Err(problems) => {
                account.refused += 1;
                account.last_error = Some(problems.to_string());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to happen to streams.
#[derive(PartialEq, Debug, Default)]
struct Change {
    removed: Vec<StreamName>,
    changed: Vec<Stream>,
    added: Vec<Stream>,
    /// Of the added ones those that are called so already, but stand in no file.
    taken: Vec<StreamName>,
}

impl Change {
    /// From `before` to `after`, while the streams of these names have doors.
    fn between(before: &[Stream], after: &[Stream], open: &[StreamName]) -> Self {
        let old: BTreeMap<_, _> = before.iter().map(|stream| (&stream.name, stream)).collect();
        let mut change = Self::default();
        for stream in after {
            match (old.get(&stream.name), open.contains(&stream.name)) {
                (Some(same), true) if *same == stream => {}
                (Some(_), true) => change.changed.push(stream.clone()),
                (None, true) => change.taken.push(stream.name.clone()),
                // Also one that could not be started the last time.
                (_, false) => change.added.push(stream.clone()),
            }
        }
        let stays = |name: &StreamName| after.iter().any(|stream| stream.name == *name);
        let gone = old.keys().filter(|name| !stays(name));
        change.removed = gone.map(|name| (*name).clone()).collect();
        change
    }

    /// The streams that are to run with settings that they did not have.
    fn fresh(&self) -> Vec<Stream> {
        let fresh = self.changed.iter().chain(&self.added);
        fresh.cloned().collect()
    }
}

impl Running {
    /// Reads the settings again, and goes on with them where they can be used.
    pub(super) async fn reload(&mut self, config: &Path) {
        tracing::info!("reads the settings again: {}", config.display());
        service::reloading();
        let outcome = self.try_reload(config).await;
        if let Err(Problems(problems)) = &outcome {
            problems
                .iter()
                .for_each(|problem| tracing::error!("{problem}"));
            tracing::error!("the settings cannot be used: going on with those from before");
        }
        self.reloads.note(&outcome);
        service::ready();
    }

    async fn try_reload(&mut self, config: &Path) -> Result<(), Problems> {
        let problem = |path: String, message: String| Problem {
            file: config.display().to_string(),
            place: None,
            path,
            message,
        };
        let Loaded { settings, warnings } = load(config.to_owned())
            .await
            .unwrap_or_else(|why| Err(Problems(vec![problem(String::new(), why)])))?;
        let open = self.streams.names();
        let change = Change::between(&self.settings.streams, &settings.streams, &open);
        let mut problems: Vec<_> = change
            .taken
            .iter()
            .map(|name| {
                let message = "a stream of this name was made over the wire: delete it there first, or start the daemon anew";
                problem(format!("streams.{name}"), message.into())
            })
            .collect();
        problems.extend(
            self.guests_too_large(&settings)
                .map(|message| problem("streams".into(), message)),
        );
        if problems.is_empty()
            && let Err(message) = self.ask(&settings, &change).await
        {
            problems.push(problem("streams".into(), message));
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        for name in fixed(&self.settings, &settings) {
            tracing::warn!("{name} has changed: that takes effect at the next start");
        }
        self.apply(&change, &settings).await.map_err(|failed| {
            let problems = failed.into_iter();
            Problems(
                problems
                    .map(|(name, why)| problem(format!("streams.{name}"), why))
                    .collect(),
            )
        })
    }

    /// Rule 29: the memory that was set aside for components does not grow while they run.
    fn guests_too_large(&self, settings: &Settings) -> Option<String> {
        let wanted = guests(settings);
        (wanted > self.guests).then(|| {
            format!(
                "the components of all streams may take {}, and {} was set aside for them at the start: start the daemon anew",
                print_size(wanted),
                print_size(self.guests)
            )
        })
    }

    /// Asks the destinations of what is new, as at a start.
    async fn ask(&self, settings: &Settings, change: &Change) -> Result<(), String> {
        let fresh = Settings {
            streams: change.fresh(),
            ..settings.clone()
        };
        let answers = preflight::ask(&fresh).await;
        preflight::judge(answers, &fresh.streams, &self.settings.data_dir)
            .map_err(|refusals| format!("a destination refuses us:\n{refusals}"))
    }

    /// Does it. A stream that cannot be started is told and does not keep the others; the next
    /// reload tries it again.
    async fn apply(
        &mut self,
        change: &Change,
        settings: &Settings,
    ) -> Result<(), Vec<(StreamName, String)>> {
        // Whom it shuts out is out before anything else is tried.
        self.access
            .change(&mut self.settings.listen, &settings.listen);
        let streams = &self.streams;
        streams.limit_disk(settings.limits.disk);
        self.settings.limits.disk = settings.limits.disk;
        streams.read_secrets_again();
        let fresh = change.fresh();
        let taken_over = |name: &&StreamName| {
            let mut formers = fresh
                .iter()
                .filter_map(|stream| stream.former_name.as_ref());
            formers.any(|former| former == *name)
        };
        for name in &change.removed {
            match taken_over(&name) {
                true => streams.leave(name).await,
                false => streams.remove(name).await,
            }
            tracing::info!(stream = %name, "is no longer in the settings: it delivers what it holds");
        }
        // All doors close together, and each opens as soon as it can.
        let changed = change.changed.iter().map(|stream| streams.restart(stream));
        let added = change
            .added
            .iter()
            .map(|stream| streams.start_again(stream));
        let done = futures::future::join(
            futures::future::join_all(changed),
            futures::future::join_all(added),
        );
        let (changed, added) = done.await;
        self.settings.streams.clone_from(&settings.streams);
        tracing::info!(
            added = change.added.len(),
            changed = change.changed.len(),
            removed = change.removed.len(),
            "the settings were read again"
        );
        let outcomes = change.changed.iter().zip(changed);
        let outcomes = outcomes.chain(change.added.iter().zip(added));
        let failed: Vec<_> = outcomes
            .filter_map(|(stream, outcome)| Some((stream.name.clone(), outcome.err()?.to_string())))
            .collect();
        match failed.is_empty() {
            true => Ok(()),
            false => Err(failed),
        }
    }
}

/// What the components of all streams may take.
pub(super) fn guests(settings: &Settings) -> u64 {
    let transforms = settings.streams.iter().filter_map(|s| s.transform.as_ref());
    transforms.map(|transform| transform.memory()).sum()
}

/// Reads the file beside the threads that answer requests.
async fn load(config: PathBuf) -> Result<Result<Loaded<Settings>, Problems>, String> {
    let loaded = tokio::task::spawn_blocking(move || room::load(&config)).await;
    loaded.map_err(|error| format!("reading the settings ended unexpectedly: {error}"))
}

#[cfg(test)]
mod tests;
