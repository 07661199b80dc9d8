//! Which bucket, and how to get in: what the checkpoint keeps of it (rule 16), and the connection.

use std::fmt;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use serde::{Deserialize, Serialize};
use standpipe_config::secret::{Secret, SecretSource};
use standpipe_config::settings::delivery as settings;

use super::storing::Storing;
use crate::aws::chain;
use crate::failure::Failure;

/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long a request may take, its body included: four parts at once need 2.2 Mbit/s then.
const REQUEST: Duration = Duration::from_secs(120);

/// A bucket, and who asks there. Never a secret: only where it is to be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The address of the server; `None`: AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The bucket's name.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket's name stands in the path of an address, and not in its host.
    pub path_style: bool,
    /// Who asks; `None`: whom the usual AWS chain finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// How objects are stored there.
    #[serde(default, skip_serializing_if = "Storing::is_default")]
    pub storing: Storing,
}

/// An access key, by reference.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Its id, which is no secret.
    pub key_id: String,
    /// Where its secret is to be found.
    pub secret: SecretSource,
}

impl Place {
    /// What the settings say.
    pub fn of(destination: &settings::S3Destination) -> Self {
        let bucket = &destination.bucket;
        let access = bucket.access.as_ref().map(|access| Access {
            key_id: access.key_id.clone(),
            secret: access.secret.source().clone(),
        });
        Self {
            endpoint: bucket.endpoint.clone(),
            bucket: bucket.name.clone(),
            region: bucket.region.clone(),
            path_style: bucket.path_style,
            access,
            storing: Storing::of(&destination.storing),
        }
    }

    /// Whether both are one bucket, whoever asks there.
    pub fn is_place(&self, other: &Self) -> bool {
        (&self.endpoint, &self.bucket) == (&other.endpoint, &other.bucket)
    }

    /// A client for the bucket, which tries a request again so often. Reads the secret; asks nobody
    /// yet.
    pub(super) fn connect(&self, max_retries: usize) -> Result<AmazonS3, Failure> {
        let mut options = ClientOptions::new()
            .with_connect_timeout(CONNECTING)
            .with_timeout(REQUEST);
        let mut builder = self.access()?;
        if let Some(endpoint) = &self.endpoint {
            options = options.with_allow_http(endpoint.starts_with("http://"));
            builder = builder.with_endpoint(self.address(endpoint));
        }
        let builder = self
            .storing
            .tell(builder)?
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_client_options(options)
            .with_retry(retries(max_retries));
        let build = |builder: AmazonS3Builder| {
            let built = builder.build();
            built.map_err(|e| Failure::halt(format!("{self} cannot be asked: {e}")))
        };
        if self.access.is_some() {
            return build(builder);
        }
        // Only the store itself can be asked whom the chain finds.
        let keys = chain::remembered(build(builder.clone())?.credentials());
        build(builder.with_credentials(keys))
    }

    fn access(&self) -> Result<AmazonS3Builder, Failure> {
        let Some(access) = &self.access else {
            return chain::builder();
        };
        let secret = Secret::read(access.secret.clone())
            .map_err(|e| Failure::halt(format!("{self} cannot be asked: {e}")))?;
        Ok(AmazonS3Builder::new()
            .with_access_key_id(&access.key_id)
            .with_secret_access_key(secret.expose()))
    }

    /// The server's address, with the bucket in its host where it belongs there.
    fn address(&self, endpoint: &str) -> String {
        match endpoint.split_once("://") {
            Some((scheme, host)) if !self.path_style => {
                format!("{scheme}://{}.{host}", self.bucket)
            }
            _ => endpoint.to_owned(),
        }
    }
}

/// For one request; the delivery loop tries a file again and again.
fn retries(max_retries: usize) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries,
        retry_timeout: Duration::from_secs(30),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.as_deref().unwrap_or("AWS");
        write!(f, "the bucket {} at {endpoint}", self.bucket)
    }
}

#[cfg(test)]
mod tests;
