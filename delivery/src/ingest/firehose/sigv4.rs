//! AWS Signature Version 4, the server's side: what a client claims to have signed is put together
//! again from the request as it came, over the headers that the client chose, and over a hash of
//! the body that we make ourselves.
//!
//! Everything that the head of a request can tell is judged before the body is read; what is left
//! is one comparison, in constant time.

use axum::http::{HeaderMap, Method, header};
use jiff::civil::DateTime;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use super::exception::{Exception, Kind};

/// How far the clock of a client may be off, in seconds: AWS's own.
const SKEW: i64 = 5 * 60;

/// The only algorithm: what the Authorization header begins with.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The service that requests to this door are signed for.
const SERVICE: &str = "firehose";

/// What must be signed, so that nobody can turn a request into another one, send it elsewhere or
/// send it later.
const MUST_BE_SIGNED: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];

/// A signature as a request's head claims it, and all that it covers but the body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Signature {
    /// Which key is said to have signed.
    pub(super) key_id: String,
    scope: Scope,
    /// `yyyyMMddTHHmmssZ`
    time: String,
    signature: [u8; 32],
    /// The canonical request up to the hash of the body.
    head: Vec<u8>,
}

/// What a signing key is derived for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Scope {
    /// `yyyyMMdd`
    date: String,
    region: String,
    service: String,
}

impl Signature {
    /// Reads the signature of a request to `/` without a query. `now` is in seconds since 1970.
    pub(super) fn read(method: &Method, headers: &HeaderMap, now: i64) -> Result<Self, Exception> {
        let time = one(headers, "x-amz-date")?;
        let signed = Claim::read(one(headers, header::AUTHORIZATION.as_str())?)?;
        let at = instant(time)?;
        if signed.scope.service != SERVICE {
            let message = format!("Credential should be scoped to correct service: '{SERVICE}'.");
            return Err(Exception::new(Kind::InvalidSignature, message));
        }
        for name in MUST_BE_SIGNED {
            if !signed.headers.split(';').any(|signed| signed == name) {
                return Err(incomplete(format!(
                    "the header {name:?} must be among SignedHeaders"
                )));
            }
        }
        if !time.starts_with(&signed.scope.date) {
            let message = "Date in Credential scope does not match YYYYMMDD from X-Amz-Date.";
            return Err(Exception::new(Kind::InvalidSignature, message));
        }
        in_time(time, at, now)?;
        Self::of(method, headers, signed, time)
    }

    fn of(
        method: &Method,
        headers: &HeaderMap,
        claim: Claim<'_>,
        time: &str,
    ) -> Result<Self, Exception> {
        Ok(Self {
            head: canonical_head(method, headers, claim.headers)?,
            key_id: claim.key_id.to_owned(),
            scope: claim.scope,
            time: time.to_owned(),
            signature: claim.signature,
        })
    }

    /// Whether it is that of `secret` over the request with this body. Takes as long for every
    /// wrong signature.
    pub(super) fn is_of(&self, secret: &str, body: &[u8]) -> bool {
        let request = [&self.head[..], hex(sha256(body).as_ref()).as_bytes()].concat();
        let Scope {
            date,
            region,
            service,
        } = &self.scope;
        let hash = hex(sha256(&request).as_ref());
        let text = format!(
            "{ALGORITHM}\n{}\n{date}/{region}/{service}/aws4_request\n{hash}",
            self.time
        );
        let first = hmac(format!("AWS4{secret}").as_bytes(), date);
        let key = [region, service, "aws4_request"]
            .iter()
            .fold(first, |key, part| hmac(key.as_ref(), part));
        let expected = hmac(key.as_ref(), &text);
        expected.as_ref().ct_eq(&self.signature).into()
    }
}

/// What an Authorization header says.
#[derive(Debug)]
struct Claim<'a> {
    key_id: &'a str,
    scope: Scope,
    /// Names, in order, with `;` between them.
    headers: &'a str,
    signature: [u8; 32],
}

