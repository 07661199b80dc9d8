//! Times as Firehose's OpenX deserializer reads them (E.2 of the reference), and ISO 8601 offsets;
//! and as its Hive deserializer does.

use std::ops::Range;

use jiff::civil::{Date, Time};
use standpipe_config::settings::delivery::JsonSerDe;

use crate::record::json::number::is_number;
use pattern::Pattern;

mod pattern;

/// Below this a number is seconds, from here on milliseconds.
const SECONDS_BELOW: f64 = 1e12;

/// From year 0 to year 9999, in milliseconds: what lies beyond is no time, but microseconds taken
/// for milliseconds.
const BOUNDS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// How timestamps are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Times {
    /// As OpenX reads them.
    #[default]
    OpenX,
    /// As `java.sql.Timestamp` reads them: Hive's way without patterns.
    Sql,
    /// By patterns, the first that fits, and in milliseconds if `millis` is one.
    Patterns {
        /// The patterns.
        patterns: Vec<Pattern>,
        /// Whether `millis` is one.
        millis: bool,
    },
}

impl Times {
    /// As the settings say for a declared schema.
    pub(super) fn of(json: &JsonSerDe) -> Self {
        let formats = match json {
            JsonSerDe::OpenX(_) => return Self::OpenX,
            JsonSerDe::Hive(hive) if hive.timestamp_formats.is_empty() => return Self::Sql,
            JsonSerDe::Hive(hive) => &hive.timestamp_formats,
        };
        let patterns = formats.iter().filter(|format| *format != "millis");
        Self::Patterns {
            patterns: patterns.map(|format| Pattern::new(format)).collect(),
            millis: formats.iter().any(|format| format == "millis"),
        }
    }

    /// Milliseconds since 1970, UTC, of a JSON number.
    pub(super) fn of_number(&self, number: &str) -> Option<i64> {
        match self {
            Self::OpenX => epoch(number),
            Self::Patterns { millis: true, .. } => milliseconds(number),
            Self::Sql | Self::Patterns { .. } => None,
        }
    }

    /// Milliseconds since 1970, UTC, of a text.
    pub(super) fn of_text(&self, text: &str) -> Option<i64> {
        match self {
            Self::OpenX => timestamp(text),
            Self::Sql => sql(text),
            Self::Patterns { patterns, millis } => {
                let found = patterns.iter().find_map(|pattern| pattern.read(text));
                found.or_else(|| millis.then(|| milliseconds(text)).flatten())
            }
        }
    }
}

fn milliseconds(number: &str) -> Option<i64> {
    let milliseconds = number.parse().ok()?;
    BOUNDS.contains(&milliseconds).then_some(milliseconds)
}

/// `2026-1-2 8:00:00.123`, UTC.
fn sql(text: &str) -> Option<i64> {
    let mut rest = Rest(text);
    let day = days(rest.date()?);
    rest.one_of(&[' '])?;
    let seconds = day * 86_400 + seconds(rest.time()?);
    let milliseconds = seconds * 1000 + rest.milliseconds()?;
    (rest.0.is_empty() && BOUNDS.contains(&milliseconds)).then_some(milliseconds)
}

/// Milliseconds since 1970, UTC, of `2026-11-21T08:00:00.123Z`, `…+01:00`, `2026-1-2 8:00:00` (UTC),
/// or of a number. What is finer than a millisecond is cut off.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    if let Some(milliseconds) = usual(text.as_bytes()) {
        return Some(milliseconds);
    }
    if is_number(text) {
        return epoch(text);
    }
    let mut rest = Rest(text);
    let day = days(rest.date()?);
    rest.one_of(&['T', 't', ' '])?;
    let time = rest.time()?;
    let fraction = rest.milliseconds()?;
    let offset = rest.offset()?;
    let seconds = day * 86_400 + seconds(time) - offset;
    let milliseconds = seconds * 1000 + fraction;
    (rest.0.is_empty() && BOUNDS.contains(&milliseconds)).then_some(milliseconds)
}

