//! Object storage for tests: real servers of two makes, one in this process whose faults are
//! commanded, and what lies in their buckets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use futures::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{Attribute, ObjectStore as _, ObjectStoreExt as _};

use crate::trouble::{Attempting, Outcome};

pub mod commanded;
pub mod server;

/// The bucket that every server has.
pub const BUCKET: &str = "logs";
/// Whom every server knows.
pub const KEY_ID: &str = "standpipe-test";
/// The secret of whom every server knows.
pub const SECRET: &str = "standpipe-test-secret";

/// The bucket of a server, as its owner sees it.
pub struct Contents {
    store: AmazonS3,
}

impl Contents {
    /// Of the server at an address.
    pub fn at(address: SocketAddr) -> Outcome<Self> {
        provide_tls();
        let store = AmazonS3Builder::new()
            .with_endpoint(format!("http://{address}"))
            .with_allow_http(true)
            .with_bucket_name(BUCKET)
            .with_access_key_id(KEY_ID)
            .with_secret_access_key(SECRET)
            .build()?;
        Ok(Self { store })
    }

    /// The keys of all objects, sorted.
    pub fn keys(&self) -> Outcome<Vec<String>> {
        let listed = self.store.list(None);
        let objects: Vec<_> = wait(listed.try_collect())?.attempting("list the bucket")?;
        let mut keys: Vec<_> = objects
            .into_iter()
            .map(|o| o.location.to_string())
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// The bytes of an object.
    pub fn get(&self, key: &str) -> Outcome<Vec<u8>> {
        let key = Key::parse(key)?;
        let got = wait(async { self.store.get(&key).await?.bytes().await })?;
        Ok(got.attempting(format!("get {key}"))?.to_vec())
    }

    /// Puts an object that is none of ours.
    pub fn put(&self, key: &str, bytes: &[u8]) -> Outcome {
        let key = Key::parse(key)?;
        let put = wait(self.store.put(&key, bytes.to_vec().into()))?;
        put.attempting(format!("put {key}")).map(drop)
    }

    /// Copies all objects into a folder, each under its key.
    pub fn download(&self, folder: &Path) -> Outcome {
        for key in self.keys()? {
            let path = folder.join(&key);
            std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
            std::fs::write(&path, self.get(&key)?).attempting(format!("write {key}"))?;
        }
        Ok(())
    }

    /// What an object says of itself.
    pub fn metadata(&self, key: &str) -> Outcome<BTreeMap<String, String>> {
        let key = Key::parse(key)?;
        let got = wait(async { self.store.get(&key).await })?;
        let said = got.attempting(format!("get {key}"))?.attributes;
        let named = said.iter().filter_map(|(name, value)| match name {
            Attribute::Metadata(name) => Some((name.to_string(), value.as_ref().to_owned())),
            _ => None,
        });
        Ok(named.collect())
    }

    /// Begins a multipart upload and leaves it; its id.
    pub fn begin_upload(&self, key: &str) -> Outcome<String> {
        use object_store::multipart::MultipartStore as _;
        let key = Key::parse(key)?;
        let begun = wait(self.store.create_multipart(&key))?;
        begun.attempting(format!("begin an upload of {key}"))
    }

    /// The keys of uploads that were neither completed nor aborted, as the server lists them.
    pub fn uploads(&self, address: SocketAddr) -> Outcome<String> {
        use object_store::signer::{SignedUrlOptions, Signer as _};
        let options = SignedUrlOptions::default().with_query([("uploads", "")]);
        let minute = std::time::Duration::from_secs(60);
        let root = Key::default();
        let signed = self
            .store
            .signed_url_opts(hyper::Method::GET, &root, minute, &options);
        let url = wait(signed)??;
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let answer = crate::http::get(address, &path)?.ok()?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

/// Waits for an answer without a runtime of the caller's.
fn wait<T: Send>(answer: impl Future<Output = T> + Send) -> Outcome<T> {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .attempting("start a runtime")?;
            Ok(runtime.block_on(answer))
        });
        waiting
            .join()
            .unwrap_or_else(|_| Err(crate::Trouble::new("a client failed")))
    })
}

/// The crypto provider of this process.
pub fn provide_tls() {
    // A second call is no trouble: one is there then.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