impl<'a> Claim<'a> {
    /// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    fn read(text: &'a str) -> Result<Self, Exception> {
        let fields = text
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix([' ', ',']))
            .ok_or_else(|| incomplete(format!("the Authorization header must be {ALGORITHM}")))?;
        let field = |name: &str| {
            let mut found = fields
                .split(',')
                .filter_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            match (found.next(), found.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(incomplete(format!(
                    "the Authorization header requires one '{name}' parameter"
                ))),
            }
        };
        let (key_id, scope) = credential(field("Credential")?)?;
        let headers = field("SignedHeaders")?;
        // In order and each once, as the signer must write them; so what is hashed is no larger
        // than the head of the request.
        if !headers.split(';').is_sorted_by(|a, b| a < b) {
            return Err(incomplete("SignedHeaders must be sorted, each name once"));
        }
        let signature = unhex(field("Signature")?)
            .ok_or_else(|| incomplete("the Signature must be 64 hex digits"))?;
        Ok(Self {
            key_id,
            scope,
            headers,
            signature,
        })
    }
}

/// Reads `ID/yyyyMMdd/REGION/SERVICE/aws4_request`.
fn credential(text: &str) -> Result<(&str, Scope), Exception> {
    let parts: Vec<&str> = text.split('/').collect();
    let [id, date, region, service, "aws4_request"] = parts[..] else {
        return Err(incomplete(
            "the Credential must be ID/yyyyMMdd/REGION/SERVICE/aws4_request",
        ));
    };
    let is_date = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    if id.is_empty() || region.is_empty() || !is_date {
        return Err(incomplete("the Credential lacks its id, date or region"));
    }
    let scope = Scope {
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    Ok((id, scope))
}

/// The value of a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Exception> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value
            .to_str()
            .map_err(|_| incomplete(format!("the header {name:?} is not ASCII"))),
        (None, _) => Err(incomplete(format!("the header {name:?} is missing"))),
        _ => Err(incomplete(format!("the header {name:?} is there twice"))),
    }
}

/// Reads `yyyyMMddTHHmmssZ`, into seconds since 1970.
fn instant(time: &str) -> Result<i64, Exception> {
    let wrong = || incomplete("X-Amz-Date must be of the form yyyyMMddTHHmmssZ");
    if time.len() != 16 || !time.is_ascii() {
        return Err(wrong());
    }
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", time).map_err(|_| wrong())?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC);
    Ok(zoned.map_err(|_| wrong())?.timestamp().as_second())
}

fn in_time(time: &str, at: i64, now: i64) -> Result<(), Exception> {
    let minutes = SKEW / 60;
    let message = if at < now - SKEW {
        format!(
            "Signature expired: {time} is now earlier than {} ({} - {minutes} min.)",
            written(now - SKEW),
            written(now)
        )
    } else if at > now + SKEW {
        format!(
            "Signature not yet current: {time} is still later than {} ({} + {minutes} min.)",
            written(now + SKEW),
            written(now)
        )
    } else {
        return Ok(());
    };
    Err(Exception::new(Kind::InvalidSignature, message))
}

fn written(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The canonical request up to the hash of the body. The path is `/`, the query empty: nothing
/// else gets so far.
fn canonical_head(
    method: &Method,
    headers: &HeaderMap,
    signed: &str,
) -> Result<Vec<u8>, Exception> {
    let mut head = format!("{method}\n/\n\n").into_bytes();
    for name in signed.split(';') {
        let mut values = headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            let message = format!("the request has no header {name:?}, but says it is signed");
            return Err(incomplete(message));
        }
        head.extend_from_slice(name.as_bytes());
        head.push(b':');
        while let Some(value) = values.next() {
            canonical_value(value.as_bytes(), &mut head);
            if values.peek().is_some() {
                head.push(b',');
            }
        }
        head.push(b'\n');
    }
    head.push(b'\n');
    head.extend_from_slice(signed.as_bytes());
    head.push(b'\n');
    Ok(head)
}

/// Without white space around it, and with one space for several.
fn canonical_value(value: &[u8], out: &mut Vec<u8>) {
    let words = value.split(|b| matches!(b, b' ' | b'\t'));
    for (i, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

fn incomplete(message: impl Into<String>) -> Exception {
    Exception::new(Kind::IncompleteSignature, message)
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn hmac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| (b as char).to_digit(16).map(|digit| digit as u8);
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
