//! A stream's folder: what lies where in it, whose it is, and which settings it last ran with
//! (rule 16).
//!
//! ```text
//! streams/NAME/settings.yaml   about.json   schema.json   mishap.json   paused.json   checkpoint.*   redrive.*   journal/   spool/   lock
//! streams/~NAME                one that is being removed; no stream can be called so
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use standpipe_config::files::{
    Doing, FileError, FolderError, FolderLock, create_folder, rename, write_whole,
};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{self as settings, Stream};

/// What the name of a folder begins with that is being removed.
const REMOVED: &str = "~";

/// The folder of all streams, in the data folder.
const STREAMS: &str = "streams";

/// The folders of all streams.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    path: PathBuf,
}

/// A stream's folder, held for one life of the stream: no other task, nor one of an earlier life,
/// works in it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: Arc<FolderLock>,
}

/// The settings a stream last ran with, as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept(pub(super) String);

impl Folders {
    /// Opens the folder of all streams and finishes removals that were cut.
    pub(super) fn open(data_dir: &Path) -> Result<Self, FileError> {
        let path = all(data_dir);
        create_folder(&path)?;
        let folders = Self { path };
        for name in folders.list()? {
            if name.starts_with(REMOVED) {
                let path = folders.path.join(name);
                fs::remove_dir_all(&path).doing("remove", &path)?;
            }
        }
        Ok(folders)
    }

    /// The streams that have one.
    pub(super) fn names(&self) -> Result<Vec<StreamName>, FileError> {
        let names = self.list()?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Whether a stream has one.
    pub(super) fn exists(&self, name: &StreamName) -> bool {
        self.of(name).is_dir()
    }

    /// Where a stream's folder lies.
    pub(super) fn of(&self, name: &StreamName) -> PathBuf {
        self.path.join(name.as_str())
    }

    /// Gives a stream's folder another name, durably.
    pub(super) fn rename(&self, from: &StreamName, to: &StreamName) -> Result<(), FileError> {
        rename(&self.of(from), &self.of(to), ("stream", "renamed"))
    }

    /// Removes a stream's folder: by name at once, so that no half of it is ever started.
    pub(super) fn remove(&self, name: &StreamName) -> Result<(), FileError> {
        let gone = self.path.join(format!("{REMOVED}{name}"));
        rename(&self.of(name), &gone, ("stream", "removed"))?;
        fs::remove_dir_all(&gone).doing("remove", &gone)
    }

    /// Takes a stream's folder for one life; creates it if need be. `None` while an earlier life's
    /// last file operation still runs.
    pub(super) fn take(&self, name: &StreamName) -> Result<Option<Folder>, FileError> {
        let path = self.of(name);
        // Whether the data folder may lie in memory was decided where it was locked.
        match FolderLock::acquire(&path, true) {
            Ok(lock) => Ok(Some(Folder {
                path,
                lock: Arc::new(lock),
            })),
            Err(FolderError::File(error)) => Err(error),
            Err(FolderError::InUse(_) | FolderError::InMemory(_)) => Ok(None),
        }
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).doing("list", &self.path)? {
            let entry = entry.doing("list", &self.path)?;
            if entry.path().is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }
}

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What holds it.
    pub(super) fn lock(&self) -> Arc<FolderLock> {
        self.lock.clone()
    }

    pub(super) fn journal(&self) -> PathBuf {
        journal(&self.path)
    }

    pub(super) fn spool(&self) -> PathBuf {
        spool(&self.path)
    }

    /// Keeps the settings, durably, unless they are kept already.
    pub(super) fn keep(&self, kept: &Kept) -> Result<(), FileError> {
        let path = settings_path(&self.path);
        match fs::read_to_string(&path) {
            // Its name is durable: opening the checkpoint syncs the folder of both.
            Ok(before) if before == kept.0 => Ok(()),
            _ => write_whole(&path, kept.0.as_bytes(), "settings"),
        }
    }
}

impl Kept {
    /// The settings in the form in which they are kept.
    pub(super) fn of(stream: &Stream) -> Self {
        let head = "# The settings this stream last ran with (format 1). Kept by the daemon.\n";
        Self(format!("{head}{}", settings::write_stream(stream)))
    }

    /// A fingerprint, by which a change is seen.
    pub(super) fn fingerprint(&self) -> String {
        standpipe_config::names::Fingerprint::of(self.0.as_bytes()).to_string()
    }
}

/// Where a stream's folder lies, if there is one.
pub(super) fn path(data_dir: &Path, name: &StreamName) -> PathBuf {
    all(data_dir).join(name.as_str())
}

/// Where the folders of all streams lie.
pub(super) fn all(data_dir: &Path) -> PathBuf {
    data_dir.join(STREAMS)
}

/// Where the journal lies in a stream's folder.
pub(super) fn journal(folder: &Path) -> PathBuf {
    folder.join("journal")
}

/// Where the spool lies in a stream's folder.
pub(super) fn spool(folder: &Path) -> PathBuf {
    folder.join("spool")
}

/// The settings that a stream's folder keeps.
pub(super) fn kept_settings(folder: &Path) -> Result<Stream, String> {
    let path = settings_path(folder);
    let text = fs::read_to_string(&path).map_err(|e: io::Error| {
        format!(
            "cannot read the settings it last ran with, {}: {e}",
            path.display()
        )
    })?;
    settings::read_stream(&text).map_err(|e| format!("{} cannot be used: {e}", path.display()))
}

fn settings_path(folder: &Path) -> PathBuf {
    folder.join("settings.yaml")
}
