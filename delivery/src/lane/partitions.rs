//! The open partitions of a batch: thousands of files that grow at once, in bounded memory and
//! without a file kept open.
//!
//! Rows stay in memory as long as there is room for them. When there is none, the partitions that
//! hold most of it are written to their files, so that few large writes give the room back. A file
//! that has reached the size of an object is done with, and its partition begins the next one: so
//! hot partitions get full objects, and cold ones are not cut small by them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::{Counter, Gauge, counter, gauge};
use standpipe_config::files::FileError;
use standpipe_config::names::{Arrival, StreamName};

use super::failed::FailedAt;
use super::partition::{Placed, SharedName, Unplaced, check_name};
use super::plan::Plan;
use super::share::Share;
use crate::record::Row;
use crate::record::rows::ParkedRows;
use crate::spool::{Draft, Spool};

/// Firehose's code for a record that would open one partition too many.
const TOO_MANY: &str = "DynamicPartitioning.ActivePartitionExceeded";

/// When memory is short, so much of a share is given back at once: a half.
const GIVEN_BACK: usize = 2;

/// What the rows of all open partitions of the process may take of memory.
#[derive(Debug)]
pub struct PartitionMemory {
    bytes: usize,
    /// How many batches share it.
    holders: AtomicUsize,
}

impl PartitionMemory {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes,
            holders: AtomicUsize::new(0),
        }
    }
}

/// A batch's part of the memory, as long as it is open.
#[derive(Debug)]
struct Held(Arc<PartitionMemory>);

impl Held {
    fn of(memory: &Arc<PartitionMemory>) -> Self {
        memory.holders.fetch_add(1, Ordering::Relaxed);
        Self(memory.clone())
    }

