//! What a store's refusal means.
//!
//! `object_store` does not let the error of a request be named, so status and S3's code are taken
//! from its text; tests against real servers hold that.

use std::error::Error as _;

use object_store::Error;
use standpipe_config::secret::known;

use super::Place;
use crate::failure::{Failure, Verdict};

/// How the text of a refusal begins; the status follows, and then the body.
const STATUS: &str = "Server returned non-2xx status code: ";

/// How much of what a store says is shown, in characters.
pub(super) const SAID: usize = 300;

/// How the text of a redirect begins that says nothing.
const REDIRECT: &str = "Received redirect";

/// Codes of refusals that concern everything in the bucket, whatever their status.
const OPERATOR: &[&str] = &[
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "InvalidToken",
    "NoSuchBucket",
    "PermanentRedirect",
    "SignatureDoesNotMatch",
];

/// Codes of refusals with a status of 400 that say only that what was sent did not arrive.
const PASSING: &[&str] = &[
    "BadDigest",
    "IncompleteBody",
    "InvalidDigest",
    "RequestTimeout",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
];

/// Codes that say that a multipart upload cannot be completed, and that another one may.
const SPOILT: &[&str] = &[
    "EntityTooSmall",
    "InvalidPart",
    "InvalidPartOrder",
    "NoSuchUpload",
];

/// What a reply means, or that there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// It may pass: also everything that is unknown (rule 20).
    Passing,
    /// This object will never pass.
    Object,
    /// An operator is needed.
    Operator,
    /// The store does not know conditional requests.
    NoConditions,
    /// The upload cannot be completed; another one may.
    SpoiltUpload,
}

/// What a store said, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    status: Option<u16>,
    /// S3's code, such as `NoSuchBucket`; empty where there is none.
    code: String,
    /// For people.
    said: String,
}

impl Reply {
    /// What the error of a request says.
    pub(super) fn of(error: &Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(deeper) = source {
            text = deeper.to_string();
            source = deeper.source();
        }
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        let answer = text.strip_prefix(STATUS);
        let status = match answer {
            Some(answer) => answer.get(..3).and_then(|digits| digits.parse().ok()),
            None if text.starts_with(REDIRECT) => Some(301),
            None => None,
        };
        let code = element(text, "Code").unwrap_or_default();
        let message = element(text, "Message").unwrap_or_default();
        let said = match (status, answer) {
            (Some(status), Some(_)) if !code.is_empty() => format!("{status} {code}: {message}"),
            (Some(_), Some(answer)) => answer.trim_end_matches([':', ' ']).to_owned(),
            _ => text.to_owned(),
        };
        let said = known::excerpt(said.as_bytes(), SAID);
        Self { status, code, said }
    }

    /// What it means.
    pub(super) fn meaning(&self) -> Meaning {
        let is_one_of = |codes: &[&str]| codes.contains(&self.code.as_str());
        match self.status {
            _ if is_one_of(OPERATOR) => Meaning::Operator,
            _ if is_one_of(PASSING) => Meaning::Passing,
            _ if is_one_of(SPOILT) => Meaning::SpoiltUpload,
            Some(501) => Meaning::NoConditions,
            // 413 without a code comes from a proxy before the store, which needs another limit.
            Some(413) if self.code.is_empty() => Meaning::Operator,
            Some(301 | 307 | 308 | 401 | 403) => Meaning::Operator,
            Some(400 | 413 | 414) => Meaning::Object,
            _ => Meaning::Passing,
        }
    }

    /// The failure that it is.
    pub(super) fn failure(&self, doing: &str, key: &str, place: &Place) -> Failure {
        let verdict = match self.meaning() {
            Meaning::Passing | Meaning::SpoiltUpload | Meaning::NoConditions => Verdict::Retry,
            Meaning::Object => Verdict::Divert,
            Meaning::Operator => Verdict::Halt,
        };
        let advice = match (verdict, self.code.as_str(), self.status) {
            (Verdict::Halt, "NoSuchBucket" | "InvalidBucketName", _) => {
                "; create the bucket, or correct its name in the settings"
            }
            (Verdict::Halt, "AuthorizationHeaderMalformed" | "PermanentRedirect", _)
            | (Verdict::Halt, _, Some(301 | 307 | 308)) => {
                "; correct region or endpoint in the settings"
            }
            (Verdict::Halt, _, Some(413)) => "; let the proxy before it pass bodies of 8 MiB",
            (Verdict::Halt, _, _) => {
                "; correct the access key, or allow it s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload there"
            }
            _ => "",
        };
        let said = &self.said;
        Failure::new(
            verdict,
            format!("cannot {doing} {key} in {place}: {said}{advice}"),
        )
    }
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, from) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = from.split_once(&format!("</{name}>"))?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests;
