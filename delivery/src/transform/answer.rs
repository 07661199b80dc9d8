//! What a transformation function answered, judged record by record (reference D.3 and D.4).
//!
//! An answer that is wrong is final: the function was there and said so. Good records of it are
//! delivered.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::event::record_id;
use super::{Outcome, PartitionKeys};
use crate::record::portion::Portion;

/// What a function said instead of an answer: it failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FunctionError(pub(super) String);

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    record_id: Text<'a>,
    #[serde(borrow, default)]
    result: Option<Text<'a>>,
    #[serde(borrow, default)]
    data: Option<Text<'a>>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    partition_keys: Option<PartitionKeys>,
}

/// What the records of an answer say of the one with an id.
enum Said<'a> {
    Once(Record<'a>),
    Wrong(String),
    Twice,
}

/// One outcome for each record of `portion`.
pub(super) fn judge(body: &[u8], portion: &Portion) -> Result<Vec<Outcome>, FunctionError> {
    match serde_json::from_slice::<Answer<'_>>(body) {
        Ok(answer) => {
            let records = answer.records.into_iter();
            let said = records.map(|record| (record.record_id.0.to_string(), Said::Once(record)));
            Ok(sort_out(said, body.len(), portion))
        }
        Err(_) => judge_loosely(body, portion),
    }
}

/// An answer that is not as it should be, member by member.
fn judge_loosely(body: &[u8], portion: &Portion) -> Result<Vec<Outcome>, FunctionError> {
    let all = |outcome: Outcome| Ok(vec![outcome; portion.len()]);
    let answer: Value = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(why) => {
            return all(Outcome::failed(
                "Lambda.JsonProcessingException",
                format!("The response is not JSON: {why}"),
            ));
        }
    };
    let Some(records) = answer.get("records").and_then(Value::as_array) else {
        return match function_error(&answer) {
            Some(error) => Err(error),
            None => all(Outcome::failed(
                "Lambda.MissingRecordId",
                "The response has no list called records",
            )),
        };
    };
    let said = records.iter().filter_map(|record| {
        let id = record.get("recordId")?.as_str()?.to_owned();
        let said = match Record::deserialize(record) {
            Ok(record) => Said::Once(record),
            Err(why) => Said::Wrong(why.to_string()),
        };
        Some((id, said))
    });
    Ok(sort_out(said, body.len(), portion))
}

/// Lambda's form of an error, where the runtime does not say so in a header.
fn function_error(answer: &Value) -> Option<FunctionError> {
    let kind = answer.get("errorType")?.as_str()?;
    let message = answer.get("errorMessage").and_then(Value::as_str);
    let message = message.unwrap_or("without a message");
    Some(FunctionError(format!("{kind}: {message}")))
}

/// Gives each record of `portion` what was said of its id. Ids that are none of its are ignored.
fn sort_out<'a>(
    said: impl Iterator<Item = (String, Said<'a>)>,
    size: usize,
    portion: &Portion,
) -> Vec<Outcome> {
    let mut by_id = HashMap::with_capacity(portion.len());
    for (id, said) in said {
        by_id
            .entry(id)
            .and_modify(|before| *before = Said::Twice)
            .or_insert(said);
    }
    let mut decoded = Decoded {
        bytes: Vec::with_capacity(size / 4 * 3),
    };
    let rows = portion.rows();
    let kept: Vec<_> = rows
        .map(|row| decoded.outcome(by_id.remove(&record_id(&row))))
        .collect();
    decoded.finish(kept)
}

/// The data of kept records, one behind the other.
struct Decoded {
    bytes: Vec<u8>,
}

/// An outcome whose bytes lie in a buffer that still grows.
enum Kept {
    At(usize, usize, Option<Arc<PartitionKeys>>),
    Not(Outcome),
}

impl Decoded {
    fn outcome(&mut self, said: Option<Said<'_>>) -> Kept {
        Kept::Not(match said {
            Some(Said::Once(record)) => return self.record(record),
            Some(Said::Twice) => Outcome::failed(
                "Lambda.DuplicatedRecordId",
                "The response has the same record id more than once",
            ),
            Some(Said::Wrong(why)) => Outcome::failed("Lambda.JsonMappingException", why),
            None => Outcome::failed(
                "Lambda.MissingRecordId",
                "The response does not contain the record's id",
            ),
        })
    }

    fn record(&mut self, record: Record<'_>) -> Kept {
        let result = record.result.map(|result| result.0);
        Kept::Not(match result.as_deref() {
            Some("Ok") => return self.keep(record.data, record.metadata),
            Some("Dropped") => Outcome::Drop,
            Some("ProcessingFailed") => Outcome::failed(
                "Lambda.ProcessingFailedStatus",
                "ProcessingFailed status set for record",
            ),
            Some(other) => Outcome::failed(
                "Lambda.JsonMappingException",
                format!(
                    "result is {:?}, one of Ok, Dropped, ProcessingFailed is allowed",
                    other.chars().take(60).collect::<String>()
                ),
            ),
            None => Outcome::failed("Lambda.InvalidReturnFormat", "result cannot be null"),
        })
    }

    fn keep(&mut self, data: Option<Text<'_>>, metadata: Option<Metadata>) -> Kept {
        let Some(Text(data)) = data else {
            return Kept::Not(Outcome::failed(
                "Lambda.InvalidReturnFormat",
                "data field cannot be null when SourceType is DirectPut or KinesisStreamAsSource \
                 and processing result is Ok",
            ));
        };
        let start = self.bytes.len();
        let decoded = base64_simd::STANDARD.decode_append(data.as_bytes(), &mut self.bytes);
        if decoded.is_err() {
            self.bytes.truncate(start);
            return Kept::Not(Outcome::failed(
                "Lambda.JsonMappingException",
                "data is not base64",
            ));
        }
        let keys = metadata.and_then(|metadata| metadata.partition_keys);
        Kept::At(start, self.bytes.len(), keys.map(Arc::new))
    }

    fn finish(self, kept: Vec<Kept>) -> Vec<Outcome> {
        let bytes = Bytes::from(self.bytes);
        let outcome = |kept| match kept {
            Kept::At(start, end, keys) => Outcome::Keep {
                bytes: bytes.slice(start..end),
                keys,
            },
            Kept::Not(outcome) => outcome,
        };
        kept.into_iter().map(outcome).collect()
    }
}

#[cfg(test)]
mod tests;
