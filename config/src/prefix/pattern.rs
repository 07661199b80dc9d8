//! Time patterns as in Java's `DateTimeFormatter`, for the letters that make sense in a prefix.
//! Texts are English and weeks begin on Sunday, as in Firehose.

use jiff::Zoned;

use super::PrefixError;

mod field;
mod offset;

/// A pattern, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    /// A letter, and how often it is repeated.
    Field(char, usize),
}

impl Pattern {
    /// `yyyy/MM/dd/HH/`, what Firehose appends.
    pub(super) fn by_hour() -> Self {
        let slash = || Piece::Text("/".to_owned());
        let field = Piece::Field;
        let (year, month, day, hour) = (field('y', 4), field('M', 2), field('d', 2), field('H', 2));
        Self(vec![
            year,
            slash(),
            month,
            slash(),
            day,
            slash(),
            hour,
            slash(),
        ])
    }

    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, PrefixError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut brackets = 0_usize;
        while let Some(first) = rest.chars().next() {
            let (piece, length) = match first {
                '\'' => quoted(rest)?,
                _ if first.is_ascii_alphabetic() => letters(rest, first)?,
                '{' | '}' | '#' => return Err(reserved(first, text)),
                // Around what is left out where a field is missing; of a time none is.
                '[' | ']' => {
                    brackets = match first {
                        '[' => brackets + 1,
                        _ => brackets.checked_sub(1).ok_or_else(|| reserved(']', text))?,
                    };
                    (Piece::Text(String::new()), 1)
                }
                _ => (Piece::Text(first.to_string()), first.len_utf8()),
            };
            pieces.push(piece);
            rest = &rest[length..];
        }
        Ok(Self(pieces))
    }

    /// Whether it writes the year of the week, which is another one around New Year.
    pub(super) fn has_week_year(&self) -> bool {
        let is_one = |piece: &Piece| matches!(piece, Piece::Field('Y', _));
        self.0.iter().any(is_one)
    }

    /// Appends the time as this pattern writes it.
    pub(super) fn evaluate(&self, time: &Zoned, into: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Field(letter, count) => field::write(*letter, *count, time, into),
            }
        }
    }
}

fn reserved(letter: char, text: &str) -> PrefixError {
    PrefixError(format!(
        "{letter:?} is not allowed in the time pattern {text:?}; text goes into single quotes"
    ))
}

/// Text in single quotes; two of them are one quote. Returns it and its length as written.
fn quoted(text: &str) -> Result<(Piece, usize), PrefixError> {
    if text.starts_with("''") {
        return Ok((Piece::Text("'".to_owned()), 2));
    }
    let mut inside = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if chars.next_if(|(_, next)| *next == '\'').is_none() => {
                return Ok((Piece::Text(inside), at + 1));
            }
            _ => inside.push(c),
        }
    }
    Err(PrefixError(format!(
        "the quote that begins with {text:?} does not end"
    )))
}

/// One letter, repeated. Returns it and its length as written.
fn letters(text: &str, letter: char) -> Result<(Piece, usize), PrefixError> {
    let count = text.chars().take_while(|c| *c == letter).count();
    match field::repetitions(letter) {
        [] => Err(PrefixError(format!(
            "the letter {letter:?} has no meaning here in a time pattern; text goes into single \
             quotes"
        ))),
        ranges if ranges.iter().any(|range| range.contains(&count)) => {
            Ok((Piece::Field(letter, count), count))
        }
        ranges => {
            let most = ranges.iter().map(|range| range.end()).max();
            Err(PrefixError(format!(
                "the letter {letter:?} {count} times is not allowed in a time pattern: at most {} \
                 times{}",
                most.unwrap_or(&0),
                if ranges.len() > 1 || ranges[0].start() > &1 {
                    ", and not any number below"
                } else {
                    ""
                }
            )))
        }
    }
}
