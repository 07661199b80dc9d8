//! Changing streams while others run: for streams that are made over the wire.

use std::collections::BTreeMap;
use std::time::Instant;

use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery as settings;

use super::about::born_with;
use super::{LEAVING, LOOK, StartError, Streams, blocking};

/// How often a stream is tried to be started again while its earlier life lets go of its folder.
const TRIES: u32 = 6;

impl Streams {
    /// Starts a stream. If it is born by that, it has these tags.
    pub async fn start_born(
        &self,
        settings: &settings::Stream,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), StartError> {
        let (folder, tags) = (self.shared.folders.of(&settings.name), tags.clone());
        blocking(move || born_with(&folder, tags)).await?;
        self.start(settings).await
    }

    /// Goes on with other settings. Meanwhile its door is closed, and callers come back.
    pub async fn restart(&self, settings: &settings::Stream) -> Result<(), StartError> {
        self.stop(&settings.name, Instant::now() + LEAVING).await;
        for _ in 1..TRIES {
            match self.start(settings).await {
                Err(StartError::Busy(_)) => tokio::time::sleep(LOOK).await,
                other => return other,
            }
        }
        self.start(settings).await
    }

    /// Closes a stream's door for good. It delivers what it holds, then its folder goes
    /// (rule 16).
    pub async fn remove(&self, name: &StreamName) {
        let _change = self.shared.changes.lock().await;
        self.stop(name, Instant::now() + LEAVING).await;
        self.drain(name).await;
    }

    /// Whether anything of a stream is left, its folder included.
    pub async fn is_there(&self, name: &StreamName) -> bool {
        let (shared, named) = (self.shared.clone(), name.clone());
        blocking(move || shared.folders.exists(&named)).await
    }
}
