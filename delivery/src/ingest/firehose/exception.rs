//! What goes wrong at the Firehose door, named as clients know it.
//!
//! The name is sent twice, as `__type` in the body and as the header `x-amzn-ErrorType`: some
//! clients read only one of them. What is worth trying again is a 5xx with
//! `x-amz-retry-after`: no client repeats a 400 of that kind.

use std::time::Duration;

use axum::http::StatusCode;

use crate::ingest::admission::NoMemory;
use crate::ingest::refused::{self, Refused};
use crate::journal::Refusal;

/// Why a request failed. Nothing of it was stored, but where the kind says that nobody knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Exception {
    /// What kind it is.
    pub(super) kind: Kind,
    /// A sentence for people, in the service's own words where clients look at them.
    pub(super) message: String,
    /// When it is worth trying again.
    pub(super) retry_after: Option<Duration>,
}

/// The kinds of exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The shape of the input is wrong: a range, a pattern, something missing.
    Validation,
    /// What the input means is wrong, or is not done here.
    InvalidArgument,
    /// No such stream.
    NotFound,
    /// The stream's state does not allow it, or its name is taken.
    InUse,
    /// Somebody else was quicker to change the stream.
    ConcurrentModification,
    /// Too many of something.
    LimitExceeded,
    /// The body is not JSON, or a type in it is wrong.
    Serialization,
    /// No such operation.
    UnknownOperation,
    /// No signature.
    MissingToken,
    /// Something of a signature is missing.
    IncompleteSignature,
    /// The signature is not that of the key, or out of time.
    InvalidSignature,
    /// Nobody has this key.
    UnrecognizedClient,
    /// The key does not open this stream, or not for this.
    AccessDenied,
    /// The body did not come in time.
    Timeout,
    /// The body is over a limit.
    TooLarge,
    /// No such path.
    NoSuchPath,
    /// A method other than POST.
    NoSuchMethod,
    /// Come back later.
    Unavailable,
    /// A defect of ours, or a disk that failed: nobody knows whether the request was stored.
    Internal,
}

impl Kind {
    /// Status and name.
    pub(super) fn wire(self) -> (StatusCode, &'static str) {
        let wrong = StatusCode::BAD_REQUEST;
        match self {
            Self::Validation => (wrong, "ValidationException"),
            Self::InvalidArgument => (wrong, "InvalidArgumentException"),
            Self::NotFound => (wrong, "ResourceNotFoundException"),
            Self::InUse => (wrong, "ResourceInUseException"),
            Self::ConcurrentModification => (wrong, "ConcurrentModificationException"),
            Self::LimitExceeded => (wrong, "LimitExceededException"),
            Self::Serialization => (wrong, "SerializationException"),
            Self::UnknownOperation => (wrong, "UnknownOperationException"),
            Self::MissingToken => (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException"),
            Self::IncompleteSignature => (wrong, "IncompleteSignatureException"),
            Self::InvalidSignature => (StatusCode::FORBIDDEN, "InvalidSignatureException"),
            Self::UnrecognizedClient => (StatusCode::FORBIDDEN, "UnrecognizedClientException"),
            Self::AccessDenied => (wrong, "AccessDeniedException"),
            Self::Timeout => (wrong, "RequestTimeoutException"),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
            ),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "UnknownOperationException"),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, "UnknownOperationException"),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        }
    }
}

impl Exception {
    /// An exception with its message.
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }

    /// Come back after a while.
    pub(super) fn unavailable(message: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Kind::Unavailable, message)
        }
    }
}

/// Memory comes back soon.
impl From<NoMemory> for Exception {
    fn from(none: NoMemory) -> Self {
        match none {
            NoMemory::Busy(_) => Self::unavailable(none.to_string(), Duration::from_secs(1)),
            NoMemory::Never { .. } => Self::new(Kind::TooLarge, none.to_string()),
        }
    }
}

/// Room on disk comes back when a destination took something, a halted stream when somebody came.
impl From<Refusal> for Exception {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Full(_) | Refusal::Closed => {
                Self::unavailable(message, Duration::from_secs(2))
            }
            Refusal::Halted(_) => Self::unavailable(message, Duration::from_secs(5)),
            Refusal::Unknown(_) => Self::new(Kind::Internal, message),
        }
    }
}

/// What both doors' reading of a body meets.
impl From<Refused> for Exception {
    fn from(refused: Refused) -> Self {
        let kind = match refused.kind() {
            refused::Kind::Slow => Kind::Timeout,
            refused::Kind::TooLarge => Kind::TooLarge,
            refused::Kind::Internal => Kind::Internal,
            _ => Kind::Serialization,
        };
        Self::new(kind, refused.message())
    }
}
