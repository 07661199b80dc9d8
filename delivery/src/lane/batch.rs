//! The open batch: a contiguous range of positions on its way into spool files.
//!
//! Nothing of it is kept in memory but what the writers need. Until it is sealed it is nobody's:
//! dropped, its files go with it, and the lane reads the same records again.

use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::names::{Arrival, Run};
use standpipe_config::settings::delivery::Format;
use tokio::time::Instant;

use super::checkpoint::Counts;
use super::plan::Plan;
use crate::format::parquet::{StreamSchema, reserve_for};
use crate::journal::Chunk;
use crate::record::Row;
use crate::record::rows::{Reserve, RowsWriter, Shape};
use crate::spool::{Draft, Spool};

/// A line that was cut into parts may make a batch so much longer than its hint, in bytes, so that
/// it lies whole in one object.
const PATIENCE: u64 = 16 * 1024 * 1024;

/// A record that makes the lane panic, for tests of what follows (rule 15).
#[cfg(test)]
pub(crate) const PANIC: &str = "panic, lane!";

/// The open batch.
#[derive(Debug)]
pub struct Batch {
    /// Its files, which go with it unless it is sealed.
    pub(super) draft: Draft,
    /// What will be delivered, or encoded at the seal.
    pub(super) data: RowsFile,
    /// Copies for source backup.
    pub(super) backup: Option<RowsFile>,
    /// The file that the data will be encoded into.
    pub(super) object: Option<ObjectFile>,
    /// What it holds.
    pub(super) tally: Tally,
    opened: Instant,
}

/// A rows file of the batch.
#[derive(Debug)]
pub(super) struct RowsFile {
    pub(super) id: u64,
    pub(super) data: String,
    pub(super) index: String,
    pub(super) writer: RowsWriter,
}

/// The file that a batch will be encoded into at the seal, reserved while it grows (rule 28).
#[derive(Debug)]
pub(super) struct ObjectFile {
    pub(super) name: String,
    pub(super) reserve: Reserve,
    schema: StreamSchema,
}

/// What an open batch holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tally {
    pub(super) first: u64,
    /// Behind the last record.
    pub(super) next: u64,
    pub(super) run: Run,
    pub(super) oldest: Arrival,
    pub(super) counts: Counts,
    /// The last record is a part of a line, and there are more to come.
    pub(super) in_line: bool,
}

/// How far a chunk went into a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// All of it is in.
    All,
    /// The batch is full.
    Full,
}

/// A row that could not be written.
#[derive(Debug)]
pub struct NotTaken {
    /// Why.
    pub error: FileError,
    /// Whether the batch holds whole rows in all of its files, and can be sealed without this one.
    pub can_seal: bool,
}

impl RowsFile {
    pub(super) fn create(
        spool: &Spool,
        draft: &mut Draft,
        shape: Shape,
    ) -> Result<Self, FileError> {
        let id = spool.mint();
        let (data, index) = (format!("{id:016x}.rows"), format!("{id:016x}.index"));
        let paths = (draft.add(data.clone()), draft.add(index.clone()));
        Ok(Self {
            id,
            data,
            index,
            writer: RowsWriter::create(&paths.0, &paths.1, shape)?,
        })
    }
}

impl Batch {
    /// Opens a batch that begins at `position`. Blocks.
    pub fn open(spool: &Arc<Spool>, plan: &Plan, position: u64) -> Result<Self, FileError> {
        let mut draft = spool.draft();
        let data = RowsFile::create(spool, &mut draft, plan.shape())?;
        let backup = match plan.backup() {
            Some(_) => {
                let shape = plan.backup_shape();
                Some(RowsFile::create(spool, &mut draft, shape)?)
            }
            None => None,
        };
        let object = match &plan.format {
            Format::Parquet(parquet) => {
                let name = format!("{:016x}.object", data.id);
                // How many columns there are is a detail of what is reserved; the seal complains.
                let kept = StreamSchema::load(&plan.schema_path()).unwrap_or_default();
                Some(ObjectFile {
                    reserve: Reserve::create(&draft.add(name.clone()))?,
                    schema: StreamSchema::of(&parquet.schema, kept),
                    name,
                })
            }
            Format::Raw(_) => None,
        };
        Ok(Self {
            draft,
            data,
            backup,
            object,
            tally: Tally {
                first: position,
                next: position,
                run: Run([0; 8]),
                oldest: Arrival(0),
                counts: Counts::default(),
                in_line: false,
            },
            opened: Instant::now(),
        })
    }

