//! Multipart uploads, for what does not fit into one part.
//!
//! An upload's id is in the checkpoint before its first part is sent, and before that, that one is
//! about to begin. Only what stands there is ever aborted (rule 26): after a crash the recorded
//! upload, or what was begun for just this key and never recorded (`leftovers`), is aborted and
//! another begun; within a process a failed attempt is gone on with where it stopped. `complete` overwrites whatever the
//! key holds, so the key is looked at before; that, and the hash, also resolve a `complete` whose
//! reply was lost.

use std::fmt;
use std::sync::PoisonError;

use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as Key;
use object_store::{Error, PutMultipartOptions};
use ring::digest::{Context, SHA256};
use standpipe_config::faults;

use super::memory::PART;
use super::verdict::{Meaning, Reply};
use super::{Bucket, Object, attributes, on_a_thread, read};
use crate::destination::Attempts;
use crate::failure::{Failure, Verdict};

/// A multipart upload under way, recorded in the checkpoint.
pub(super) struct Upload {
    id: String,
    parts: Vec<PartId>,
    /// Of the parts that were sent.
    hash: Context,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload {} with {} parts", self.id, self.parts.len())
    }
}

/// How an attempt at an upload ended short of an object.
enum Stopped {
    /// The next attempt goes on.
    Here(Failure),
    /// The upload is of no use any more.
    Spoilt(Failure),
}

impl Bucket {
    /// Puts what does not fit into one part, unless the key is taken.
    pub(super) async fn put_in_parts(&self, object: &Object, key: &Key) -> Result<(), Failure> {
        let begun = self.take_upload(&object.key);
        if self.is_held(object, key).await? {
            self.clear_up(object, key).await;
            return Ok(());
        }
        let mut upload = match begun {
            Some(upload) => upload,
            None => self.begin(object, key).await?,
        };
        match self.go_on(object, key, &mut upload).await {
            Ok(()) => Ok(()),
            Err(Stopped::Here(failure)) => {
                self.uploads().insert(object.key.clone(), upload);
                Err(failure)
            }
            Err(Stopped::Spoilt(failure)) => {
                self.abort(key, &upload.id).await?;
                Err(failure)
            }
        }
    }

    /// Aborts what an earlier attempt left, of an object that is there.
    async fn clear_up(&self, object: &Object, key: &Key) {
        let known = object.notes.known();
        let cleared = match &known.upload {
            Some(left) => self.abort(key, left).await,
            None if known.begins => self.abort_unrecorded(key).await,
            None => Ok(()),
        };
        if let Err(failure) = cleared {
            tracing::warn!("a multipart upload stays incomplete: {failure}");
        }
    }

    async fn begin(&self, object: &Object, key: &Key) -> Result<Upload, Failure> {
        let known = object.notes.known();
        match &known.upload {
            Some(left) => self.abort(key, left).await?,
            None if known.begins => self.abort_unrecorded(key).await?,
            None => {}
        }
        if !known.begins || known.upload.is_some() {
            let begins = Attempts {
                upload: None,
                begins: true,
                ..known.clone()
            };
            object.notes.keep(begins).await?;
        }
        let storing = &self.inner.place.storing;
        let options = PutMultipartOptions {
            attributes: attributes(object, storing),
            tags: storing.tag_set(),
            ..PutMultipartOptions::default()
        };
        let begun = self.inner.once.create_multipart_opts(key, options).await;
        let id = begun.map_err(|e| self.failure("begin an upload of", key, &e))?;
        faults::reach("s3", "upload-begun");
        let note = Attempts {
            upload: Some(id.clone()),
            begins: false,
            ..known.clone()
        };
        if let Err(failure) = object.notes.keep(note).await {
            // It is ours and nobody will remember it.
            self.abort(key, &id).await?;
            return Err(failure);
        }
        Ok(Upload {
            id,
            parts: Vec::new(),
            hash: Context::new(&SHA256),
        })
    }

