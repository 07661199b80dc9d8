//! Calls over a network: what all hooks that make them have in common. The event goes out, the
//! answer is judged, and whatever is no answer is an attempt that failed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use standpipe_config::secret::known;

use super::answer::{FunctionError, judge};
use super::event::Head;
use super::{Fault, Outcome};
use crate::failure::{Failure, Verdict};
use crate::record::portion::Portion;

/// The longest request and the longest answer, in bytes, inflated: Lambda's limit.
pub(super) const LONGEST: usize = 6 * 1024 * 1024;

/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// A connection that nobody used for so long is closed: before the server does.
const IDLE: Duration = Duration::from_secs(4);

/// What keeps a connection open, and shows a dead one, while a function thinks.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Header by which Lambda says that a function failed, although the status is 200.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// What a function says of a timeout of its own, which Lambda ended it for.
const TIMED_OUT: &str = "Task timed out after";

/// How much of an answer is shown, in characters.
const SAID: usize = 200;

/// `Content-Type` of every request.
pub(super) const JSON: &str = "application/json";

/// A client for one server, whose connections are used again. `timeout`: that of an attempt, of
/// which a server that is not there must not take all, or it would be one that does not answer.
pub(super) fn client(url: &str, timeout: Duration) -> Result<Client, Failure> {
    let built = Client::builder()
        .connect_timeout(CONNECTING.min(timeout / 2))
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(KEEPALIVE)
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

/// An answer of another status than success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The beginning of what it says.
    pub(super) said: String,
}

impl Refusal {
    /// Reads an answer whose status is no success. What cannot be read says nothing.
    pub(super) async fn of(answer: Response) -> Self {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = body_of(answer, "").await.unwrap_or_default();
        Self {
            status,
            headers,
            said: excerpt(&body),
        }
    }
}

/// Sends a request and judges its answer; what a refusal means, says `refused`.
pub(super) async fn answered(
    request: RequestBuilder,
    name: &str,
    portion: &Arc<Portion>,
    refused: impl Fn(&Refusal) -> Fault,
) -> Result<Vec<Outcome>, Fault> {
    let sent = request.header(ACCEPT_ENCODING, "gzip").send().await;
    let response = sent.map_err(|e| not_answered(name, &e))?;
    if !response.status().is_success() {
        return Err(refused(&Refusal::of(response).await));
    }
    let headers = response.headers().clone();
    let body = body_of(response, name).await?;
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

/// Whether anybody is there: whatever the answer is.
pub(super) async fn is_there(request: RequestBuilder, name: &str) -> Result<Response, Failure> {
    let answer = request.send().await;
    answer.map_err(|e| Failure::retry(not_answered(name, &e).message))
}

/// Reads an answer, unless it is too long.
async fn body_of(mut response: Response, name: &str) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST => {
                return Err(too_long(name));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(e) => return Err(not_answered(name, &e)),
        }
    }
}

fn inflated(body: Bytes, headers: &HeaderMap, name: &str) -> Result<Bytes, Fault> {
    match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
        Some(b"gzip") => {
            let decoder = flate2::read::MultiGzDecoder::new(&body[..]);
            let mut inflated = Vec::new();
            let limited = decoder.take(LONGEST as u64 + 1).read_to_end(&mut inflated);
            match limited {
                Ok(bytes) if bytes > LONGEST => Err(too_long(name)),
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

/// Nobody is there only if no connection was made: a function that hangs up is there, and may do
/// so at the same records for ever.
pub(super) fn not_answered(name: &str, error: &reqwest::Error) -> Fault {
    use std::error::Error as _;
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let why: Vec<_> = causes.map(ToString::to_string).collect();
    let (is_unreachable, what) = match error.is_connect() {
        true => (true, "cannot be reached"),
        false => (false, "did not answer"),
    };
    Fault {
        is_unreachable,
        ..fault(
            "Lambda.TargetServerFailedToRespond",
            format!("{name} {what}: {}", why.join(": ")),
        )
    }
}

fn function_failed(name: &str, why: &str) -> Fault {
    let code = match why.contains(TIMED_OUT) {
        true => "Lambda.FunctionTimedOut",
        false => "Lambda.FunctionError",
    };
    fault(
        code,
        format!(
            "The Lambda function was successfully invoked but it returned an error result. {name} said: {why}"
        ),
    )
}

fn too_long(name: &str) -> Fault {
    fault(
        "Lambda.FunctionError",
        format!("the answer of {name} is longer than {LONGEST} bytes"),
    )
}

pub(super) fn fault(code: &'static str, message: String) -> Fault {
    Fault {
        verdict: Verdict::Retry,
        code,
        message: known::mask(&message).into_owned(),
        is_unreachable: false,
    }
}

/// The beginning of an answer, for a message.
fn excerpt(body: &[u8]) -> String {
    known::excerpt(body, SAID).trim().to_owned()
}
