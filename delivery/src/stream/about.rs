//! What is said about a stream to those who ask by the Firehose API: its settings, when it was
//! born, and its tags. Birth and tags lie in the stream's folder, so they go where it goes.
//!
//! ```json
//! {"standpipe_about":1,"born":1795000000123,"tags":{"team":"web"}}
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use standpipe_config::files::{Doing, FileError, create_folder, write_whole};
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::settings::delivery as settings;

use super::{Streams, blocking};

/// Written version, and the newest that is read.
const VERSION: u16 = 1;

/// A stream, as it is described.
#[derive(Clone, PartialEq, Debug)]
pub struct Described {
    /// The settings that it runs with.
    pub settings: Arc<settings::Stream>,
    /// When it was born; `None` where its folder does not say.
    pub born: Option<Arrival>,
    /// Its tags, by key.
    pub tags: BTreeMap<String, String>,
}

/// What the folder says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct About {
    standpipe_about: u16,
    born: Arrival,
    tags: BTreeMap<String, String>,
}

/// Why a stream is not described.
#[derive(Debug, thiserror::Error)]
pub enum NotDescribed {
    /// There is no such stream.
    #[error("there is no such stream")]
    NoSuchStream,
    /// What its folder says cannot be read or written.
    #[error("{0}")]
    Folder(String),
}

impl Streams {
    /// A stream that has a door, described.
    pub async fn describe(&self, name: &StreamName) -> Result<Described, NotDescribed> {
        let settings = self.settings(name).ok_or(NotDescribed::NoSuchStream)?;
        let folder = self.shared.folders.of(name);
        let about = blocking(move || About::read(&folder)).await?;
        Ok(Described {
            settings,
            born: about.as_ref().map(|about| about.born),
            tags: about.map(|about| about.tags).unwrap_or_default(),
        })
    }

    /// What a stream's settings ask to take records apart into.
    pub fn deaggregation(&self, name: &StreamName) -> Option<settings::Deaggregation> {
        let settings = self.shared.settings();
        settings.get(name)?.deaggregation.clone()
    }

    /// Changes a stream's tags, durably, unless `change` fails.
    pub async fn change_tags<E: Send + 'static>(
        &self,
        name: &StreamName,
        change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<(), E>, NotDescribed> {
        let _change = self.shared.changes.lock().await;
        self.settings(name).ok_or(NotDescribed::NoSuchStream)?;
        let folder = self.shared.folders.of(name);
        blocking(move || {
            let mut about = About::read(&folder)?.unwrap_or_else(About::new);
            if let Err(error) = change(&mut about.tags) {
                return Ok(Err(error));
            }
            about.write(&folder)?;
            Ok(Ok(()))
        })
        .await
    }

    /// The settings of a stream that has a door.
    fn settings(&self, name: &StreamName) -> Option<Arc<settings::Stream>> {
        let has_door = self.names().contains(name);
        let described = has_door.then(|| self.shared.settings().get(name).cloned());
        described.flatten()
    }
}

/// Notes that a stream is born, and with which tags, unless it was born before. Its folder is made
/// for that; killed in between, the same is done again.
pub(super) fn born_with(folder: &Path, tags: BTreeMap<String, String>) -> Result<(), FileError> {
    create_folder(folder)?;
    if path(folder).exists() {
        return Ok(());
    }
    let about = About {
        tags,
        ..About::new()
    };
    let bytes = serde_json::to_vec(&about).map_err(io::Error::other);
    write_whole(
        &path(folder),
        &bytes.doing("write", &path(folder))?,
        "about",
    )
}

/// Notes when a stream was born, if that is not known yet. A folder in which nothing can be
/// written does not keep a stream from running.
pub(super) fn note_birth(folder: &Path) {
    let noted = match About::read(folder) {
        Ok(None) => About::new().write(folder),
        Ok(Some(_)) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = noted {
        tracing::warn!(folder = %folder.display(), "the birth of a stream was not noted: {error}");
    }
}

impl About {
    fn new() -> Self {
        Self {
            standpipe_about: VERSION,
            born: Arrival::now(),
            tags: BTreeMap::new(),
        }
    }

    fn read(folder: &Path) -> Result<Option<Self>, NotDescribed> {
        let path = path(folder);
        let wrong =
            |why: String| NotDescribed::Folder(format!("cannot read {}: {why}", path.display()));
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let about: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if about.standpipe_about > VERSION {
            let found = about.standpipe_about;
            return Err(wrong(format!(
                "it has version {found}, this program reads up to {VERSION}"
            )));
        }
        Ok(Some(about))
    }

    fn write(&self, folder: &Path) -> Result<(), NotDescribed> {
        let wrong = |error: String| NotDescribed::Folder(error);
        let bytes = serde_json::to_vec(self).map_err(|error| wrong(error.to_string()))?;
        write_whole(&path(folder), &bytes, "about").map_err(|error| wrong(error.to_string()))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("about.json")
}

#[cfg(test)]
mod tests;
