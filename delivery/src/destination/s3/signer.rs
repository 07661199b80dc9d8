//! Keys of AWS for requests that are not to object storage: one that the settings name, or whom
//! the usual chain finds.

use std::fmt;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AwsCredential, AwsCredentialProvider};
use standpipe_config::secret::Secret;

use super::chain;
use crate::failure::Failure;

/// Finds the key that a request is signed with.
pub struct Signer(AwsCredentialProvider);

impl Signer {
    /// With this key and secret; `None`: with whom the AWS chain finds, again and again.
    pub fn of(key: Option<(&str, Secret)>) -> Result<Self, Failure> {
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
        Ok(Self(store.credentials().clone()))
    }

    /// The key, fresh.
    pub async fn credential(&self) -> Result<Arc<AwsCredential>, String> {
        let found = self.0.get_credential().await;
        found.map_err(|e| format!("no key of AWS is to be had: {e}"))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}
