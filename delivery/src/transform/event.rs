//! The request that a transformation function of Firehose gets (reference D.2).

use standpipe_config::names::StreamName;

use crate::record::Row;
use crate::record::portion::Portion;

/// Bytes that stand around the base64 of a record, at most.
const AROUND: usize = 128;

/// Bytes of a request for so many records of so many bytes, at most.
pub(super) fn size(records: usize, bytes: usize) -> usize {
    // The head names the stream and its region: a few hundred bytes.
    bytes.div_ceil(3) * 4 + records * AROUND + 8 * AROUND
}

/// The account in the ARN of a stream: there is none here.
const ACCOUNT: &str = "000000000000";

/// What every request says of the stream, as a function is used to read it.
#[derive(Clone, Debug)]
pub(super) struct Head {
    arn: String,
    region: String,
}

impl Head {
    /// Of a stream, whose function is told `region`. Neither needs escapes in JSON.
    pub(super) fn new(stream: &StreamName, region: &str) -> Self {
        Self {
            arn: format!("arn:aws:firehose:{region}:{ACCOUNT}:deliverystream/{stream}"),
            region: region.to_owned(),
        }
    }

    /// The request for a portion of records.
    pub(super) fn event(&self, invocation: &str, portion: &Portion) -> Vec<u8> {
        let mut out = Vec::with_capacity(size(portion.len(), portion.bytes()));
        let Self { arn, region } = self;
        let head = format!(
            r#"{{"invocationId":"{invocation}","deliveryStreamArn":"{arn}","region":"{region}","records":["#
        );
        out.extend_from_slice(head.as_bytes());
        for (number, row) in portion.rows().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            put(&row, &mut out);
        }
        out.extend_from_slice(b"]}");
        out
    }
}

/// The id by which a function names a record: opaque, and no other record of its request has it.
pub(super) fn record_id(row: &Row<'_>) -> String {
    let (run, position, index) = match row.redriven {
        // It keeps its name (rule 27).
        Some(id) => (id.run, id.position, id.index),
        None => (row.run, row.position, row.index),
    };
    format!("{run}-{position}-{index}")
}

fn put(row: &Row<'_>, out: &mut Vec<u8>) {
    let (id, arrival) = (record_id(row), row.arrival.0);
    let head = format!(r#"{{"recordId":"{id}","approximateArrivalTimestamp":{arrival},"data":""#);
    out.extend_from_slice(head.as_bytes());
    base64_simd::STANDARD.encode_append(row.bytes, out);
    out.extend_from_slice(b"\"}");
}

#[cfg(test)]
mod tests;
