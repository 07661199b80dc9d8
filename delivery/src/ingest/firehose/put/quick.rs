//! The quick way through a body: one pass, one buffer, no allocation per record.
//!
//! It knows the one form that clients send: the members in any order, nothing escaped, nothing
//! over a limit. Whatever else comes, it gives up, and the strict reader begins anew and says what
//! is wrong, if anything is. So it need not tell wrong from unusual, and must only be sure of what
//! it takes.

use base64_simd::STANDARD;
use memchr::memchr;
use standpipe_config::limits::MAX_RECORD;
use standpipe_config::names::StreamName;
use standpipe_config::records::Records;

use super::{MAX_DATA, MAX_RECORDS, Put};
use crate::ingest::firehose::operation::Operation;

/// Reads a body of the usual form.
pub(super) fn read(operation: Operation, body: &[u8]) -> Option<Put> {
    let mut cursor = Cursor { body, at: 0 };
    let (mut stream, mut records) = (None, None);
    cursor.token(b'{')?;
    loop {
        let name = cursor.string()?;
        cursor.token(b':')?;
        match (name, operation) {
            (b"DeliveryStreamName", _) if stream.is_none() => stream = Some(cursor.stream()?),
            (b"Record", Operation::PutRecord) if records.is_none() => {
                let mut data = Data::with_room_for(body);
                data.record(&mut cursor)?;
                records = Some(data);
            }
            (b"Records", Operation::PutRecordBatch) if records.is_none() => {
                let mut data = Data::with_room_for(body);
                data.records(&mut cursor)?;
                records = Some(data);
            }
            _ => return None,
        }
        if cursor.token(b',').is_none() {
            break;
        }
    }
    cursor.token(b'}')?;
    cursor.skip_space();
    let data = records.filter(|_| cursor.at == body.len())?;
    Some(Put {
        stream: stream?,
        records: data.finish(),
        firsts: None,
    })
}

/// Where the reader stands.
struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.body.get(self.at) {
            self.at += 1;
        }
    }

    /// Passes a character, and the white space before it.
    fn token(&mut self, expected: u8) -> Option<()> {
        if self.body.get(self.at) != Some(&expected) {
            self.skip_space();
        }
        if self.body.get(self.at) != Some(&expected) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// What stands up to the next quote. Were that quote escaped, the backslash before it would
    /// make it no name of ours and no base64.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.token(b'"')?;
        let rest = &self.body[self.at..];
        let length = memchr(b'"', rest)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    fn stream(&mut self) -> Option<StreamName> {
        str::from_utf8(self.string()?).ok()?.parse().ok()
    }
}

/// Decoded records, one behind the other.
struct Data {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Data {
    /// Three bytes for each four of a body, which has more in it than base64.
    fn with_room_for(body: &[u8]) -> Self {
        Self {
            bytes: Vec::with_capacity((body.len() / 4 * 3).min(MAX_DATA + MAX_RECORD)),
            ends: Vec::with_capacity(MAX_RECORDS),
        }
    }

    fn records(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.token(b'[')?;
        loop {
            self.record(cursor)?;
            if cursor.token(b',').is_none() {
                break;
            }
        }
        cursor.token(b']')
    }

    fn record(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.token(b'{')?;
        if cursor.string()? != b"Data" {
            return None;
        }
        cursor.token(b':')?;
        let text = cursor.string()?;
        let start = self.bytes.len();
        if self.ends.len() == MAX_RECORDS || text.len() > MAX_RECORD / 3 * 4 + 4 {
            return None;
        }
        STANDARD.decode_append(text, &mut self.bytes).ok()?;
        if self.bytes.len() - start > MAX_RECORD || self.bytes.len() > MAX_DATA {
            return None;
        }
        self.ends.push(self.bytes.len() as u32);
        cursor.token(b'}')
    }

    fn finish(mut self) -> Records {
        self.bytes.shrink_to_fit();
        Records {
            bytes: self.bytes.into(),
            ends: self.ends,
            notes: Vec::new(),
        }
    }
}
