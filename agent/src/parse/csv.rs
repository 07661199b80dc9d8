//! Comma-separated values as in RFC 4180: a quoted field may hold delimiters, line ends and
//! doubled quotes. A column that is missing is null; columns without a name are kept under `rest`.

use memchr::memchr;

use super::{Why, json};

/// Appends an object with a value for each key.
pub(super) fn write(
    record: &[u8],
    keys: &[Vec<u8>],
    delimiter: u8,
    out: &mut Vec<u8>,
) -> Result<(), Why> {
    let mut columns = Columns {
        left: Some(record),
        delimiter,
    };
    let mut valid = true;
    for (place, key) in keys.iter().enumerate() {
        out.push(if place == 0 { b'{' } else { b',' });
        out.extend_from_slice(key);
        match columns.next()? {
            Some(column) => valid &= column.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
    let mut more = 0;
    while let Some(column) = columns.next()? {
        out.extend_from_slice(if more == 0 { b",\"rest\":[" } else { b"," });
        valid &= column.write(out);
        more += 1;
    }
    if more > 0 {
        out.push(b']');
    }
    json::end_object(valid, out);
    Ok(())
}

struct Columns<'a> {
    left: Option<&'a [u8]>,
    delimiter: u8,
}

/// A value, borrowed from its line.
enum Column<'a> {
    Plain(&'a [u8]),
    /// What stands between the quotes; quotes in it are doubled.
    Quoted(&'a [u8]),
}

impl<'a> Columns<'a> {
    fn next(&mut self) -> Result<Option<Column<'a>>, Why> {
        let Some(left) = self.left else {
            return Ok(None);
        };
        let (column, behind) = match left.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = closing(quoted).ok_or("a quote is not closed")?;
                (Column::Quoted(&quoted[..end]), &quoted[end + 1..])
            }
            None => {
                let end = memchr(self.delimiter, left).unwrap_or(left.len());
                (Column::Plain(&left[..end]), &left[end..])
            }
        };
        self.left = match behind.split_first() {
            None => None,
            Some((byte, rest)) if *byte == self.delimiter => Some(rest),
            Some(_) => return Err("text behind a closing quote"),
        };
        Ok(Some(column))
    }
}

/// Where the closing quote is: one that is not doubled.
fn closing(quoted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'"', &quoted[at..])?;
        if quoted.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

impl Column<'_> {
    fn write(&self, out: &mut Vec<u8>) -> bool {
        let mut left = match self {
            Self::Plain(text) => return json::string(text, out),
            Self::Quoted(text) => *text,
        };
        out.push(b'"');
        let mut valid = true;
        while let Some(at) = memchr(b'"', left) {
            valid &= json::text(&left[..=at], out);
            left = &left[at + 2..];
        }
        valid &= json::text(left, out);
        out.push(b'"');
        valid
    }
}
