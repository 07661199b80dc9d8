//! What is wrong with a stream at the moment: said once in the log, and always in the status.

use std::sync::{Mutex, MutexGuard, PoisonError};

use standpipe_config::names::StreamName;

/// The parts of a stream that go wrong, and right again, by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Reading the journal, spooling, sealing.
    Lane,
    /// The stream's transform.
    Transform,
    /// Delivery of data and error files.
    Delivery,
    /// Delivery of source backup (rule 23).
    Backup,
}

/// How many parts there are.
const PARTS: usize = Part::Backup as usize + 1;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// It is tried again and may pass by itself.
    Passing,
    /// An operator is needed.
    Halted,
}

/// What is wrong with a stream.
#[derive(Debug)]
pub struct Health {
    stream: StreamName,
    /// By part.
    wrong: Mutex<[Option<(Weight, String)>; PARTS]>,
}

impl Health {
    /// Of a stream with which nothing is wrong.
    pub fn new(stream: StreamName) -> Self {
        Self {
            stream,
            wrong: Mutex::default(),
        }
    }

    /// The stream.
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Something passing: a warning, once.
    pub fn worry(&self, part: Part, message: &str) {
        if self.change(part, Weight::Passing, message) {
            tracing::warn!(stream = %self.stream, "{message}; it is tried again");
        }
    }

    /// An operator is needed: an error, once.
    pub fn halt(&self, part: Part, message: &str) {
        if self.change(part, Weight::Halted, message) {
            tracing::error!(stream = %self.stream, "halted, and what was accepted is kept: {message}");
        }
    }

    /// It went right.
    pub fn clear(&self, part: Part) {
        if let Some((Weight::Halted, _)) = self.wrong()[part as usize].take() {
            tracing::info!(stream = %self.stream, "goes on: what halted it is gone");
        }
    }

    /// Whether an operator is needed for a part.
    pub fn is_halted(&self, part: Part) -> bool {
        matches!(self.wrong()[part as usize], Some((Weight::Halted, _)))
    }

    /// What is wrong, the worst first.
    pub fn last_error(&self) -> Option<String> {
        let wrong = self.wrong();
        let halted = wrong.iter().flatten().find(|(w, _)| *w == Weight::Halted);
        let any = halted.or_else(|| wrong.iter().flatten().next());
        any.map(|(_, message)| message.clone())
    }

    /// Notes what is wrong; whether that is news. A different message of the same weight is none:
    /// with several files failing, the log would fill.
    fn change(&self, part: Part, weight: Weight, message: &str) -> bool {
        let mut wrong = self.wrong();
        let before = wrong[part as usize].replace((weight, message.to_owned()));
        !matches!(before, Some((w, _)) if w == weight)
    }

    fn wrong(&self) -> MutexGuard<'_, [Option<(Weight, String)>; PARTS]> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
