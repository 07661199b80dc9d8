//! From compact rows to a file of columns, in one pass, or in two where an inferred schema has to grow.

use std::path::PathBuf;

use parquet::errors::ParquetError;
use standpipe_config::faults;
use standpipe_config::files::{Doing, FileError};
use standpipe_config::limits::MAX_INFERRED_COLUMNS;
use standpipe_config::settings::delivery::{Column, JsonSerDe};

use super::coerce::{Fill, Lenience, Mode};
use super::columnar::Columnar;
use super::failure::{ConversionError, Wrong};
use super::file::{ColumnFile, WriteError};
use super::infer::Learner;
use super::schema::{StreamSchema, leaves};
use super::table::Table;
use super::writer::GROUP_BYTES;
use crate::record::Row;
use crate::record::rows::{End, Hash, Reserve, RowsError, RowsReader};

/// Rows from which the schema of a stream's first file is inferred: over all rows it would cost as
/// much as everything else (`dependencies` measurements).
const SAMPLE: u64 = 1000;

/// What a column costs in each row group, its place in the footer included; generous, in bytes.
const COLUMN_BYTES: u64 = 1024;

/// What to do with a record that cannot be converted; called for each of its rows, one after the
/// other. In the books it is one record (rule 34).
pub type OnFailed<'a> = &'a mut dyn FnMut(&Row<'_>, &ConversionError) -> Result<(), FileError>;

/// What was encoded.
#[derive(Clone, PartialEq, Debug)]
pub struct Encoded {
    /// Rows in the file. Where there are none, the file is not worth delivering.
    pub rows: u64,
    /// Rows of which something fits no column and is in the side column (rule 22).
    pub rests: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The SHA-256 of the file.
    pub hash: Hash,
    /// The schema, if it grew. To be saved before the seal of this file.
    pub schema: Option<StreamSchema>,
}

/// Why a file cannot be encoded. No record is to blame.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The compact rows cannot be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The file, or what the caller does with failed records.
    #[error(transparent)]
    File(#[from] FileError),
    /// The writer of columns.
    #[error("cannot encode {}: {source}", path.display())]
    Writer {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: WriteError,
    },
}

impl EncodeError {
    /// Whether the disk or the quota is full, which passes: encode again later (rule 28).
    pub fn is_full(&self) -> bool {
        match self {
            Self::File(error) | Self::Rows(RowsError::File(error)) => error.is_full(),
            Self::Writer { source, .. } => source.is_full(),
            _ => false,
        }
    }
}

/// How many bytes to reserve for the file that `content` bytes of rows become.
pub fn reserve_for(content: u64, schema: &StreamSchema) -> u64 {
    let groups = content / GROUP_BYTES as u64 + 1;
    let columns = leaves(schema.columns()) as u64 + 1;
    content + content / 10 + 64 * 1024 + groups * columns * COLUMN_BYTES
}

/// Encodes all rows of `rows` into `out`, from its beginning, and cuts it to size; nothing is
/// synced. Calls `failed` for what cannot be converted.
///
/// The same rows and the same schema give the same file. Bound by the processor: not to be called
/// from a task.
pub fn encode(
    rows: &mut RowsReader,
    schema: &StreamSchema,
    settings: Columnar<'_>,
    out: &Reserve,
    failed: OnFailed<'_>,
) -> Result<Encoded, EncodeError> {
    faults::takes_time("encode");
    let mut encoding = Encoding {
        rows,
        settings,
        out,
        failed,
        reported: 0,
        rests: 0,
    };
    let mut now = encoding.first_schema(schema)?;
    let may_grow = matches!(now, StreamSchema::Inferred(_));
    let mut written = encoding.pass(&now, may_grow)?;
    if written.is_none() {
        now = encoding.grown(&now)?;
        written = encoding.pass(&now, false)?;
    }
    // A schema that may not grow again takes every row.
    let grew = || ParquetError::General("the schema would have to grow again".to_owned());
    let (rows, written) = written.ok_or_else(|| encoding.unwritten(grew()))?;
    let rests = encoding.rests;
    let bytes = written.bytes;
    out.file().set_len(bytes).doing("cut to size", out.path())?;
    Ok(Encoded {
        rows,
        rests,
        bytes,
        hash: written.hash(),
        schema: (now != *schema).then_some(now),
    })
}

struct Encoding<'a> {
    rows: &'a mut RowsReader,
    settings: Columnar<'a>,
    out: &'a Reserve,
    failed: OnFailed<'a>,
    /// Failures of rows before this one were reported by an earlier pass.
    reported: u64,
    /// Rows of the last pass of which something is in the side column.
    rests: u64,
}

