//! The files of an open batch: where they are made, and as what.

use std::sync::Arc;

use standpipe_config::files::FileError;
use standpipe_config::settings::delivery::Transform;

use crate::format::parquet::{Columnar, StreamSchema, reserve_for};
use crate::lane::failed::{ErrorFile, FailedAt, Lines};
use crate::lane::partitions::{PartitionMemory, Partitions};
use crate::lane::plan::Plan;
use crate::record::rows::{Reserve, RowsWriter, Shape};
use crate::spool::{Draft, Spool};

/// What of a batch will be delivered.
#[derive(Debug)]
pub(in crate::lane) enum Data {
    /// One file.
    One(Box<DataFile>),
    /// Files of partitions.
    Many(Box<Partitions>),
}

/// The data file of a batch without partitions.
#[derive(Debug)]
pub(in crate::lane) struct DataFile {
    pub(in crate::lane) rows: RowsFile,
    /// The file that the rows will be encoded into.
    pub(in crate::lane) object: Option<ObjectFile>,
}

/// A rows file of the batch.
#[derive(Debug)]
pub(in crate::lane) struct RowsFile {
    pub(in crate::lane) id: u64,
    pub(in crate::lane) data: String,
    pub(in crate::lane) index: String,
    pub(in crate::lane) writer: RowsWriter,
}

/// The file that a batch will be encoded into at the seal, reserved while it grows (rule 28).
#[derive(Debug)]
pub(in crate::lane) struct ObjectFile {
    pub(in crate::lane) name: String,
    pub(in crate::lane) reserve: Reserve,
    schema: StreamSchema,
}

impl ObjectFile {
    /// Creates the file that rows with this id are encoded into, with about these columns.
    pub(in crate::lane) fn create(
        id: u64,
        schema: StreamSchema,
        draft: &mut Draft,
    ) -> Result<Self, FileError> {
        let name = format!("{id:016x}.object");
        Ok(Self {
            reserve: Reserve::create(&draft.add(name.clone()))?,
            schema,
            name,
        })
    }

    /// Reserves what so many bytes of rows become.
    pub(in crate::lane) fn grow(&mut self, content: u64) -> Result<(), FileError> {
        self.reserve.grow(reserve_for(content, &self.schema))
    }
}

/// Where a batch's files are made.
#[derive(Debug)]
pub struct Files<'a> {
    /// Where they lie.
    pub spool: &'a Arc<Spool>,
    /// What they are made for.
    pub plan: &'a Plan,
    /// What the rows of open partitions may take.
    pub memory: &'a Arc<PartitionMemory>,
}

impl Files<'_> {
    /// The file for records that failed somewhere.
    pub(super) fn failed(&self, at: FailedAt, draft: &mut Draft) -> Result<ErrorFile, FileError> {
        let by = self.plan.transform.as_ref().map(Transform::name);
        let lines = match at {
            FailedAt::Transform => Lines::Processing(by.unwrap_or_default().into()),
            FailedAt::Keys | FailedAt::Open => Lines::Refusal,
        };
        ErrorFile::create(self.spool, draft, self.plan.lane, lines)
    }

    /// What will be delivered of a new batch.
    pub(super) fn data(&self, draft: &mut Draft) -> Result<Data, FileError> {
        let (spool, plan) = (self.spool, self.plan);
        if plan.partitioning.is_some() {
            let partitions = Partitions::new(self.memory, &plan.stream);
            return Ok(Data::Many(Box::new(partitions)));
        }
        let mut rows = RowsFile::create(spool, draft, plan.shape())?;
        if plan.is_encoded() {
            rows.writer = rows.writer.unhashed();
        }
        let object = match Columnar::of(&plan.format) {
            Some(format) => {
                // How many columns there are is a detail of what is reserved; the seal complains.
                let kept = StreamSchema::load(&plan.schema_path()).unwrap_or_default();
                let schema = StreamSchema::of(format.schema(), kept);
                Some(ObjectFile::create(rows.id, schema, draft)?)
            }
            None => None,
        };
        Ok(Data::One(Box::new(DataFile { rows, object })))
    }
}

impl RowsFile {
    pub(in crate::lane) fn create(
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
