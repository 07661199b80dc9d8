//! Syslog: the lines of `/var/log/syslog` (RFC 3164, and the same with a time of RFC 3339), and
//! RFC 5424.

use memchr::{memchr, memmem};

use super::{Why, json};

/// How the time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Time {
    /// `Jun 14 15:16:01`, without a year.
    Rfc3164,
    /// `2026-11-21T10:00:00.123+01:00`
    Rfc3339,
}

/// Appends the object of `time host program[1]: message`, with `timestamp`, `hostname`, `program`,
/// `processid`, `message`. A priority in front (`<34>`) is kept as `priority`. What has no program
/// is all message.
pub(super) fn write(line: &[u8], time: Time, out: &mut Vec<u8>) -> Result<(), Why> {
    let (priority, left) = priority(line);
    let (timestamp, left) = match time {
        Time::Rfc3164 => rfc3164(left).ok_or("its time is not like Jun 14 15:16:01")?,
        Time::Rfc3339 => rfc3339(left).ok_or("its time is not like 2026-11-21T10:00:00Z")?,
    };
    let (hostname, left) = word(left).ok_or("no host behind the time")?;
    let (program, process, message) = tag(left);
    let mut fields = json::Strings::begin(out);
    fields.add("timestamp", Some(timestamp));
    fields.add("hostname", Some(hostname));
    fields.add("program", program);
    fields.add("processid", process);
    fields.add("message", Some(message));
    if priority.is_some() {
        fields.add("priority", priority);
    }
    fields.end();
    Ok(())
}

/// Appends the object of `<34>1 time host program process message-id [data] message`.
pub(super) fn write_rfc5424(line: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    let (priority, left) = priority(line);
    let priority = priority.ok_or("no <priority> at its beginning")?;
    let left = left
        .strip_prefix(b"1 ")
        .ok_or("no version 1 behind the priority")?;
    let mut header = [b"".as_slice(); 5];
    let mut left = left;
    for field in &mut header {
        (*field, left) = word(left).ok_or("fewer fields than RFC 5424 asks for")?;
    }
    let (data, left) = structured(left)?;
    let message = left.strip_prefix(b" ").unwrap_or(left);
    let mut fields = json::Strings::begin(out);
    let [timestamp, hostname, program, process, message_id] = header.map(present);
    fields.add("timestamp", timestamp);
    fields.add("hostname", hostname);
    fields.add("program", program);
    fields.add("processid", process);
    fields.add("messageid", message_id);
    fields.add("structured", present(data));
    fields.add(
        "message",
        Some(message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message)),
    );
    fields.add("priority", Some(priority));
    fields.end();
    Ok(())
}

/// `-` is nothing.
fn present(field: &[u8]) -> Option<&[u8]> {
    (field != b"-").then_some(field)
}

/// `<34>`, without its brackets.
fn priority(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let digits = line.strip_prefix(b"<").and_then(|left| {
        let end = memchr(b'>', &left[..left.len().min(4)])?;
        let digits = &left[..end];
        let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        plain.then_some((Some(digits), &left[end + 1..]))
    });
    digits.unwrap_or((None, line))
}

/// `Jun 14 15:16:01 ` or `Jun  4 15:16:01 `
fn rfc3164(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, left) = (line.get(..15)?, line.get(16..)?);
    let digit = |at: usize| time[at].is_ascii_digit();
    let letters = time[..3].iter().all(u8::is_ascii_alphabetic);
    let digits = [5, 7, 8, 10, 11, 13, 14].into_iter().all(digit);
    let day = digit(4) || time[4] == b' ';
    let marks = (time[3], time[6], time[9], time[12]) == (b' ', b' ', b':', b':');
    (letters && digits && day && marks && line[15] == b' ').then_some((time, left))
}

fn rfc3339(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, left) = word(line)?;
    let text = std::str::from_utf8(time).ok()?;
    text.parse::<jiff::Timestamp>().ok()?;
    Some((time, left))
}

/// Up to the next space, which is passed over.
fn word(left: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr(b' ', left).filter(|space| *space > 0)?;
    Some((&left[..space], &left[space + 1..]))
}

/// What a tag and its message are.
type Tagged<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, &'a [u8]);

/// `program[1]: message`. A program's name may hold spaces (`syslogd 1.4.1: restart.`), but not
/// the colon and the space that end it.
fn tag(left: &[u8]) -> Tagged<'_> {
    let end = match memmem::find(left, b": ") {
        Some(end) => end,
        None if left.ends_with(b":") => left.len() - 1,
        None => return (None, None, left),
    };
    let (tag, message) = (&left[..end], left.get(end + 2..).unwrap_or_default());
    let process = tag.strip_suffix(b"]").and_then(|open| {
        let bracket = memchr::memrchr(b'[', open)?;
        Some((&open[..bracket], &open[bracket + 1..]))
    });
    match process {
        Some((program, id)) => (Some(program), Some(id), message),
        None => (Some(tag), None, message),
    }
}

/// The structured data as it stands, and what is behind it.
fn structured(left: &[u8]) -> Result<(&[u8], &[u8]), Why> {
    if left.first() == Some(&b'-') {
        return Ok(left.split_at(1));
    }
    let mut at = 0;
    let mut quoted = false;
    let why = "its structured data has no end";
    if left.first() != Some(&b'[') {
        return Err("no structured data behind the message id");
    }
    loop {
        match left.get(at).ok_or(why)? {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted && left.get(at + 1) != Some(&b'[') => break,
            _ => {}
        }
        at += 1;
    }
    Ok(left.split_at(at + 1))
}
