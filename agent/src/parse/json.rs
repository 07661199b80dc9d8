//! Writes JSON values at the end of a buffer.

/// Appends `,"name":`.
pub(super) fn key(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a number.
pub(super) fn number(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Ends an object; says so where what is in it was not UTF-8.
pub(super) fn end_object(valid_utf8: bool, out: &mut Vec<u8>) {
    if !valid_utf8 {
        key("invalid_utf8", out);
        out.extend_from_slice(b"true");
    }
    out.push(b'}');
}

/// An object of strings.
pub(super) struct Strings<'a> {
    out: &'a mut Vec<u8>,
    valid: bool,
    first: bool,
}

impl<'a> Strings<'a> {
    /// Begins one.
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            valid: true,
            first: true,
        }
    }

    /// Adds a value, or null. The name is written as it is.
    pub(super) fn add(&mut self, name: &str, value: Option<&[u8]>) {
        match std::mem::take(&mut self.first) {
            true => {
                self.out.extend_from_slice(b"{\"");
                self.out.extend_from_slice(name.as_bytes());
                self.out.extend_from_slice(b"\":");
            }
            false => key(name, self.out),
        }
        match value {
            Some(value) => self.valid &= string(value, self.out),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    /// Ends it.
    pub(super) fn end(self) {
        end_object(self.valid, self.out);
    }
}

/// Appends a string with its quotes. What is no UTF-8 becomes U+FFFD; the answer is whether all
/// of it was UTF-8.
pub(super) fn string(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let valid = text(bytes, out);
    out.push(b'"');
    valid
}

/// Appends what stands between the quotes of a string; several calls may make one string.
pub(super) fn text(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        escape(bytes, out);
        return true;
    }
    for chunk in bytes.utf8_chunks() {
        escape(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    false
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut left = bytes;
    while let Some(at) = first_escaped(left) {
        out.extend_from_slice(&left[..at]);
        escape_byte(left[at], out);
        left = &left[at + 1..];
    }
    out.extend_from_slice(left);
}

/// Where the first byte is that a string cannot hold. Sixteen bytes at once, which the compiler
/// compares in one step: most text has none.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    let is_escaped = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let (sixteens, rest) = bytes.as_chunks::<16>();
    let clean = sixteens
        .iter()
        .take_while(|sixteen| {
            let found = |found, byte: &u8| found | is_escaped(byte);
            !sixteen.iter().fold(false, found)
        })
        .count();
    let from = 16 * clean;
    let near = sixteens.get(clean).map_or(rest, |sixteen| &sixteen[..]);
    let found = near.iter().position(is_escaped);
    found.map(|at| from + at)
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}
