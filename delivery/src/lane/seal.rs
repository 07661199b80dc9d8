//! The seal: a batch's files become final, and one checkpoint entry says so.
//!
//! In this order: encoders finish, files are synced, their folder is synced, the entry is written
//! and synced. Before the entry nothing has happened; after it nothing is ever encoded again.

use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::names::Arrival;
use standpipe_config::prefix::PrefixError;

use super::batch::{Batch, Data, DataFile, RowsFile, Tally};
use super::checkpoint::{Attempts, Checkpoint, CheckpointError, Entry, Role, Seal, SealedFile};
use super::failed::failures::Failures;
use super::failed::{ErrorFile, Lines, Reason};
use super::object::Origin;
use super::partition::SharedName;
use super::plan::{Place, Plan};
use super::share::Share;
use crate::destination::{Target, hex};
use crate::failure::Failure;
use crate::format;
use crate::format::parquet::StreamSchema;
use crate::record::rows::{Finished, RowsError, RowsReader};
use crate::spool::{Draft, Spool, SpoolFile};
use columns::Unconverted;

mod columns;
mod partitions;

/// The error type of records whose object's key is no key (rule 20), and its code.
const NO_KEY: (&str, &str) = ("processing-failed", "Standpipe.InvalidKey");

/// Why a batch was not sealed. Unless the checkpoint is unknown, nothing is left of it.
#[derive(Debug)]
pub enum SealError {
    /// No room on the disk: a smaller batch may fit (rule 28).
    Full(String),
    /// An operator is needed.
    Halt(Failure),
    /// What is on disk is unknown: the process must end.
    Fatal(String),
}

impl From<FileError> for SealError {
    fn from(error: FileError) -> Self {
        match error.is_full() {
            true => Self::Full(error.to_string()),
            false => Self::Fatal(error.to_string()),
        }
    }
}

impl From<RowsError> for SealError {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::File(error) => error.into(),
            damage => Self::Halt(Failure::halt(damage.to_string())),
        }
    }
}

/// Seals `batch`: durable, and in the checkpoint, on return. Blocks, and is bound by the processor
/// where rows are encoded. What is returned are files that are not needed any more, which go when it
/// is dropped.
pub fn seal(
    batch: Batch,
    plan: &Plan,
    spool: &Arc<Spool>,
    checkpoint: &Checkpoint,
) -> Result<Draft, SealError> {
    let position = batch.next();
    let mut sealing = Sealing {
        plan,
        spool,
        // The lane alone seals, one batch after the other.
        number: checkpoint.state().next_seal,
        draft: batch.draft,
        tally: batch.tally,
        files: Vec::new(),
        unsynced: Vec::new(),
        schema: None,
        unconverted: Unconverted::default(),
        failures: Failures::default(),
    };
    for (at, failed) in batch.failed {
        sealing.errors(failed, at.error_type())?;
    }
    match batch.data {
        _ if sealing.tally.kept.counts.records == 0 => {}
        Data::Many(partitions) => sealing.partitions(*partitions)?,
        Data::One(data) => sealing.one(*data)?,
    }
    sealing.report_unconverted()?;
    spool.sync_files(&std::mem::take(&mut sealing.unsynced))?;
    if let (Some(copies), Some(place)) = (batch.backup, plan.backup())
        && sealing.tally.kind.is_copied()
    {
        sealing.backup(copies, place)?;
    }
    faults::reach("seal", "files-finished");
    spool.sync()?;
    faults::reach("seal", "files-synced");
    sealing.record(position, checkpoint)
}

/// A batch being sealed.
struct Sealing<'a> {
    plan: &'a Plan,
    spool: &'a Arc<Spool>,
    number: u64,
    draft: Draft,
    tally: Tally,
    files: Vec<SealedFile>,
    /// Files that are whole and not durable, each with the name of its sync.
    unsynced: Vec<(String, &'static str)>,
    /// What columns the stream's files have, once one of them was encoded.
    schema: Option<StreamSchema>,
    unconverted: Unconverted,
    /// Why records failed.
    failures: Failures,
}

