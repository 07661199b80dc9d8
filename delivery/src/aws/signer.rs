//! Signatures of AWS, version 4, for requests that are not to object storage.

use std::fmt;
use std::sync::Arc;

use axum::http::Request;
use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::HttpRequest;
use reqwest::Method;
use reqwest::header::HeaderMap;
use standpipe_config::secret::Secret;

use super::chain;
use crate::failure::Failure;

/// Signs requests to one service in one region. A handle: clones are the same.
#[derive(Clone)]
pub struct Signer {
    keys: AwsCredentialProvider,
    service: Arc<str>,
    region: Arc<str>,
}

impl Signer {
    /// With this key and secret; `None`: with whom the AWS chain finds, again and again.
    pub fn of(
        key: Option<(&str, Secret)>,
        (service, region): (&str, &str),
    ) -> Result<Self, Failure> {
        let builder = match key {
            Some((id, secret)) => AmazonS3Builder::new()
                .with_access_key_id(id)
                .with_secret_access_key(secret.expose()),
            None => chain::builder()?,
        };
        // Only the store itself can be asked for the key that it would sign with.
        let store = builder
            .with_bucket_name("unused")
            .with_region("us-east-1")
            .build()
            .map_err(|e| Failure::halt(format!("no key of AWS is to be had: {e}")))?;
        Ok(Self {
            keys: store.credentials().clone(),
            service: service.into(),
            region: region.into(),
        })
    }

    /// The headers of a request, those of its signature among them. `headers` are signed too, and
    /// must be sent as they are. Hashes the body on a thread made for it.
    pub async fn sign(
        &self,
        (method, url): (&Method, &str),
        headers: HeaderMap,
        body: &Bytes,
    ) -> Result<HeaderMap, String> {
        let key = self.keys.get_credential().await;
        let key = key.map_err(|e| format!("no key of AWS is to be had: {e}"))?;
        chain::remember(&key);
        let request = Request::builder().method(method).uri(url);
        let mut request = request
            .body(body.clone().into())
            .map_err(|e| e.to_string())?;
        *request.headers_mut() = headers;
        let signer = self.clone();
        match tokio::task::spawn_blocking(move || signer.add(request, &key)).await {
            Ok(signed) => signed,
            Err(e) => Err(format!("a request was not signed: {e}")),
        }
    }

    fn add(&self, mut request: HttpRequest, key: &AwsCredential) -> Result<HeaderMap, String> {
        let authorizer = AwsAuthorizer::new(key, &self.service, &self.region);
        let signed = authorizer.try_authorize(&mut request, None);
        signed.map_err(|e| format!("a request was not signed: {e}"))?;
        Ok(request.headers().clone())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, {})", self.service, self.region)
    }
}
