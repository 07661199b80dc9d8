//! Error files: records that failed, as lines of JSON with the reason, in a rows file of their own.

use std::sync::Arc;

use standpipe_config::files::FileError;
use standpipe_config::names::{Arrival, LaneId, Run};

use super::batch::RowsFile;
use super::checkpoint::Counts;
use crate::destination::Target;
use crate::format::error_line::{self, Called, Failed};
use crate::record::Row;
use crate::record::rows::{RowsError, RowsReader, Shape};
use crate::spool::{Draft, Spool};

/// Which fields the lines of an error file have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lines<'a> {
    /// Those of `format-conversion-failed`.
    Conversion,
    /// Those that all other types have in common.
    Refusal,
    /// Those of a target, which may have its own.
    RefusalBy(&'a Target),
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
}

/// An error file that is being written.
#[derive(Debug)]
pub struct ErrorFile<'a> {
    pub(super) file: RowsFile,
    lane: LaneId,
    lines: Lines<'a>,
    line: Vec<u8>,
    /// When the attempt ended: one instant for all of its lines.
    ended: Arrival,
    pub(super) failed: FailedRecords,
}

/// The records in an error file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailedRecords {
    /// Position and run of the first.
    pub first: (u64, Run),
    /// The oldest arrival.
    pub oldest: Arrival,
    /// Accepted records, each once however many rows of it failed (rule 34).
    pub counts: Counts,
    /// Position of the last.
    pub last: Option<u64>,
}

impl<'a> ErrorFile<'a> {
    /// Begins an error file in `draft`.
    pub fn create(
        spool: &Arc<Spool>,
        draft: &mut Draft,
        lane: LaneId,
        lines: Lines<'a>,
    ) -> Result<Self, FileError> {
        Ok(Self {
            file: RowsFile::create(spool, draft, Shape::PLAIN)?,
            lane,
            lines,
            line: Vec::new(),
            ended: Arrival::now(),
            failed: FailedRecords {
                first: (0, Run([0; 8])),
                oldest: Arrival(i64::MAX),
                counts: Counts::default(),
                last: None,
            },
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
            ended: self.ended,
        };
        self.line.clear();
        match self.lines {
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
        }
        let line = Row {
            bytes: &self.line,
            part: None,
            ..*row
        };
        self.file.writer.append(&line)?;
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

impl FailedRecords {
    fn add(&mut self, row: &Row<'_>) {
        if self.last.is_none() {
            self.first = (row.position, row.run);
        }
        self.oldest = self.oldest.min(row.arrival);
        self.counts.bytes += row.bytes.len() as u64;
        if self.last.replace(row.position) != Some(row.position) {
            self.counts.records += 1;
        }
    }
}
