//! Timestamp patterns of Hive's deserializer, as Joda-Time reads them, for the letters that the
//! settings let through. Without a zone in it a time is UTC, names are English.

use jiff::civil::Date;

use super::{BOUNDS, Rest, days};

/// A pattern, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    /// A letter, how often it is repeated, and whether digits follow that are not its own.
    Field(char, usize, bool),
}

/// What was read so far.
struct Found {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    milliseconds: i64,
    offset: i64,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.next_if_eq(&'\'').is_some() => pieces.push(Piece::Text("'".into())),
                '\'' => quoted = !quoted,
                _ if !quoted && c.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while chars.next_if_eq(&c).is_some() {
                        count += 1;
                    }
                    let digits = |next: &char| next.is_ascii_alphabetic() && *next != 'Z';
                    let close = chars.peek().is_some_and(digits);
                    pieces.push(Piece::Field(c, count, close));
                }
                _ => pieces.push(Piece::Text(c.into())),
            }
        }
        Self(pieces)
    }

    /// Milliseconds since 1970, UTC.
    pub(super) fn read(&self, text: &str) -> Option<i64> {
        let mut found = Found {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            afternoon: None,
            minute: 0,
            second: 0,
            milliseconds: 0,
            offset: 0,
        };
        let mut rest = Rest(text);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => rest.0 = rest.0.strip_prefix(text.as_str())?,
                Piece::Field(letter, count, close) => {
                    found.read(*letter, *count, *close, &mut rest)?;
                }
            }
        }
        if !rest.0.is_empty() {
            return None;
        }
        found.milliseconds()
    }
}

impl Found {
    fn read(&mut self, letter: char, count: usize, close: bool, rest: &mut Rest<'_>) -> Option<()> {
        let most = |widest: usize| if close { count } else { widest.max(count) };
        match letter {
            'y' => {
                let before = rest.0.len();
                let year = rest.number(close, most(4))?;
                self.year = match (count, before - rest.0.len()) {
                    // The century that is near.
                    (2, 2) if year < 70 => 2000 + year,
                    (2, 2) => 1900 + year,
                    _ => year,
                };
            }
            'M' if count > 2 => self.month = rest.name(&MONTHS)? + 1,
            'M' => self.month = rest.number(close, most(2))?,
            'd' => self.day = rest.number(close, most(2))?,
            'E' => drop(rest.name(&DAYS)?),
            'H' => self.hour = rest.number(close, most(2))?,
            'h' => {
                self.hour = rest.number(close, most(2))? % 12;
                self.afternoon = self.afternoon.or(Some(false));
            }
            'a' => self.afternoon = Some(rest.name(&["am", "pm"])? == 1),
            'm' => self.minute = rest.number(close, most(2))?,
            's' => self.second = rest.number(close, most(2))?,
            'S' => {
                let before = rest.0.len();
                let fraction = rest.number(close, most(9))?;
                let digits = (before - rest.0.len()) as u32;
                self.milliseconds = fraction * 1000 / 10_i64.pow(digits);
            }
            _ => {
                if rest.0.is_empty() {
                    return None;
                }
                self.offset = rest.leading_offset()?;
            }
        }
        Some(())
    }

    fn milliseconds(&self) -> Option<i64> {
        let narrow = |number: i64| i8::try_from(number).ok();
        let year = i16::try_from(self.year).ok()?;
        let date = Date::new(year, narrow(self.month)?, narrow(self.day)?).ok()?;
        let hour = match self.afternoon {
            Some(true) => self.hour % 12 + 12,
            _ => self.hour,
        };
        // A leap second is the second before it.
        let second = if self.second == 60 { 59 } else { self.second };
        if hour > 23 || self.minute > 59 || second > 59 {
            return None;
        }
        let seconds = (hour * 60 + self.minute) * 60 + second - self.offset;
        let all = (days(date) * 86_400 + seconds) * 1000 + self.milliseconds;
        BOUNDS.contains(&all).then_some(all)
    }
}

impl Rest<'_> {
    /// A number of one to `most` digits; where `close`, digits may follow that are not its own.
    fn number(&mut self, close: bool, most: usize) -> Option<i64> {
        if !close {
            return self.digits(1, most);
        }
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (own, rest) = self.0.split_at(digits.min(most));
        let number = Rest(own).digits(1, most)?;
        self.0 = rest;
        Some(number)
    }

    /// One of some names, or its first three letters, whatever their case; which.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let length = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.0.split_at(length);
        let word = word.to_ascii_lowercase();
        let is_one = |name: &&str| **name == word || name.get(..3) == Some(&word);
        let place = names.iter().position(is_one)?;
        self.0 = rest;
        Some(place as i64)
    }

    /// An offset that more may follow.
    fn leading_offset(&mut self) -> Option<i64> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ':' | 'Z' | 'z');
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (offset, behind) = self.0.split_at(end);
        let mut alone = Rest(offset);
        let seconds = alone.offset()?;
        self.0 = behind;
        alone.0.is_empty().then_some(seconds)
    }
}
