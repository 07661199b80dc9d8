//! Objects that lie in a bucket: listed, read and moved aside. That asks for the rights to list and
//! to delete, which deliveries do not need.

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as Key;
use object_store::{Error, GetOptions, ObjectStore as _, ObjectStoreExt as _};

use super::Bucket;
use super::verdict::Reply;
use crate::destination::found::PAGE;
use crate::failure::{Failure, Verdict};

impl Bucket {
    /// See [`AnyDestination::list`](crate::destination::AnyDestination::list).
    pub(in crate::destination) async fn list(
        &self,
        start: &str,
        after: &str,
    ) -> Result<Vec<String>, Failure> {
        let folder = &start[..start.rfind('/').unwrap_or(0)];
        let prefix = key(folder)?;
        let offset = key(after)?;
        // What is asked for is a folder; a start may be less.
        let prefix = (!folder.is_empty()).then_some(&prefix);
        let listed = match after.is_empty() {
            true => self.inner.store.list(prefix),
            false => self.inner.store.list_with_offset(prefix, &offset),
        };
        let begins = |key: &String| std::future::ready(key.starts_with(start));
        let keys = listed.map_ok(|object| object.location.to_string());
        let keys = keys.try_filter(begins).take(PAGE).try_collect().await;
        keys.map_err(|error| self.not_there("list", start, &error))
    }

    /// See [`AnyDestination::read`](crate::destination::AnyDestination::read).
    pub(in crate::destination) async fn read(
        &self,
        name: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, Failure>>>, Failure> {
        let key = key(name)?;
        let got = self.inner.store.get_opts(&key, GetOptions::default());
        let object = match got.await {
            Err(Error::NotFound { .. }) => return Ok(None),
            got => got.map_err(|error| self.not_there("read", name, &error))?,
        };
        let (bucket, name) = (self.clone(), name.to_owned());
        let pieces = object.into_stream();
        let failed = move |error| bucket.not_there("read", &name, &error);
        Ok(Some(pieces.map_err(failed).boxed()))
    }

    /// See [`AnyDestination::move_aside`](crate::destination::AnyDestination::move_aside).
    pub(in crate::destination) async fn move_aside(
        &self,
        from: &str,
        to: &str,
    ) -> Result<(), Failure> {
        let store = &self.inner.store;
        let (from_key, to_key) = (key(from)?, key(to)?);
        match store.copy(&from_key, &to_key).await {
            // Copied and deleted by an attempt whose end was not noted.
            Err(Error::NotFound { .. }) => {}
            copied => copied.map_err(|error| self.not_there("copy", from, &error))?,
        }
        let deleted = store.delete(&from_key).await;
        deleted.map_err(|error| self.not_there("delete", from, &error))
    }

    /// Nothing is diverted here.
    fn not_there(&self, doing: &str, name: &str, error: &Error) -> Failure {
        let mut failure = Reply::of(error).failure(doing, name, &self.inner.place);
        if failure.verdict != Verdict::Retry {
            failure.message += "; putting failed records back takes s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject";
        }
        failure
    }
}

fn key(name: &str) -> Result<Key, Failure> {
    Key::parse(name).map_err(|e| Failure::halt(format!("{name} is no key: {e}")))
}
