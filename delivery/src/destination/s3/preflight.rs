//! Before anything is delivered: is the bucket there, may we do there what we will have to do, and
//! does it keep the conditions of a put?
//!
//! A multipart upload is begun and aborted under a name of our own, and the name is looked at. That
//! asks for just the rights that deliveries need, not for the one to delete, and leaves nothing
//! behind: an upload without parts is no object. Where the abort does not get through, or a kill
//! comes before it, the next start finds the empty remains under that name and aborts them.
//!
//! Conditions are asked about by a put that may happen only over content which nobody has: a store
//! that keeps conditions refuses it, and nothing is written.

use std::fmt;

use object_store::multipart::MultipartStore;
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    UpdateVersion,
};

use super::Bucket;
use super::verdict::{Meaning, Reply};
use crate::failure::{Failure, Verdict};

/// The name that is asked about.
const NAME: &str = ".standpipe-preflight";

/// No content has this tag.
const NO_TAG: &str = "\"standpipe-no-content\"";

/// What a store does with the conditions of a put: its compatibility card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conditions {
    /// It keeps them.
    Kept,
    /// It says that it does not know them.
    Unknown,
    /// It does as if there were none.
    Ignored,
    /// It answers neither yes nor no.
    Unclear,
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "conditional puts are kept",
            Self::Unknown => {
                "conditional puts are not known there: each key is looked at first instead"
            }
            Self::Ignored => {
                "conditional puts are ignored there: a key that somebody else wrote is overwritten"
            }
            Self::Unclear => "whether conditional puts are kept there is not known",
        })
    }
}

impl Bucket {
    /// Asks whether objects could be delivered under keys that begin with `start`. `Retry`: nobody
    /// knows, the store does not answer.
    pub async fn preflight(&self, start: &str) -> Result<Conditions, Failure> {
        let key = self.may_deliver(start).await?;
        Ok(self.conditions(&key).await)
    }

    /// The same without the card; the key that was asked about.
    pub(super) async fn may_deliver(&self, start: &str) -> Result<Key, Failure> {
        let name = format!("{start}{NAME}");
        let key = Key::parse(&name)
            .map_err(|e| Failure::halt(format!("{name} is no key: {e}; correct the prefix")))?;
        self.may_write(&key).await?;
        self.may_look(&key).await?;
        Ok(key)
    }

    async fn may_write(&self, key: &Key) -> Result<(), Failure> {
        let store = &self.inner.store;
        let upload = store.create_multipart(key).await;
        let upload = upload.map_err(|e| self.impossible("begin an upload of", key, &e))?;
        // With it goes what a kill, or a lost reply, left of an earlier one: nobody delivers there.
        let left = self.unrecorded(key).await.unwrap_or_default();
        for id in left.iter().filter(|id| **id != upload) {
            let _ = self.abort(key, id).await;
        }
        match store.abort_multipart(key, &upload).await {
            // By another start, that is clearing up as well.
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.impossible("abort an upload of", key, &error)),
        }
    }

    async fn may_look(&self, key: &Key) -> Result<(), Failure> {
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.inner.store.get_opts(key, head).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.impossible("look at", key, &error)),
        }
    }

    async fn conditions(&self, key: &Key) -> Conditions {
        let options = PutOptions {
            mode: PutMode::Update(UpdateVersion {
                e_tag: Some(NO_TAG.to_owned()),
                version: None,
            }),
            ..PutOptions::default()
        };
        let store = &self.inner.store;
        match store.put_opts(key, PutPayload::default(), options).await {
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => Conditions::Kept,
            Err(error) if Reply::of(&error).meaning() == Meaning::NoConditions => {
                Conditions::Unknown
            }
            Err(_) => Conditions::Unclear,
            Ok(_) => {
                // Where deleting is forbidden, an empty object stays.
                let _ = store.delete(key).await;
                Conditions::Ignored
            }
        }
    }

    /// What this one object may not, none may.
    fn impossible(&self, doing: &str, key: &Key, error: &Error) -> Failure {
        let failure = Reply::of(error).failure(doing, key.as_ref(), &self.inner.place);
        Failure {
            verdict: match failure.verdict {
                Verdict::Divert => Verdict::Halt,
                other => other,
            },
            ..failure
        }
    }
}
