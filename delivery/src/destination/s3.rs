//! The `s3` destination: a bucket of object storage.
//!
//! The same bytes go to the same key, with their SHA-256 in the object's metadata: a key that is
//! taken is done if the hash is ours, and halts if it is another (rule 17). What fits into one
//! part is put in one request, on condition that the key is free; what does not goes up in parts,
//! see [`upload`]. A lost reply needs no memory: the next attempt finds the key taken, by us.
//!
//! What is sent is read from the spool part by part, within a budget that all uploads of the
//! process share (rule 29). `object_store` tries most requests three times; the delivery loop tries a
//! file for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore, PutMode, PutOptions, PutPayload,
};

use super::{Destination, Object, Outcome, Provenance, hex};
use crate::failure::{Failure, Verdict};
use memory::{PART, UploadMemory};
use upload::Upload;
use verdict::{Meaning, Reply};

pub use place::{Access, Place};
pub use preflight::Conditions;
pub use storing::{Encryption, Storing};

mod found;
mod leftovers;
pub mod memory;
mod place;
mod preflight;
mod read;
mod staged;
mod storing;
mod upload;
mod verdict;

/// The name, among an object's metadata, of the SHA-256 of its content in hex (rule 17).
pub const HASH: &str = "standpipe-sha256";

/// How often `object_store` tries a request again.
const RETRIES: usize = 2;

/// `Content-Type` of every object, as Firehose has it.
const CONTENT_TYPE: &str = "application/octet-stream";

/// A bucket that takes objects. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Bucket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    store: AmazonS3,
    /// The same for what must not be asked twice: each begin of an upload makes one, also one whose
    /// reply is lost.
    once: AmazonS3,
    memory: UploadMemory,
    /// Multipart uploads that an attempt left half done, by key: the next one goes on with them.
    uploads: Mutex<BTreeMap<String, Upload>>,
}

impl Bucket {
    /// A bucket; its secret is read, but nobody is asked yet.
    pub fn open(place: &Place, memory: &UploadMemory) -> Result<Self, Failure> {
        Ok(Self {
            inner: Arc::new(Inner {
                place: place.clone(),
                store: place.connect(RETRIES)?,
                once: place.connect(0)?,
                memory: memory.clone(),
                uploads: Mutex::default(),
            }),
        })
    }

    async fn put(&self, object: &Object) -> Result<(), Failure> {
        // Not `from`, which would encode what is no letter.
        let key = Key::parse(&object.key)
            .map_err(|e| Failure::divert(format!("{} is no key: {e}", object.key)))?;
        let put = match object.size <= PART {
            true => self.put_whole(object, &key).await,
            false => self.put_in_parts(object, &key).await,
        };
        match put {
            Err(failure) if failure.verdict == Verdict::Divert => {
                self.refused(object, &key, failure).await
            }
            other => other,
        }
    }

    /// A refusal counts only if no earlier attempt succeeded whose reply was lost (rule 18), and
    /// it concerns one object only if another one would have passed.
    async fn refused(&self, object: &Object, key: &Key, refusal: Failure) -> Result<(), Failure> {
        if self.is_held(object, key).await? {
            return Ok(());
        }
        let folder = object.key.rfind('/').map_or(0, |slash| slash + 1);
        match self.may_deliver(&object.key[..folder]).await {
            Ok(_) => Err(refusal),
            Err(why) => Err(Failure {
                message: format!("{refusal}; and not this object alone: {why}"),
                ..why
            }),
        }
    }

    /// Puts what fits into one part, unless the key is taken.
    async fn put_whole(&self, object: &Object, key: &Key) -> Result<(), Failure> {
        match self.send_whole(object, key, PutMode::Create).await? {
            Ok(()) => Ok(()),
            Err(Error::AlreadyExists { .. }) => match self.is_held(object, key).await? {
                true => Ok(()),
                false => Err(Failure::retry(format!(
                    "{key} is being written to {} by somebody else",
                    self.inner.place
                ))),
            },
            Err(error) if Reply::of(&error).meaning() == Meaning::NoConditions => {
                if self.is_held(object, key).await? {
                    return Ok(());
                }
                let put = self.send_whole(object, key, PutMode::Overwrite).await?;
                match put {
                    Ok(()) => Ok(()),
                    Err(e) => {
                        self.unknown(object, key, self.failure("put", key, &e))
                            .await
                    }
                }
            }
            Err(error) => {
                self.unknown(object, key, self.failure("put", key, &error))
                    .await
            }
        }
    }

