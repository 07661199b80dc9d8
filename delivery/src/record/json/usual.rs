//! What records of a stream mostly have: the key that is expected, a string without escapes, a short
//! integer. Each is read in one go where it stands as most programs write it; where it does not, the
//! scanner stays where it was, and reads letter by letter.

use super::{Scanner, plain_length};

impl<'a> Scanner<'a> {
    /// Walks an object whose next key is `written`, as a comma, a quoted key and a colon: does what
    /// [`next_key`](Self::next_key) would, if that stands there without white space around it. What
    /// records of a stream have in common is not read letter by letter.
    #[inline]
    pub(crate) fn next_expected(&mut self, first: &mut bool, written: &str) -> bool {
        let written = &written.as_bytes()[usize::from(*first)..];
        let stands = self.text.as_bytes()[self.at..].starts_with(written);
        if stands {
            self.at += written.len();
            *first = false;
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

#[cfg(test)]
mod tests;
