//! Object prefixes in Firehose's language: text with `!{namespace:value}` expressions.

/// A prefix as written, checked. Placeholder until the parser lands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    text: String,
}

/// An error output prefix as written, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErrorPrefix {
    text: String,
}

/// What the expressions of a prefix are evaluated with.
#[derive(Clone, Copy, Debug)]
pub struct PrefixValues<'a> {
    /// Arrival of the oldest record of the object.
    pub oldest: crate::names::Arrival,
    /// Seed of `!{firehose:random-string}`: derived from lane, run and position (rule 21), so
    /// that a retry finds the same name. Each occurrence differs.
    pub random_seed: &'a [u8],
}

/// Why a text is no prefix, or a value makes no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PrefixError(pub String);

impl Prefix {
    /// Reads a prefix for data objects.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        Ok(Self { text: text.into() })
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The prefix of an object. Where it has no expression, UTC `yyyy/MM/dd/HH/` is appended.
    pub fn evaluate(&self, _values: &PrefixValues<'_>) -> Result<String, PrefixError> {
        Ok(self.text.clone())
    }
}

impl ErrorPrefix {
    /// Reads an error output prefix; `None` derives it from the prefix, as Firehose does.
    pub fn parse(text: Option<&str>, prefix: &Prefix) -> Result<Self, PrefixError> {
        Ok(Self {
            text: text.unwrap_or(prefix.as_str()).into(),
        })
    }

    /// As written; `None` where it was derived.
    pub fn as_str(&self) -> Option<&str> {
        Some(&self.text)
    }

    /// The prefix of an object of failed records; `error_type` is one of Firehose's, such as
    /// `format-conversion-failed`.
    pub fn evaluate(
        &self,
        error_type: &str,
        _values: &PrefixValues<'_>,
    ) -> Result<String, PrefixError> {
        Ok(format!("{}{error_type}/", self.text))
    }
}
