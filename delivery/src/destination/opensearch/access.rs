//! Who asks a cluster: what is added to a request so that it lets us in.

use base64_simd::STANDARD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use standpipe_config::secret::{Secret, SecretSource, known};

use super::place::{Access, Place};
use crate::aws::Signer;
use crate::failure::Failure;

/// What lets us in.
#[derive(Clone)]
pub(super) enum Entry {
    Open,
    /// The value of `Authorization`.
    Header(HeaderValue),
    /// Each request is signed.
    Signed(Signer),
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(…)")
    }
}

impl Entry {
    /// Reads the secrets.
    pub(super) fn of(place: &Place) -> Result<Self, Failure> {
        let read = |source: &SecretSource| {
            Secret::read(source.clone())
                .map_err(|e| Failure::halt(format!("{place} cannot be asked: {e}")))
        };
        Ok(match &place.access {
            Access::Open => Self::Open,
            Access::Basic { user, password } => {
                let both = format!("{user}:{}", read(password)?.expose());
                let both = STANDARD.encode_to_string(both);
                known::remember(&both);
                Self::Header(header(&format!("Basic {both}"), place)?)
            }
            Access::ApiKey(key) => {
                let key = read(key)?;
                Self::Header(header(&format!("ApiKey {}", key.expose()), place)?)
            }
            Access::SigV4 {
                service,
                region,
                key,
            } => {
                let key = match key {
                    Some((id, secret)) => Some((id.as_str(), read(secret)?)),
                    None => None,
                };
                Self::Signed(Signer::of(key, (service, region))?)
            }
        })
    }

    /// Headers for a request. Hashes the body where it is signed: not for a thread that answers.
    pub(super) async fn headers(
        &self,
        method: &reqwest::Method,
        url: &str,
        content: (&'static str, &Bytes),
    ) -> Result<HeaderMap, String> {
        let (content_type, body) = content;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        match self {
            Self::Open => {}
            Self::Header(value) => drop(headers.insert(AUTHORIZATION, value.clone())),
            Self::Signed(signer) => headers = signer.sign((method, url), headers, body).await?,
        }
        Ok(headers)
    }
}

fn header(text: &str, place: &Place) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Failure::halt(format!("{place} cannot be asked: its secret is no header")))?;
    value.set_sensitive(true);
    Ok(value)
}
