//! Small objects that a warehouse loads from: what each holds is said by its key, so that putting
//! one again changes nothing.

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStoreExt as _, PutPayload};

use super::{Bucket, on_a_thread};
use crate::failure::{Failure, Verdict};

impl Bucket {
    /// Puts an object of at most a [part](super::memory::PART), over what is there.
    pub(in crate::destination) async fn stage(
        &self,
        key: &str,
        bytes: Bytes,
    ) -> Result<(), Failure> {
        let name = self.staged(key)?;
        let memory = self.inner.memory.take(bytes.len() as u64).await;
        let (store, to) = (self.inner.store.clone(), name.clone());
        let send = move |runtime: tokio::runtime::Handle| {
            let put = runtime.block_on(store.put(&to, PutPayload::from(bytes)));
            drop(memory);
            Ok(put.map(drop))
        };
        let put = on_a_thread(send).await?;
        put.map_err(|error| {
            let failure = self.failure("stage", &name, &error);
            match failure.verdict {
                // It says nothing about the records that are loaded from it.
                Verdict::Divert => Failure::retry(failure.message),
                _ => failure,
            }
        })
    }

    /// Removes what was staged, where that is allowed; what stays costs money, and no record.
    pub(in crate::destination) async fn unstage(&self, key: &str) {
        let Ok(name) = self.staged(key) else { return };
        if let Err(error) = self.inner.store.delete(&name).await {
            let why = self.failure("remove", &name, &error);
            tracing::debug!("a part that was tried stays in the bucket: {why}");
        }
    }

    /// The address of an object, as warehouses name it.
    pub(in crate::destination) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.inner.place.bucket)
    }

    fn staged(&self, key: &str) -> Result<Key, Failure> {
        Key::parse(key).map_err(|e| Failure::divert(format!("{key} is no key: {e}")))
    }
}
