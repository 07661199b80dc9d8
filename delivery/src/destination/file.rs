//! The `file` destination: a folder of this machine, laid out as a bucket would be.
//!
//! A file appears whole. Where spool and destination share a file system, that is one hard link
//! of what was synced at the seal; elsewhere the bytes are copied beside the name, synced and
//! renamed. Then every folder whose entries changed is synced (rule 19). Not by way of
//! `object_store`'s local store, which stages under a name that looks like an object, cannot
//! refuse to overwrite without holding the file in memory, and decodes `%` in names.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use standpipe_config::faults;
use standpipe_config::files::{
    Doing, FileError, create_folder, remove, rename, sync_file, sync_folder,
};
use standpipe_config::names::Fingerprint;

use super::{Destination, Object, Outcome, content_hash, hex};
use crate::failure::{Failure, Verdict};

pub(super) mod found;

/// Bytes that are copied at a time.
const COPY: usize = 256 * 1024;

/// How many folders are remembered; some hundred bytes each.
const KNOWN: usize = 20_000;

/// A folder that takes objects.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// Folders whose own names, up to the root, this process knows to be durable. Only a hint that
    /// spares syncs: most objects go where one before went, or beside it.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
    /// Keys being delivered. An attempt that was abandoned goes on until its system call returns;
    /// the next one of the same key must not write into the same file.
    busy: Arc<Mutex<HashSet<String>>>,
}

/// A key being delivered, until dropped.
struct Busy<'a> {
    keys: &'a Mutex<HashSet<String>>,
    key: &'a str,
}

impl<'a> Busy<'a> {
    fn with(keys: &'a Mutex<HashSet<String>>, key: &'a str) -> Result<Self, Failure> {
        if lock(keys).insert(key.to_owned()) {
            Ok(Self { keys, key })
        } else {
            Err(Failure::retry(format!(
                "an abandoned attempt to deliver {key} is still under way"
            )))
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        lock(self.keys).remove(self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Folder {
    /// The folder at `root`; created with the first object if it is not there.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            durable: Arc::default(),
            busy: Arc::default(),
        }
    }

    fn put(&self, object: &Object) -> Result<(), Failure> {
        let _busy = Busy::with(&self.busy, &object.key)?;
        let place = self.root.join(&object.key);
        let folder = place.parent().unwrap_or(&self.root);
        self.create(folder).map_err(failure)?;
        if exists(&place).map_err(failure)? {
            already_there(&place, object)?;
        } else {
            place_new(&place, folder, object)?;
            faults::reach("delivery", "placed");
        }
        self.sync_names(folder).map_err(failure)
    }

    /// Creates a folder below the root, and the root. Below it names become durable with the object.
    fn create(&self, folder: &Path) -> Result<(), FileError> {
        if !self.root.is_dir() {
            create_folder(&self.root)?;
        }
        if folder.is_dir() {
            return Ok(());
        }
        // What somebody removed and we make again is not what was durable.
        for missing in self.up_to_root(folder).take_while(|above| !above.is_dir()) {
            lock(&self.durable).remove(missing);
        }
        fs::create_dir_all(folder).doing("create folder", folder)
    }

    /// A folder and those above it, the root included.
    fn up_to_root<'f>(&'f self, folder: &'f Path) -> impl Iterator<Item = &'f Path> {
        let inside = |above: &&Path| above.starts_with(&self.root);
        folder.ancestors().take_while(inside)
    }

    /// Makes the names from the root down to `folder`'s entries durable. A folder may have been
    /// created by an attempt that was killed before its sync, so that it exists says nothing.
    fn sync_names(&self, folder: &Path) -> Result<(), FileError> {
        sync_folder(folder, ("object", "name"))?;
        let mut below = folder;
        for above in self.up_to_root(folder).skip(1) {
            if lock(&self.durable).contains(below) {
                break;
            }
            sync_folder(above, ("object", "folders"))?;
            below = above;
        }
        if below == self.root && !lock(&self.durable).contains(below) {
            self.sync_root()?;
        }
        let mut durable = lock(&self.durable);
        if durable.len() > KNOWN {
            durable.clear();
        }
        durable.extend(self.up_to_root(folder).map(Path::to_owned));
        Ok(())
    }

    /// Makes the root's own name durable.
    fn sync_root(&self) -> Result<(), FileError> {
        match self.root.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(parent) => sync_folder(parent, ("object", "root")),
            None => Ok(()),
        }
    }
}

impl Destination for Folder {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        let mut results = Vec::with_capacity(group.len());
        for object in group {
            let (folder, object) = (self.clone(), object.clone());
            let put = tokio::task::spawn_blocking(move || folder.put(&object));
            results.push(match put.await {
                Ok(result) => result.map(|()| Outcome::Delivered),
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(e) => Err(Failure::retry(format!("delivery was interrupted: {e}"))),
            });
        }
        results
    }
}

