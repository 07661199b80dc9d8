//! What records of a stream mostly have: the key that is expected, null, a string without escapes or
//! with escaped quotes, a short integer. Each is read in one go where it stands as most programs write
//! it; where it does not, the scanner stays where it was, and reads letter by letter.

use super::{Scanner, plain_length};

impl<'a> Scanner<'a> {
    /// Walks an object whose next key is `written`, as a quoted key and a colon: does what
    /// [`next_key`](Self::next_key) would, if that stands there with at most one space before it and
    /// one behind. What records of a stream have in common is not read letter by letter.
    #[inline]
    pub(crate) fn next_expected(&mut self, first: &mut bool, written: &str) -> bool {
        let text = self.text.as_bytes();
        let is_at = |at: usize, sign: u8| text.get(at) == Some(&sign);
        if !*first && !is_at(self.at, b',') {
            return false;
        }
        let comma = self.at + usize::from(!*first);
        let key = comma + usize::from(is_at(comma, b' '));
        let stands = begins(&text[key..], written.as_bytes());
        if stands {
            let colon = key + written.len();
            self.at = colon + usize::from(is_at(colon, b' '));
            *first = false;
        }
        stands
    }

    /// Walks an object whose end stands here, behind its last value: does what
    /// [`next_key`](Self::next_key) would.
    #[inline]
    pub(crate) fn ends_object(&mut self, first: bool) -> bool {
        let ends = !first && self.peek() == Some(b'}');
        if ends {
            self.at += 1;
            self.depth -= 1;
        }
        ends
    }

    /// Reads the next value if it is null; else it stays where it was.
    #[inline]
    pub(crate) fn null(&mut self) -> bool {
        let stands = self.text.as_bytes()[self.at..].starts_with(b"null");
        if stands {
            self.at += 4;
        }
        stands
    }

    /// Reads the next value if it is a string without escapes, as most strings are; else it stays
    /// where it was.
    #[inline]
    pub(crate) fn plain_text(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes()[self.at..].strip_prefix(b"\"")?;
        let length = plain_length(rest);
        (rest.get(length) == Some(&b'"')).then_some(())?;
        let start = self.at + 1;
        self.at = start + length + 1;
        Some(&self.text[start..start + length])
    }

    /// Reads the next value if it is a string without escapes of which `read` makes something; else it
    /// stays where it was.
    #[inline]
    pub(crate) fn plain<T>(&mut self, read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let before = self.at;
        let found = self.plain_text().and_then(read);
        if found.is_none() {
            self.at = before;
        }
        found
    }

    /// Reads the next value if it is an integer of at most 18 digits, as most integers are; else it
    /// stays where it was.
    #[inline]
    pub(crate) fn short_integer(&mut self) -> Option<i64> {
        let rest = &self.text.as_bytes()[self.at..];
        let (digits, sign) = match rest {
            [b'-', digits @ ..] => (digits, -1),
            digits => (digits, 1),
        };
        let (mut value, mut length) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = digits.get(length) {
            if length == 18 {
                return None;
            }
            value = 10 * value + i64::from(digit - b'0');
            length += 1;
        }
        // What goes on is no integer, and what begins with a zero is one or nothing.
        let ends = matches!(digits.get(length), Some(b',' | b'}'));
        let is_zero = digits.first() == Some(&b'0');
        if !ends || length == 0 || (is_zero && length > 1) {
            return None;
        }
        self.at += rest.len() - digits.len() + length;
        Some(sign * value)
    }
}

/// What a string means in which only quotes, backslashes and slashes are escaped; `None`: it has other
/// escapes.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut meant = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let escape = rest.as_bytes().get(at + 1);
        let is_itself = matches!(escape, Some(b'"' | b'\\' | b'/'));
        is_itself.then_some(())?;
        meant.push_str(&rest[..at]);
        meant.push_str(&rest[at + 1..at + 2]);
        rest = &rest[at + 2..];
    }
    meant.push_str(rest);
    Some(meant)
}

/// Whether `text` begins with `start`.
#[inline]
fn begins(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|text| is_same(text, start))
}

/// Whether both are the same. Most keys and many values are too short for a call of memcmp to pay: what
/// has 8 to 16 bytes is two words, which may overlap.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    match (a.first_chunk::<8>(), a.last_chunk::<8>()) {
        (Some(first), Some(last)) if a.len() <= 16 && a.len() == b.len() => {
            b.first_chunk() == Some(first) && b.last_chunk() == Some(last)
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
