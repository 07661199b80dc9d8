//! What the exit code of a program of ours means. Scripts and unit files rely on it.

use std::process::{ExitCode, Termination};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It did what it was asked to do.
    Done,
    /// It could not.
    Failed,
    /// Wrong usage or wrong configuration; nothing was started.
    Wrong,
    /// It was stopped, and the deadline came with work left. Nothing is lost.
    WorkLeft,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Wrong => 2,
            Self::WorkLeft => 3,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