    /// Its bytes now: all batches have the same.
    fn bytes(&self) -> usize {
        self.0.bytes / self.0.holders.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holders.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the metrics say of the one batch that a stream has open.
struct Shown {
    open: Gauge,
    sealed: Counter,
}

impl Shown {
    fn of(stream: &StreamName) -> Self {
        Self {
            open: gauge!("standpipe_partitions_open", "stream" => stream.to_string()),
            sealed: counter!("standpipe_partition_files_sealed_total", "stream" => stream.to_string()),
        }
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown")
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.open.set(0.0);
    }
}

/// The open partitions of a batch.
#[derive(Debug)]
pub(super) struct Partitions {
    held: Held,
    shown: Shown,
    /// By name; none where the last file is full and the next not begun.
    open: HashMap<SharedName, Option<PartitionFile>>,
    /// Files that are done with.
    full: Vec<PartitionFile>,
    /// Bytes of memory that rows take.
    memory: usize,
    /// Bytes on disk.
    disk: u64,
}

/// A file of a partition.
#[derive(Debug)]
pub(super) struct PartitionFile {
    pub(super) id: u64,
    pub(super) data: String,
    pub(super) index: String,
    pub(super) name: SharedName,
    /// The time that its prefix means, if it is not that of arrival.
    pub(super) time: Option<Arrival>,
    pub(super) rows: ParkedRows,
    /// The records whose fate it decides.
    pub(super) share: Share,
    /// Bytes of its rows.
    written: u64,
    /// Its last row is a part of a line, and there are more to come.
    in_line: bool,
}

impl PartitionFile {
    fn create(
        (name, time): (SharedName, Option<Arrival>),
        newline: bool,
        spool: &Spool,
        draft: &mut Draft,
    ) -> Self {
        let id = spool.mint();
        let (data, index) = (format!("{id:016x}.rows"), format!("{id:016x}.index"));
        let rows = ParkedRows::new(draft.add(data.clone()), draft.add(index.clone()), newline);
        Self {
            id,
            data,
            index,
            name,
            time,
            rows,
            share: Share::default(),
            written: 0,
            in_line: false,
        }
    }
}

impl Partitions {
    /// None yet.
    pub(super) fn new(memory: &Arc<PartitionMemory>, stream: &StreamName) -> Self {
        Self {
            held: Held::of(memory),
            shown: Shown::of(stream),
            open: HashMap::new(),
            full: Vec::new(),
            memory: 0,
            disk: 0,
        }
    }

    /// Opens the partition of `row`, unless it is open. An error concerns this record only.
    pub(super) fn open(
        &mut self,
        placed: &Placed,
        row: &Row<'_>,
        plan: &Plan,
    ) -> Result<SharedName, Unplaced> {
        if let Some((name, _)) = self.open.get_key_value(&placed.name) {
            return Ok(name.clone());
        }
        check_name(plan, placed, row)?;
        let max_open = plan.partitioning.as_ref().map_or(0, |p| p.max_open) as usize;
        if self.open.len() >= max_open {
            let stream = plan.stream.to_string();
            counter!("standpipe_partitions_exceeded_total", "stream" => stream).increment(1);
            return Err(Unplaced {
                at: FailedAt::Open,
                code: TOO_MANY,
                message: format!(
                    "{max_open} partitions are open, and this record belongs to another: raise partitioning.max_open, or partition by fewer keys"
                ),
            });
        }
        let name = Arc::new(placed.name.clone());
        self.open.insert(name.clone(), None);
        self.shown.open.set(self.open.len() as f64);
        Ok(name)
    }

    /// Adds `changed`, the form in which `row` is delivered, in memory.
    pub(super) fn append(
        &mut self,
        (name, time): (SharedName, Option<Arrival>),
        (row, changed): (&Row<'_>, &Row<'_>),
        plan: &Plan,
        (spool, draft): (&Spool, &mut Draft),
    ) {
        let file = self.open.entry(name.clone()).or_default();
        let file = file.get_or_insert_with(|| {
            PartitionFile::create((name, time), plan.spools_lines(), spool, draft)
        });
        let before = file.rows.memory();
        file.rows.append(changed);
        file.share.add(row);
        file.written += changed.bytes.len() as u64;
        file.in_line = row.part.is_some_and(|part| !part.last);
        self.memory = self.memory + file.rows.memory() - before;
    }

    /// Gives memory back where it is short, and closes the file of a partition that is full. An
    /// error loses nothing: rows stay in memory.
    pub(super) fn tidy(&mut self, name: &SharedName, plan: &Plan) -> Result<(), FileError> {
        let is_full = |file: &PartitionFile| file.written >= plan.buffering.size && !file.in_line;
        if let Some(file) = self.open.get_mut(name)
            && file.as_ref().is_some_and(is_full)
            && let Some(mut done) = file.take()
        {
            let written = write_out(&mut done, &mut self.memory, &mut self.disk);
            self.full.push(done);
            written?;
        }
        match self.memory > self.held.bytes() {
            true => self.give_back(self.held.bytes() / GIVEN_BACK),
            false => Ok(()),
        }
    }

    /// Bytes that its files take on disk, those that are still in memory included.
    pub(super) fn bytes(&self) -> u64 {
        self.disk + self.memory as u64
    }

    /// All files, in the order in which they were begun, to be sealed.
    pub(super) fn into_files(self) -> Vec<PartitionFile> {
        let mut files = self.full;
        files.extend(self.open.into_values().flatten());
        files.sort_unstable_by_key(|file| file.id);
        self.shown.sealed.increment(files.len() as u64);
        files
    }

    /// Writes the partitions that take most memory, until no more than `bytes` are taken.
    fn give_back(&mut self, bytes: usize) -> Result<(), FileError> {
        let files = self.open.values_mut().flatten();
        let mut files: Vec<_> = files.filter(|file| file.rows.memory() > 0).collect();
        files.sort_unstable_by_key(|file| std::cmp::Reverse(file.rows.memory()));
        for file in files {
            if self.memory <= bytes {
                break;
            }
            write_out(file, &mut self.memory, &mut self.disk)?;
        }
        Ok(())
    }
}

fn write_out(
    file: &mut PartitionFile,
    memory: &mut usize,
    disk: &mut u64,
) -> Result<(), FileError> {
    let (held, before) = (file.rows.memory(), file.rows.disk_bytes());
    file.rows.write_out()?;
    *memory -= held - file.rows.memory();
    *disk += file.rows.disk_bytes() - before;
    Ok(())
}

#[cfg(test)]
mod tests;
