//! Error files: records that failed, as lines of JSON with the reason, in a rows file of their own.

use std::sync::Arc;

use standpipe_config::files::FileError;
use standpipe_config::names::{Arrival, LaneId};

use super::batch::RowsFile;
use super::share::Share;
use crate::destination::Target;
use crate::format::error_line::{self, Called, Failed};
use crate::record::Row;
use crate::record::rows::{RowsError, RowsReader, Shape};
use crate::spool::{Draft, Spool};
use failures::Failures;

pub mod failures;

/// Which fields the lines of an error file have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lines {
    /// Those of `format-conversion-failed`.
    Conversion,
    /// Those that all other types have in common.
    Refusal,
    /// Those of a target, which may have its own.
    RefusalBy(Box<Target>),
    /// Those of `processing-failed`: the former and what the transform is called.
    Processing(Arc<str>),
}

/// Where in the lane records failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FailedAt {
    /// The stream's transform.
    Transform,
    /// Their partition could not be told.
    Keys,
    /// Too many partitions are open.
    Open,
}

impl FailedAt {
    /// The error type: Firehose's.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Transform | Self::Keys => "processing-failed",
            Self::Open => "activePartitionExceeded",
        }
    }
}

/// Why records failed.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// Firehose's code, or one in its style.
    pub code: &'a str,
    /// Why, for people.
    pub message: &'a str,
    /// How often it was tried.
    pub attempts: u32,
    /// When the last attempt ended.
    pub ended: Arrival,
}

/// An error file that is being written.
#[derive(Debug)]
pub struct ErrorFile {
    pub(super) file: RowsFile,
    lane: LaneId,
    lines: Lines,
    line: Vec<u8>,
    pub(super) failed: Share,
    /// Why they failed.
    pub(super) failures: Failures,
}

impl ErrorFile {
    /// Begins an error file in `draft`.
    pub fn create(
        spool: &Arc<Spool>,
        draft: &mut Draft,
        lane: LaneId,
        lines: Lines,
    ) -> Result<Self, FileError> {
        Ok(Self {
            file: RowsFile::create(spool, draft, Shape::PLAIN)?,
            lane,
            lines,
            line: Vec::new(),
            failed: Share::default(),
            failures: Failures::default(),
        })
    }

    /// Adds the line of one row.
    pub fn add(&mut self, row: &Row<'_>, reason: &Reason<'_>) -> Result<(), FileError> {
        let failed = Failed {
            lane: self.lane,
            row: *row,
            code: reason.code,
            message: reason.message,
            attempts: reason.attempts,
            ended: reason.ended,
        };
        self.line.clear();
        match &self.lines {
            Lines::Conversion => error_line::conversion_failed(&failed, &mut self.line),
            Lines::Refusal => error_line::refused(&failed, &mut self.line),
            Lines::RefusalBy(target) => match target.document(self.lane, row) {
                None => error_line::refused(&failed, &mut self.line),
                Some(document) => {
                    let called = Called {
                        index: &document.index,
                        id: document.id.as_deref(),
                    };
                    error_line::document_refused(&failed, called, &mut self.line);
                }
            },
            Lines::Processing(by) => error_line::processing_failed(&failed, by, &mut self.line),
        }
        let line = Row {
            bytes: &self.line,
            part: None,
            ..*row
        };
        self.file.writer.append(&line)?;
        self.failures.add(row.id(self.lane), reason);
        self.failed.add(row);
        Ok(())
    }

    /// Adds all rows that `rows` has left.
    pub fn add_all(&mut self, rows: &mut RowsReader, reason: &Reason<'_>) -> Result<(), RowsError> {
        while rows.advance()? {
            if let Some(row) = rows.row() {
                self.add(&row, reason)?;
            }
        }
        Ok(())
    }
}
