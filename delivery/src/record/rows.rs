//! A rows file: records one behind the other, and an index file beside it that says of each which
//! record it is and where its bytes lie (rule 31).
//!
//! Without the index a refusal by a destination could not become an error line with the raw record
//! and its arrival, and a document could not get its id. Three kinds of file are rows files: a raw
//! object (what is delivered is the data file itself), the compact rows that are kept beside a
//! Parquet file, and an error file (JSON lines).
//!
//! Nothing is synced before [`RowsWriter::finish`]: a batch that is not sealed is read again from
//! the journal.

use std::path::PathBuf;

use standpipe_config::files::FileError;
use standpipe_config::settings::delivery::RawCompression;

pub use data::{End, Hash, Output};
pub use parked::ParkedRows;
pub use reader::RowsReader;
pub use space::Reserve;
pub use writer::{Finished, RowsWriter};

mod data;
mod index;
mod parked;
mod pending;
mod reader;
mod space;
mod writer;

/// How the data file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Whether a newline follows each row that does not end in one. Never between the parts of one
    /// line, so that a line that was cut is whole again. It belongs to no row.
    pub newline: bool,
    /// How the data file is compressed.
    pub compression: RawCompression,
}

impl Shape {
    /// Rows one behind the other and nothing else: compact rows, and files of JSON lines.
    pub const PLAIN: Self = Self {
        newline: false,
        compression: RawCompression::None,
    };
}

/// Why rows cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was written does not read back.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// Written by a newer program.
    #[error("{} has version {found}, this program reads versions up to {known}: update it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The newest known.
        known: u16,
    },
}

#[cfg(test)]
mod tests;