    /// Sends the parts that are missing, and completes.
    async fn go_on(&self, object: &Object, key: &Key, upload: &mut Upload) -> Result<(), Stopped> {
        while (upload.parts.len() as u64) < object.size.div_ceil(PART) {
            self.send_part(object, key, upload).await?;
        }
        read::check(object, upload.hash.clone()).map_err(Stopped::Spoilt)?;
        // Somebody else may have been faster, and `complete` overwrites.
        match self.is_held(object, key).await {
            Ok(false) => self.complete(object, key, upload).await,
            Ok(true) => {
                let _ = self.abort(key, &upload.id).await;
                Ok(())
            }
            Err(failure) if failure.verdict == Verdict::Halt => Err(Stopped::Spoilt(failure)),
            Err(failure) => Err(Stopped::Here(failure)),
        }
    }

    async fn send_part(
        &self,
        object: &Object,
        key: &Key,
        upload: &mut Upload,
    ) -> Result<(), Stopped> {
        let number = upload.parts.len();
        let start = number as u64 * PART;
        let range = start..object.size.min(start + PART);
        let memory = self.inner.memory.take(range.end - range.start).await;
        let (store, to, from) = (self.inner.store.clone(), key.clone(), object.clone());
        let (id, mut hash) = (upload.id.clone(), upload.hash.clone());
        let send = move |runtime: tokio::runtime::Handle| {
            let bytes = read::range(&from, range)?;
            hash.update(&bytes);
            let sent = runtime.block_on(store.put_part(&to, &id, number, bytes.into()));
            drop(memory);
            Ok(sent.map(|part| (part, hash)))
        };
        let sent = on_a_thread(send).await.map_err(stopped)?;
        let (part, hash) = sent.map_err(|e| self.stopped("send a part of", key, &e))?;
        faults::reach("s3", "part-sent");
        upload.parts.push(part);
        upload.hash = hash;
        Ok(())
    }

    async fn complete(&self, object: &Object, key: &Key, upload: &Upload) -> Result<(), Stopped> {
        let (store, parts) = (&self.inner.store, upload.parts.clone());
        let Err(error) = store.complete_multipart(key, &upload.id, parts).await else {
            return Ok(());
        };
        // An earlier `complete` may have succeeded whose reply was lost.
        match self.is_held(object, key).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.stopped("complete the upload of", key, &error)),
            Err(failure) => Err(stopped(failure)),
        }
    }

    /// Aborts an upload that we recorded. Where that is forbidden, its remains cost the operator
    /// money, but no record.
    pub(super) async fn abort(&self, key: &Key, id: &str) -> Result<(), Failure> {
        let Err(error) = self.inner.store.abort_multipart(key, &id.to_owned()).await else {
            return Ok(());
        };
        let failure = match (Reply::of(&error).meaning(), &error) {
            (Meaning::SpoiltUpload, _) | (_, Error::NotFound { .. }) => return Ok(()),
            _ => self.failure("abort an upload of", key, &error),
        };
        match failure.verdict {
            Verdict::Retry => Err(failure),
            _ => {
                tracing::warn!(
                    upload = id,
                    "a multipart upload stays incomplete: {failure}"
                );
                Ok(())
            }
        }
    }

    fn stopped(&self, doing: &str, key: &Key, error: &Error) -> Stopped {
        let failure = self.failure(doing, key, error);
        match Reply::of(error).meaning() {
            Meaning::SpoiltUpload => Stopped::Spoilt(failure),
            _ => stopped(failure),
        }
    }

    fn take_upload(&self, key: &str) -> Option<Upload> {
        self.uploads().remove(key)
    }

    fn uploads(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<String, Upload>> {
        let uploads = &self.inner.uploads;
        uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that will never pass needs no upload any more.
fn stopped(failure: Failure) -> Stopped {
    match failure.verdict {
        Verdict::Divert => Stopped::Spoilt(failure),
        Verdict::Retry | Verdict::Halt => Stopped::Here(failure),
    }
}
