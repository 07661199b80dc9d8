//! The `opensearch` destination: a cluster of OpenSearch or Elasticsearch, each record a document.
//!
//! A sealed file is the source of its bulk requests: index, id and version of a document follow
//! from the record alone, so whoever sends it again sends the same. A document that is there already
//! is done (409), what the cluster is too busy for is sent again, what it refuses for its content
//! goes under the error prefix, and what concerns all documents halts. What is left open by a lost
//! reply is settled in [`lookup`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::Method;
use standpipe_config::names::Arrival;
use tokio::time::Instant;

use super::s3::memory::UploadMemory;
use super::{Destination, Object, Outcome};
use crate::failure::Failure;
use attempt::Attempt;
use client::{Answer, Asked, Client, JSON};
use progress::Progress;
use window::Window;

pub use place::{Access, Document, Place};

mod access;
mod attempt;
mod client;
mod compose;
mod field;
mod lookup;
mod place;
mod prepare;
mod progress;
mod reply;
mod window;

/// The error type of records that are refused. Of the three spellings in AWS's own texts this is
/// that of its API (reference G.1).
pub const ERROR_TYPE: &str = "AmazonOpenSearchService-failed";

/// Bytes of a bulk request, unless the cluster takes less: large enough to be worth it, so small that
/// several are under way.
const BODY: usize = 4 * 1024 * 1024;

/// However small the bodies are that a cluster takes, no smaller ones are tried for several documents.
const SMALLEST_BODY: usize = 16 * 1024;

/// A cluster that takes documents. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    client: Client,
    memory: UploadMemory,
    window: Window,
    bulk_path: String,
    /// Bytes of a bulk request that the cluster takes, as far as it is known.
    largest: AtomicUsize,
    /// Done once: what must be there, and be known, before anything is sent.
    prepared: tokio::sync::OnceCell<()>,
    /// How far the files are that were tried, by key.
    files: Mutex<BTreeMap<String, Arc<Mutex<Progress>>>>,
}

impl Cluster {
    /// A cluster; its secrets are read, but nobody is asked yet.
    pub fn open(place: &Place, memory: &UploadMemory) -> Result<Self, Failure> {
        let timeout = place.timeout;
        let pipeline = match &place.pipeline {
            Some(name) => format!("&pipeline={name}"),
            None => String::new(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                client: Client::open(place)?,
                place: place.clone(),
                memory: memory.clone(),
                window: Window::new(),
                bulk_path: format!(
                    "/_bulk?filter_path=items.*.status,items.*.error&timeout={timeout}ms{pipeline}"
                ),
                largest: AtomicUsize::new(BODY),
                prepared: tokio::sync::OnceCell::new(),
                files: Mutex::default(),
            }),
        })
    }

    /// Asks whether we are let in.
    pub async fn preflight(&self) -> Result<(), Failure> {
        self.inner.preflight().await
    }

    async fn put(&self, object: &Object) -> Result<Outcome, Failure> {
        let progress = self.inner.progress_of(object);
        let attempt = Attempt::new(&self.inner, object, progress);
        attempt.run().await?;
        self.inner.files().remove(&object.key);
        let progress = std::mem::take(&mut *attempt.progress());
        Ok(progress.into_rejections().outcome())
    }
}

impl Destination for Cluster {
    async fn deliver(&self, group: &[Object]) -> Vec<Result<Outcome, Failure>> {
        let mut results = Vec::with_capacity(group.len());
        for object in group {
            results.push(self.put(object).await);
        }
        results
    }
}

impl Inner {
    fn progress_of(&self, object: &Object) -> Arc<Mutex<Progress>> {
        let begun = || match object.notes.known().sent {
            true => Progress::resumed(Instant::now()),
            false => Progress::default(),
        };
        let mut files = self.files();
        let progress = files
            .entry(object.key.clone())
            .or_insert_with(|| Arc::new(Mutex::new(begun())));
        progress.clone()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<Progress>>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }

    /// The cluster takes no larger requests.
    fn learn(&self, bytes: usize) {
        let bytes = bytes.max(SMALLEST_BODY);
        self.largest.fetch_min(bytes, Ordering::Relaxed);
    }

    /// Asks for the index of the moment: whether it is there or not, we must be let in.
    async fn preflight(&self) -> Result<(), Failure> {
        let index = self.place.index_of(Arrival::now()).map_err(Failure::halt)?;
        let path = format!("/{}", encoded(&index));
        let asked = self.client.ask(Method::HEAD, &path, (JSON, Bytes::new()));
        match asked.await {
            Asked::NotSent(why) | Asked::Unknown(why) => Err(Failure::retry(format!(
                "{} does not answer: {why}",
                self.place
            ))),
            Asked::Answered(answer) => match answer.status {
                200..=299 | 404 => Ok(()),
                429 | 500.. => Err(Failure::retry(format!(
                    "{} is not ready: {}",
                    self.place,
                    answer.said()
                ))),
                _ => Err(self.refuses("us", &answer)),
            },
        }
    }

    /// What is refused for a reason that an operator must look at.
    fn refuses(&self, what: &str, answer: &Answer) -> Failure {
        let advice = match answer.status {
            401 => "correct user, password or key",
            403 => "give us the right to create and index documents and to get them",
            404 => "create it, or correct the settings",
            _ => "correct the settings, or the cluster",
        };
        Failure::halt(format!(
            "{} refuses {what}: {}; {advice}",
            self.place,
            answer.said()
        ))
    }
}

/// A name as it stands in the path of an address.
fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(byte.into()),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
