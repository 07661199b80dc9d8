//! Aggregates of the Kinesis Producer Library: many records in one, which are taken apart where a
//! stream's settings ask for it. What they become are records like any others.
//!
//! An aggregate is a mark, a message of Protocol Buffers and the MD5 of that message:
//!
//! ```text
//! AggregatedRecord   1 partition_key_table   2 explicit_hash_key_table   3 records
//! Record             1 partition_key_index   2 explicit_hash_key_index   3 data   4 tags
//! ```
//!
//! What is damaged, or holds no record, stays as it came. Memory is bounded by what came: a record
//! takes six bytes of its aggregate at least, beside its data, and four bytes of offsets here.

use std::ops::Range;

use md5::{Digest, Md5};
use standpipe_config::records::Records;

/// What an aggregate begins with.
pub(super) const MARK: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// Of the checksum, in bytes.
const CHECKSUM: usize = 16;

/// Takes aggregates apart. Also says where each of `records` begins among what they became.
pub(super) fn take_apart(records: Records) -> (Records, Vec<u32>) {
    let counts: Vec<_> = records.iter().map(|record| count(record.bytes)).collect();
    let parts = counts.iter().map(|count| (*count).max(1)).sum();
    let mut firsts = Vec::with_capacity(counts.len());
    let mut taken = Taken {
        bytes: records.bytes.into(),
        kept: 0,
        ends: Vec::with_capacity(parts),
    };
    let mut start = 0;
    for (count, end) in counts.into_iter().zip(records.ends) {
        let end = end as usize;
        firsts.push(taken.ends.len() as u32);
        match count {
            0 => taken.keep(start..end),
            _ => taken.take_apart(start..end),
        }
        start = end;
    }
    (taken.finish(), firsts)
}

/// How many records a whole aggregate holds; else 0.
fn count(record: &[u8]) -> usize {
    let Some(mut fields) = message(record) else {
        return 0;
    };
    let mut count = 0;
    loop {
        match fields.next_data(record) {
            Ok(Some(_)) => count += 1,
            Ok(None) => return count,
            Err(Damaged) => return 0,
        }
    }
}

fn message(record: &[u8]) -> Option<Fields> {
    let (message, checksum) = record.strip_prefix(&MARK)?.split_last_chunk::<CHECKSUM>()?;
    let is_right = Md5::digest(message)[..] == checksum[..];
    is_right.then(|| Fields(body(0..record.len())))
}

/// Where the message of an aggregate stands.
fn body(aggregate: Range<usize>) -> Range<usize> {
    aggregate.start + MARK.len()..aggregate.end - CHECKSUM
}

/// Records that are moved together, in the buffer in which they came.
struct Taken {
    bytes: Vec<u8>,
    kept: usize,
    ends: Vec<u32>,
}

impl Taken {
    fn keep(&mut self, record: Range<usize>) {
        let length = record.len();
        self.bytes.copy_within(record, self.kept);
        self.kept += length;
        self.ends.push(self.kept as u32);
    }

    /// Takes a whole aggregate apart. What is written ends before what is read next.
    fn take_apart(&mut self, aggregate: Range<usize>) {
        let mut fields = Fields(body(aggregate));
        while let Ok(Some(data)) = fields.next_data(&self.bytes) {
            self.keep(data);
        }
    }

    fn finish(mut self) -> Records {
        self.bytes.truncate(self.kept);
        Records {
            bytes: self.bytes.into(),
            ends: self.ends,
            notes: Vec::new(),
        }
    }
}

/// A message that cannot be read.
#[derive(Debug)]
struct Damaged;

/// The fields of a message that were not read yet: where they stand. It borrows nothing, so that
/// what was read can be moved.
struct Fields(Range<usize>);

/// A field, and where its content stands if it has a length.
struct Field {
    number: u64,
    content: Content,
}

enum Content {
    Number,
    Fixed,
    Bytes(Range<usize>),
}

impl Fields {
    /// Where the data of an aggregate's next record stands.
    fn next_data(&mut self, bytes: &[u8]) -> Result<Option<Range<usize>>, Damaged> {
        while let Some(field) = self.next(bytes)? {
            match (field.number, field.content) {
                (3, Content::Bytes(record)) => return Fields(record).data(bytes).map(Some),
                (1 | 2, Content::Bytes(_)) | (4.., _) => {}
                _ => return Err(Damaged),
            }
        }
        Ok(None)
    }

    /// Where the data of a record stands. It must have a key, too.
    fn data(mut self, bytes: &[u8]) -> Result<Range<usize>, Damaged> {
        let (mut key, mut data) = (None, None);
        while let Some(field) = self.next(bytes)? {
            match (field.number, field.content) {
                (1, Content::Number) => key = Some(()),
                (3, Content::Bytes(found)) => data = Some(found),
                (2, Content::Number) | (4, Content::Bytes(_)) | (5.., _) => {}
                _ => return Err(Damaged),
            }
        }
        key.and(data).ok_or(Damaged)
    }

    fn next(&mut self, bytes: &[u8]) -> Result<Option<Field>, Damaged> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.number(bytes)?;
        let content = match key & 7 {
            0 => self.number(bytes).map(|_| Content::Number)?,
            1 => self.pass(8).map(|_| Content::Fixed)?,
            2 => {
                let length = self.number(bytes)?;
                Content::Bytes(self.pass(length)?)
            }
            5 => self.pass(4).map(|_| Content::Fixed)?,
            _ => return Err(Damaged),
        };
        let number = key >> 3;
        Ok(Some(Field { number, content }))
    }

    /// A number in up to ten bytes, seven bits each.
    fn number(&mut self, bytes: &[u8]) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = bytes[self.pass(1)?.start];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn pass(&mut self, length: u64) -> Result<Range<usize>, Damaged> {
        let length = usize::try_from(length).map_err(|_| Damaged)?;
        if length > self.0.len() {
            return Err(Damaged);
        }
        let start = self.0.start;
        self.0.start += length;
        Ok(start..self.0.start)
    }
}

#[cfg(test)]
mod tests;
