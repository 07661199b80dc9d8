//! A function behind a web server: a function URL, the local invoke path of the Lambda runtime, or
//! anything else that answers a POST as a transformation function of Firehose does.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{HttpHook, Transform as Settings};

use super::answer::{FunctionError, judge};
use super::event::Head;
use super::{Fault, Outcome, Transform};
use crate::failure::{Failure, Verdict};
use crate::record::portion::Portion;

/// The longest answer, in bytes, inflated: Lambda's limit.
const LONGEST_ANSWER: usize = 6 * 1024 * 1024;

/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// A connection that nobody used for so long is closed: before the server does.
const IDLE: Duration = Duration::from_secs(4);

/// Header by which Lambda says that a function failed, although the status is 200.
pub(super) const FUNCTION_ERROR: &str = "x-amz-function-error";

/// A function behind a web server.
#[derive(Debug)]
pub struct Http {
    client: Client,
    url: String,
    gzip: bool,
    head: Head,
    timeout: Duration,
}

impl Http {
    /// Makes a client. Asks nobody yet.
    pub fn open(
        hook: &HttpHook,
        settings: &Settings,
        stream: &StreamName,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client: client(&hook.url)?,
            url: hook.url.clone(),
            gzip: hook.gzip,
            head: Head::new(stream, &hook.region),
            timeout: settings.timeout,
        })
    }

    async fn ask(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let (head, gzip) = (self.head.clone(), self.gzip);
        let records = portion.clone();
        let body = aside(move || request_body(&head, &records, gzip)).await?;
        let mut request = self.client.post(&self.url).body(body);
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        answered(request, &self.url, portion).await
    }
}

impl Transform for Http {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        within(self.timeout, &self.url, self.ask(portion)).await
    }
}

/// A client for one server, whose connections are used again.
pub(super) fn client(url: &str) -> Result<Client, Failure> {
    let built = Client::builder()
        .connect_timeout(CONNECTING)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    built.map_err(|e| Failure::halt(format!("no request can be made to {url}: {e}")))
}

/// The event for a portion of records, as it is sent. Busy with its bytes.
pub(super) fn request_body(head: &Head, portion: &Portion, gzip: bool) -> Result<Bytes, Fault> {
    let event = head.event(&invocation(), portion);
    if !gzip {
        return Ok(event.into());
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let compressed = encoder.write_all(&event).and_then(|()| encoder.finish());
    compressed
        .map(Bytes::from)
        .map_err(|e| fault("Lambda.InvocationFailure", format!("cannot compress: {e}")))
}

/// A random id, in the form of a UUID.
fn invocation() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 16];
    // An id of zeros names no invocation, but says nothing wrong.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
}

/// Sends a request and judges its answer.
pub(super) async fn answered(
    request: RequestBuilder,
    name: &str,
    portion: &Arc<Portion>,
) -> Result<Vec<Outcome>, Fault> {
    let sent = request
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT_ENCODING, "gzip")
        .send()
        .await;
    let response = sent.map_err(|e| not_sent(name, &e))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = body_of(response, name).await?;
    if !status.is_success() {
        return Err(refused(name, status, &body));
    }
    if headers.contains_key(FUNCTION_ERROR) {
        return Err(function_failed(name, &excerpt(&body)));
    }
    let (records, called) = (portion.clone(), name.to_owned());
    aside(move || {
        let body = inflated(body, &headers, &called)?;
        judge(&body, &records).map_err(|FunctionError(why)| function_failed(&called, &why))
    })
    .await
}

/// Reads an answer, unless it is too long.
async fn body_of(mut response: Response, name: &str) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                return Err(too_long(name));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(e) => return Err(not_sent(name, &e)),
        }
    }
}

fn inflated(body: Bytes, headers: &HeaderMap, name: &str) -> Result<Bytes, Fault> {
    match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
        Some(b"gzip") => {
            let decoder = flate2::read::MultiGzDecoder::new(&body[..]);
            let mut inflated = Vec::new();
            let limited = decoder
                .take(LONGEST_ANSWER as u64 + 1)
                .read_to_end(&mut inflated);
            match limited {
                Ok(bytes) if bytes > LONGEST_ANSWER => Err(too_long(name)),
                Ok(_) => Ok(inflated.into()),
                Err(e) => Err(fault(
                    "Lambda.FunctionError",
                    format!("the answer of {name} is not the gzip that it says it is: {e}"),
                )),
            }
        }
        _ => Ok(body),
    }
}

/// An attempt may take so long.
pub(super) async fn within(
    timeout: Duration,
    name: &str,
    attempt: impl Future<Output = Result<Vec<Outcome>, Fault>>,
) -> Result<Vec<Outcome>, Fault> {
    match tokio::time::timeout(timeout, attempt).await {
        Ok(done) => done,
        Err(_) => Err(fault(
            "Lambda.FunctionTimedOut",
            format!("{name} did not answer within {} s", timeout.as_secs_f64()),
        )),
    }
}

/// Runs what encodes or decodes a portion on a thread made for it.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        // The runtime is shutting down: nobody waits for the result any more.
        Err(_) => std::future::pending().await,
    }
}

fn not_sent(name: &str, error: &reqwest::Error) -> Fault {
    use std::error::Error as _;
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let why: Vec<_> = causes.map(ToString::to_string).collect();
    Fault {
        is_unreachable: true,
        ..fault(
            "Lambda.TargetServerFailedToRespond",
            format!("{name} cannot be reached: {}", why.join(": ")),
        )
    }
}

/// Firehose's code for a status that is no answer. Each is tried again.
fn refused(name: &str, status: StatusCode, body: &[u8]) -> Fault {
    let code = match status.as_u16() {
        401 | 403 => "Lambda.InvokeAccessDenied",
        404 => "Lambda.ResourceNotFound",
        429 => "Lambda.InvokeLimitExceeded",
        503 => "Lambda.ServiceUnavailable",
        504 => "Lambda.FunctionRequestTimedOut",
        500..=599 => "Lambda.FunctionError",
        _ => "Lambda.InvocationFailure",
    };
    let said = excerpt(body);
    Fault {
        is_unreachable: matches!(status.as_u16(), 429 | 503),
        ..fault(code, format!("{name} answered {status}: {said}"))
    }
}

fn function_failed(name: &str, why: &str) -> Fault {
    fault(
        "Lambda.FunctionError",
        format!(
            "The Lambda function was successfully invoked but it returned an error result. {name} said: {why}"
        ),
    )
}

fn too_long(name: &str) -> Fault {
    fault(
        "Lambda.FunctionError",
        format!("the answer of {name} is longer than {LONGEST_ANSWER} bytes"),
    )
}

pub(super) fn fault(code: &'static str, message: String) -> Fault {
    Fault {
        verdict: Verdict::Retry,
        code,
        message,
        is_unreachable: false,
    }
}

/// The beginning of an answer, for a message.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    text.chars().take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
