//! A function of AWS Lambda, or of what speaks its Invoke API: called as Firehose calls it, with
//! requests that are signed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use standpipe_config::names::StreamName;
use standpipe_config::secret::Secret;
use standpipe_config::settings::delivery::{LambdaHook, Transform as Settings};

use super::call::{JSON, Refusal, answered, aside, client, fault, is_there, request_body, within};
use super::event::Head;
use super::{Fault, Outcome, Transform};
use crate::aws::Signer;
use crate::failure::Failure;
use crate::record::portion::Portion;

/// What is to become of a request: an invocation, or only a look whether one would be allowed.
const TYPE: &str = "x-amz-invocation-type";

/// The exception that a refusal is.
const EXCEPTION: &str = "x-amzn-errortype";

/// Exceptions of the Invoke API, Firehose's codes for them (reference D.4), and what an operator
/// can do.
const REFUSALS: &[(&str, &str, &str)] = &[
    (
        "AccessDeniedException",
        "Lambda.InvokeAccessDenied",
        NOT_ALLOWED,
    ),
    (
        "ResourceNotFoundException",
        "Lambda.ResourceNotFound",
        NOT_FOUND,
    ),
    (
        "TooManyRequestsException",
        "Lambda.InvokeLimitExceeded",
        "lower in_flight, or raise the function's concurrency",
    ),
    (
        "UnrecognizedClientException",
        "Lambda.InvalidSecurityToken",
        BAD_KEY,
    ),
    (
        "InvalidSignatureException",
        "Lambda.InvalidSecurityToken",
        BAD_KEY,
    ),
    (
        "ExpiredTokenException",
        "Lambda.InvalidSecurityToken",
        BAD_KEY,
    ),
    ("ServiceException", "Lambda.InternalServerError", ""),
    (
        "InvalidZipFileException",
        "Lambda.InvalidZipFileException",
        "",
    ),
    (
        "InvalidSubnetIDException",
        "Lambda.InvalidSubnetIDException",
        "",
    ),
    (
        "InvalidSecurityGroupIDException",
        "Lambda.InvalidSecurityGroupIDException",
        "",
    ),
    (
        "SubnetIPAddressLimitReachedException",
        "Lambda.SubnetIPAddressLimitReachedException",
        "",
    ),
    (
        "ENILimitReachedException",
        "Lambda.ENILimitReachedException",
        "",
    ),
];

const NOT_ALLOWED: &str = "give whoever asks the right lambda:InvokeFunction on it";
const NOT_FOUND: &str = "correct function, region or endpoint";
const BAD_KEY: &str =
    "correct access_key_id, secret_access_key and region, or this machine's clock";

/// A function of AWS Lambda.
#[derive(Debug)]
pub struct Lambda {
    hook: LambdaHook,
    client: Client,
    /// What it is called in messages.
    name: String,
    url: String,
    /// Made anew after we were refused: the secret may be another by then.
    signer: Mutex<Signer>,
    head: Head,
    timeout: Duration,
}