/// What most programs write, in one go: `2026-11-21T08:00:00Z`, with or without milliseconds.
fn usual(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let stands = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if stands.iter().any(|(at, sign)| whole[*at] != *sign) {
        return None;
    }
    let milliseconds = match fraction {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if digits.len() == 3 => whole_number(digits)?,
        _ => return None,
    };
    let part = |range: Range<usize>| whole_number(&whole[range]);
    let (month, day) = (part(5..7)? as i8, part(8..10)? as i8);
    let date = Date::new(part(0..4)? as i16, month, day).ok()?;
    let (minute, second) = (part(14..16)? as i8, part(17..19)? as i8);
    let time = Time::new(part(11..13)? as i8, minute, second, 0).ok()?;
    Some((days(date) * 86_400 + seconds(time)) * 1000 + milliseconds)
}

/// A few digits.
fn whole_number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = digit.is_ascii_digit().then(|| i64::from(digit - b'0'));
        Some(10 * number + value?)
    })
}

/// Milliseconds since 1970 of a JSON number: seconds (also with a fraction) or milliseconds.
pub(super) fn epoch(number: &str) -> Option<i64> {
    let value: f64 = number.parse().ok()?;
    let milliseconds = match value.abs() < SECONDS_BELOW {
        true => (value * 1000.0).round(),
        false => value.trunc(),
    };
    // Beyond i64 the conversion saturates, which is out of bounds too.
    let milliseconds = milliseconds as i64;
    BOUNDS.contains(&milliseconds).then_some(milliseconds)
}

/// Days since 1970 of `2026-11-21`.
pub(super) fn date(text: &str) -> Option<i32> {
    let mut rest = Rest(text);
    let date = rest.date()?;
    match rest.0.is_empty() {
        true => i32::try_from(days(date)).ok(),
        false => None,
    }
}

/// Days since 1970. By hand, because jiff's instants end on 9999-12-30, and 9999-12-31 is how some
/// say "never".
fn days(date: Date) -> i64 {
    // A year that begins in March has its leap day at its end.
    let (year, month) = (i64::from(date.year()), i64::from(date.month()));
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day()) - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + day_of_year - 719_468
}

fn seconds(time: Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// A number of `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if !(least..=most).contains(&length) {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok()
    }

    fn one_of(&mut self, chars: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|c| chars.contains(c))?;
        self.0 = &self.0[found.len_utf8()..];
        Some(found)
    }

    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4, 4)?;
        self.one_of(&['-'])?;
        let month = self.digits(1, 2)?;
        self.one_of(&['-'])?;
        let day = self.digits(1, 2)?;
        Date::new(year as i16, month as i8, day as i8).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.digits(1, 2)?;
        self.one_of(&[':'])?;
        let minute = self.digits(2, 2)?;
        self.one_of(&[':'])?;
        // A leap second is the second before it.
        let second = self.digits(2, 2).map(|second| match second {
            60 => 59,
            second => second,
        })?;
        Time::new(hour as i8, minute as i8, second as i8, 0).ok()
    }

    fn milliseconds(&mut self) -> Option<i64> {
        if self.one_of(&['.']).is_none() {
            return Some(0);
        }
        let before = self.0.len();
        let fraction = self.digits(1, 9)?;
        let digits = (before - self.0.len()) as u32;
        Some(fraction * 1000 / 10_i64.pow(digits))
    }

    /// Seconds east of UTC; none is UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.one_of(&['Z', 'z']).is_some() {
            return Some(0);
        }
        let sign = match self.one_of(&['+', '-'])? {
            '-' => -1,
            _ => 1,
        };
        let (hours, minutes) = self.hours_and_minutes()?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }

    /// `01:30`, `0130` or `01`.
    fn hours_and_minutes(&mut self) -> Option<(i64, i64)> {
        if self.0.len() == 4 {
            let both = self.digits(4, 4)?;
            return Some((both / 100, both % 100));
        }
        let hours = self.digits(2, 2)?;
        match self.one_of(&[':']) {
            Some(_) => Some((hours, self.digits(2, 2)?)),
            None => Some((hours, 0)),
        }
    }
}

#[cfg(test)]
mod tests;
