//! Multipart uploads that were begun and never recorded: between the store's answer and the note of
//! it a process can be killed, and a reply can be lost.
//!
//! That one was about to begin is noted before (rule 26), and so it is known for which file there
//! may be one. Those of just its key are asked for, which is made of lane, run and position: nobody
//! else's are aborted. `object_store` cannot list uploads, so the request is made here.

use std::time::Duration;

use object_store::path::Path as Key;
use object_store::signer::{SignedUrlOptions, Signer as _};
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use standpipe_config::secret::known;

use super::Bucket;
use super::verdict::SAID;
use crate::failure::Failure;

/// How long the store has for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a signature counts.
const SIGNED_FOR: Duration = Duration::from_secs(300);

/// What of the answer is needed (`ListMultipartUploadsResult`).
#[derive(Deserialize)]
struct Uploads {
    #[serde(default, rename = "Upload")]
    uploads: Vec<Begun>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    key: String,
    upload_id: String,
}

/// Why uploads could not be listed.
#[derive(Debug)]
pub(super) enum NotListed {
    /// It may pass.
    Now(String),
    /// This store never lists them, or not for us.
    Ever(String),
}

impl Bucket {
    /// Aborts what was begun for a key and never recorded. Where uploads cannot be listed, they cost
    /// the operator money, but no record.
    pub(super) async fn abort_unrecorded(&self, key: &Key) -> Result<(), Failure> {
        let found = match self.unrecorded(key).await {
            Ok(found) => found,
            Err(NotListed::Now(why)) => {
                let place = &self.inner.place;
                return Err(Failure::retry(format!(
                    "cannot list the uploads of {key} in {place}, of which a kill may have left one: {why}"
                )));
            }
            Err(NotListed::Ever(why)) => {
                let place = &self.inner.place;
                tracing::warn!(%key, "uploads that a kill may have left in {place} cannot be listed: {why}");
                return Ok(());
            }
        };
        for id in found {
            tracing::info!(%key, upload = id, "an upload that a kill left is aborted");
            self.abort(key, &id).await?;
        }
        Ok(())
    }

    /// The ids of uploads of just this key.
    pub(super) async fn unrecorded(&self, key: &Key) -> Result<Vec<String>, NotListed> {
        let query = [("uploads", ""), ("prefix", key.as_ref())];
        let options = SignedUrlOptions::default().with_query(query);
        let store = &self.inner.store;
        let root = Key::default();
        let signed = store.signed_url_opts(Method::GET, &root, SIGNED_FOR, &options);
        let url = signed.await.map_err(|e| NotListed::Now(e.to_string()))?;
        let client = Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|e| NotListed::Ever(e.to_string()))?;
        // The address has a signature in it, which is none of a log's business.
        let unheard = |e: reqwest::Error| NotListed::Now(e.without_url().to_string());
        let answer = client.get(url).send().await.map_err(unheard)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unheard)?;
        if !status.is_success() {
            return Err(NotListed::refused(status, &text));
        }
        of_key(&text, key.as_ref()).map_err(NotListed::Ever)
    }
}

impl NotListed {
    /// A store that does not know the request says so for ever, and so does one that forbids it.
    fn refused(status: StatusCode, text: &str) -> Self {
        let said = known::excerpt(text.as_bytes(), SAID);
        let why = format!("{status}: {said}");
        let passes = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
        match passes || status == StatusCode::TOO_MANY_REQUESTS {
            true => Self::Now(why),
            false => Self::Ever(why),
        }
    }
}

/// Of the uploads that a store lists, those of just this key.
fn of_key(listed: &str, key: &str) -> Result<Vec<String>, String> {
    let listed: Uploads = quick_xml::de::from_str(listed).map_err(|e| e.to_string())?;
    let ours = listed.uploads.into_iter().filter(|begun| begun.key == key);
    Ok(ours.map(|begun| begun.upload_id).collect())
}

#[cfg(test)]
mod tests;
