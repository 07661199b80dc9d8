//! Sealing what is encoded: compact rows become a file of columns, and what cannot be converted an
//! error file.

use super::{Content, SealError, Sealing, Written, rows_of};
use crate::destination::hex;
use crate::failure::Failure;
use crate::format::parquet::{Columnar, EncodeError, Encoded, SchemaError, StreamSchema, encode};
use crate::lane::batch::{ObjectFile, RowsFile};
use crate::lane::checkpoint::Counts;
use crate::lane::failed::{ErrorFile, Lines, Reason};
use crate::lane::share::Share;
use crate::record::Row;
use crate::record::rows::{Reserve, Shape};
use crate::spool::SpoolFile;
use standpipe_config::faults;
use standpipe_config::files::FileError;
use standpipe_config::names::Arrival;

/// The error type of records that cannot be converted.
const FAILED: &str = "format-conversion-failed";

impl From<EncodeError> for SealError {
    fn from(error: EncodeError) -> Self {
        if error.is_full() {
            return Self::Full(error.to_string());
        }
        match error {
            EncodeError::Rows(error) => error.into(),
            EncodeError::File(error) => error.into(),
            error => Self::Halt(Failure::halt(error.to_string())),
        }
    }
}

impl From<SchemaError> for SealError {
    fn from(error: SchemaError) -> Self {
        Self::Halt(Failure::halt(error.to_string()))
    }
}

/// What could not be converted, of all data files of the seal.
#[derive(Default)]
pub(super) struct Unconverted {
    lines: Option<ErrorFile>,
    /// What of the data files' counts it is.
    counts: Counts,
}

/// What could not be converted of one data file: its names, without bytes.
struct Gone {
    names: RowsFile,
    share: Share,
}

impl Sealing<'_> {
    /// Rows that are encoded into `object`.
    pub(super) fn encoded(
        &mut self,
        content: Content,
        object: ObjectFile,
    ) -> Result<(), SealError> {
        let Some(format) = Columnar::of(&self.plan.format) else {
            return Err(SealError::Fatal("a raw object was to be encoded".into()));
        };
        let ObjectFile { name, reserve, .. } = object;
        let (encoded, gone) = self.encode(&content, format, &reserve)?;
        self.count_drift(&encoded);
        let size = encoded.bytes;
        reserve.close(size)?;
        self.unsynced.push((name.clone(), "object"));
        let mut data = Content {
            object: SpoolFile { name, size },
            hash: hex(&encoded.hash),
            rows: encoded.rows,
            ..content
        };
        if let Some(gone) = gone {
            let failed = gone.share.counts.within(data.share.counts);
            self.unconverted.counts += failed;
            data = self.without(data, gone.names.close()?, failed)?;
        }
        match encoded.rows {
            0 => Ok(()),
            _ => self.data(data),
        }
    }

    /// Rule 22: what an inferred schema meets that it did not know is counted.
    fn count_drift(&self, encoded: &Encoded) {
        let count = |metric: &'static str, number: u64| {
            let stream = self.plan.stream.to_string();
            metrics::counter!(metric, "stream" => stream).increment(number);
        };
        if encoded.rests > 0 {
            count("standpipe_rows_with_rest_total", encoded.rests);
        }
        if let Some(grown) = &encoded.schema {
            count("standpipe_schema_growths_total", 1);
            tracing::info!(stream = %self.plan.stream, columns = grown.columns().len(), "the inferred schema grew");
        }
    }

    /// Adds the file of what could not be converted, if there is any.
    pub(super) fn report_unconverted(&mut self) -> Result<(), SealError> {
        let Unconverted { lines, counts } = std::mem::take(&mut self.unconverted);
        let Some(mut lines) = lines else {
            return Ok(());
        };
        lines.failed.counts = counts;
        self.errors(lines, FAILED).map(drop)
    }

    /// Leaves out of the data's rows, and of its counts, what failed already: if the object is
    /// refused, only what is in it may follow.
    fn without(
        &mut self,
        data: Content,
        gone: Written,
        failed: Counts,
    ) -> Result<Content, SealError> {
        let mut rows = rows_of(self.spool, &data.kept)?;
        let mut out = rows_of(self.spool, &[gone.data, gone.index])?;
        let mut good = RowsFile::create(self.spool, &mut self.draft, Shape::PLAIN)?;
        let mut is_more = out.advance()?;
        while rows.advance()? {
            let Some(row) = rows.row() else { break };
            let name = |row: Row<'_>| (row.position, row.index);
            if is_more && out.row().map(name) == Some(name(row)) {
                is_more = out.advance()?;
            } else {
                good.writer.append(&row)?;
            }
        }
        let good = good.close()?;
        let all = data.share.counts;
        self.unsynced.push((good.data.name.clone(), "data"));
        self.unsynced.push((good.index.name.clone(), "index"));
        Ok(Content {
            kept: vec![good.data, good.index],
            share: Share {
                counts: all.without(failed),
                ..data.share
            },
            ..data
        })
    }

    /// Encodes, and keeps the schema if it grew: before the seal of the file that used it.
    fn encode(
        &mut self,
        content: &Content,
        format: Columnar<'_>,
        object: &Reserve,
    ) -> Result<(Encoded, Option<Gone>), SealError> {
        let schema = self.schema(format)?.clone();
        let mut rows = rows_of(self.spool, &content.kept)?;
        let mut lines = self.unconverted.lines.take();
        let mut gone = None;
        let ended = Arrival::now();
        let encoded = encode(&mut rows, &schema, format, object, &mut |row, why| {
            let reason = Reason {
                code: why.code,
                message: &why.message,
                attempts: 1,
                ended,
            };
            self.lines(&mut lines)?.add(row, &reason)?;
            self.gone(&mut gone)?.add(row)
        })?;
        self.unconverted.lines = lines;
        if let Some(grown) = &encoded.schema {
            grown.save(&self.plan.schema_path())?;
            self.schema = Some(grown.clone());
            faults::reach("seal", "schema-kept");
        }
        Ok((encoded, gone))
    }

    /// The stream's schema, which is read once a seal: partitions are thousands of files.
    pub(super) fn schema(&mut self, format: Columnar<'_>) -> Result<&StreamSchema, SealError> {
        let known = match self.schema.take() {
            Some(known) => known,
            None => StreamSchema::of(
                format.schema(),
                StreamSchema::load(&self.plan.schema_path())?,
            ),
        };
        Ok(self.schema.insert(known))
    }

    fn lines<'l>(
        &mut self,
        lines: &'l mut Option<ErrorFile>,
    ) -> Result<&'l mut ErrorFile, FileError> {
        match lines {
            Some(lines) => Ok(lines),
            none => Ok(none.insert(self.error_file(Lines::Conversion)?)),
        }
    }

    fn gone<'g>(&mut self, gone: &'g mut Option<Gone>) -> Result<&'g mut Gone, FileError> {
        match gone {
            Some(gone) => Ok(gone),
            none => Ok(none.insert(Gone {
                names: RowsFile::create(self.spool, &mut self.draft, Shape::PLAIN)?,
                share: Share::default(),
            })),
        }
    }
}

impl Gone {
    fn add(&mut self, row: &Row<'_>) -> Result<(), FileError> {
        self.share.add(row);
        self.names.writer.append(&Row {
            bytes: &[],
            part: None,
            ..*row
        })
    }
}
