//! A chunk of records as one contiguous buffer plus offsets, from the agent's file to the
//! encoder: no allocation per record.

use bytes::Bytes;

/// Records in the order in which they were given.
///
/// `ends[i]` is where record `i` ends in `bytes`; it begins where its neighbour ended. Most
/// records need no note; `notes` is sorted by record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Records {
    /// All records, one behind the other, nothing between them.
    pub bytes: Bytes,
    /// Where each record ends in `bytes`. Never decreases.
    pub ends: Vec<u32>,
    /// What is special about single records, sorted by record.
    pub notes: Vec<Note>,
}

/// What is special about one record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Note {
    /// The record's place in its [`Records`].
    pub record: u32,
    /// Which part of a longer line it is, if it was cut.
    pub part: Option<Part>,
    /// The line had no line end, because its file ended there.
    pub unterminated: bool,
}

/// A line longer than the limit is cut into parts that follow each other without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// 0 for the first part of a line.
    pub number: u32,
    /// The line is whole after this part.
    pub last: bool,
}

/// Offsets that do not describe their bytes. Only outside data can cause it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// An end lies before its predecessor or behind the buffer.
    #[error("record {record} ends at byte {end}, which lies outside its buffer")]
    End {
        /// The record's place.
        record: usize,
        /// The end that is wrong.
        end: u32,
    },
    /// The last record does not end where the buffer does.
    #[error("{left} bytes lie behind the last record")]
    Left {
        /// How many bytes belong to no record.
        left: usize,
    },
    /// A note names a record that is not there, or notes are out of order.
    #[error("a note names record {record}, which is not there or not in order")]
    Note {
        /// The record the note names.
        record: u32,
    },
}

impl Records {
    /// Checks that offsets and notes describe `bytes`.
    pub fn new(bytes: Bytes, ends: Vec<u32>, notes: Vec<Note>) -> Result<Self, Malformed> {
        let mut before = 0;
        for (record, &end) in ends.iter().enumerate() {
            if end < before || end as usize > bytes.len() {
                return Err(Malformed::End { record, end });
            }
            before = end;
        }
        let left = bytes.len() - before as usize;
        if left > 0 {
            return Err(Malformed::Left { left });
        }
        let in_order = |pair: &[Note]| pair[0].record < pair[1].record;
        let wrong = notes
            .windows(2)
            .find(|pair| !in_order(pair))
            .map(|pair| pair[1])
            .or_else(|| {
                notes
                    .last()
                    .copied()
                    .filter(|n| n.record as usize >= ends.len())
            });
        match wrong {
            Some(note) => Err(Malformed::Note {
                record: note.record,
            }),
            None => Ok(Self { bytes, ends, notes }),
        }
    }

    /// How many records these are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The records, each with its note, in order.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        let mut start = 0;
        let mut notes = self.notes.iter().peekable();
        self.ends.iter().enumerate().map(move |(place, &end)| {
            let bytes = &self.bytes[start..end as usize];
            start = end as usize;
            let note = notes.next_if(|note| note.record as usize == place);
            Record {
                bytes,
                part: note.and_then(|note| note.part),
                unterminated: note.is_some_and(|note| note.unterminated),
            }
        })
    }
}

/// One record, borrowed from its [`Records`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// What someone gave us.
    pub bytes: &'a [u8],
    /// Which part of a longer line it is, if it was cut.
    pub part: Option<Part>,
    /// The line had no line end, because its file ended there.
    pub unterminated: bool,
}

/// Collects records one by one into a [`Records`].
#[derive(Default, Debug)]
pub struct Builder {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    notes: Vec<Note>,
}

impl Builder {
    /// An empty one that fills the memory of records that nobody needs any more: fresh memory
    /// costs a page fault for every 4 KiB.
    pub fn reusing(records: Records) -> Self {
        let Records {
            bytes,
            mut ends,
            mut notes,
        } = records;
        let bytes = match bytes.try_into_mut() {
            Ok(mut bytes) => {
                // Before they become a `Vec`, which moves what there is of them to its beginning.
                bytes.clear();
                Vec::from(bytes)
            }
            // Somebody else holds them.
            Err(_) => Vec::new(),
        };
        ends.clear();
        notes.clear();
        Self { bytes, ends, notes }
    }

    /// Adds a record. Together the records must stay below 4 GiB, which every door's limits see to.
    pub fn push(&mut self, record: Record<'_>) {
        if record.part.is_some() || record.unterminated {
            self.notes.push(Note {
                record: self.ends.len() as u32,
                part: record.part,
                unterminated: record.unterminated,
            });
        }
        self.bytes.extend_from_slice(record.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Adds a record that has nothing special.
    pub fn push_plain(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Adds a record that `write` appends to the buffer in place, unless it became longer than
    /// `limit` bytes: then it is taken back, and the answer is false.
    pub fn push_written(
        &mut self,
        limit: usize,
        unterminated: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let fits = self.bytes.len() - start <= limit;
        if fits {
            self.push(Record {
                bytes: b"",
                part: None,
                unterminated,
            });
        } else {
            self.bytes.truncate(start);
        }
        fits
    }

    /// Bytes for which there is memory.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes collected so far.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Records collected so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing was collected yet.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The records.
    pub fn finish(self) -> Records {
        Records {
            bytes: self.bytes.into(),
            ends: self.ends,
            notes: self.notes,
        }
    }
}

#[cfg(test)]
mod tests;
