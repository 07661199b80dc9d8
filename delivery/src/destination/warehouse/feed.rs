//! The rows of a sealed file as text for COPY, piece by piece, made on a thread that may block.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::postgresql::columns::Columns;
use super::postgresql::text;
use crate::destination::{Object, Rejections, RowsFiles};
use crate::failure::Failure;
use crate::record::Row;
use crate::record::rows::{RowsError, RowsReader};

/// Pieces that may wait to be sent.
const WAITING: usize = 2;

/// Rows of a piece, at most: what is known of each takes memory too.
const ROWS: usize = 64 * 1024;

/// Rows to come.
#[derive(Debug)]
pub(super) struct Feed {
    files: Option<RowsFiles>,
    key: String,
    lines: Lines,
    /// Rows to leave out.
    rejected: Rejections,
}

/// What becomes of a row.
#[derive(Clone, Debug)]
pub(super) enum Lines {
    /// A line of COPY's text format, for these columns.
    Columns(Arc<Columns>),
    /// What it is, as it stands in the object.
    AsTheyAre,
}

/// Some rows as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) text: Bytes,
    /// Number of each row in its file, and where its line ends in the text.
    pub(super) rows: Vec<(u64, usize)>,
}

/// The thread that reads.
#[derive(Debug)]
pub(super) struct Reading(JoinHandle<Result<Rejections, Failure>>);

impl Feed {
    /// All rows of a file but these.
    pub(super) fn new(object: &Object, lines: Lines, rejected: Rejections) -> Self {
        Self {
            files: object.rows.clone(),
            key: object.key.clone(),
            lines,
            rejected,
        }
    }

    /// Begins to read; pieces have about `size` bytes.
    pub(super) fn start(self, size: usize) -> (mpsc::Receiver<Chunk>, Reading) {
        let (sender, chunks) = mpsc::channel(WAITING);
        let reading = tokio::task::spawn_blocking(move || self.read(size, &sender));
        (chunks, Reading(reading))
    }

    /// Sends all rows; the rows to leave out, those included that are none.
    fn read(self, size: usize, sender: &mpsc::Sender<Chunk>) -> Result<Rejections, Failure> {
        let unreadable = |error: RowsError| match error {
            RowsError::File(error) => Failure::retry(error.to_string()),
            damage => Failure::halt(damage.to_string()),
        };
        let Some(files) = &self.files else {
            return Err(Failure::halt(format!("{} has no rows to load", self.key)));
        };
        let mut reader = RowsReader::open(&files.data, &files.index).map_err(unreadable)?;
        let mut skipped = self.rejected.numbers().into_iter().peekable();
        let mut rejected = self.rejected.clone();
        let (mut text, mut rows, mut number) = (Vec::new(), Vec::new(), 0);
        while reader.advance().map_err(unreadable)? {
            let Some(row) = reader.row() else { break };
            if skipped.next_if_eq(&number).is_none() {
                match self.lines.write(&row, &mut text) {
                    Ok(()) => rows.push((number, text.len())),
                    Err(why) => rejected.add(number, why.code(), &why.to_string()),
                }
            }
            number += 1;
            if text.len() >= size || rows.len() >= ROWS {
                let chunk = Chunk::take(&mut text, &mut rows);
                if sender.blocking_send(chunk).is_err() {
                    // Nobody loads any more: the load failed.
                    return Ok(rejected);
                }
            }
        }
        let _ = sender.blocking_send(Chunk::take(&mut text, &mut rows));
        Ok(rejected)
    }
}

impl Lines {
    fn write(&self, row: &Row<'_>, text: &mut Vec<u8>) -> Result<(), text::NoRow> {
        match self {
            Self::Columns(columns) => text::write(row.bytes, columns, text),
            Self::AsTheyAre => {
                text.extend_from_slice(row.bytes);
                // As in the object: never between the parts of one line.
                let ends = row.part.is_none_or(|part| part.last);
                if ends && !row.bytes.ends_with(b"\n") {
                    text.push(b'\n');
                }
                Ok(())
            }
        }
    }
}

impl Chunk {
    fn take(text: &mut Vec<u8>, rows: &mut Vec<(u64, usize)>) -> Self {
        Self {
            text: std::mem::take(text).into(),
            rows: std::mem::take(rows),
        }
    }

    /// The lines of some of its rows, counted within it.
    pub(super) fn part(&self, rows: Range<u64>) -> Bytes {
        let end = |count: u64| match count {
            0 => 0,
            count => self.rows[count as usize - 1].1,
        };
        self.text.slice(end(rows.start)..end(rows.end))
    }

    /// The numbers that some of its rows have in their file.
    pub(super) fn numbers(&self, rows: Range<u64>) -> impl Iterator<Item = u64> {
        let rows = &self.rows[rows.start as usize..rows.end as usize];
        rows.iter().map(|(number, _)| *number)
    }
}

impl Reading {
    /// Waits for its end.
    pub(super) async fn end(self) -> Result<Rejections, Failure> {
        match self.0.await {
            Ok(read) => read,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(Failure::retry(format!("reading was interrupted: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests;
