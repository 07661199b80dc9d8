//! What strangers send, given to the readers without a door: for tests and `tests/fuzz`. Compiled
//! with the feature `faults` only.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::operation::Operation;
use super::put::Put;
use super::sigv4::Signature;

/// A body of either operation that puts. Says whether one took it.
///
/// # Panics
///
/// If the quick reader takes what the strict one reads otherwise.
pub fn put(body: &[u8]) -> bool {
    let read = |operation| Put::read_both_ways(operation, body).is_ok();
    let (one, many) = (read(Operation::PutRecord), read(Operation::PutRecordBatch));
    one || many
}

/// The lines of a head, `name: value` each. Says whether a signature is in it.
pub fn head(lines: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    // The moment of the vectors.
    const NOW: i64 = 1_440_938_160;
    let read = Signature::read(&Method::POST, &headers, NOW);
    read.is_ok_and(|signature| {
        let _ = signature.is_of("secret", lines);
        true
    })
}
