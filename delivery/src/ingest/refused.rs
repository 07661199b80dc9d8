//! Refusals: nothing of the request was stored, and the caller learns why, and when to come back.
//! Only where a sync failed it is not known whether it was stored, and the answer says that.
//!
//! The body is `{"error":"…","message":"…"}`: a word for programs, a sentence for people.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use standpipe_config::names::StreamName;

use super::admission::NoMemory;
use crate::journal::Refusal;
use crate::stream::AppendError;

/// Why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refused {
    kind: Kind,
    message: String,
}

/// The kinds of refusals, each with its status and its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The request is wrong; the message says what and where.
    Wrong,
    /// No token, a wrong one, or one that does not open this stream.
    Unauthorized,
    /// No such stream.
    NoSuchStream,
    /// No such path.
    NoSuchPath,
    /// The path has no such method.
    NoSuchMethod,
    /// The body did not come in time.
    Slow,
    /// A body, what it inflates to, or a record is over a limit.
    TooLarge,
    /// A type or an encoding that this door does not read.
    Unsupported,
    /// Other requests hold the memory.
    Busy,
    /// The stream has no room on disk.
    Full,
    /// The stream is halted: an operator is needed.
    Halted,
    /// The stream is being stopped.
    Closed,
    /// The disk failed while the request was being stored: nobody knows whether it was.
    Unknown,
    /// A defect of ours.
    Internal,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::Wrong => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NoSuchStream | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy | Self::Full | Self::Halted | Self::Closed => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Unknown | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word in the body and in the metrics.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong_request",
            Self::Unauthorized => "unauthorized",
            Self::NoSuchStream => "no_such_stream",
            Self::NoSuchPath => "no_such_path",
            Self::NoSuchMethod => "no_such_method",
            Self::Slow => "too_slow",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Halted => "halted",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
            Self::Internal => "internal",
        }
    }

    /// Seconds after which it is worth trying again: memory comes back soon, room on disk when a
    /// destination took something, a halted stream when somebody came.
    fn retry_after(self) -> Option<u16> {
        match self {
            Self::Busy => Some(1),
            Self::Full | Self::Closed => Some(5),
            Self::Halted => Some(30),
            _ => None,
        }
    }
}

impl Refused {
    /// A refusal with its message.
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// What kind it is.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it says.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// There is no stream `name`; `existing` are those the caller may know of.
    pub(super) fn no_such_stream<'a>(
        name: &str,
        existing: impl Iterator<Item = &'a StreamName>,
    ) -> Self {
        let list: Vec<&str> = existing.map(StreamName::as_str).collect();
        let message = match list.as_slice() {
            [] => format!("there is no stream {name:?}, and none that you may write to"),
            list => format!(
                "there is no stream {name:?}; there are: {}",
                list.join(", ")
            ),
        };
        Self::new(Kind::NoSuchStream, message)
    }
}

impl From<NoMemory> for Refused {
    fn from(none: NoMemory) -> Self {
        let kind = match none {
            NoMemory::Busy(_) => Kind::Busy,
            NoMemory::Never { .. } => Kind::TooLarge,
        };
        Self::new(kind, none.to_string())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Full(_) => Kind::Full,
            Refusal::Halted(_) => Kind::Halted,
            Refusal::Closed => Kind::Closed,
            Refusal::Unknown(_) => Kind::Unknown,
        };
        Self::new(kind, refusal.to_string())
    }
}

impl Refused {
    /// What an append to `name` met. `known` says of which streams the caller may know.
    pub(super) fn by_stream(
        name: &StreamName,
        error: AppendError,
        known: impl Fn(&StreamName) -> bool,
    ) -> Self {
        match error {
            AppendError::Refused(refusal) => refusal.into(),
            AppendError::NoSuchStream { existing } => {
                Self::no_such_stream(name.as_str(), existing.iter().filter(|s| known(s)))
            }
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    message: &'a str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let word = self.kind.word();
        metrics::counter!("standpipe_requests_refused_total", "door" => "native", "reason" => word)
            .increment(1);
        tracing::debug!(reason = word, "refused a request: {}", self.message);
        let body = Json(Body {
            error: word,
            message: &self.message,
        });
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.kind.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.kind == Kind::Unauthorized {
            let challenge = HeaderValue::from_static("Bearer realm=\"standpipe\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests;