/// The record whose rows are being appended.
#[derive(Default)]
struct Current {
    /// Rows of the table before it.
    start: usize,
    /// Rows of the file before it.
    first_row: u64,
    /// Its rows so far, if there are more to come.
    earlier: Vec<(Row<'static>, Vec<u8>)>,
    failed: Option<ConversionError>,
}

impl Encoding<'_> {
    /// The schema to begin with: of a stream's first file, what a sample teaches.
    fn first_schema(&mut self, schema: &StreamSchema) -> Result<StreamSchema, RowsError> {
        match schema {
            StreamSchema::Inferred(columns) if columns.is_empty() => {
                self.rows.rewind()?;
                self.learn(Vec::new(), SAMPLE)
            }
            known => Ok(known.clone()),
        }
    }

    /// The schema, grown by the row that does not fit it and by all that follow.
    fn grown(&mut self, schema: &StreamSchema) -> Result<StreamSchema, RowsError> {
        self.learn(schema.columns().to_vec(), u64::MAX)
    }

    fn learn(&mut self, mut columns: Vec<Column>, rows: u64) -> Result<StreamSchema, RowsError> {
        let mut learner = Learner::new();
        if let Some(row) = self.rows.row() {
            learner.add(row.bytes);
        }
        for _ in 0..rows {
            match self.rows.next_row()? {
                Some(row) => learner.add(row.bytes),
                None => break,
            }
        }
        learner.grow(&mut columns);
        Ok(StreamSchema::Inferred(columns))
    }

    /// Encodes everything; how many rows, and what was written. `None`: the schema has to grow for
    /// the current row.
    fn pass(
        &mut self,
        schema: &StreamSchema,
        may_grow: bool,
    ) -> Result<Option<(u64, End)>, EncodeError> {
        self.rows.rewind()?;
        let json = self.settings.json();
        let mut table = Table::new(schema, json);
        let file = ColumnFile::begin(self.out, schema, &table, self.settings);
        let mut file = file.map_err(|source| self.unwritten(source))?;
        let empty = Fill::new(mode(schema, json, may_grow));
        let empty = match self.settings {
            Columnar::Parquet(_) => empty,
            Columnar::Orc(_) => empty.in_orc(),
        };
        let mut fill = empty;
        let mut current = Current::default();
        let (mut written, mut row) = (0, 0);
        while self.rows.advance()? {
            if !self.append_row(row, &mut table, &mut fill, &mut current)? {
                self.reported = current.first_row;
                return Ok(None);
            }
            row += 1;
            if self.rows.record_goes_on() {
                continue;
            }
            if table.is_full() {
                written += self.flush(&mut table, &mut file)?;
            }
            fill = empty;
            current = Current {
                start: table.rows(),
                first_row: row,
                ..Current::default()
            };
        }
        written += self.flush(&mut table, &mut file)?;
        let end = file.finish().map_err(|source| self.unwritten(source))?;
        self.rests = table.rests();
        Ok(Some((written, end)))
    }

    /// Appends the reader's row, the `row`th of the file. `false`: the schema has to grow for it.
    fn append_row(
        &mut self,
        at: u64,
        table: &mut Table,
        fill: &mut Fill,
        current: &mut Current,
    ) -> Result<bool, EncodeError> {
        let Some(row) = self.rows.row() else {
            return Ok(true);
        };
        if current.failed.is_none() {
            match table.append(row.bytes, fill) {
                Ok(()) if self.rows.record_goes_on() => {
                    current
                        .earlier
                        .push((Row { bytes: &[], ..row }, row.bytes.to_vec()));
                    return Ok(true);
                }
                Ok(()) => return Ok(true),
                Err(Wrong::Grow) => return Ok(false),
                Err(wrong) => {
                    table.truncate(current.start);
                    current.failed = Some(wrong.into_error());
                }
            }
        }
        let Some(error) = &current.failed else {
            return Ok(true);
        };
        if at >= self.reported {
            for (names, bytes) in current.earlier.drain(..) {
                (self.failed)(
                    &Row {
                        bytes: &bytes,
                        ..names
                    },
                    error,
                )?;
            }
            (self.failed)(&row, error)?;
        }
        Ok(true)
    }

    fn flush(&self, table: &mut Table, file: &mut ColumnFile<'_>) -> Result<u64, EncodeError> {
        let rows = table.rows() as u64;
        let batch = table.take().map_err(|e| self.unwritten(e))?;
        file.write(&batch)
            .map_err(|source| self.unwritten(source))?;
        Ok(rows)
    }

    fn unwritten(&self, source: impl Into<WriteError>) -> EncodeError {
        EncodeError::Writer {
            path: self.out.path().to_owned(),
            source: source.into(),
        }
    }
}

fn mode(schema: &StreamSchema, json: &JsonSerDe, may_grow: bool) -> Mode {
    match schema {
        StreamSchema::Declared(_) => Mode::Declared(match json {
            JsonSerDe::OpenX(_) => Lenience::Coerces,
            JsonSerDe::Hive(_) => Lenience::Refuses,
        }),
        StreamSchema::Inferred(columns) => Mode::Inferred {
            may_grow,
            room: leaves(columns) < MAX_INFERRED_COLUMNS,
        },
    }
}

#[cfg(test)]
mod tests;
