//! The file that rows are encoded into, of either format.

use std::fs::File;
use std::io;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use standpipe_config::files::is_full;

use super::columnar::Columnar;
use super::groups::Groups;
use super::schema::StreamSchema;
use super::table::Table;
use super::writer::writer;
use crate::format::orc;
use crate::record::rows::{End, Output, Reserve};

/// A file of columns under construction.
pub(super) enum ColumnFile<'a> {
    Parquet(Box<Groups<Output<&'a File>>>),
    Orc(Box<orc::Writer<Output<&'a File>>>),
}

/// Why a writer gave up.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// That of Parquet files.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// That of ORC files.
    #[error(transparent)]
    Orc(#[from] io::Error),
}

impl From<ArrowError> for WriteError {
    fn from(error: ArrowError) -> Self {
        Self::Parquet(error.into())
    }
}

impl WriteError {
    /// Whether the disk is full.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Parquet(ParquetError::External(error)) => {
                error.downcast_ref().is_some_and(is_full)
            }
            Self::Parquet(_) => false,
            Self::Orc(error) => is_full(error),
        }
    }
}

impl<'a> ColumnFile<'a> {
    /// Begins a file for the rows of `table`, whose columns are those of `schema`.
    pub(super) fn begin(
        out: &'a Reserve,
        schema: &StreamSchema,
        table: &Table,
        settings: Columnar<'_>,
    ) -> Result<Self, WriteError> {
        let out = out.output();
        Ok(match settings {
            Columnar::Parquet(parquet) => Self::Parquet(Box::new(writer(out, table, parquet)?)),
            Columnar::Orc(orc) => {
                let columns = schema.columns_of_a_file();
                Self::Orc(Box::new(orc::Writer::new(out, &columns, orc)?))
            }
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        match self {
            Self::Parquet(writer) => Ok(writer.write(batch)?),
            Self::Orc(writer) => Ok(writer.write(batch)?),
        }
    }

    /// Ends the file; what was written.
    pub(super) fn finish(self) -> Result<End, WriteError> {
        Ok(match self {
            Self::Parquet(mut groups) => groups.finish()?.end.clone(),
            Self::Orc(writer) => writer.finish()?.end,
        })
    }
}
