//! Objects that lie in a folder: listed, read and moved aside.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use rustix::fs::{CWD, renameat};
use rustix::io::Errno;
use standpipe_config::files::Doing as _;

use super::{COPY, Folder, failure};
use crate::destination::found::PAGE;
use crate::failure::Failure;

/// What an object that is being copied is called meanwhile.
const HIDDEN: &str = ".standpipe-";

impl Folder {
    /// See [`AnyDestination::list`](crate::destination::AnyDestination::list).
    pub(in crate::destination) async fn list(
        &self,
        start: &str,
        after: &str,
    ) -> Result<Vec<String>, Failure> {
        let (root, start, after) = (self.root.clone(), start.to_owned(), after.to_owned());
        blocking(move || {
            let mut found = BTreeSet::new();
            let folder = &start[..start.rfind('/').map_or(0, |slash| slash + 1)];
            let wanted = |key: &str| key.starts_with(&start) && *key > *after;
            walk(&root, folder, &wanted, &mut found)?;
            Ok(found.into_iter().collect())
        })
        .await
    }

    /// See [`AnyDestination::read`](crate::destination::AnyDestination::read).
    pub(in crate::destination) async fn read(&self, key: &str) -> Result<Option<File>, Failure> {
        let path = self.root.join(key);
        blocking(move || match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.doing("open", &path).map(Some).map_err(failure),
        })
        .await
    }

    /// See [`AnyDestination::move_aside`](crate::destination::AnyDestination::move_aside).
    pub(in crate::destination) async fn move_aside(
        &self,
        from: &str,
        to: &str,
    ) -> Result<(), Failure> {
        let (from, to) = (self.root.join(from), self.root.join(to));
        blocking(move || {
            if let Some(folder) = to.parent() {
                let made = fs::create_dir_all(folder).doing("create folder", folder);
                made.map_err(failure)?;
            }
            // Without a sync: the object lies where it was, should a power cut undo this.
            match renameat(CWD, &from, CWD, &to) {
                Err(Errno::NOENT) if to.exists() => Ok(()),
                moved => moved.doing("move", &from).map_err(failure),
            }
        })
        .await
    }
}

/// Adds the keys below `folder` that are wanted, the first of them.
fn walk(
    root: &Path,
    folder: &str,
    wanted: &impl Fn(&str) -> bool,
    found: &mut BTreeSet<String>,
) -> Result<(), Failure> {
    let path = root.join(folder);
    let entries = match fs::read_dir(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.doing("list", &path).map_err(failure)?,
    };
    for entry in entries {
        let entry = entry.doing("list", &path).map_err(failure)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type().doing("look at", &path).map_err(failure)?;
        let key = format!("{folder}{name}");
        if kind.is_dir() {
            walk(root, &format!("{key}/"), wanted, found)?;
        } else if !name.starts_with(HIDDEN) && wanted(&key) {
            found.insert(key);
            if found.len() > PAGE {
                found.pop_last();
            }
        }
    }
    Ok(())
}

/// The next piece of a file; empty behind the last one.
pub(in crate::destination) async fn piece(mut file: File) -> Result<(File, Bytes), Failure> {
    blocking(move || {
        let mut bytes = vec![0; COPY];
        let read = file.read(&mut bytes);
        let read = read.map_err(|e| Failure::retry(format!("cannot read an object: {e}")))?;
        bytes.truncate(read);
        Ok((file, bytes.into()))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(e) => Err(Failure::retry(format!("a folder was not read: {e}"))),
    }
}

#[cfg(test)]
mod tests;