impl Lambda {
    /// Makes a client; the secret is read. Asks nobody yet.
    pub fn open(
        hook: &LambdaHook,
        settings: &Settings,
        stream: &StreamName,
    ) -> Result<Self, Failure> {
        let endpoint = match &hook.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => of_aws(&hook.region),
        };
        let name = format!("the Lambda function {} at {endpoint}", hook.function);
        Ok(Self {
            hook: hook.clone(),
            client: client(&endpoint, settings.timeout)?,
            url: invocations(&endpoint, &hook.function),
            signer: Mutex::new(signer(hook, &name)?),
            name,
            head: Head::new(stream, &hook.region),
            timeout: settings.timeout,
        })
    }

    /// Whether it is there and may be called. It is not called.
    pub async fn preflight(&self) -> Result<(), Failure> {
        let request = self.request("DryRun", Bytes::new()).await;
        let request = request.map_err(|fault| Failure::retry(fault.message))?;
        let answer = is_there(request, &self.name).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        let refusal = Refusal::of(answer).await;
        Err(Failure::retry(self.refused(&refusal).message))
    }

    async fn ask(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let (head, records) = (self.head.clone(), portion.clone());
        let body = aside(move || request_body(&head, &records, false)).await?;
        let request = self.request("RequestResponse", body).await?;
        answered(request, &self.name, portion, |refusal| {
            self.refused(refusal)
        })
        .await
    }

    async fn request(&self, what: &'static str, body: Bytes) -> Result<RequestBuilder, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(TYPE, HeaderValue::from_static(what));
        let to = (&Method::POST, self.url.as_str());
        let signer = lock(&self.signer).clone();
        let signed = signer.sign(to, headers, &body).await;
        let headers = signed.map_err(|why| {
            let message = format!("{} cannot be called: {why}", self.name);
            fault("Lambda.InvalidSecurityToken", message)
        })?;
        Ok(self.client.post(&self.url).headers(headers).body(body))
    }

    /// What a refusal means. Each is tried again. A function that fails is no refusal: whoever is
    /// in the way of calling it counts as one that is not there.
    fn refused(&self, refusal: &Refusal) -> Fault {
        let Refusal { status, said, .. } = refusal;
        let (code, what_to_do) = meaning(refusal);
        if matches!(status.as_u16(), 401 | 403)
            && let Ok(fresh) = signer(&self.hook, &self.name)
        {
            *lock(&self.signer) = fresh;
        }
        let mut message = format!("{} answered {status}: {said}", self.name);
        if !what_to_do.is_empty() {
            message = format!("{message}; {what_to_do}");
        }
        Fault {
            is_unreachable: status.as_u16() == 429 || status.is_server_error(),
            ..fault(code, message)
        }
    }
}

impl Transform for Lambda {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        within(self.timeout, &self.name, self.ask(portion)).await
    }
}

/// Reads the secret.
fn signer(hook: &LambdaHook, name: &str) -> Result<Signer, Failure> {
    let key = match &hook.access {
        Some(access) => {
            let secret = Secret::read(access.secret.source().clone())
                .map_err(|e| Failure::halt(format!("{name} cannot be called: {e}")))?;
            Some((access.key_id.as_str(), secret))
        }
        None => None,
    };
    Signer::of(key, ("lambda", &hook.region))
}

/// Nothing is half done while it is held.
fn lock(signer: &Mutex<Signer>) -> MutexGuard<'_, Signer> {
    signer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Firehose's code for a refusal, and what an operator can do.
fn meaning(refusal: &Refusal) -> (&'static str, &'static str) {
    let header = refusal.headers.get(EXCEPTION);
    let named = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    // Older servers add where it is described.
    let named = named.split(':').next().unwrap_or(named);
    let known = REFUSALS.iter().find(|(name, ..)| *name == named);
    if let Some((_, code, what_to_do)) = known {
        return (code, what_to_do);
    }
    match refusal.status.as_u16() {
        401 | 403 => ("Lambda.InvokeAccessDenied", NOT_ALLOWED),
        404 => ("Lambda.ResourceNotFound", NOT_FOUND),
        429 => ("Lambda.InvokeLimitExceeded", ""),
        503 => ("Lambda.ServiceUnavailable", ""),
        500..=599 => ("Lambda.InternalServerError", ""),
        _ => ("Lambda.InvocationFailure", ""),
    }
}

/// The address of AWS in a region.
fn of_aws(region: &str) -> String {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("https://lambda.{region}.{domain}")
}

/// Where a function is invoked. Its name may be an ARN, and end in a version or an alias.
fn invocations(endpoint: &str, function: &str) -> String {
    let mut name = String::with_capacity(function.len());
    for byte in function.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                name.push(byte.into());
            }
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    format!("{endpoint}/2015-03-31/functions/{name}/invocations")
}

#[cfg(test)]
mod tests;
