//! The open batch: a contiguous range of positions on its way into spool files.
//!
//! Nothing of it is kept in memory but what the writers need. Until it is sealed it is nobody's:
//! dropped, its files go with it, and the lane reads the same records again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::names::Arrival;
use tokio::time::Instant;

use super::checkpoint::Counts;
use super::failed::{ErrorFile, FailedAt, Reason};
use super::kind::Kind;
use super::partition::{Placing, Unplaced};
use super::shape::Shaped;
use super::share::Share;
use crate::record::{Row, Stage};
use crate::spool::Draft;
use crate::transform::{Outcome, PartitionKeys};

pub use files::Files;
pub(super) use files::{Data, DataFile, ObjectFile, RowsFile};

mod files;

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
    pub(super) data: Data,
    /// Copies for source backup.
    pub(super) backup: Option<RowsFile>,
    /// Records that failed.
    pub(super) failed: BTreeMap<FailedAt, ErrorFile>,
    /// What it holds.
    pub(super) tally: Tally,
    opened: Instant,
}

/// What an open batch holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tally {
    /// Behind the last record.
    pub(super) next: u64,
    /// All records, each of which has a copy where there is source backup.
    pub(super) all: Share,
    /// Those in the data file.
    pub(super) kept: Share,
    /// Bytes of these in the form in which they are delivered.
    pub(super) written: u64,
    /// Those that a transform left out.
    pub(super) dropped: Counts,
    /// The last record is a part of a line, and there are more to come.
    pub(super) in_line: bool,
    /// Which records may lie in it.
    pub(super) kind: Kind,
}

/// When a batch is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Bytes of rows in its data file.
    pub size: u64,
    /// Bytes of its records as they were accepted, which a transform may leave little of.
    pub accepted: u64,
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

impl Batch {
    /// Opens a batch that begins at `position`. Blocks.
    pub fn open(files: &Files<'_>, position: u64) -> Result<Self, FileError> {
        let (spool, plan) = (files.spool, files.plan);
        let mut draft = spool.draft();
        let data = files.data(&mut draft)?;
        let backup = match plan.backup() {
            Some(_) => {
                let shape = plan.backup_shape();
                Some(RowsFile::create(spool, &mut draft, shape)?)
            }
            None => None,
        };
        Ok(Self {
            draft,
            data,
            backup,
            failed: BTreeMap::new(),
            tally: Tally {
                next: position,
                all: Share::default(),
                kept: Share::default(),
                written: 0,
                dropped: Counts::default(),
                in_line: false,
                kind: Kind::Open,
            },
            opened: Instant::now(),
        })
    }

    /// Writes the records of `shaped` that it does not hold yet, until it holds as much as `limit`
    /// says. Blocks.
    pub fn take(
        &mut self,
        shaped: &Shaped,
        limit: Limit,
        files: &Files<'_>,
    ) -> Result<Taken, NotTaken> {
        for (row, outcome) in shaped.rows_from(self.tally.next) {
            if self.is_full(limit) || !self.tally.kind.takes(&row) {
                self.count();
                return Ok(Taken::Full);
            }
            self.append(&row, outcome, files)?;
        }
        self.count();
        faults::reach("batch", "written");
        Ok(if self.is_full(limit) {
            Taken::Full
        } else {
            Taken::All
        })
    }

    /// Behind its last record.
    pub fn next(&self) -> u64 {
        self.tally.next
    }

    /// Bytes of its records as they were accepted.
    pub fn bytes(&self) -> u64 {
        self.tally.all.counts.bytes
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.tally.all.counts.records == 0
    }

    /// Whether a line would be cut if it were sealed now.
    pub fn is_in_line(&self) -> bool {
        self.tally.in_line
    }

    /// When it was opened, for its age (rule 21: monotonic, in this process).
    pub fn opened(&self) -> Instant {
        self.opened
    }

    fn is_full(&self, limit: Limit) -> bool {
        let reaches = |patience| {
            self.tally.written >= limit.size.saturating_add(patience)
                || self.bytes() >= limit.accepted.saturating_add(patience)
        };
        !self.is_empty() && reaches(0) && (!self.tally.in_line || reaches(PATIENCE))
    }

    fn append(
        &mut self,
        row: &Row<'_>,
        outcome: Option<&Outcome>,
        files: &Files<'_>,
    ) -> Result<(), NotTaken> {
        #[cfg(test)]
        assert_ne!(row.bytes, PANIC.as_bytes(), "a record that is too much");
        let reserved = match outcome {
            None => self.keep(row, row, None, files),
            Some(Outcome::Keep { bytes, keys }) => {
                let changed = Row {
                    stage: Stage::Transformed,
                    bytes,
                    ..*row
                };
                self.keep(row, &changed, keys.as_deref(), files)
            }
            Some(Outcome::Drop) => self.drop_out(row).map(Ok),
            Some(Outcome::Failed(why)) => {
                let reason = Reason {
                    code: why.code,
                    message: &why.message,
                    attempts: why.attempts,
                    ended: why.ended,
                };
                self.fail(FailedAt::Transform, row, &reason, files).map(Ok)
            }
        }?;
        self.tally.add(row);
        // The row is in; what is reserved so far may do for the seal.
        reserved.map_err(|error| NotTaken {
            error,
            can_seal: true,
        })
    }

