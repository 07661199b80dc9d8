//! Time patterns as in Java's `DateTimeFormatter`, for the letters that make sense in a prefix.
//! Time is UTC, texts are English.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use jiff::civil::DateTime;

use super::PrefixError;

/// A pattern, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    /// A letter, and how often it is repeated.
    Field(char, usize),
}

/// How often a letter may be repeated, as Java has it; `None` for a letter without a meaning.
fn repetitions(letter: char) -> Option<RangeInclusive<usize>> {
    match letter {
        'y' | 'u' | 'A' | 'n' | 'N' => Some(1..=19),
        'M' | 'L' | 'E' | 'X' | 'x' | 'Z' => Some(1..=5),
        'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'e' => Some(1..=2),
        'D' | 'Q' | 'q' => Some(1..=3),
        'S' => Some(1..=9),
        'a' => Some(1..=1),
        _ => None,
    }
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
        while let Some(first) = rest.chars().next() {
            let (piece, length) = match first {
                '\'' => quoted(rest)?,
                _ if first.is_ascii_alphabetic() => field(rest, first)?,
                '{' | '}' | '#' | '[' | ']' => return Err(reserved(first, text)),
                _ => (Piece::Text(first.to_string()), first.len_utf8()),
            };
            pieces.push(piece);
            rest = &rest[length..];
        }
        Ok(Self(pieces))
    }

    /// Appends the time as this pattern writes it.
    pub(super) fn evaluate(&self, time: DateTime, into: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Field(letter, count) => write_field(*letter, *count, time, into),
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
fn field(text: &str, letter: char) -> Result<(Piece, usize), PrefixError> {
    let count = text.chars().take_while(|c| *c == letter).count();
    match repetitions(letter) {
        Some(range) if range.contains(&count) => Ok((Piece::Field(letter, count), count)),
        Some(range) => Err(PrefixError(format!(
            "the letter {letter:?} {count} times: at most {} times is allowed in a time pattern",
            range.end()
        ))),
        None if letter == 'Y' => Err(PrefixError(
            "\"Y\" is the year of the week, wrong around New Year: use yyyy".into(),
        )),
        None => Err(PrefixError(format!(
            "the letter {letter:?} has no meaning here in a time pattern; text goes into single \
             quotes, and time is always UTC"
        ))),
    }
}

fn write_field(letter: char, count: usize, time: DateTime, into: &mut String) {
    let text = |format: &str| time.strftime(format).to_string();
    let nano = i64::from(time.subsec_nanosecond());
    let second_of_day =
        (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    let hour = i64::from(time.hour());
    let month = i64::from(time.month());
    let number = match letter {
        'y' | 'u' if count == 2 => i64::from(time.year()) % 100,
        'y' | 'u' => i64::from(time.year()),
        'M' | 'L' if count > 2 => return into.push_str(&named(text, "%b", "%B", count)),
        'M' | 'L' => month,
        'Q' | 'q' if count == 3 => return into.push_str(&format!("Q{}", (month + 2) / 3)),
        'Q' | 'q' => (month + 2) / 3,
        'd' => i64::from(time.day()),
        'D' => i64::from(time.day_of_year()),
        'E' => return into.push_str(&named(text, "%a", "%A", count)),
        'e' => i64::from(time.weekday().to_sunday_one_offset()),
        'a' => return into.push_str(if hour < 12 { "AM" } else { "PM" }),
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => i64::from(time.minute()),
        's' => i64::from(time.second()),
        'S' => return into.push_str(&format!("{nano:09}")[..count]),
        'A' => second_of_day * 1_000 + nano / 1_000_000,
        'n' => nano,
        'N' => second_of_day * 1_000_000_000 + nano,
        _ => return into.push_str(utc(letter, count)),
    };
    // Writing to a String cannot fail.
    let _ = write!(into, "{number:0count$}");
}

/// A name by the number of letters: short up to 3, full with 4, its first letter with 5.
fn named(text: impl Fn(&str) -> String, short: &str, full: &str, count: usize) -> String {
    match count {
        ..=3 => text(short),
        4 => text(full),
        _ => text(full).chars().take(1).collect(),
    }
}

/// How the zone letters write UTC.
fn utc(letter: char, count: usize) -> &'static str {
    match (letter, count) {
        ('X', _) | ('Z', 5) => "Z",
        ('x', 1) => "+00",
        ('x', 3 | 5) => "+00:00",
        ('Z', 4) => "GMT",
        _ => "+0000",
    }
}
