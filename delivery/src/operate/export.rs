//! `spool export STREAM`: takes sealed files out of the spool, into a folder of the operator's.
//!
//! First a copy of each file, under its key, is durable in the folder, with what the checkpoint
//! knows of it in `STREAM.manifest.jsonl`; then the spool forgets it, and it counts as delivered. What
//! the daemon delivered meanwhile is taken away from the folder again: so a file is in one place or
//! the other, unless an attempt to deliver it ended without an answer.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use standpipe_config::files::{
    Doing, FileError, FolderLock, create_folder, remove, sync_file, sync_folder,
};
use standpipe_config::names::StreamName;

use super::ask::{Door, NoAnswer};
use super::{NotDone, chosen, json_line};
use crate::lane::checkpoint::{Checkpoint, Entry, SealedFile};
use crate::stream::look::Stored;

/// What was exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// Files that lie in the folder now.
    pub files: usize,
    /// Their accepted records.
    pub records: u64,
    /// Files that were delivered meanwhile, and do not.
    pub delivered: usize,
}

/// Takes all sealed files of a stream into `folder`; with `copies` the spool keeps them. Blocks
/// while it copies.
pub async fn export(
    data_dir: &Path,
    stream: &StreamName,
    folder: &Path,
    copies: bool,
) -> Result<Exported, NotDone> {
    let mut done = Exported::default();
    for stored in chosen(data_dir, Some(stream))? {
        let state = stored.state()?;
        let files: Vec<_> =
            state.map_or_else(Vec::new, |state| state.files.into_values().collect());
        create_folder(folder)?;
        let mut copied = Vec::new();
        for file in files {
            match copy(&stored, &file, folder)? {
                Some(path) => copied.push((file, path)),
                None => done.delivered += 1,
            }
        }
        write_manifest(&stored, &copied, folder)?;
        let settled = match copies {
            true => copied.iter().map(|(file, _)| file.id).collect(),
            false => settle(data_dir, &stored, &copied).await?,
        };
        for (file, path) in copied {
            if settled.contains(&file.id) {
                done.files += 1;
                done.records += file.counts.records;
            } else {
                remove(&path)?;
                done.delivered += 1;
            }
        }
    }
    Ok(done)
}

/// Copies a file, durably; `None` if it was delivered meanwhile.
fn copy(stored: &Stored, file: &SealedFile, folder: &Path) -> Result<Option<PathBuf>, FileError> {
    let (from, to) = (stored.spooled(&file.object.name), folder.join(&file.key));
    let mut source = match File::open(&from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.doing("open", &from)?,
    };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).doing("create", parent)?;
    }
    let mut target = File::create(&to).doing("create", &to)?;
    io::copy(&mut source, &mut target).doing("write", &to)?;
    sync_file(&target, &to, ("export", "copy"))?;
    let above = to.ancestors().skip(1);
    for names in above.take_while(|above| above.starts_with(folder)) {
        sync_folder(names, ("export", "name"))?;
    }
    Ok(Some(to))
}

fn write_manifest(
    stored: &Stored,
    copied: &[(Arc<SealedFile>, PathBuf)],
    folder: &Path,
) -> Result<(), NotDone> {
    let path = folder.join(format!("{}.manifest.jsonl", stored.name));
    let mut manifest = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .doing("open", &path)?;
    for (file, _) in copied {
        json_line(&mut manifest, &**file)?;
    }
    sync_file(&manifest, &path, ("export", "copy"))?;
    sync_folder(folder, ("export", "name"))?;
    Ok(())
}

/// Lets the spool forget them; which of them it still had.
async fn settle(
    data_dir: &Path,
    stored: &Stored,
    copied: &[(Arc<SealedFile>, PathBuf)],
) -> Result<Vec<u64>, NotDone> {
    let ids: Vec<_> = copied.iter().map(|(file, _)| file.id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let said = match ask(data_dir, stored, &ids).await {
        Ok(said) => said,
        Err(absent) if absent.is_absence() => return alone(data_dir, stored, ids),
        Err(error) => return Err(error.into()),
    };
    let settled = said["settled"].as_array();
    let settled = settled.into_iter().flatten();
    Ok(settled.filter_map(Value::as_u64).collect())
}

async fn ask(data_dir: &Path, stored: &Stored, ids: &[u64]) -> Result<Value, NoAnswer> {
    let path = format!("/streams/{}/settle", stored.name);
    let order = json!({ "files": ids });
    Door::find(data_dir)?.order(&path, &order).await
}

/// Without a daemon.
fn alone(data_dir: &Path, stored: &Stored, ids: Vec<u64>) -> Result<Vec<u64>, NotDone> {
    let _held = FolderLock::acquire(data_dir, true)?;
    let Some(checkpoint) = Checkpoint::read(stored.path())? else {
        return Ok(Vec::new());
    };
    let mut settled = Vec::new();
    for id in ids {
        let Some(file) = checkpoint.file(id) else {
            continue;
        };
        checkpoint.record(Entry::Delivered { file: id })?;
        for spooled in file.spool_files() {
            // What stays is removed by the next start.
            remove(&stored.spooled(&spooled.name))?;
        }
        settled.push(id);
    }
    Ok(settled)
}
