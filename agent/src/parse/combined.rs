//! Apache's common and combined access logs, which nginx writes too.
//!
//! ```text
//! host ident user [17/May/2015:10:05:03 +0000] "request" status bytes "referer" "user agent" …
//! ```
//!
//! The common format ends behind `bytes`. What a customised format adds behind the user agent is
//! kept under `rest`. `-` means that there is no value: null. In quoted fields `\"` and `\\` are
//! unescaped; other escapes, such as `\x16`, stay as the server wrote them.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use memchr::{memchr, memmem};

use super::{Why, json};

/// The fields of one line, borrowed from it, still escaped.
pub(super) struct Fields<'a> {
    host: &'a [u8],
    ident: &'a [u8],
    user: &'a [u8],
    datetime: &'a [u8],
    time: jiff::Timestamp,
    request: &'a [u8],
    status: Option<u64>,
    bytes: Option<u64>,
    referer: &'a [u8],
    user_agent: &'a [u8],
    rest: &'a [u8],
}

/// Three fields.
type Three<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Result<Fields<'_>, Why> {
    let (host, left) = word(line).ok_or("no host at its beginning")?;
    let (ident, left) = word(left).ok_or("no identity behind the host")?;
    let bracket = memmem::find(left, b" [").ok_or("no [time]")?;
    let (user, left) = (&left[..bracket], &left[bracket + 2..]);
    let end = memchr(b']', left).ok_or("no ] behind the time")?;
    let datetime = &left[..end];
    let time = time(datetime).ok_or("its time is not like 17/May/2015:10:05:03 +0000")?;
    let (request, left) = quoted(&left[end + 1..]).ok_or("no \"request\" behind the time")?;
    let (status, left) = count(left).ok_or("no status behind the request")?;
    let (bytes, left) = count(left).ok_or("no number of bytes behind the status")?;
    let (referer, user_agent, rest) = tail(left)?;
    Ok(Fields {
        host,
        ident,
        user,
        datetime,
        time,
        request,
        status,
        bytes,
        referer,
        user_agent,
        rest,
    })
}

/// Up to the next space, which is passed over.
fn word(left: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr(b' ', left).filter(|space| *space > 0)?;
    Some((&left[..space], &left[space + 1..]))
}

/// A field in quotes behind a space.
fn quoted(left: &[u8]) -> Option<(&[u8], &[u8])> {
    let left = left.strip_prefix(b" \"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &left[at..])?;
        if left[at] == b'"' {
            return Some((&left[..at], &left[at + 1..]));
        }
        at = (at + 2).min(left.len());
    }
}

/// Digits, or `-` for none, behind a space and up to the next one.
fn count(left: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let left = left.strip_prefix(b" ")?;
    let end = memchr(b' ', left).unwrap_or(left.len());
    let (digits, left) = left.split_at(end);
    if digits == b"-" {
        return Some((None, left));
    }
    let plain = digits.iter().all(u8::is_ascii_digit);
    let value = std::str::from_utf8(digits).ok().filter(|_| plain)?;
    Some((Some(value.parse().ok()?), left))
}

/// Referer, user agent, and what a customised format adds.
fn tail(left: &[u8]) -> Result<Three<'_>, Why> {
    if left.trim_ascii().is_empty() {
        return Ok((b"-", b"-", b""));
    }
    let (referer, left) = quoted(left).ok_or("no \"referer\" behind the number of bytes")?;
    let (user_agent, rest) = quoted(left).ok_or("no \"user agent\" behind the referer")?;
    Ok((referer, user_agent, rest.trim_ascii()))
}

/// `17/May/2015:10:05:03 +0000`
fn time(text: &[u8]) -> Option<jiff::Timestamp> {
    let text: &[u8; 26] = text.try_into().ok()?;
    let marks = [
        (2, b'/'),
        (6, b'/'),
        (11, b':'),
        (14, b':'),
        (17, b':'),
        (20, b' '),
    ];
    if marks.iter().any(|&(at, mark)| text[at] != mark) {
        return None;
    }
    let two = |at: usize| digits(&text[at..at + 2]).and_then(|n| i8::try_from(n).ok());
    let date = DateTime::new(
        i16::try_from(digits(&text[7..11])?).ok()?,
        month(&text[3..6])?,
        two(0)?,
        two(12)?,
        two(15)?,
        // A leap second has no place in most calendars.
        two(18)?.min(59),
        0,
    );
    offset(&text[21..])?.to_timestamp(date.ok()?).ok()
}