    /// Writes `changed`, the form in which `row` is delivered. The error inside is one of
    /// reserving what comes later: the row is in.
    fn keep(
        &mut self,
        row: &Row<'_>,
        changed: &Row<'_>,
        keys: Option<&PartitionKeys>,
        files: &Files<'_>,
    ) -> Result<Result<(), FileError>, NotTaken> {
        let is_whole = !self.is_empty();
        let Data::One(data) = &mut self.data else {
            return self.keep_apart(row, changed, keys, files);
        };
        write(&mut data.rows, changed, is_whole)?;
        let content = data.rows.writer.content_bytes();
        let reserved = match &mut data.object {
            Some(object) => object.grow(content),
            None => Ok(()),
        };
        self.kept(row, changed)?;
        Ok(reserved)
    }

    /// As [`keep`](Self::keep), into the file of the row's partition.
    fn keep_apart(
        &mut self,
        row: &Row<'_>,
        changed: &Row<'_>,
        keys: Option<&PartitionKeys>,
        files: &Files<'_>,
    ) -> Result<Result<(), FileError>, NotTaken> {
        let (Data::Many(partitions), Some(placing)) = (&mut self.data, Placing::of(files.plan))
        else {
            return Ok(Ok(()));
        };
        let placed = match placing.place(changed.bytes, keys) {
            Ok(placed) => placed,
            Err(why) => return self.unplaced(row, &why, files),
        };
        let name = match partitions.open(&placed, row, files.plan) {
            Ok(name) => name,
            Err(why) => return self.unplaced(row, &why, files),
        };
        let draft = (&**files.spool, &mut self.draft);
        let named = (name.clone(), placed.time);
        partitions.append(named, (row, changed), files.plan, draft);
        let tidied = partitions.tidy(&name, files.plan);
        self.kept(row, changed)?;
        Ok(tidied)
    }

    /// Puts a record whose partition is not known, or not open, under the error prefix, as it came.
    fn unplaced(
        &mut self,
        row: &Row<'_>,
        why: &Unplaced,
        files: &Files<'_>,
    ) -> Result<Result<(), FileError>, NotTaken> {
        let reason = Reason {
            code: why.code,
            message: &why.message,
            attempts: 1,
            ended: Arrival::now(),
        };
        self.fail(why.at, row, &reason, files).map(Ok)
    }

    /// The data has a row more than the copies until its copy is written.
    fn kept(&mut self, row: &Row<'_>, changed: &Row<'_>) -> Result<(), NotTaken> {
        self.copy(row, false)?;
        self.tally.kept.add(row);
        self.tally.written += changed.bytes.len() as u64;
        Ok(())
    }

    fn drop_out(&mut self, row: &Row<'_>) -> Result<(), NotTaken> {
        self.copy(row, !self.is_empty())?;
        self.tally.dropped += Counts {
            records: 1,
            bytes: row.bytes.len() as u64,
        };
        Ok(())
    }

    fn fail(
        &mut self,
        at: FailedAt,
        row: &Row<'_>,
        reason: &Reason<'_>,
        files: &Files<'_>,
    ) -> Result<(), NotTaken> {
        let is_whole = !self.is_empty();
        let failed = |error| NotTaken {
            error,
            can_seal: is_whole,
        };
        let errors = match self.failed.entry(at) {
            Entry::Occupied(errors) => errors.into_mut(),
            Entry::Vacant(none) => {
                let created = files.failed(at, &mut self.draft).map_err(failed)?;
                none.insert(created)
            }
        };
        errors.add(row, reason).map_err(failed)?;
        self.copy(row, false)
    }

    /// Writes a copy for source backup.
    fn copy(&mut self, row: &Row<'_>, is_whole: bool) -> Result<(), NotTaken> {
        match &mut self.backup {
            Some(backup) if row.redriven.is_none() => write(backup, row, is_whole),
            _ => Ok(()),
        }
    }

    /// Counts what its files take against the quota.
    fn count(&mut self) {
        let failed = self.failed.values().map(|errors| &errors.file);
        let rows = |file: &RowsFile| file.writer.disk_bytes();
        let beside: u64 = failed.chain(&self.backup).map(rows).sum();
        let data = match &self.data {
            Data::One(data) => {
                let object = data.object.as_ref().map_or(0, |o| o.reserve.bytes());
                rows(&data.rows) + object
            }
            Data::Many(partitions) => partitions.bytes(),
        };
        self.draft.count(beside + data);
    }
}

/// Writes a row. `is_whole`: all files of the batch hold the same records until then, and some.
fn write(file: &mut RowsFile, row: &Row<'_>, is_whole: bool) -> Result<(), NotTaken> {
    let rows = file.writer.rows();
    let written = file.writer.append(row);
    written.map_err(|error| NotTaken {
        error,
        can_seal: is_whole && file.writer.rows() == rows,
    })
}

impl Tally {
    fn add(&mut self, row: &Row<'_>) {
        self.all.add(row);
        self.kind = Kind::of(row);
        self.next = row.position + 1;
        self.in_line = row.part.is_some_and(|part| !part.last);
    }
}