/// A rows file that is whole.
pub(super) struct Written {
    pub(super) id: u64,
    pub(super) rows: u64,
    pub(super) data: SpoolFile,
    /// Of the data.
    pub(super) hash: String,
    pub(super) index: SpoolFile,
}

impl Written {
    fn new(id: u64, (data, index): (String, String), finished: &Finished) -> Self {
        let file = |name, size| SpoolFile { name, size };
        Self {
            id,
            rows: finished.rows,
            data: file(data, finished.data_bytes),
            hash: hex(&finished.data_hash),
            index: file(index, finished.index_bytes),
        }
    }
}

impl RowsFile {
    /// Durable on return.
    pub(super) fn finish(self) -> Result<Written, FileError> {
        let finished = self.writer.finish()?;
        Ok(Written::new(self.id, (self.data, self.index), &finished))
    }

    /// Whole on return, and not durable.
    fn close(self) -> Result<Written, FileError> {
        let (finished, _) = self.writer.close()?;
        Ok(Written::new(self.id, (self.data, self.index), &finished))
    }
}

/// What an object is made of, before it has a key.
struct Content {
    id: u64,
    rows: u64,
    object: SpoolFile,
    /// Of the object.
    hash: String,
    kept: Vec<SpoolFile>,
    share: Share,
    /// Where it belongs, if there are partitions.
    partition: Option<Partition>,
}

/// What tells the key of a partition's object from others.
#[derive(Clone, Debug)]
struct Partition {
    name: SharedName,
    /// The time that the prefix means, if it is not that of arrival.
    time: Option<Arrival>,
}

impl Content {
    /// A rows file that is delivered itself, and whose rows decide about `share`.
    fn of(written: Written, share: Share) -> Self {
        Self {
            id: written.id,
            rows: written.rows,
            object: written.data.clone(),
            hash: written.hash,
            kept: vec![written.data, written.index],
            share,
            partition: None,
        }
    }
}

/// Where a sealed file goes, and as what.
struct Name {
    target: Target,
    key: String,
    refused_key: Option<String>,
    refused_target: Option<Target>,
    encoding: Option<&'static str>,
}

impl Name {
    /// Of a file that is never refused.
    fn of(target: Target, key: String) -> Self {
        Self {
            target,
            key,
            refused_key: None,
            refused_target: None,
            encoding: None,
        }
    }
}

