//! Error lines, read back: what failed, in the form in which it failed, under its own name.

use std::borrow::Cow;

use serde::Deserialize;
use standpipe_config::names::Arrival;

use crate::record::{RecordId, Stage};

/// A line of an error object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// What the record is called.
    pub id: RecordId,
    /// When it arrived first.
    pub arrival: Arrival,
    /// Which form its bytes have.
    pub stage: Stage,
    /// When the last attempt ended.
    pub ended: Arrival,
    /// Why it failed: Firehose's code, or one in its style.
    pub code: Cow<'a, str>,
    /// The same for people.
    pub message: Cow<'a, str>,
    raw: Cow<'a, str>,
}

/// A line that nothing can be put back from: not ours, or not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotOurs;

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, rename = "rawData")]
    raw: Cow<'a, str>,
    #[serde(borrow, alias = "lastErrorCode", rename = "errorCode")]
    code: Cow<'a, str>,
    #[serde(borrow, alias = "lastErrorMessage", rename = "errorMessage")]
    message: Cow<'a, str>,
    #[serde(rename = "attemptEndingTimestamp")]
    ended: i64,
    #[serde(borrow)]
    standpipe: Ours<'a>,
}

#[derive(Deserialize)]
struct Ours<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    arrival: i64,
    #[serde(borrow)]
    stage: Cow<'a, str>,
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub fn read(line: &'a [u8]) -> Result<Self, NotOurs> {
        let written: Written<'a> = serde_json::from_slice(line).map_err(|_| NotOurs)?;
        Ok(Self {
            id: written.standpipe.id.parse().map_err(|_| NotOurs)?,
            arrival: Arrival(written.standpipe.arrival),
            stage: Stage::of(&written.standpipe.stage).ok_or(NotOurs)?,
            ended: Arrival(written.ended),
            code: written.code,
            message: written.message,
            raw: written.raw,
        })
    }

    /// The record's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, NotOurs> {
        let decoded = base64_simd::STANDARD.decode_to_vec(self.raw.as_bytes());
        decoded.map_err(|_| NotOurs)
    }
}

#[cfg(test)]
mod tests;
