//! Which values fit which type: strictly and without losing a digit for an inferred schema, and as
//! Firehose's OpenX deserializer has it for a declared one (E.2 of the reference).

use std::borrow::Cow;

use super::failure::{MAX_CELLS, Misfit, Wrong};
use super::time::{self, Times};
use crate::record::json::number::{
    decimal, double, integer, is_integral, is_number, lossless_double,
};
use crate::record::json::{Scanner, Token};

/// Milliseconds since 1970 that every reader of ORC takes for a second later (ORC-763).
const NOT_IN_ORC: std::ops::RangeInclusive<i64> = -999..=-1;

/// How a record is filled in, and how many cells it has filled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Fill {
    pub(super) mode: Mode,
    cells: usize,
    /// Whether the file is one of ORC.
    is_orc: bool,
}

/// What is done about a value that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// It fails its record.
    Declared(Lenience),
    /// It goes to the side column, unless the schema may still grow to hold it: a double among
    /// ints, or, where there is `room`, a new key.
    Inferred { may_grow: bool, room: bool },
}

/// What else than just its type a declared column takes: Firehose's two deserializers differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lenience {
    /// OpenX: numbers and booleans in quotes, one value for a list, any value as text.
    Coerces,
    /// Hive: scalars as text.
    Refuses,
}

impl Fill {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            cells: 0,
            is_orc: false,
        }
    }

    /// For a file of ORC.
    pub(super) fn in_orc(self) -> Self {
        Self {
            is_orc: true,
            ..self
        }
    }

    /// Counts cells that are about to be filled.
    pub(super) fn count(&mut self, cells: usize) -> Result<(), Wrong<'static>> {
        self.cells += cells;
        match self.cells <= MAX_CELLS {
            true => Ok(()),
            false => Err(Wrong::TooManyCells),
        }
    }

    pub(super) fn is_declared(&self) -> bool {
        matches!(self.mode, Mode::Declared(_))
    }

    pub(super) fn coerces(&self) -> bool {
        self.mode == Mode::Declared(Lenience::Coerces)
    }

    pub(super) fn boolean<'a>(&self, token: Token<'a>) -> Result<bool, Wrong<'a>> {
        match token {
            Token::Boolean(value) => Ok(value),
            Token::Text(text) if self.coerces() => match text.decode().as_deref() {
                Some(t) if t.eq_ignore_ascii_case("true") => Ok(true),
                Some(t) if t.eq_ignore_ascii_case("false") => Ok(false),
                _ => misfit(token, "a boolean"),
            },
            _ => misfit(token, "a boolean"),
        }
    }

    pub(super) fn int<'a>(&self, token: Token<'a>) -> Result<i64, Wrong<'a>> {
        let wanted = "an integer of 64 bits";
        let text = self.number(token, wanted)?;
        if let Some(value) = integer(&text) {
            return Ok(value);
        }
        let could_grow = !is_integral(&text) && lossless_double(&text).is_some();
        match self.mode {
            Mode::Inferred { may_grow: true, .. } if could_grow => Err(Wrong::Grow),
            _ => misfit(token, wanted),
        }
    }

    /// An integer of 8, 16 or 32 bits.
    pub(super) fn small<'a>(&self, token: Token<'a>, bits: u8) -> Result<i32, Wrong<'a>> {
        let value = self.int(token)?;
        let (least, most) = (-1_i64 << (bits - 1), (1_i64 << (bits - 1)) - 1);
        let wanted = match bits {
            8 => "an integer of 8 bits",
            16 => "an integer of 16 bits",
            _ => "an integer of 32 bits",
        };
        match i32::try_from(value) {
            Ok(small) if (least..=most).contains(&value) => Ok(small),
            _ => misfit(token, wanted),
        }
    }

    pub(super) fn single<'a>(&self, token: Token<'a>) -> Result<f32, Wrong<'a>> {
        let value = self.double(token)? as f32;
        match value.is_finite() {
            true => Ok(value),
            false => misfit(token, "a number that 32 bits can hold"),
        }
    }

    /// A decimal without its point.
    pub(super) fn decimal<'a>(
        &self,
        token: Token<'a>,
        precision: u8,
        scale: i8,
    ) -> Result<i128, Wrong<'a>> {
        let wanted = "a number of so many digits";
        let text = self.number(token, wanted)?;
        decimal(&text, precision, scale).map_or_else(|| misfit(token, wanted), Ok)
    }

    pub(super) fn double<'a>(&self, token: Token<'a>) -> Result<f64, Wrong<'a>> {
        let wanted = "a number that a double can hold";
        let text = self.number(token, wanted)?;
        let value = match self.mode {
            Mode::Declared(_) => double(&text),
            Mode::Inferred { .. } => lossless_double(&text),
        };
        value.map_or_else(|| misfit(token, wanted), Ok)
    }

    pub(super) fn string<'a>(
        &self,
        token: Token<'a>,
        scanner: &mut Scanner<'a>,
    ) -> Result<Cow<'a, str>, Wrong<'a>> {
        match token {
            Token::Text(text) => match text.decode() {
                Some(text) => Ok(text),
                None => misfit(token, "text (an escape stands for half a character)"),
            },
            Token::Object | Token::List if self.coerces() => {
                Ok(Cow::Borrowed(scanner.raw_rest(token)?))
            }
            Token::Object | Token::List => misfit(token, "a string"),
            _ if self.is_declared() => Ok(Cow::Borrowed(shown(token))),
            _ => misfit(token, "a string"),
        }
    }

    pub(super) fn timestamp<'a>(&self, token: Token<'a>, times: &Times) -> Result<i64, Wrong<'a>> {
        let value = match token {
            Token::Number(text) => times.of_number(text),
            Token::Text(text) => text.decode().and_then(|text| times.of_text(text.trim())),
            _ => None,
        };
        match value {
            None => misfit(token, "a timestamp"),
            Some(value) if self.is_orc && NOT_IN_ORC.contains(&value) => misfit(
                token,
                "a timestamp of ORC, which has no fractions of the last second before 1970",
            ),
            Some(value) => Ok(value),
        }
    }

    pub(super) fn date<'a>(&self, token: Token<'a>) -> Result<i32, Wrong<'a>> {
        let value = match token {
            Token::Text(text) => text.decode().and_then(|text| time::date(text.trim())),
            _ => None,
        };
        value.map_or_else(|| misfit(token, "a date"), Ok)
    }

    /// The text of a number, which with a declared schema may stand in quotes.
    fn number<'a>(
        &self,
        token: Token<'a>,
        wanted: &'static str,
    ) -> Result<Cow<'a, str>, Wrong<'a>> {
        match token {
            Token::Number(text) => Ok(Cow::Borrowed(text)),
            Token::Text(text) if self.coerces() => match text.decode() {
                Some(text) if is_number(text.trim()) => Ok(Cow::Owned(text.trim().to_owned())),
                _ => misfit(token, wanted),
            },
            _ => misfit(token, wanted),
        }
    }
}

pub(super) fn misfit<'a, T>(token: Token<'a>, wanted: &'static str) -> Result<T, Wrong<'a>> {
    Err(Wrong::Misfit(Misfit {
        path: String::new(),
        found: shown(token),
        wanted,
    }))
}

/// A scalar as it is written; of an object or a list, what it is.
pub(super) fn shown(token: Token<'_>) -> &str {
    match token {
        Token::Null => "null",
        Token::Boolean(true) => "true",
        Token::Boolean(false) => "false",
        Token::Number(text) => text,
        Token::Text(text) => text.quoted,
        Token::Object => "an object",
        Token::List => "a list",
    }
}

#[cfg(test)]
mod tests;
