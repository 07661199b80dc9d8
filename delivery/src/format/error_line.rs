//! The lines of error objects: one JSON object per record that could not be delivered, in
//! Firehose's fields and spelling, and `standpipe` beside them (rule 27), so that it can be
//! delivered again under its own name.

use standpipe_config::names::{Arrival, LaneId};

use crate::record::Row;

pub use read::{Line as Read, NotOurs};

mod read;

/// A record that failed, and how.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Its lane.
    pub lane: LaneId,
    /// The record, in the form that its stage says.
    pub row: Row<'a>,
    /// Firehose's code, or one in its style.
    pub code: &'a str,
    /// Why, for people.
    pub message: &'a str,
    /// How often it was tried.
    pub attempts: u32,
    /// When the last attempt ended.
    pub ended: Arrival,
}

/// Appends the line of a record that could not be converted: error type `format-conversion-failed`.
///
/// Of the fields that Firehose fills from a Kinesis stream or a catalog, `sequenceNumber`,
/// `subSequenceNumber` and `dataCatalogTable` are null.
pub fn conversion_failed(failed: &Failed<'_>, out: &mut Vec<u8>) {
    let mut line = Line::begin(out);
    line.number("attemptsMade", i64::from(failed.attempts));
    line.number("arrivalTimestamp", failed.row.arrival.0);
    line.text("lastErrorCode", failed.code);
    line.text("lastErrorMessage", failed.message);
    line.number("attemptEndingTimestamp", failed.ended.0);
    line.raw_data(failed.row.bytes);
    for field in ["sequenceNumber", "subSequenceNumber", "dataCatalogTable"] {
        line.null(field);
    }
    line.end(failed);
}

/// Appends the line of a record that a destination refused: the fields that Firehose's other error
/// types have in common.
pub fn refused(failed: &Failed<'_>, out: &mut Vec<u8>) {
    Line::refused(failed, out).end(failed);
}

/// Appends the line of a record that a transform failed, which is called `by`: error type
/// `processing-failed`. Firehose spells the last key `lambdaARN` since 2026, `lambdaArn` before.
pub fn processing_failed(failed: &Failed<'_>, by: &str, out: &mut Vec<u8>) {
    let mut line = Line::refused(failed, out);
    line.text("lambdaARN", by);
    line.end(failed);
}

/// What a record is called in a search cluster.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// The index.
    pub index: &'a str,
    /// The id, where it is known.
    pub id: Option<&'a str>,
}

/// Appends the line of a record that a search cluster refused, in Firehose's fields for these. There
/// are no types of documents any more, so `esTypeName` is empty.
pub fn document_refused(failed: &Failed<'_>, called: Called<'_>, out: &mut Vec<u8>) {
    let mut line = Line::begin(out);
    line.number("attemptsMade", i64::from(failed.attempts));
    line.number("arrivalTimestamp", failed.row.arrival.0);
    line.text("errorCode", failed.code);
    line.text("errorMessage", failed.message);
    line.number("attemptEndingTimestamp", failed.ended.0);
    match called.id {
        Some(id) => line.text("esDocumentId", id),
        None => line.null("esDocumentId"),
    }
    line.text("esIndexName", called.index);
    line.text("esTypeName", "");
    line.raw_data(failed.row.bytes);
    line.end(failed);
}

struct Line<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Line<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// The fields that most error types have in common.
    fn refused(failed: &Failed<'_>, out: &'a mut Vec<u8>) -> Self {
        let mut line = Line::begin(out);
        line.raw_data(failed.row.bytes);
        line.text("errorCode", failed.code);
        line.text("errorMessage", failed.message);
        line.number("attemptsMade", i64::from(failed.attempts));
        line.number("arrivalTimestamp", failed.row.arrival.0);
        line.number("attemptEndingTimestamp", failed.ended.0);
        line
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn number(&mut self, key: &str, value: i64) {
        self.key(key);
        self.out.extend_from_slice(value.to_string().as_bytes());
    }

    fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        let quoted = serde_json::Value::from(value).to_string();
        self.out.extend_from_slice(quoted.as_bytes());
    }

    fn raw_data(&mut self, bytes: &[u8]) {
        self.key("rawData");
        self.out.push(b'"');
        base64_simd::STANDARD.encode_append(bytes, self.out);
        self.out.push(b'"');
    }

    /// Adds what makes the record deliverable again, and ends the line.
    fn end(mut self, failed: &Failed<'_>) {
        let row = failed.row;
        let id = row.id(failed.lane);
        self.key("standpipe");
        let mut ours = Line::begin(self.out);
        ours.text("id", &id.to_string());
        ours.number("arrival", row.arrival.0);
        ours.text("stage", row.stage.as_str());
        self.out.extend_from_slice(b"}}\n");
    }
}

#[cfg(test)]
mod tests;