fn place_new(place: &Path, folder: &Path, object: &Object) -> Result<(), Failure> {
    let aside = aside(folder, &object.key);
    // What an attempt that was killed left behind.
    remove(&aside).map_err(failure)?;
    match rustix::fs::link(&object.path, place) {
        Ok(()) => return Ok(()),
        Err(Errno::EXIST) => return already_there(place, object),
        Err(Errno::NOENT) => return Err(source_gone(object)),
        // Another file system, or one without links: copy.
        Err(_) => {}
    }
    let copied = copy(object, &aside);
    faults::reach("delivery", "copied");
    let placed = copied.and_then(|()| publish(&aside, place, object));
    if placed.is_err() {
        let _ = remove(&aside);
    }
    placed
}

/// Where a copy grows until it is whole: hidden, and the same on every attempt.
fn aside(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!(".standpipe-{}", Fingerprint::of(key.as_bytes())))
}

fn exists(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e).doing("look at", path),
    }
}

/// Copies the object's bytes, synced, and checks that they are what was sealed.
fn copy(object: &Object, aside: &Path) -> Result<(), Failure> {
    let mut from = File::open(&object.path)
        .doing("open", &object.path)
        .map_err(|e| match e.source.kind() {
            io::ErrorKind::NotFound => source_gone(object),
            _ => failure(e),
        })?;
    let mut to = File::create(aside)
        .doing("create", aside)
        .map_err(failure)?;
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; COPY];
    loop {
        let read = from.read(&mut buffer).doing("read", &object.path);
        let bytes = match read.map_err(failure)? {
            0 => break,
            read => &buffer[..read],
        };
        hash.update(bytes);
        to.write_all(bytes).doing("write", aside).map_err(failure)?;
    }
    if hex(hash.finish().as_ref()) != object.hash {
        return Err(Failure::halt(format!(
            "the sealed file {} is damaged: its content does not have the hash it was sealed with; restore it",
            object.path.display()
        )));
    }
    sync_file(&to, aside, ("object", "copy")).map_err(failure)
}

/// Gives the copy its name, unless somebody else took it meanwhile.
fn publish(aside: &Path, place: &Path, object: &Object) -> Result<(), Failure> {
    match renameat_with(CWD, aside, CWD, place, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => {
            remove(aside).map_err(failure)?;
            already_there(place, object)
        }
        // File systems without it, NFS for one. That the name was free was seen above.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rename(aside, place, ("object", "renamed")).map_err(failure)
        }
        Err(e) => Err(e).doing("rename", aside).map_err(failure),
    }
}

/// Rule 17: a name that exists is done only if its content is ours.
fn already_there(place: &Path, object: &Object) -> Result<(), Failure> {
    if !is_ours(place, object).map_err(failure)? {
        return Err(Failure::halt(format!(
            "{} exists with other content than the sealed file {}: move it away, and delivery goes on",
            place.display(),
            object.path.display()
        )));
    }
    // Its bytes are durable: they were before it got its name. The name is synced next.
    Ok(())
}

fn is_ours(place: &Path, object: &Object) -> Result<bool, FileError> {
    let there = fs::metadata(place).doing("look at", place)?;
    if !there.is_file() || there.len() != object.size {
        return Ok(false);
    }
    let same_file =
        |sealed: fs::Metadata| (sealed.dev(), sealed.ino()) == (there.dev(), there.ino());
    if fs::metadata(&object.path).is_ok_and(same_file) {
        return Ok(true);
    }
    Ok(content_hash(place)? == object.hash)
}

fn source_gone(object: &Object) -> Failure {
    Failure::halt(format!(
        "the sealed file {} is gone, although it was not delivered: restore it",
        object.path.display()
    ))
}

/// What to do about an error of the file system.
fn failure(error: FileError) -> Failure {
    use io::ErrorKind::{
        AlreadyExists, InvalidFilename, NotADirectory, PermissionDenied, ReadOnlyFilesystem,
    };
    let verdict = match error.source.kind() {
        // A file stands where a folder must be, or it is not ours to write.
        AlreadyExists | NotADirectory | PermissionDenied | ReadOnlyFilesystem => Verdict::Halt,
        InvalidFilename => Verdict::Divert,
        _ => Verdict::Retry,
    };
    Failure::new(verdict, error.to_string())
}

#[cfg(test)]
mod tests;
