//! A request of the agent as records of Firehose: what is left of it to send, call by call.

use std::collections::BTreeSet;

use bytes::Bytes;
use standpipe_config::frame::{Answer, DecodeError, Frame, Outcome, Reply, decode};
use standpipe_config::limits::MAX_RECORD;
use standpipe_config::names::StreamName;

/// Records of one call, at most (Firehose's limit).
const MOST_RECORDS: usize = 500;

/// Bytes of one call, at most: Firehose's limit of 4 MiB. Whether AWS counts before base64 or
/// after is not documented; after is right either way.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// `{"Data":""},`
const AROUND: usize = 12;

/// Records that are to be sent, and what is answered when all are.
#[derive(Debug)]
pub struct Parcel {
    answers: Vec<Answer>,
    /// In order; of a call that failed in part, those that failed stay.
    left: Vec<Bytes>,
}

impl Parcel {
    /// What the frames of a request come to.
    pub fn new(frames: Bytes) -> Result<Self, DecodeError> {
        let mut left = Vec::new();
        let mut answers = Vec::new();
        for frame in decode(frames)?.frames {
            let outcome = match &frame {
                Frame::Records(..) | Frame::Gap(..) => Outcome::Stored,
                Frame::Identify(_) | Frame::Final { .. } | Frame::Live(_) => Outcome::Noted,
            };
            answers.push(Answer {
                outcome,
                mark: None,
            });
            if let Frame::Records(_, records) = frame {
                let mut start = 0;
                for &end in &records.ends {
                    left.push(records.bytes.slice(start..end as usize));
                    start = end as usize;
                }
            }
        }
        // The first is the next.
        left.reverse();
        Ok(Self { answers, left })
    }

    /// How many records are not taken yet.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// The body of the next call and how many records it holds; `None` where all are taken.
    pub(super) fn call(&self, stream: &StreamName) -> Option<(Vec<u8>, usize)> {
        if self.left.is_empty() {
            return None;
        }
        // A stream's name needs no escapes.
        let mut body = format!("{{\"DeliveryStreamName\":\"{stream}\",\"Records\":[").into_bytes();
        let mut count = 0;
        let mut data = Vec::new();
        for record in self.left.iter().rev().take(MOST_RECORDS) {
            let size = base64_simd::STANDARD.encoded_length(record.len() + 1) + AROUND;
            if count > 0 && body.len() + size + 2 > MOST_BYTES {
                break;
            }
            if count > 0 {
                body.push(b',');
            }
            body.extend_from_slice(b"{\"Data\":\"");
            data.clear();
            data.extend_from_slice(record);
            // As the Kinesis Agent does, so that what is delivered is lines.
            if record.len() < MAX_RECORD {
                data.push(b'\n');
            }
            base64_simd::STANDARD.encode_append(&data, &mut body);
            body.extend_from_slice(b"\"}");
            count += 1;
        }
        body.extend_from_slice(b"]}");
        Some((body, count))
    }

    /// Takes in the answer to a call of `count` records: all were taken but those at these places.
    pub(super) fn settle(&mut self, count: usize, refused: &BTreeSet<usize>) {
        let sent = self.left.split_off(self.left.len() - count);
        let kept = sent.into_iter().rev().enumerate();
        let kept: Vec<Bytes> = kept
            .filter(|(place, _)| refused.contains(place))
            .map(|(_, record)| record)
            .collect();
        self.left.extend(kept.into_iter().rev());
    }

    /// What the follower is told when all are taken.
    pub(super) fn reply(&self) -> Reply {
        Reply {
            answers: self.answers.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
