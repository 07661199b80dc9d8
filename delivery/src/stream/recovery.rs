//! Opening a stream's folder: what an earlier life left is checked and taken up, or, where it does
//! not add up, left alone (rule 15).

use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::settings::delivery::Stream as Settings;

use super::folder::{Folder, Kept};
use crate::disk::{DataFolder, Quota};
use crate::journal::{LocalJournal, Options};
use crate::lane::checkpoint::{Checkpoint, Entry, State, Version};
use crate::lane::mishap;
use crate::spool::{Named, Spool};

/// The largest segment of a journal, in bytes, and the smallest.
const SEGMENT: (u64, u64) = (1024 * 1024, 16 * 1024 * 1024);

/// Released segments that a journal keeps for reuse.
const RECYCLED: usize = 2;

/// A stream's parts, opened and in agreement.
pub(super) struct Parts {
    pub(super) journal: LocalJournal,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) spool: Arc<Spool>,
    pub(super) quota: Arc<Quota>,
    /// Why the lane must not start, if so.
    pub(super) mishap: Option<String>,
}

/// Why a stream cannot run. Nothing was deleted.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) message: String,
    /// What the checkpoint says, if it can be read.
    pub(super) state: Option<Box<State>>,
}

impl Damage {
    fn new(message: impl ToString) -> Self {
        Self {
            message: message.to_string(),
            state: None,
        }
    }
}

/// What lies in the folder beside the journal.
struct Spooled {
    checkpoint: Option<Checkpoint>,
    spool: Spool,
    quota: Arc<Quota>,
}

/// Opens a stream's parts.
pub(super) async fn open(
    folder: &Arc<Folder>,
    settings: &Settings,
    data: &Arc<DataFolder>,
) -> Result<Parts, Damage> {
    let quota = Arc::new(Quota::new(settings.quota, data.clone()));
    let spooled = blocking(folder, move |folder| spooled(folder, quota)).await?;
    let state = spooled.checkpoint.as_ref().map(|c| c.state().clone());
    let sealed = state.as_ref().map(|state| state.position);
    let options = Options {
        segment_bytes: segment_bytes(settings.quota, data),
        recycled: RECYCLED,
        sealed,
        quota: spooled.quota.clone(),
    };
    let opened = LocalJournal::open(&folder.journal(), options).await;
    let journal = opened.map_err(|e| Damage {
        message: e.to_string(),
        state: state.map(Box::new),
    })?;
    let kept = Kept::of(settings);
    let born = journal.clone();
    let agreed = blocking(folder, move |folder| agree(folder, spooled, &born, &kept)).await;
    match agreed {
        Ok(parts) => Ok(parts),
        Err(damage) => {
            let _ = journal.shutdown().await;
            Err(damage)
        }
    }
}

async fn blocking<T: Send + 'static>(
    folder: &Arc<Folder>,
    work: impl FnOnce(&Folder) -> Result<T, Damage> + Send + 'static,
) -> Result<T, Damage> {
    let folder = folder.clone();
    match tokio::task::spawn_blocking(move || work(&folder)).await {
        Ok(done) => done,
        Err(e) => Err(Damage::new(format!(
            "opening the stream ended unexpectedly: {e}"
        ))),
    }
}

/// Rule 28: small enough for the quota and the disk.
fn segment_bytes(quota: u64, data: &DataFolder) -> u64 {
    let whole = data.whole().unwrap_or(u64::MAX);
    (quota / 8).min(whole / 16).clamp(SEGMENT.0, SEGMENT.1)
}

fn spooled(folder: &Folder, quota: Arc<Quota>) -> Result<Spooled, Damage> {
    let checkpoint = Checkpoint::read(folder.path()).map_err(|e| {
        Damage::new(format!(
            "{e}; without its checkpoint the stream cannot tell what was delivered: restore it, or move {} away to begin anew",
            folder.path().display()
        ))
    })?;
    let has_files = Spool::has_files(&folder.spool()).map_err(Damage::new)?;
    if checkpoint.is_none() && has_files {
        return Err(no_checkpoint(folder, "sealed files"));
    }
    let named = match &checkpoint {
        Some(checkpoint) => named(&checkpoint.state()),
        None => Named {
            files: Vec::new(),
            next: 1,
        },
    };
    let opened = Spool::open(&folder.spool(), &named, quota.clone(), folder.lock());
    let spool = opened.map_err(|e| Damage {
        message: e.to_string(),
        state: checkpoint.as_ref().map(|c| Box::new(c.state().clone())),
    })?;
    Ok(Spooled {
        checkpoint,
        spool,
        quota,
    })
}

fn no_checkpoint(folder: &Folder, beside: &str) -> Damage {
    Damage::new(format!(
        "the checkpoint is missing beside {beside}, so it cannot be told what was delivered: restore {}/checkpoint.*, or move the folder away to begin anew",
        folder.path().display()
    ))
}

fn named(state: &State) -> Named {
    let files = state.files.values();
    let named = files.flat_map(|file| file.spool_files().cloned());
    Named {
        files: named.collect(),
        next: state.next_file,
    }
}

/// Checks that checkpoint and journal belong together, and notes a change of settings.
fn agree(
    folder: &Folder,
    spooled: Spooled,
    journal: &LocalJournal,
    kept: &Kept,
) -> Result<Parts, Damage> {
    let lane = journal.lane();
    let checkpoint = match spooled.checkpoint {
        Some(checkpoint) => checkpoint,
        // What is in there may be delivered already.
        None if journal.end() > 0 => return Err(no_checkpoint(folder, "a journal")),
        None => {
            let begun = Checkpoint::begin(folder.path(), lane).map_err(Damage::new)?;
            faults::reach("recovery", "checkpoint-begun");
            begun
        }
    };
    let state = checkpoint.state().clone();
    if state.lane != lane {
        return Err(Damage::new(format!(
            "the checkpoint in {} belongs to lane {}, the journal is lane {lane}: restore both from the same time",
            folder.path().display(),
            state.lane
        )));
    }
    let settings = kept.fingerprint();
    if state.version.settings != settings {
        let number = state.version.number + 1;
        let version = Entry::Settings(Version { number, settings });
        checkpoint.record(version).map_err(Damage::new)?;
        faults::reach("recovery", "settings-noted");
    }
    folder.keep(kept).map_err(Damage::new)?;
    faults::reach("recovery", "settings-kept");
    let mishap = mishap::forbids_start(folder.path(), state.position).map_err(Damage::new)?;
    Ok(Parts {
        journal: journal.clone(),
        checkpoint: Arc::new(checkpoint),
        spool: Arc::new(spooled.spool),
        quota: spooled.quota,
        mishap,
    })
}