    /// Writes the rows of `chunk` that it does not hold yet, until its records reach `size` bytes.
    /// Blocks.
    pub fn take(&mut self, chunk: &Chunk, size: u64) -> Result<Taken, NotTaken> {
        let held = self.tally.next;
        let entries = chunk.entries.iter();
        let new = entries.skip_while(|e| e.first + e.records.len() as u64 <= held);
        for row in new.flat_map(|entry| entry.rows()) {
            if row.position < self.tally.next {
                continue;
            }
            if self.is_full(size) {
                self.count();
                return Ok(Taken::Full);
            }
            self.append(&row)?;
        }
        self.count();
        faults::reach("batch", "written");
        Ok(if self.is_full(size) {
            Taken::Full
        } else {
            Taken::All
        })
    }

    /// Behind its last record.
    pub fn next(&self) -> u64 {
        self.tally.next
    }

    /// Bytes of its records.
    pub fn bytes(&self) -> u64 {
        self.tally.counts.bytes
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.tally.counts.records == 0
    }

    /// Whether a line would be cut if it were sealed now.
    pub fn is_in_line(&self) -> bool {
        self.tally.in_line
    }

    /// When it was opened, for its age (rule 21: monotonic, in this process).
    pub fn opened(&self) -> Instant {
        self.opened
    }

    fn is_full(&self, size: u64) -> bool {
        let bytes = self.bytes();
        !self.is_empty() && bytes >= size && (!self.tally.in_line || bytes >= size + PATIENCE)
    }

    fn append(&mut self, row: &Row<'_>) -> Result<(), NotTaken> {
        #[cfg(test)]
        assert_ne!(row.bytes, PANIC.as_bytes(), "a record that is too much");
        let failed = |error, can_seal| NotTaken { error, can_seal };
        let rows = self.data.writer.rows();
        let data = self.data.writer.append(row);
        data.map_err(|e| failed(e, self.data.writer.rows() == rows && rows > 0))?;
        if let Some(backup) = &mut self.backup {
            // The data has a row more than the copies then.
            backup.writer.append(row).map_err(|e| failed(e, false))?;
        }
        let content = self.data.writer.content_bytes();
        let reserved = match &mut self.object {
            Some(object) => {
                let needed = reserve_for(content, &object.schema);
                object.reserve.grow(needed)
            }
            None => Ok(()),
        };
        self.tally.add(row);
        // The row is in; what is reserved so far may do for the seal.
        reserved.map_err(|e| failed(e, true))
    }

    /// Counts what its files take against the quota.
    fn count(&mut self) {
        let writers = std::iter::once(&self.data).chain(&self.backup);
        let rows: u64 = writers.map(|file| file.writer.disk_bytes()).sum();
        let object = self.object.as_ref().map_or(0, |o| o.reserve.bytes());
        self.draft.count(rows + object);
    }
}

impl Tally {
    fn add(&mut self, row: &Row<'_>) {
        if self.counts.records == 0 {
            self.run = row.run;
            self.oldest = row.arrival;
        }
        // Never runs backwards within a lane, and costs nothing to be sure of.
        self.oldest = self.oldest.min(row.arrival);
        self.next = row.position + 1;
        self.counts += Counts {
            records: 1,
            bytes: row.bytes.len() as u64,
        };
        self.in_line = row.part.is_some_and(|part| !part.last);
    }
}
