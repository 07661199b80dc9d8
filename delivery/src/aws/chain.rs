//! The usual AWS chain: who asks, where the settings name nobody.
//!
//! In this order: the environment's key, a web identity, the shared credentials file, a container's
//! role, the instance's role. Of the environment only what says who asks is taken; which bucket it
//! is, and where, is the settings' alone (rule 16).

use std::env;
use std::pin::Pin;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::client::CredentialProvider;
use standpipe_config::profile::{self, Profile};
use standpipe_config::secret::known;

use crate::failure::Failure;

/// What the environment may say.
const VARIABLES: &[(&str, AmazonS3ConfigKey)] = &[
    ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
    ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
    (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        AmazonS3ConfigKey::WebIdentityTokenFile,
    ),
    ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
    ("AWS_ROLE_SESSION_NAME", AmazonS3ConfigKey::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", AmazonS3ConfigKey::StsEndpoint),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        AmazonS3ConfigKey::ContainerCredentialsFullUri,
    ),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        AmazonS3ConfigKey::ContainerAuthorizationTokenFile,
    ),
];

/// Whoever the environment names, found when the first request is signed.
pub(crate) fn builder() -> Result<AmazonS3Builder, Failure> {
    from(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The same with an environment of the caller's.
fn from(variable: impl Fn(&str) -> Option<String>) -> Result<AmazonS3Builder, Failure> {
    let mut builder = AmazonS3Builder::new();
    for (name, key) in VARIABLES {
        if let Some(value) = variable(name) {
            builder = builder.with_config(*key, value);
        }
    }
    let named = |name: &str| variable(name).is_some();
    let has_key = named("AWS_ACCESS_KEY_ID") && named("AWS_SECRET_ACCESS_KEY");
    if has_key || (named("AWS_WEB_IDENTITY_TOKEN_FILE") && named("AWS_ROLE_ARN")) {
        return Ok(builder);
    }
    let profile = profile::find(&variable).map_err(|e| Failure::halt(e.to_string()))?;
    Ok(match profile {
        Some(Profile {
            key_id,
            secret,
            token,
        }) => {
            let builder = builder
                .with_access_key_id(key_id)
                .with_secret_access_key(secret);
            match token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
        None => builder,
    })
}

/// A server may echo a key's secret or its token: they are masked from now on.
pub(super) fn remember(key: &AwsCredential) {
    known::remember(&key.secret_key);
    key.token.iter().for_each(|token| known::remember(token));
}

/// Whom the chain finds, remembered whenever he is asked: a role gets another key every hour.
#[derive(Debug)]
struct Remembered(AwsCredentialProvider);

/// The same keys, remembered.
pub(crate) fn remembered(keys: &AwsCredentialProvider) -> AwsCredentialProvider {
    Arc::new(Remembered(keys.clone()))
}

/// A key, or why there is none.
type Found = object_store::Result<Arc<AwsCredential>>;

impl CredentialProvider for Remembered {
    type Credential = AwsCredential;

    fn get_credential<'a, 'b>(&'a self) -> Pin<Box<dyn Future<Output = Found> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let key = self.0.get_credential().await?;
            remember(&key);
            Ok(key)
        })
    }
}

#[cfg(test)]
mod tests;
