//! What Firehose says: which records it took, or why it took none. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use standpipe_config::secret::known;

use crate::ship::client::Trouble;

/// How much of a message is worth repeating, in characters.
const QUOTED: usize = 300;

/// What passes by itself, whatever the status is: throttling, and faults of the service.
const PASSING: [&str; 9] = [
    "ServiceUnavailableException",
    "InternalFailure",
    "ThrottlingException",
    "Throttling",
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "RequestTimeoutException",
    "RequestTimeout",
    "SlowDown",
];

/// What fresh credentials cure: those of a role run out.
const RUN_OUT: [&str; 3] = ["ExpiredTokenException", "ExpiredToken", "RequestExpired"];

/// What other credentials may cure.
const UNKNOWN: &str = "UnrecognizedClientException";

/// The answer to `PutRecordBatch`. It is 200 even if no record was taken.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "FailedPutCount")]
    failed: u64,
    #[serde(rename = "RequestResponses")]
    each: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(rename = "ErrorCode")]
    code: Option<String>,
    #[serde(rename = "ErrorMessage")]
    message: Option<String>,
}

/// Records of a call that were not taken.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Their places in the call.
    pub(super) places: BTreeSet<usize>,
    of: usize,
    /// What was said of the first of them.
    first: String,
}

impl Refused {
    /// Why there is more to send, if there is.
    pub(super) fn why(&self) -> Option<String> {
        let (count, of, first) = (self.places.len(), self.of, &self.first);
        (count > 0).then(|| format!("Firehose took all but {count} of {of} records: {first}"))
    }
}

/// Which of `count` records were not taken. What cannot be understood counts as no answer.
pub(super) fn refused(body: &[u8], count: usize) -> Result<Refused, Trouble> {
    let unclear = |why: String| Trouble::Passing {
        why: format!(
            "Firehose's answer is not to be understood, and its records are sent again: {why}"
        ),
        after: None,
    };
    let batch: Batch = serde_json::from_slice(body).map_err(|e| unclear(e.to_string()))?;
    let each = batch.each.len();
    if each != count {
        return Err(unclear(format!("it speaks of {each} of {count} records")));
    }
    let mut refused = Refused {
        of: count,
        ..Refused::default()
    };
    for (place, one) in batch.each.into_iter().enumerate() {
        if let Some(code) = one.code {
            if refused.places.is_empty() {
                refused.first = quoted(&format!("{code}: {}", one.message.unwrap_or_default()));
            }
            refused.places.insert(place);
        }
    }
    let named = refused.places.len() as u64;
    if named != batch.failed {
        let said = batch.failed;
        return Err(unclear(format!(
            "it says that {said} failed and names {named}"
        )));
    }
    Ok(refused)
}

/// A refusal of a whole call.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) trouble: Trouble,
    /// The credentials may be out of date.
    pub(super) wants_other_credentials: bool,
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "__type")]
    name: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

/// What a refusal means: nothing of the call was taken.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let exception: Option<Exception> = serde_json::from_slice(body).ok();
    let message = match exception.as_ref().and_then(|e| e.message.clone()) {
        Some(message) => quoted(&message),
        None => quoted(&String::from_utf8_lossy(body)),
    };
    let named = headers
        .get("x-amzn-errortype")
        .and_then(|name| name.to_str().ok());
    let name = exception.and_then(|e| e.name).or(named.map(str::to_owned));
    let name = name.unwrap_or_default();
    // `namespace#Name`, or `Name:http://…`
    let name = name.rsplit('#').next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    let why = match name {
        "" => format!("Firehose says {status}: {message}"),
        name => format!("Firehose says {status} {name}: {message}"),
    };
    let run_out = RUN_OUT.contains(&name);
    let passes = matches!(status.as_u16(), 408 | 425 | 429 | 500..);
    let trouble = match passes || PASSING.contains(&name) || run_out {
        true => Trouble::Passing {
            why,
            after: after(headers),
        },
        false => Trouble::Operator(why),
    };
    Refusal {
        trouble,
        wants_other_credentials: run_out || name == UNKNOWN || status == StatusCode::FORBIDDEN,
    }
}

fn after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let exact = number("x-amz-retry-after").map(Duration::from_millis);
    exact.or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

fn quoted(text: &str) -> String {
    known::excerpt(text.as_bytes(), QUOTED)
}

#[cfg(test)]
mod tests;
