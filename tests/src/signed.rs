//! Requests as clients of the Firehose door sign them: AWS Signature Version 4.

use std::net::SocketAddr;

use ring::{digest, hmac};
use serde_json::json;

use crate::{Outcome, http};

const REGION: &str = "us-east-1";
const NAMES: &str = "content-type;host;x-amz-date;x-amz-target";
const TYPE: &str = "application/x-amz-json-1.1";

/// Id and secret of a key.
pub type Key<'a> = (&'a str, &'a str);

/// The headers of a request for `operation` with this body to this host, `Host` not among them. The
/// signature holds from now on, for five minutes.
pub fn headers(host: &str, operation: &str, (id, secret): Key<'_>, body: &[u8]) -> Vec<String> {
    let target = format!("Firehose_20150804.{operation}");
    let time = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let scope = format!("{}/{REGION}/firehose/aws4_request", &time[..8]);
    let request = format!(
        "POST\n/\n\ncontent-type:{TYPE}\nhost:{host}\nx-amz-date:{time}\nx-amz-target:{target}\n\n{NAMES}\n{}",
        hash(body)
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hash(request.as_bytes())
    );
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| keyed(&key, part));
    let signature = hex(&keyed(&key, &text));
    vec![
        format!("Content-Type: {TYPE}"),
        format!("X-Amz-Date: {time}"),
        format!("X-Amz-Target: {target}"),
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={NAMES}, Signature={signature}"
        ),
    ]
}

/// Puts one record into a stream; the answer, whatever it is.
pub fn put(door: SocketAddr, key: Key<'_>, stream: &str, record: &str) -> Outcome<http::Answer> {
    let data = base64_simd::STANDARD.encode_to_string(record);
    let body = json!({"DeliveryStreamName": stream, "Record": {"Data": data}}).to_string();
    let headers = headers(&door.to_string(), "PutRecord", key, body.as_bytes());
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    http::post(door, "/", &headers, body.as_bytes())
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