impl Sealing<'_> {
    /// The only data file.
    fn one(&mut self, data: DataFile) -> Result<(), SealError> {
        let content = Content::of(data.rows.finish()?, self.tally.kept);
        match data.object {
            None => self.data(content),
            Some(object) => self.encoded(content, object),
        }
    }

    /// Adds the data file, or what takes its place if it can have no name (rule 20).
    fn data(&mut self, content: Content) -> Result<(), SealError> {
        let (place, errors) = (self.plan.place(), self.plan.errors());
        let origin = self.origin(&content, Role::Data);
        match origin.key(place.prefix, self.plan.suffix()) {
            Ok(key) => {
                let kind = place.target.error_type();
                let refused_key = origin.refused_key(&key, errors.prefix, kind, "").ok();
                let elsewhere = errors.target != place.target;
                let name = Name {
                    target: place.target,
                    key,
                    refused_key,
                    refused_target: elsewhere.then_some(errors.target),
                    encoding: format::content_encoding(&self.plan.format),
                };
                self.add(content, Role::Data, name).map(drop)
            }
            Err(why) => self.nameless(&content, &why),
        }
    }

    fn nameless(&mut self, content: &Content, why: &PrefixError) -> Result<(), SealError> {
        let (kind, code) = NO_KEY;
        let reason = Reason {
            code,
            message: &why.to_string(),
            attempts: 1,
            ended: Arrival::now(),
        };
        let mut errors = self.error_file(Lines::Refusal)?;
        errors.add_all(&mut rows_of(self.spool, &content.kept)?, &reason)?;
        errors.failed.counts = content.share.counts;
        self.errors(errors, kind).map(drop)
    }

    fn error_file(&mut self, lines: Lines) -> Result<ErrorFile, FileError> {
        ErrorFile::create(self.spool, &mut self.draft, self.plan.lane, lines)
    }

    /// Adds an error file.
    fn errors(&mut self, errors: ErrorFile, kind: &str) -> Result<SealedFile, SealError> {
        self.failures.append(errors.failures);
        let content = Content::of(errors.file.finish()?, errors.failed);
        let place = self.plan.errors();
        let role = Role::Error(kind.to_owned());
        let key = self
            .origin(&content, role.clone())
            .error_key(place.prefix, kind, "")
            .map_err(|why| no_error_key(&why))?;
        self.add(content, role, Name::of(place.target, key))
    }

    /// Adds the copies.
    fn backup(&mut self, copies: RowsFile, place: Place<'_>) -> Result<(), SealError> {
        let content = Content::of(copies.finish()?, self.tally.all);
        let key = self
            .origin(&content, Role::Backup)
            .key(place.prefix, self.plan.backup_suffix())
            .map_err(|why| no_error_key(&why))?;
        let name = Name::of(place.target, key);
        self.add(content, Role::Backup, name).map(drop)
    }

    fn origin<'a>(&'a self, content: &'a Content, role: Role) -> Origin<'a> {
        let partition = content.partition.as_ref();
        Origin {
            stream: &self.plan.stream,
            version: self.plan.version,
            lane: self.plan.lane,
            run: content.share.first.1,
            first: content.share.first.0,
            // No two files of a role begin with the same record.
            index: 0,
            role,
            oldest: content.share.oldest,
            keys: partition.map_or(&[], |partition| &partition.name.values),
            time: partition.and_then(|partition| partition.time),
        }
    }

    fn add(&mut self, content: Content, role: Role, name: Name) -> Result<SealedFile, SealError> {
        let Share {
            first: (first, run),
            oldest,
            counts,
            last,
            ..
        } = content.share;
        let file = SealedFile {
            id: content.id,
            role,
            target: name.target,
            key: name.key,
            refused_key: name.refused_key,
            refused_target: name.refused_target,
            seal: self.number,
            counts,
            rows: content.rows,
            first,
            last: last.unwrap_or(first),
            run,
            oldest,
            object: content.object,
            hash: content.hash,
            encoding: name.encoding.map(str::to_owned),
            kept: content.kept,
            attempts: Attempts::default(),
        };
        self.files.push(file.clone());
        Ok(file)
    }

    fn record(self, position: u64, checkpoint: &Checkpoint) -> Result<Draft, SealError> {
        let kept = self.files.iter().flat_map(SealedFile::spool_files);
        let kept: Vec<_> = kept.cloned().collect();
        let entry = Entry::Sealed(Seal {
            number: self.number,
            position,
            dropped: self.tally.dropped,
            files: self.files,
        });
        match checkpoint.record(entry) {
            Ok(()) => {
                faults::reach("seal", "recorded");
                checkpoint.failed(self.failures);
                Ok(self.draft.keep(kept.iter()))
            }
            Err(error) if error.is_full() => Err(SealError::Full(error.to_string())),
            Err(error) => {
                self.draft.leave();
                Err(unknown(&error))
            }
        }
    }
}

/// The rows that a file was made of.
pub(super) fn rows_of(spool: &Spool, kept: &[SpoolFile]) -> Result<RowsReader, SealError> {
    let [data, index] = kept else {
        return Err(SealError::Fatal("a sealed file has no rows".into()));
    };
    let (data, index) = (spool.path(&data.name), spool.path(&index.name));
    Ok(RowsReader::open(&data, &index)?)
}

fn no_error_key(why: &PrefixError) -> SealError {
    SealError::Halt(Failure::halt(format!(
        "no name can be given to an object: {why}; correct the prefix"
    )))
}

pub(super) fn unknown(error: &CheckpointError) -> SealError {
    SealError::Fatal(format!(
        "the checkpoint cannot go on, because what is on disk is unknown now: {error}"
    ))
}
