//! Sealing what is encoded: compact rows become a Parquet file, and what cannot be converted an
//! error file.

use super::{Content, SealError, Sealing, rows_of};
use crate::destination::hex;
use crate::failure::Failure;
use crate::format::parquet::{EncodeError, Encoded, SchemaError, StreamSchema, encode};
use crate::lane::batch::{ObjectFile, RowsFile};
use crate::lane::checkpoint::SealedFile;
use crate::lane::failed::{ErrorFile, Lines, Reason};
use crate::lane::share::Share;
use crate::record::Row;
use crate::record::rows::{Reserve, RowsReader, Shape};
use crate::spool::SpoolFile;
use standpipe_config::faults;
use standpipe_config::names::Arrival;
use standpipe_config::settings::delivery::{Format, Parquet};

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

impl Sealing<'_> {
    /// Rows that are encoded into `object`.
    pub(super) fn encoded(&mut self, data: RowsFile, object: ObjectFile) -> Result<(), SealError> {
        let Format::Parquet(parquet) = &self.plan.format else {
            return Err(SealError::Fatal("a raw object was to be encoded".into()));
        };
        let content = Content::of(data.finish()?, self.tally.kept);
        let ObjectFile { name, reserve, .. } = object;
        let (encoded, errors) = self.encode(&content, parquet, &reserve)?;
        self.count_drift(&encoded);
        let size = encoded.bytes;
        reserve.finish(size)?;
        let mut data = Content {
            object: SpoolFile { name, size },
            hash: hex(&encoded.hash),
            rows: encoded.rows,
            ..content
        };
        if let Some(mut errors) = errors {
            errors.failed.counts = errors.failed.counts.within(data.share.counts);
            let failed = self.errors(errors, FAILED)?;
            data = self.without(data, &failed)?;
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

    /// Leaves out of the data's rows, and of its counts, what failed already: if the object is
    /// refused, only what is in it may follow.
    fn without(&mut self, data: Content, failed: &SealedFile) -> Result<Content, SealError> {
        let mut rows = rows_of(self.spool, &data.kept)?;
        let mut out = rows_of(self.spool, &failed.kept)?;
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
        let (good, all) = (good.finish()?, data.share.counts);
        Ok(Content {
            kept: vec![good.data, good.index],
            share: Share {
                counts: all.without(failed.counts),
                ..data.share
            },
            ..data
        })
    }

    /// Encodes, and keeps the schema if it grew: before the seal of the file that used it.
    fn encode(
        &mut self,
        content: &Content,
        parquet: &Parquet,
        object: &Reserve,
    ) -> Result<(Encoded, Option<ErrorFile>), SealError> {
        let path = self.plan.schema_path();
        let schema = StreamSchema::of(&parquet.schema, StreamSchema::load(&path)?);
        let mut rows = rows_of(self.spool, &content.kept)?;
        let mut errors = None;
        let encoded = self.encode_rows(&mut rows, &schema, parquet, object, &mut errors)?;
        if let Some(grown) = &encoded.schema {
            grown.save(&path)?;
            faults::reach("seal", "schema-kept");
        }
        Ok((encoded, errors))
    }

    fn encode_rows(
        &mut self,
        rows: &mut RowsReader,
        schema: &StreamSchema,
        parquet: &Parquet,
        object: &Reserve,
        errors: &mut Option<ErrorFile>,
    ) -> Result<Encoded, EncodeError> {
        let ended = Arrival::now();
        encode(rows, schema, parquet, object, &mut |row, why| {
            if errors.is_none() {
                *errors = Some(self.error_file(Lines::Conversion)?);
            }
            let reason = Reason {
                code: why.code,
                message: &why.message,
                attempts: 1,
                ended,
            };
            match errors {
                Some(errors) => errors.add(row, &reason),
                None => Ok(()),
            }
        })
    }
}
