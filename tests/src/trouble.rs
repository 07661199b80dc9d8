//! What went wrong, in words: the one error of tests and quickstart.

use std::fmt;

/// What a test returns.
pub type Outcome<T = ()> = Result<T, Trouble>;

/// What was attempted and why it failed. Shown as it is where a test returns it.
pub struct Trouble(pub String);

impl Trouble {
    /// Trouble in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The same, and when or where it happened.
    pub fn during(self, what: &str) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Names what was attempted in the error of something that failed.
pub trait Attempting<T> {
    /// `what` is a phrase: "read out/x.parquet".
    fn attempting(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> Attempting<T> for Result<T, E> {
    fn attempting(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Trouble(format!("cannot {what}: {error}")))
    }
}