/// `"2015-05-17T10:05:03Z"`. By hand, because it is in every line.
fn write_time(time: jiff::Timestamp, out: &mut Vec<u8>) {
    let at = Offset::UTC.to_datetime(time);
    if at.year() < 0 {
        // Of 1 January 0000, east of Greenwich. Writing to a Vec cannot fail.
        let _ = std::io::Write::write_fmt(out, format_args!("\"{time}\""));
        return;
    }
    let parts = [
        (1, at.year() / 100),
        (3, at.year() % 100),
        (6, i16::from(at.month())),
        (9, i16::from(at.day())),
        (12, i16::from(at.hour())),
        (15, i16::from(at.minute())),
        (18, i16::from(at.second())),
    ];
    let mut text = *b"\"0000-00-00T00:00:00Z\"";
    for (place, number) in parts {
        text[place] += (number / 10 % 10) as u8;
        text[place + 1] += (number % 10) as u8;
    }
    out.extend_from_slice(&text);
}

/// `+0130`
fn offset(text: &[u8]) -> Option<Offset> {
    let seconds = digits(&text[1..3])? * 3600 + digits(&text[3..5])? * 60;
    match text[0] {
        b'+' => Offset::from_seconds(seconds).ok(),
        b'-' => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i32::from(byte - b'0'))
    })
}

fn month(name: &[u8]) -> Option<i8> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let names = MONTHS.chunks(3).zip(1..);
    names.into_iter().find(|(n, _)| *n == name).map(|(_, m)| m)
}

impl Fields<'_> {
    /// Whether it ends where the common format does.
    pub(super) fn is_common(&self) -> bool {
        self.referer == b"-" && self.user_agent == b"-" && self.rest.is_empty()
    }

    /// The same with the Kinesis Agent's names, all values text as in the line; `referer` and
    /// `agent` only of the `combined` format.
    pub(super) fn write_kinesis(&self, combined: bool, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(b"{\"host\":");
        let mut valid = json::string(self.host, out);
        valid &= field("ident", self.ident, out);
        valid &= field("authuser", self.user, out);
        valid &= field("datetime", self.datetime, out);
        valid &= field("request", self.request, out);
        count_text("response", self.status, out);
        count_text("bytes", self.bytes, out);
        if combined {
            valid &= field("referer", self.referer, out);
            valid &= field("agent", self.user_agent, out);
            if !self.rest.is_empty() {
                valid &= field("rest", self.rest, out);
            }
        }
        valid
    }

    /// Appends the object without its closing brace; the answer is whether all of it was UTF-8.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(b"{\"host\":");
        let mut valid = json::string(self.host, out);
        valid &= field("ident", self.ident, out);
        valid &= field("user", self.user, out);
        json::key("time", out);
        write_time(self.time, out);
        valid &= field("request", self.request, out);
        let (method, path, protocol) = request_line(self.request);
        field("method", method, out);
        field("path", path, out);
        field("protocol", protocol, out);
        count_field("status", self.status, out);
        count_field("bytes", self.bytes, out);
        valid &= field("referer", self.referer, out);
        valid &= field("user_agent", self.user_agent, out);
        if !self.rest.is_empty() {
            valid &= field("rest", self.rest, out);
        }
        valid
    }
}

/// Method, path as written, and protocol of `GET /path HTTP/1.1`; each `-` where what a client
/// sent is no such line. HTTP 0.9 has no protocol.
fn request_line(request: &[u8]) -> Three<'_> {
    const NONE: Three<'static> = (b"-", b"-", b"-");
    let Some((method, left)) = word(request) else {
        return NONE;
    };
    let is_method = method
        .iter()
        .all(|b| b.is_ascii_alphabetic() || *b == b'-' || *b == b'_');
    if !is_method || method == b"-" {
        return NONE;
    }
    match memchr::memrchr(b' ', left) {
        Some(space) if left[space + 1..].starts_with(b"HTTP/") => {
            (method, &left[..space], &left[space + 1..])
        }
        _ if left.starts_with(b"HTTP/") => (method, b"-", left),
        _ => (method, left, b"-"),
    }
}

fn field(name: &str, escaped: &[u8], out: &mut Vec<u8>) -> bool {
    json::key(name, out);
    if escaped == b"-" {
        out.extend_from_slice(b"null");
        return true;
    }
    out.push(b'"');
    let valid = unescape(escaped, out);
    out.push(b'"');
    valid
}

fn unescape(mut left: &[u8], out: &mut Vec<u8>) -> bool {
    let mut valid = true;
    let mut from = 0;
    while let Some(at) = memchr(b'\\', &left[from..]).map(|at| from + at) {
        match left.get(at + 1) {
            Some(b'"' | b'\\') => {
                valid &= json::text(&left[..at], out);
                valid &= json::text(&left[at + 1..at + 2], out);
                left = &left[at + 2..];
                from = 0;
            }
            _ => from = at + 1,
        }
    }
    json::text(left, out) && valid
}

fn count_text(name: &str, value: Option<u64>, out: &mut Vec<u8>) {
    json::key(name, out);
    match value {
        Some(value) => {
            out.push(b'"');
            json::number(value, out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

fn count_field(name: &str, value: Option<u64>, out: &mut Vec<u8>) {
    json::key(name, out);
    match value {
        Some(value) => json::number(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests;
