//! Answers on the wire: JSON always, also where things go wrong, and a request id.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use ring::rand::{SecureRandom, SystemRandom};

use super::exception::Exception;

/// What requests and replies are.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-amz-retry-after");

/// Puts an answer on the wire.
pub(super) fn reply(answer: Result<Vec<u8>, Exception>) -> Response {
    let mut response = match answer {
        Ok(body) => Response::new(Body::from(body)),
        Err(exception) => failure(&exception),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    if let Ok(id) = HeaderValue::try_from(request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn failure(exception: &Exception) -> Response {
    let (status, name) = exception.kind.wire();
    metrics::counter!("standpipe_requests_refused_total", "door" => "firehose", "reason" => name)
        .increment(1);
    tracing::debug!(reason = name, "refused a request: {}", exception.message);
    let body = serde_json::json!({"__type": name, "message": exception.message});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ERROR_TYPE, HeaderValue::from_static(name));
    if let Some(after) = exception.retry_after {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        headers.insert(RETRY_AFTER, millis.into());
        headers.insert(header::RETRY_AFTER, after.as_secs().max(1).into());
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// A random UUID. Without randomness all are alike, which harms nobody.
fn request_id() -> String {
    let mut bytes = [0; 16];
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let all = u128::from_be_bytes(bytes);
    let part = |shift: u32, digits: u32| (all >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    )
}

#[cfg(test)]
mod tests;
