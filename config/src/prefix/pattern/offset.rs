//! How the zone letters of a time pattern write an offset from UTC.

/// The offset of so many seconds.
pub(super) fn text(letter: char, count: usize, seconds: i32) -> String {
    match (letter, count) {
        ('X', _) | ('Z', 5) if seconds == 0 => "Z".to_owned(),
        ('O', _) | ('Z', 4) if seconds == 0 => "GMT".to_owned(),
        ('O', 1) => format!("GMT{}", short(seconds)),
        ('O', _) | ('Z', 4) => format!("GMT{}", long(seconds, ":", true)),
        ('X' | 'x', 1) if seconds % 3600 / 60 == 0 => long(seconds, "", false)[..3].to_owned(),
        ('X' | 'x', 1 | 2) | ('Z', ..=3) => long(seconds, "", false),
        ('X' | 'x', 4) => long(seconds, "", true),
        ('X' | 'x', 3) => long(seconds, ":", false),
        _ => long(seconds, ":", true),
    }
}

/// Sign, hours and minutes in two digits each; seconds too, where there are any and they are
/// wanted.
fn long(seconds: i32, between: &str, with_seconds: bool) -> String {
    let (hours, minutes, rest) = split(seconds);
    let mut text = format!("{}{hours:02}{between}{minutes:02}", sign(seconds));
    if with_seconds && rest > 0 {
        text += &format!("{between}{rest:02}");
    }
    text
}

/// The hour without a zero before it, minutes only where there are any.
fn short(seconds: i32) -> String {
    let (hours, minutes, _) = split(seconds);
    match minutes {
        0 => format!("{}{hours}", sign(seconds)),
        _ => format!("{}{hours}:{minutes:02}", sign(seconds)),
    }
}

fn sign(seconds: i32) -> char {
    if seconds < 0 { '-' } else { '+' }
}

fn split(seconds: i32) -> (i32, i32, i32) {
    let seconds = seconds.abs();
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}
