//! Object storage: what is delivered there is there once, whatever the store and the network do.
//! One object at a time against servers of three makes, and both programs against the real ones.

#![allow(clippy::unwrap_used, reason = "a test may be blunt")]

mod bodies;
mod both;
mod faults;
#[cfg(feature = "faults")]
mod matrix;
mod names;
mod objects;
mod refusals;
mod rows;
mod start;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use standpipe_config::names::{LaneId, Run};
use standpipe_config::secret::SecretSource;
use standpipe_delivery::destination::s3::memory::UploadMemory;
use standpipe_delivery::destination::s3::{Access, Bucket, Place, Storing};
use standpipe_delivery::destination::{
    Attempts, Destination as _, Note, Notes, Object, Provenance, content_hash,
};
use standpipe_delivery::failure::Failure;
use standpipe_tests::Outcome;
use standpipe_tests::s3::{self, BUCKET, KEY_ID, SECRET};

/// Above this many bytes an object goes up in parts.
const PART: usize = 8 * 1024 * 1024;

/// A sealed file, and the notes that are kept of the attempts at it.
struct Sealed {
    object: Object,
    notes: Arc<Mutex<Vec<Attempts>>>,
}

/// Writes a sealed file with these bytes, to be delivered as `key`.
fn seal(folder: &Path, key: &str, bytes: &[u8]) -> Outcome<Sealed> {
    let path = folder.join(format!("sealed-{}", key.replace('/', "_")));
    std::fs::write(&path, bytes)?;
    Ok(Sealed {
        object: Object {
            key: key.to_owned(),
            size: bytes.len() as u64,
            hash: content_hash(&path)?,
            encoding: Some("gzip".to_owned()),
            path,
            provenance: Provenance {
                lane: LaneId([1; 16]),
                run: Run([2; 8]),
                first: 10,
                last: 19,
                records: 10,
            },
            rows: None,
            waiting_from: 0,
            is_last_try: false,
            notes: notes(Attempts::default()).0,
        },
        notes: Arc::default(),
    })
}

impl Sealed {
    /// One attempt, with notes that are kept as a checkpoint would.
    async fn deliver(&self, bucket: &Bucket) -> Result<(), Failure> {
        let known = self.last_note();
        let (notes, mut taken) = notes(known);
        let kept = self.notes.clone();
        let keeper = tokio::spawn(async move {
            while let Some(note) = taken.recv().await {
                kept.lock().unwrap().push(note.attempts);
                let _ = note.kept.send(Ok(()));
            }
        });
        let object = Object {
            notes,
            ..self.object.clone()
        };
        let mut results = bucket.deliver(std::slice::from_ref(&object)).await;
        drop(object);
        keeper.abort();
        results.remove(0).map(drop)
    }

    /// Attempts until one is not told to try again; how many it took, and the last one's result.
    async fn deliver_at_last(&self, bucket: &Bucket) -> (u32, Result<(), Failure>) {
        use standpipe_delivery::failure::Verdict;
        let mut tries = 1;
        loop {
            match self.deliver(bucket).await {
                Err(failure) if failure.verdict == Verdict::Retry && tries < 50 => tries += 1,
                result => return (tries, result),
            }
        }
    }

    fn last_note(&self) -> Attempts {
        self.notes
            .lock()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or_default()
    }
}

/// Notes on one file.
fn notes(known: Attempts) -> (Notes, tokio::sync::mpsc::Receiver<Note>) {
    let (mut notes, taken) = Notes::of([(1, known)]);
    (notes.remove(0), taken)
}

/// The bucket that every server has, with the secret in a file of `folder`.
fn place(address: SocketAddr, folder: &Path) -> Outcome<Place> {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET)?;
    Ok(Place {
        endpoint: Some(format!("http://{address}")),
        bucket: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        path_style: true,
        access: Some(Access {
            key_id: KEY_ID.to_owned(),
            secret: SecretSource::File(secret),
        }),
        storing: Storing::default(),
    })
}

/// Opened anew, as after a restart: nothing is in memory.
fn open(place: &Place) -> Outcome<Bucket> {
    s3::provide_tls();
    Ok(Bucket::open(place, &UploadMemory::of(64 * 1024 * 1024))?)
}

/// Bytes that look random and are the same each time.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

/// Runs a test's asynchronous part.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(test)
}
