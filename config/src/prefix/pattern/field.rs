//! The letters of a time pattern, and what each writes.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::{ToSpan, Zoned};

use super::offset;

/// How often a letter may be repeated, as Java has it; nothing for a letter without a meaning.
pub(super) fn repetitions(letter: char) -> &'static [RangeInclusive<usize>] {
    match letter {
        'y' | 'u' | 'Y' | 'A' | 'n' | 'N' => &[1..=19],
        'G' | 'M' | 'L' | 'E' | 'e' | 'Q' | 'q' | 'X' | 'x' | 'Z' => &[1..=5],
        'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'w' => &[1..=2],
        'c' => &[1..=1, 3..=5],
        'D' => &[1..=3],
        'S' => &[1..=9],
        'a' | 'W' => &[1..=1],
        'O' => &[1..=1, 4..=4],
        'V' => &[2..=2],
        _ => &[],
    }
}

/// Appends what the letter, so often repeated, says of the time.
pub(super) fn write(letter: char, count: usize, time: &Zoned, into: &mut String) {
    let number = match number(letter, count, time) {
        Some(number) => number,
        None => return into.push_str(&text(letter, count, time)),
    };
    // Writing to a String cannot fail.
    let _ = write!(into, "{number:0count$}");
}

/// What is written as a number, as wide as the letter is repeated.
fn number(letter: char, count: usize, time: &Zoned) -> Option<i64> {
    let nano = i64::from(time.subsec_nanosecond());
    let hour = i64::from(time.hour());
    let second = (hour * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    let date = time.date();
    let year = |year: i16| match count {
        2 => i64::from(year) % 100,
        _ => i64::from(year),
    };
    Some(match letter {
        'y' | 'u' => year(date.year()),
        'Y' => year(end_of_week(date).year()),
        'M' | 'L' if count <= 2 => i64::from(date.month()),
        'Q' | 'q' if count <= 2 => quarter(date),
        'w' => i64::from((end_of_week(date).day_of_year() - 1) / 7 + 1),
        'W' => {
            let before = i64::from(date.first_of_month().weekday().to_sunday_zero_offset());
            (i64::from(date.day()) - 1 + before) / 7 + 1
        }
        'd' => i64::from(date.day()),
        'D' => i64::from(date.day_of_year()),
        'e' | 'c' if count <= 2 => i64::from(date.weekday().to_sunday_one_offset()),
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => i64::from(time.minute()),
        's' => i64::from(time.second()),
        'A' => second * 1_000 + nano / 1_000_000,
        'n' => nano,
        'N' => second * 1_000_000_000 + nano,
        _ => return None,
    })
}

/// What is written as a text.
fn text(letter: char, count: usize, time: &Zoned) -> String {
    let named = |short: &str, full: &str| match count {
        ..=3 => time.strftime(short).to_string(),
        4 => time.strftime(full).to_string(),
        _ => time.strftime(full).to_string().chars().take(1).collect(),
    };
    match (letter, count) {
        ('G', ..=3) => "AD".to_owned(),
        ('G', 4) => "Anno Domini".to_owned(),
        ('G', _) => "A".to_owned(),
        ('M' | 'L', _) => named("%b", "%B"),
        ('E' | 'e' | 'c', _) => named("%a", "%A"),
        ('Q' | 'q', 3) => format!("Q{}", quarter(time.date())),
        ('Q' | 'q', 4) => {
            let quarters = ["1st", "2nd", "3rd", "4th"];
            let name = quarters[quarter(time.date()) as usize - 1];
            format!("{name} quarter")
        }
        ('Q' | 'q', _) => quarter(time.date()).to_string(),
        ('a', _) if time.hour() < 12 => "AM".to_owned(),
        ('a', _) => "PM".to_owned(),
        ('S', _) => format!("{:09}", time.subsec_nanosecond())[..count].to_owned(),
        ('V', _) => time.time_zone().iana_name().unwrap_or("UTC").to_owned(),
        _ => offset::text(letter, count, time.offset().seconds()),
    }
}

fn quarter(date: Date) -> i64 {
    (i64::from(date.month()) + 2) / 3
}

/// The Saturday of the week: its year is the week's, since the first week of a year is the one
/// with its first day.
fn end_of_week(date: Date) -> Date {
    let left = 6 - date.weekday().to_sunday_zero_offset();
    date.saturating_add(i64::from(left).days())
}
