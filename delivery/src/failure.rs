//! What to do about a failure: the one error type between modules. What it says has no secret in it:
//! a server may have repeated one.

use standpipe_config::secret::known;

/// What to do about a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may pass: again, later.
    Retry,
    /// It will never pass for these records: under the error prefix with them, and on.
    Divert,
    /// An operator is needed: stop this lane, keep the data, say so.
    Halt,
}

/// What failed, what to do about it, and a message that says what was attempted, on what, why it
/// failed, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What to do.
    pub verdict: Verdict,
    /// For logs, status and error lines.
    pub message: String,
}

impl Failure {
    /// A failure with this verdict.
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        let message = known::mask(&message.into()).into_owned();
        Self { verdict, message }
    }

    /// A failure that may pass.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::new(Verdict::Retry, message)
    }

    /// A failure of these records only.
    pub fn divert(message: impl Into<String>) -> Self {
        Self::new(Verdict::Divert, message)
    }

    /// A failure that needs an operator.
    pub fn halt(message: impl Into<String>) -> Self {
        Self::new(Verdict::Halt, message)
    }
}
