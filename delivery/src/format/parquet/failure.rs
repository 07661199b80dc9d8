//! Why a record cannot be converted.

use crate::record::json::{Malformed, Why};

/// The most cells that one record may fill: it bounds memory where few bytes ask for many cells
/// (`[{},{},{}…]` in a list of wide structs).
pub(super) const MAX_CELLS: usize = 2 * 1024 * 1024;

/// How much of a value a message shows, in bytes.
const SHOWN: usize = 64;

/// Why a record cannot be converted, as its error line says it (E.4 of the reference).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ConversionError {
    /// Firehose's code.
    pub code: &'static str,
    /// Begins as Firehose's does.
    pub message: String,
}

/// What stopped a record.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Wrong<'a> {
    Malformed(Malformed),
    Misfit(Misfit<'a>),
    NotUtf8(usize),
    NoObject,
    OtherThanObject(&'a str),
    TooManyCells,
    /// Not an error of the record: the schema can grow to hold it.
    Grow,
}

/// A value that does not fit its column.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Misfit<'a> {
    /// The names that lead to it, joined by dots.
    pub(super) path: String,
    pub(super) found: &'a str,
    /// What would fit: "an int".
    pub(super) wanted: &'static str,
}

impl From<Malformed> for Wrong<'_> {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Wrong<'_> {
    /// Names the column around the value that does not fit.
    pub(super) fn within(mut self, name: &str) -> Self {
        if let Self::Misfit(misfit) = &mut self {
            let inner = std::mem::take(&mut misfit.path);
            misfit.path = match inner.is_empty() {
                true => name.to_owned(),
                false => format!("{name}.{inner}"),
            };
        }
        self
    }

    pub(super) fn into_error(self) -> ConversionError {
        if let Self::Malformed(malformed) = self
            && !matches!(malformed.why, Why::TooDeep | Why::Control)
        {
            return ConversionError {
                code: "DataFormatConversion.ParseError",
                message: format!("Encountered malformed JSON. {malformed}"),
            };
        }
        ConversionError {
            code: "DataFormatConversion.MalformedData",
            message: format!("Data does not match the schema. {}", self.reason()),
        }
    }

    fn reason(self) -> String {
        match self {
            Self::Malformed(malformed) => malformed.to_string(),
            Self::Misfit(Misfit {
                path,
                found,
                wanted,
            }) => format!("Column {path}: {} is not {wanted}", shorten(found)),
            Self::NotUtf8(at) => format!("The record is not UTF-8 at byte {at}"),
            Self::NoObject => "The record is empty or blank".to_owned(),
            Self::OtherThanObject(found) => {
                let found = shorten(found);
                format!("The record holds {found} where only JSON objects may be")
            }
            Self::TooManyCells => {
                format!("The record fills more than {MAX_CELLS} cells: split it")
            }
            // Given only while the schema may still grow; encode goes on from there.
            Self::Grow => "The record asks for more columns".to_owned(),
        }
    }
}

fn shorten(found: &str) -> String {
    let cut = found
        .char_indices()
        .find(|&(at, c)| at + c.len_utf8() > SHOWN);
    match cut {
        Some((at, _)) => format!("{}…", &found[..at]),
        None => found.to_owned(),
    }
}
