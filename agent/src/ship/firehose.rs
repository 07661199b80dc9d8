//! An endpoint of Firehose, from outside: `PutRecordBatch`, signed, again and again until every
//! record of a request is taken.
//!
//! It takes records at least once. What it did not take is known and sent again alone; what it was
//! asked and did not answer may have been taken, and is sent again all the same. A request of ours
//! is acknowledged when its last record is, so that progress moves by whole requests, in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Url};
use standpipe_config::frame::Reply;
use standpipe_config::names::StreamName;
use standpipe_config::settings::agent;
use standpipe_config::tls::authorities;

use super::client::{NoClient, Trouble};
use credentials::{Credentials, now};
use sign::{Request, authorization};

mod credentials;
mod parcel;
mod said;
mod sign;
mod sources;
#[cfg(test)]
mod stand_in;

pub use parcel::Parcel;

/// How long a reply may take.
const REPLY: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What every request to Firehose's API says it is.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// The only operation that is called.
const OPERATION: &str = "Firehose_20150804.PutRecordBatch";

/// An endpoint of Firehose.
#[derive(Debug)]
pub struct Firehose {
    http: reqwest::Client,
    url: Url,
    region: String,
    credentials: Arc<Credentials>,
}

impl Firehose {
    /// The endpoint that the settings name. Needs a TLS provider installed in the process. Blocks,
    /// as it may read a certificate.
    pub fn new(settings: &agent::Firehose) -> Result<Self, NoClient> {
        let mut http = reqwest::Client::builder()
            .timeout(REPLY)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("standpipe-agent/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        if let Some(ca) = &settings.ca {
            http = http.tls_certs_only(Certificate::from_pem_bundle(&authorities(ca)?)?);
        }
        let url = Url::parse(&settings.endpoint).map_err(|error| NoClient::Address {
            address: settings.endpoint.clone(),
            why: error.to_string(),
        })?;
        Ok(Self {
            http: http.build()?,
            url,
            region: settings.region.clone(),
            credentials: Arc::new(Credentials::new(settings.key.clone())),
        })
    }

    /// Sends what is left of a parcel. After trouble the parcel holds what was not taken, or may
    /// not have been.
    pub async fn send(&self, stream: &StreamName, parcel: &mut Parcel) -> Result<Reply, Trouble> {
        while let Some((body, count)) = parcel.call(stream) {
            let answer = self.put(body).await?;
            let refused = said::refused(&answer, count)?;
            parcel.settle(count, &refused.places);
            if let Some(why) = refused.why() {
                return Err(Trouble::Passing { why, after: None });
            }
        }
        Ok(parcel.reply())
    }

    /// One call; the body of its answer.
    async fn put(&self, body: Vec<u8>) -> Result<Bytes, Trouble> {
        let headers = self.headers(&body).await?;
        let request = self.http.post(self.url.clone()).headers(headers).body(body);
        let response = request.send().await.map_err(|e| self.unreached(&e))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(|e| self.unreached(&e))?;
        if status.is_success() {
            return Ok(body);
        }
        let refusal = said::refusal(status, &headers, &body);
        if refusal.wants_other_credentials {
            self.credentials.forget().await;
        }
        Err(refusal.trouble)
    }

    /// The headers of a call, its signature among them.
    async fn headers(&self, body: &[u8]) -> Result<HeaderMap, Trouble> {
        let keys = self.credentials.keys(&self.http).await?;
        let time = now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = host(&self.url);
        let mut named = vec![
            ("content-type", MEDIA_TYPE.to_owned()),
            ("host", host),
            ("x-amz-date", time.clone()),
            ("x-amz-target", OPERATION.to_owned()),
        ];
        if let Some(token) = &keys.token {
            named.insert(3, ("x-amz-security-token", token.clone()));
        }
        let request = Request {
            path: self.url.path(),
            headers: &named,
            body,
            time: &time,
        };
        let signed = authorization(&request, &keys, &self.region);
        named.push(("authorization", signed));
        let mut headers = HeaderMap::new();
        for (name, value) in named.iter().filter(|(name, _)| *name != "host") {
            let value = HeaderValue::from_str(value).map_err(|_| {
                let why = format!("the credentials of AWS make no HTTP header {name}: they hold a character that is none");
                Trouble::Operator(why)
            })?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }

    fn unreached(&self, error: &reqwest::Error) -> Trouble {
        let mut why = format!("cannot reach Firehose at {}: {error}", self.url);
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            why.push_str(&format!(": {deeper}"));
            cause = deeper.source();
        }
        Trouble::Passing { why, after: None }
    }
}

/// The header `Host` as the HTTP client writes it.
fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
