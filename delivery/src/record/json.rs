//! A strict scanner of JSON text (RFC 8259) that says where each value lies.
//!
//! Not a library's visitor, because three things are needed that none gives together: the source
//! text of a number (which digits were lost?) and of a value that does not fit (rule 22), a nesting
//! limit that holds for skipped values too (sonic-rs 0.5 recurses without one while skipping, so a
//! record of brackets would take the daemon down), and one pass. What is subtle stays with
//! serde_json: a string with escapes is decoded there, and tests hold both to the same language.

use std::borrow::Cow;

pub(crate) mod number;
mod usual;

pub(crate) use usual::is_same;

/// Objects and lists within each other, at most: serde_json's limit.
pub(crate) const MAX_DEPTH: u32 = 128;

/// Where a text is being read. A copy is a mark to come back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// The beginning of a value: scalars are read whole, objects and lists are to be walked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Token<'a> {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(&'a str),
    Text(Text<'a>),
    /// To be walked with [`Scanner::next_key`].
    Object,
    /// To be walked with [`Scanner::next_element`].
    List,
}

/// A string as it is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Text<'a> {
    /// With its quotes.
    pub(crate) quoted: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The string that is meant. `None`: an escape stands for half a character (a lone surrogate),
    /// which is JSON, and no text.
    pub(crate) fn decode(&self) -> Option<Cow<'a, str>> {
        let inner = &self.quoted[1..self.quoted.len() - 1];
        if !self.escaped {
            return Some(Cow::Borrowed(inner));
        }
        let decoded = usual::unescaped(inner).or_else(|| serde_json::from_str(self.quoted).ok());
        decoded.map(Cow::Owned)
    }

    /// The string that is meant, if it is written without escapes.
    pub(crate) fn plain(&self) -> Option<&'a str> {
        (!self.escaped).then(|| &self.quoted[1..self.quoted.len() - 1])
    }
}

/// Why a text is no JSON, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{why} at byte {at}")]
pub(crate) struct Malformed {
    pub(crate) why: Why,
    pub(crate) at: usize,
}

/// Why a text is no JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Why {
    #[error("The text ends in the middle")]
    Ends,
    #[error("A value is expected")]
    NoValue,
    #[error("A key is expected")]
    NoKey,
    #[error("A colon is expected")]
    NoColon,
    #[error("A comma or the end of the object is expected")]
    ObjectGoesOn,
    #[error("A comma or the end of the list is expected")]
    ListGoesOn,
    #[error("A number is not written as JSON writes it")]
    Number,
    #[error("A string holds an escape that JSON does not know")]
    Escape,
    #[error("A string holds a control character")]
    Control,
    #[error("Objects and lists are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// Whether only white space is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    /// How many bytes it has read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// How many objects and lists it stands in.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Begins the next value.
    pub(crate) fn value(&mut self) -> Result<Token<'a>, Malformed> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Token::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b'{') => self.open().map(|()| Token::Object),
            Some(b'[') => self.open().map(|()| Token::List),
            Some(b't') => self.word("true", Token::Boolean(true)),
            Some(b'f') => self.word("false", Token::Boolean(false)),
            Some(b'n') => self.word("null", Token::Null),
            _ => Err(self.wrong(Why::NoValue)),
        }
    }

    /// Walks an object: its next key, after which comes its value; `None` behind its end. `first`
    /// begins as true.
    pub(crate) fn next_key(&mut self, first: &mut bool) -> Result<Option<Text<'a>>, Malformed> {
        if !self.goes_on(first, b'}', Why::ObjectGoesOn)? {
            return Ok(None);
        }
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.wrong(Why::NoKey));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.wrong(Why::NoColon));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Walks a list: whether another value comes. `first` begins as true.
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool, Malformed> {
        self.goes_on(first, b']', Why::ListGoesOn)
    }

    /// Reads on behind the value that `token` began.
    pub(crate) fn skip(&mut self, token: Token<'a>) -> Result<(), Malformed> {
        let mut first = true;
        match token {
            Token::Object => {
                while self.next_key(&mut first)?.is_some() {
                    let value = self.value()?;
                    self.skip(value)?;
                }
            }
            Token::List => {
                while self.next_element(&mut first)? {
                    let value = self.value()?;
                    self.skip(value)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The next value as it is written, checked.
    pub(crate) fn raw_value(&mut self) -> Result<&'a str, Malformed> {
        self.skip_space();
        let start = self.at;
        let token = self.value()?;
        self.skip(token)?;
        Ok(&self.text[start..self.at])
    }

    /// The rest of an object or a list that was begun just now, with its beginning, checked.
    pub(crate) fn raw_rest(&mut self, token: Token<'a>) -> Result<&'a str, Malformed> {
        let start = self.at - 1;
        self.skip(token)?;
        Ok(&self.text[start..self.at])
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn wrong(&self, why: Why) -> Malformed {
        let ends = self.at >= self.text.len();
        Malformed {
            why: if ends { Why::Ends } else { why },
            at: self.at,
        }
    }

    fn open(&mut self) -> Result<(), Malformed> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(Why::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether an object or a list goes on; moves behind its comma or its end.
    fn goes_on(&mut self, first: &mut bool, end: u8, why: Why) -> Result<bool, Malformed> {
        self.skip_space();
        let is_first = std::mem::take(first);
        match self.peek() {
            Some(found) if found == end => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.wrong(why)),
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Malformed> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong(Why::NoValue));
        }
        self.at += word.len();
        Ok(token)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.at {
            at if at == start => Err(self.wrong(Why::Number)),
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain_length(&self.text.as_bytes()[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return Err(self.wrong(Why::Control)),
            }
            escaped = true;
        }
        self.at += 1;
        Ok(Text {
            quoted: &self.text[start..self.at],
            escaped,
        })
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if rest.len() < 5 => return Err(self.ends()),
            Some(b'u') if rest[1..5].iter().all(u8::is_ascii_hexdigit) => 6,
            Some(_) => return Err(self.wrong(Why::Escape)),
            None => return Err(self.ends()),
        };
        self.at += length;
        Ok(())
    }

    fn ends(&self) -> Malformed {
        Malformed {
            why: Why::Ends,
            at: self.text.len(),
        }
    }
}

/// How many bytes of a string come before a quote, a backslash or a control character. Most strings are
/// too short for a call of memchr to pay: they are looked at eight bytes at a time, and what is long in
/// blocks, which the compiler makes vectors of.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    /// Bytes up to which a string is short.
    const SHORT: usize = 32;
    let (start, rest) = bytes.split_at_checked(SHORT).unwrap_or((bytes, &[]));
    let length = plain_words(start);
    if length < SHORT {
        return length;
    }
    let is_special = |b: u8| (b == b'"') | (b == b'\\') | (b < 0x20);
    let is_plain = |block: &[u8; 32]| !block.iter().fold(false, |any, b| any | is_special(*b));
    let (blocks, _) = rest.as_chunks::<32>();
    let passed = 32 * blocks.iter().take_while(|block| is_plain(block)).count();
    SHORT + passed + plain_words(&rest[passed..])
}

/// The same, eight bytes at a time.
#[inline]
fn plain_words(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let is_below = |word: u64, limit: u64| word.wrapping_sub(limit * ONES) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = is_below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = is_below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = (quote | backslash | is_below(word, 0x20)) & HIGH;
        if special != 0 {
            // Only bytes behind the first one that is meant can be found by mistake.
            return 8 * at + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
    8 * words.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

#[cfg(test)]
pub(crate) mod tests;
