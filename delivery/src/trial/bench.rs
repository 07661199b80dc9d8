//! A lane's folder without a lane: batches are filled and sealed in it, looked at, and removed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_config::files::FolderLock;
use standpipe_config::names::LaneId;
use standpipe_config::settings::delivery::{HighWater, Stream};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

use super::report::{Column, Report};
use super::{Passed, look};
use crate::disk::{DataFolder, Quota};
use crate::failure::Failure;
use crate::format::parquet::{Columnar, REST, StreamSchema};
use crate::lane::PartitionMemory;
use crate::lane::batch::{Batch, Files, Limit, Taken};
use crate::lane::checkpoint::{Checkpoint, Entry};
use crate::lane::plan::Plan;
use crate::lane::seal::{self, SealError};
use crate::lane::shape::Shaped;
use crate::spool::{Named, Spool};

/// A batch may take as much of the disk as it needs.
const QUOTA: u64 = u64::MAX;

/// What the rows of open partitions may take, in bytes: as with the default of `limits.memory`.
const MEMORY: usize = 32 * 1024 * 1024;

/// Every stream's first version.
const VERSION: u64 = 1;

/// A folder in which batches become files.
pub(super) struct Bench {
    plan: Plan,
    spool: Arc<Spool>,
    checkpoint: Checkpoint,
    memory: Arc<PartitionMemory>,
    report: Report,
    format: Duration,
    transform: Duration,
    folder: TempDir,
}

fn cannot(why: impl std::fmt::Display) -> Failure {
    Failure::halt(format!(
        "nothing can be tried in the temporary folder: {why}"
    ))
}

impl Bench {
    pub(super) fn set_up(stream: &Stream) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("standpipe-try-").tempdir();
        let folder = folder.map_err(cannot)?;
        let (path, lane) = (folder.path(), LaneId([0; 16]));
        let lock = FolderLock::acquire(path, true).map_err(cannot)?;
        let data = Arc::new(DataFolder::new(path, HighWater::Free(0)));
        let quota = Arc::new(Quota::new(QUOTA, data));
        let named = Named {
            files: Vec::new(),
            next: 1,
        };
        let spool = Spool::open(&path.join("spool"), &named, quota, Arc::new(lock));
        Ok(Self {
            plan: Plan {
                stream: stream.name.clone(),
                version: VERSION,
                lane,
                buffering: stream.buffering,
                transform: stream.transform.clone(),
                partitioning: stream.partitioning.clone(),
                format: stream.format.clone(),
                destination: stream.destination.clone(),
                folder: path.to_owned(),
            },
            spool: Arc::new(spool.map_err(cannot)?),
            checkpoint: Checkpoint::begin(path, lane).map_err(cannot)?,
            memory: Arc::new(PartitionMemory::new(MEMORY)),
            report: Report::of(&stream.name),
            format: Duration::ZERO,
            transform: Duration::ZERO,
            folder,
        })
    }

    /// Puts all that passed into batches, and tells what they became. Blocks.
    pub(super) fn work(
        mut self,
        mut passed: Receiver<Result<Passed, Failure>>,
    ) -> Result<Report, Failure> {
        let mut open = None;
        while let Some(passed) = passed.blocking_recv() {
            let Passed { shaped, took } = passed?;
            self.transform += took;
            self.report.take(&shaped);
            let began = Instant::now();
            self.write(&shaped, &mut open)?;
            self.format += began.elapsed();
        }
        let began = Instant::now();
        if let Some(batch) = open.filter(|batch| !batch.is_empty()) {
            self.seal(batch)?;
        }
        self.format += began.elapsed();
        self.finish()
    }

    fn write(&mut self, shaped: &Shaped, open: &mut Option<Batch>) -> Result<(), Failure> {
        let limit = Limit {
            size: self.plan.buffering.size,
            accepted: u64::MAX,
        };
        let end = shaped.end().unwrap_or_default();
        loop {
            let files = Files {
                spool: &self.spool,
                plan: &self.plan,
                memory: &self.memory,
            };
            let mut batch = match open.take() {
                Some(batch) => batch,
                None => {
                    let position = self.checkpoint.state().position;
                    Batch::open(&files, position).map_err(cannot)?
                }
            };
            let taken = batch.take(shaped, limit, &files);
            let taken = taken.map_err(|not| cannot(not.error))?;
            let is_done = batch.next() >= end;
            match taken {
                Taken::All => *open = Some(batch),
                Taken::Full => self.seal(batch)?,
            }
            if is_done {
                return Ok(());
            }
        }
    }

    fn seal(&mut self, batch: Batch) -> Result<(), Failure> {
        match seal::seal(batch, &self.plan, &self.spool, &self.checkpoint) {
            Ok(left) => drop(left),
            Err(SealError::Halt(failure)) => return Err(failure),
            Err(SealError::Full(why) | SealError::Fatal(why)) => return Err(cannot(why)),
        }
        for id in self.checkpoint.take_fresh() {
            let Some(file) = self.checkpoint.file(id) else {
                continue;
            };
            look::at(&file, &self.spool, &mut self.report)?;
            self.spool.remove(file.spool_files());
            let gone = Entry::Delivered { file: id };
            self.checkpoint.record(gone).map_err(cannot)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Report, Failure> {
        let settled = self.checkpoint.state().settled.clone();
        let failed = settled.failed.values().map(|counts| counts.records);
        self.report.outcomes.ok = settled.delivered.records;
        self.report.outcomes.dropped = settled.dropped.records;
        self.report.outcomes.failed = failed.sum();
        self.report.seconds.transform = self.transform.as_secs_f64();
        self.report.seconds.format = self.format.as_secs_f64();
        if let Some(format) = Columnar::of(&self.plan.format) {
            let kept = StreamSchema::load(&self.plan.schema_path()).map_err(cannot)?;
            let schema = StreamSchema::of(format.schema(), kept);
            let mut columns: Vec<_> = schema.columns().iter().map(Column::of).collect();
            if let StreamSchema::Inferred(_) = schema {
                columns.push(Column::named(REST, "string"));
            }
            self.report.schema = Some(columns);
        }
        drop(self.spool);
        // What cannot be removed lies where the system sweeps.
        let _ = self.folder.close();
        Ok(self.report)
    }
}
