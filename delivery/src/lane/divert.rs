//! What a destination refuses for good becomes one more sealed file, under the error prefix
//! (rule 18): a whole file, or rows of one whose others were delivered.

use std::fmt;
use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::names::{Arrival, LaneId};

use super::checkpoint::{Attempts, Checkpoint, Counts, Entry, Role, SealedFile};
use super::failed::{ErrorFile, Lines, Reason};
use super::seal::{SealError, rows_of, unknown};
use crate::destination::Rejections;
use crate::failure::Failure;
use crate::record::rows::{RowsError, RowsReader};
use crate::spool::Spool;

/// What of a file is refused.
#[derive(Debug)]
pub enum Refused {
    /// All of it.
    Whole {
        /// The code.
        code: &'static str,
        /// What the destination said.
        message: String,
    },
    /// Some rows; the others are delivered.
    Rows(Rejections),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { message, .. } => write!(f, "refused for good: {message}"),
            Self::Rows(rows) => write!(
                f,
                "{} rows are refused for good, the first: {}",
                rows.len(),
                rows.first().map_or("", |reason| &reason.message)
            ),
        }
    }
}

/// Puts an error file with what is refused of `file` in its place, after so many attempts; durable
/// on return. Blocks.
pub fn divert(
    file: &SealedFile,
    lane: LaneId,
    (refused, attempts): (Refused, u32),
    spool: &Arc<Spool>,
    checkpoint: &Checkpoint,
) -> Result<(), SealError> {
    let Some(key) = file.refused_key.clone() else {
        return Err(SealError::Halt(Failure::halt(format!(
            "{} refuses {}, and no name can be given to an error object for it",
            file.target, file.key
        ))));
    };
    let mut draft = spool.draft();
    let lines = Lines::RefusalBy(Box::new(file.target.clone()));
    let mut errors = ErrorFile::create(spool, &mut draft, lane, lines)?;
    refused.write(&mut rows_of(spool, &file.kept)?, &mut errors, attempts)?;
    let (failed, failures) = (errors.failed, errors.failures);
    let written = errors.file.finish()?;
    spool.sync()?;
    faults::reach("divert", "synced");
    let added = SealedFile {
        id: written.id,
        role: Role::Error(file.target.error_type().to_owned()),
        target: file.refused_target.as_ref().unwrap_or(&file.target).clone(),
        key,
        refused_key: None,
        refused_target: None,
        rows: written.rows,
        counts: share(file.counts, failed.counts),
        hash: written.hash,
        // Error lines are plain text.
        encoding: None,
        object: written.data.clone(),
        kept: vec![written.data, written.index],
        attempts: Attempts::default(),
        ..file.clone()
    };
    let entry = Entry::Diverted {
        file: file.id,
        delivered: file.counts.without(added.counts),
        added: added.clone(),
    };
    match checkpoint.record(entry) {
        Ok(()) => {
            faults::reach("divert", "recorded");
            drop(draft.keep(added.spool_files()));
            checkpoint.failed(failures);
            spool.remove(file.spool_files());
            Ok(())
        }
        Err(error) if error.is_full() => Err(SealError::Full(error.to_string())),
        Err(error) => {
            draft.leave();
            Err(unknown(&error))
        }
    }
}

/// What of `all` has failed. Where nothing of it remains, all of it has, whatever the rows weighed.
fn share(all: Counts, failed: Counts) -> Counts {
    match failed.records < all.records {
        true => all.min(failed),
        false => all,
    }
}

impl Refused {
    /// Writes what is refused of `rows`.
    fn write(
        self,
        rows: &mut RowsReader,
        errors: &mut ErrorFile,
        attempts: u32,
    ) -> Result<(), RowsError> {
        let ended = Arrival::now();
        let rejections = match self {
            Self::Rows(rejections) => rejections,
            Self::Whole { code, message } => {
                let message = &message;
                let reason = Reason {
                    code,
                    message,
                    attempts,
                    ended,
                };
                return errors.add_all(rows, &reason);
            }
        };
        let mut rejected = rejections.in_order().peekable();
        let mut number = 0;
        while rejected.peek().is_some() && rows.advance()? {
            if let Some((_, why)) = rejected.next_if(|(row, _)| *row == number)
                && let Some(row) = rows.row()
            {
                let reason = Reason {
                    code: &why.code,
                    message: &why.message,
                    attempts,
                    ended,
                };
                errors.add(&row, &reason)?;
            }
            number += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
