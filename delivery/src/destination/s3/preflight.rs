//! Before anything is delivered: is the bucket there, and may we do there what we will have to do?
//!
//! A multipart upload is begun and aborted under a name of our own, and the name is looked at. That
//! asks for just the rights that deliveries need, not for the one to delete, and leaves nothing
//! behind: an upload without parts is no object. Where the abort does not get through, its empty
//! remains are listed among the bucket's incomplete uploads until its lifecycle rule takes them.

use object_store::multipart::MultipartStore;
use object_store::path::Path as Key;

use object_store::{Error, GetOptions, ObjectStore};

use super::Bucket;
use super::verdict::Reply;
use crate::failure::{Failure, Verdict};

/// The name that is asked about.
const NAME: &str = ".standpipe-preflight";

impl Bucket {
    /// Asks whether objects could be delivered under keys that begin with `start`. `Retry`: nobody
    /// knows, the store does not answer.
    pub async fn preflight(&self, start: &str) -> Result<(), Failure> {
        let name = format!("{start}{NAME}");
        let key = Key::parse(&name)
            .map_err(|e| Failure::halt(format!("{name} is no key: {e}; correct the prefix")))?;
        self.may_write(&key).await?;
        self.may_look(&key).await
    }

    async fn may_write(&self, key: &Key) -> Result<(), Failure> {
        let store = &self.inner.store;
        let upload = store.create_multipart(key).await;
        let upload = upload.map_err(|e| self.impossible("begin an upload of", key, &e))?;
        let abort = store.abort_multipart(key, &upload).await;
        abort.map_err(|e| self.impossible("abort an upload of", key, &e))
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
