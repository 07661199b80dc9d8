//! AWS Signature Version 4, the client's side: a hash over the request, keyed with the secret for
//! this day, region and service.

use ring::{digest, hmac};

use super::credentials::Keys;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

const SERVICE: &str = "firehose";

/// What is signed of a POST without a query.
pub(super) struct Request<'a> {
    pub(super) path: &'a str,
    /// Names in small letters, in order, each once, and values without white space around them.
    pub(super) headers: &'a [(&'static str, String)],
    pub(super) body: &'a [u8],
    /// `yyyyMMddTHHmmssZ`, which is among the headers too.
    pub(super) time: &'a str,
}

/// The value of the header `Authorization`.
pub(super) fn authorization(request: &Request<'_>, keys: &Keys, region: &str) -> String {
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let canonical = format!(
        "POST\n{}\n\n{}\n{names}\n{}",
        request.path,
        headers.concat(),
        hex(&sha256(request.body))
    );
    let date = request.time.get(..8).unwrap_or_default();
    let scope = format!("{date}/{region}/{SERVICE}/aws4_request");
    let text = format!(
        "{ALGORITHM}\n{}\n{scope}\n{}",
        request.time,
        hex(&sha256(canonical.as_bytes()))
    );
    let first = hmac(format!("AWS4{}", keys.secret).as_bytes(), date);
    let key = [region, SERVICE, "aws4_request"]
        .iter()
        .fold(first, |key, part| hmac(&key, part));
    let signature = hex(&hmac(&key, &text));
    format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        keys.id
    )
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
