//! A `PutRecord` as clients of the Firehose door sign it (SigV4).

use std::net::SocketAddr;

use ring::{digest, hmac};
use serde_json::json;
use standpipe_tests::{Outcome, http};

const REGION: &str = "us-east-1";
const SIGNED: &str = "content-type;host;x-amz-date;x-amz-target";
const TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "Firehose_20150804.PutRecord";

/// Puts a record, signed with the key of this id and secret; the answer, whatever it is.
pub(crate) fn put(
    door: SocketAddr,
    (id, secret): (&str, &str),
    stream: &str,
    record: &str,
) -> Outcome<http::Answer> {
    let data = base64_simd::STANDARD.encode_to_string(record);
    let body = json!({"DeliveryStreamName": stream, "Record": {"Data": data}}).to_string();
    let now = jiff::Timestamp::now();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/{REGION}/firehose/aws4_request", &time[..8]);
    let request = format!(
        "POST\n/\n\ncontent-type:{TYPE}\nhost:{door}\nx-amz-date:{time}\nx-amz-target:{TARGET}\n\n{SIGNED}\n{}",
        hash(body.as_bytes())
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hash(request.as_bytes())
    );
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| keyed(&key, part));
    let signature = hex(&keyed(&key, &text));
    let headers = [
        format!("Content-Type: {TYPE}"),
        format!("X-Amz-Date: {time}"),
        format!("X-Amz-Target: {TARGET}"),
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
        ),
    ];
    http::post(
        door,
        "/",
        &headers.each_ref().map(String::as_str),
        body.as_bytes(),
    )
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
