//! Changing streams while others run: by settings that were edited, and over the wire.

use std::collections::BTreeMap;
use std::time::Instant;

use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery as settings;

use super::about::born_with;
use super::{LEAVING, LOOK, StartError, Stop, Streams, blocking};

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

    /// Goes on with other settings. The open batch is sealed as it was meant (rule 16). Meanwhile
    /// the door is closed, and callers come back.
    pub async fn restart(&self, settings: &settings::Stream) -> Result<(), StartError> {
        self.leave(&settings.name).await;
        self.start_again(settings).await
    }

    /// Ends a life whose next one has another name or other settings: what its batch holds is
    /// sealed as it was meant.
    pub async fn leave(&self, name: &StreamName) {
        self.end(name, Instant::now() + LEAVING, Stop::Sealed).await;
    }

    /// Starts a stream that ran until now, as soon as its earlier life has let go of its folder.
    pub async fn start_again(&self, settings: &settings::Stream) -> Result<(), StartError> {
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

    /// Opens each destination anew from the next delivery on: with the secret that is there by then.
    pub fn read_secrets_again(&self) {
        self.shared.around.targets.close_all();
    }

    /// Whether anything of a stream is left, its folder included.
    pub async fn is_there(&self, name: &StreamName) -> bool {
        let (shared, named) = (self.shared.clone(), name.clone());
        blocking(move || shared.folders.exists(&named)).await
    }

    /// The data folder's file system counts as full there from now on.
    pub fn limit_disk(&self, high_water: settings::HighWater) {
        self.shared.data.limit(high_water);
    }
}