    /// The outcome of a request without an answer is looked up. To put again would not always
    /// find it out: a server that refuses before it has read the body resets the connection, and
    /// its refusal is never heard.
    async fn unknown(&self, object: &Object, key: &Key, failure: Failure) -> Result<(), Failure> {
        if failure.verdict != Verdict::Retry {
            return Err(failure);
        }
        match self.is_held(object, key).await {
            Ok(true) => Ok(()),
            Err(other) if other.verdict == Verdict::Halt => Err(other),
            Ok(false) | Err(_) => Err(failure),
        }
    }

    /// The outer error is our side's, the inner one the store's.
    async fn send_whole(
        &self,
        object: &Object,
        key: &Key,
        mode: PutMode,
    ) -> Result<Result<(), Error>, Failure> {
        let memory = self.inner.memory.take(object.size).await;
        let (store, key, object) = (self.inner.store.clone(), key.clone(), object.clone());
        let storing = &self.inner.place.storing;
        let (attributes, tags) = (attributes(&object, storing), storing.tag_set());
        let send = move |runtime: tokio::runtime::Handle| {
            let bytes = read::range(&object, 0..object.size)?;
            let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
            hash.update(&bytes);
            read::check(&object, hash)?;
            let options = PutOptions {
                mode,
                attributes,
                tags,
                ..PutOptions::default()
            };
            let payload = PutPayload::from(bytes);
            let put = runtime.block_on(store.put_opts(&key, payload, options));
            drop(memory);
            Ok(put.map(drop))
        };
        on_a_thread(send).await
    }

    /// Rule 17: whether the object is there. `Err` where the key holds something else.
    async fn is_held(&self, object: &Object, key: &Key) -> Result<bool, Failure> {
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let there = match self.inner.store.get_opts(key, head).await {
            Ok(there) => there,
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(self.failure("look at", key, &error)),
        };
        let hash = there.attributes.get(&Attribute::Metadata(HASH.into()));
        let hash = hash.map(AsRef::as_ref);
        if hash == Some(object.hash.as_str()) && there.meta.size == object.size {
            return Ok(true);
        }
        Err(Failure::halt(format!(
            "{key} in {} exists with other content than the sealed file {}: it has {} bytes and {}, the file has {} bytes and SHA-256 {}; move it away, and delivery goes on",
            self.inner.place,
            object.path.display(),
            there.meta.size,
            hash.map_or("no hash of ours".to_owned(), |hash| format!(
                "SHA-256 {hash}"
            )),
            object.size,
            object.hash
        )))
    }

    fn failure(&self, doing: &str, key: &Key, error: &Error) -> Failure {
        Reply::of(error).failure(doing, key.as_ref(), &self.inner.place)
    }
}

impl Destination for Bucket {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        let mut results = Vec::with_capacity(group.len());
        for object in group {
            results.push(self.put(object).await.map(|()| Outcome::Delivered));
        }
        results
    }
}

/// What an object says of itself.
fn attributes(object: &Object, storing: &Storing) -> Attributes {
    let Provenance {
        lane,
        run,
        first,
        last,
        records,
    } = object.provenance;
    let named = [
        (HASH, object.hash.clone()),
        ("standpipe-lane", lane.to_string()),
        ("standpipe-run", run.to_string()),
        ("standpipe-first", first.to_string()),
        ("standpipe-last", last.to_string()),
        ("standpipe-records", records.to_string()),
    ];
    let metadata = named.map(|(name, value)| (Attribute::Metadata(name.into()), value));
    let mut attributes = Attributes::from_iter(metadata);
    attributes.insert(Attribute::ContentType, CONTENT_TYPE.into());
    storing.describe(&mut attributes);
    if let Some(encoding) = &object.encoding {
        attributes.insert(Attribute::ContentEncoding, encoding.clone().into());
    }
    attributes
}

/// Runs what reads a file and signs what it read, which hashes all of it, on a thread made for
/// blocking: not on one that answers requests.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce(tokio::runtime::Handle) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Handle::current();
    match tokio::task::spawn_blocking(move || work(runtime)).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(e) => Err(Failure::retry(format!("an upload was interrupted: {e}"))),
    }
}
