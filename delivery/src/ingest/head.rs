//! What the head of a request says about its body.

use axum::http::{HeaderMap, HeaderName, header};
use standpipe_config::frame;

use super::inflate::Encoding;
use super::refused::{Kind, Refused};

/// The longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 128;

/// What the body is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Head {
    /// What its bytes mean.
    pub(super) shape: Shape,
    /// How they are compressed.
    pub(super) encoding: Encoding,
    /// Makes text repeatable (rule 10). Frames are repeatable without.
    pub(super) idempotency_key: Option<String>,
}

/// What the bytes of a body mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Lines.
    Text,
    /// Frames of an agent.
    Frames,
}

impl Head {
    /// Reads the headers.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refused> {
        Ok(Self {
            shape: shape(headers)?,
            encoding: encoding(headers)?,
            idempotency_key: idempotency_key(headers)?,
        })
    }
}

/// A header as lower-case text without parameters; empty where it is missing.
fn word(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).map_or(&b""[..], |value| value.as_bytes());
    let text = String::from_utf8_lossy(value);
    let word = text.split(';').next().unwrap_or_default();
    word.trim().to_ascii_lowercase()
}

fn shape(headers: &HeaderMap) -> Result<Shape, Refused> {
    match word(headers, header::CONTENT_TYPE).as_str() {
        // What curl says of `--data-binary` unless told otherwise.
        "" | "application/x-www-form-urlencoded" => Ok(Shape::Text),
        "text/plain" | "application/x-ndjson" => Ok(Shape::Text),
        frame::MEDIA_TYPE => Ok(Shape::Frames),
        other => {
            let message = format!(
                "the content type {other:?} is not read here: send text/plain or application/x-ndjson, a record per line"
            );
            Err(Refused::new(Kind::Unsupported, message))
        }
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refused> {
    match word(headers, header::CONTENT_ENCODING).as_str() {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        other => {
            let message =
                format!("the content encoding {other:?} is not read here: send gzip, zstd or none");
            Err(Refused::new(Kind::Unsupported, message))
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.as_bytes();
    let legal = (1..=MAX_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match String::from_utf8(key.to_vec()) {
        Ok(key) if legal => Ok(Some(key)),
        _ => {
            let message = format!(
                "the Idempotency-Key is not made of 1 to {MAX_KEY} visible ASCII characters"
            );
            Err(Refused::new(Kind::Wrong, message))
        }
    }
}

#[cfg(test)]
mod tests;
