//! Requests of the Firehose door, signed as clients sign them, so that the door does all its work.

use serde_json::json;
use standpipe_tests::signed;

use crate::door::STREAM;

const ID: &str = "BENCH";

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
    let headers = signed::headers("bench", "PutRecordBatch", (ID, SECRET), body.as_bytes());
    format!(
        "POST / HTTP/1.1\r\nHost: bench\r\n{}\r\nContent-Length: {}\r\n\r\n{body}",
        headers.join("\r\n"),
        body.len()
    )
    .into_bytes()
}
