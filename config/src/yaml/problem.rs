//! What is wrong with a file, and where.

use std::fmt;

/// Where something stands in a text. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// First byte in the file.
    pub start: usize,
    /// Behind its last byte. For a mapping or a list this may be where it begins.
    pub end: usize,
}

/// One thing that is wrong, or worth a warning. Written as `FILE:LINE:COLUMN: path: message`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Where in the file; `None`: the file as a whole.
    pub place: Option<Place>,
    /// Which setting: `streams.web-access.buffering.size`. Empty: the file as a whole.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
}

/// Everything that is wrong, in the order of the file. Never empty.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
