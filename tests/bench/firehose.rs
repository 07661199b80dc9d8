//! Requests of the Firehose door, signed as clients sign them, so that the door does all its work.

use ring::{digest, hmac};
use serde_json::json;

use crate::door::STREAM;

const ID: &str = "BENCH";
const REGION: &str = "us-east-1";
const SIGNED: &str = "content-type;host;x-amz-date;x-amz-target";
const HEADERS: &str = "content-type:application/x-amz-json-1.1\nhost:bench";
const TARGET: &str = "Firehose_20150804.PutRecordBatch";

/// The key that opens the door to [`request`]; the secret lies in a file.
pub(crate) fn keys() -> String {
    format!("keys: [{{id: {ID}, secret: {{file: secret}}}}]")
}

/// What is in that file.
pub(crate) const SECRET: &str = "secret";

/// A batch of the lines of `body`, signed now: it is believed for five minutes.
pub(crate) fn request(body: &[u8]) -> Vec<u8> {
    let records: Vec<_> = body
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| json!({"Data": base64_simd::STANDARD.encode_to_string(line)}))
        .collect();
    let body = json!({"DeliveryStreamName": STREAM, "Records": records}).to_string();
    let time = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let signature = sign(&time, body.as_bytes());
    let scope = scope(&time);
    format!(
        "POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {TARGET}\r\nX-Amz-Date: {time}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={SIGNED}, Signature={signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn scope(time: &str) -> String {
    format!("{}/{REGION}/firehose/aws4_request", &time[..8])
}

fn sign(time: &str, body: &[u8]) -> String {
    let hash = hash(body);
    let request = format!(
        "POST\n/\n\n{HEADERS}\nx-amz-date:{time}\nx-amz-target:{TARGET}\n\n{SIGNED}\n{hash}"
    );
    let scope = scope(time);
    let hash = self::hash(request.as_bytes());
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
    let first = format!("AWS4{SECRET}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| keyed(&key, part));
    hex(&keyed(&key, &text))
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
