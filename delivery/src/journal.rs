//! The durable, ordered store of a stream's accepted records.

use standpipe_config::frame::{Frame, Mark, Outcome};
use standpipe_config::names::{AgentId, Arrival, Run};
use standpipe_config::records::Records;
use tokio::sync::OwnedSemaphorePermit;

use crate::disk::Full;
use crate::failure::Failure;
use crate::record::{Row, Stage};

pub use local::{LocalJournal, OpenError, Options, Totals, Waiting};
pub use redrive::{Batch, Name, Redrive};

mod attribute;
mod birth;
mod entry;
mod group;
mod index;
mod keys;
mod local;
pub mod look;
mod marks;
mod reader;
mod recovery;
mod redrive;
mod roll;
mod scan;
mod segment;
mod shared;
mod space;
mod stage;
mod tail;
#[cfg(test)]
mod vocabulary;
mod wire;
mod writer;

/// The minimum contract of a journal.
///
/// Positions number records from 0 without a gap. `append` returns when what it says is durable.
/// `read` sees durable records only (rule 11). What is released may be forgotten.
pub trait Journal {
    /// Stores one request: all of it or nothing. The journal's writer decides in append order
    /// whether an agent's range is new or a repeat (rules 2 and 3). Dropping the future after it
    /// was polled changes nothing: the append happens.
    fn append(&self, append: Append) -> impl Future<Output = Result<Appended, Refusal>> + Send;

    /// Records from `position` on, at least one, of about `budget` bytes; waits until there is one.
    fn read(
        &self,
        position: u64,
        budget: usize,
    ) -> impl Future<Output = Result<Chunk, Failure>> + Send;

    /// Forgets what lies before `position`.
    fn release(&self, position: u64) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// One request to store.
#[derive(Debug)]
pub struct Append {
    /// The bytes of memory this request holds, until it is durable.
    pub permit: Option<OwnedSemaphorePermit>,
    /// What it says.
    pub content: Content,
    /// Makes a text request repeatable (rule 10); at most 128 bytes.
    pub idempotency_key: Option<String>,
}

/// What a request says.
#[derive(Debug)]
pub enum Content {
    /// Records of someone who cannot repeat himself exactly.
    Text(Records),
    /// Frames of an agent.
    Frames(AgentId, Vec<Frame>),
    /// Records that failed once (rule 27). Nothing is accepted if it is not the next batch.
    Redriven(Redrive),
}

/// What became of a request. All of it is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Position of the first record stored, or that the first one would have had.
    pub first_position: u64,
    /// Records stored.
    pub accepted: u64,
    /// Per frame, in order; empty for text.
    pub answers: Vec<(Outcome, Option<Mark>)>,
}

/// Why a request was not stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No room. Come back later.
    #[error(transparent)]
    Full(#[from] Full),
    /// The stream is halted or its journal damaged; the message says why.
    #[error("{0}")]
    Halted(String),
    /// The door is closed: the stream drains or stops.
    #[error(
        "the stream takes no more records: it is being stopped or was removed from the settings"
    )]
    Closed,
    /// The journal ended while the request was in its hands: a sync failed, and what is on disk is
    /// not known. Not a refusal in the strict sense: whoever repeats it may store it twice, unless
    /// he says that he repeats it (rules 2 and 10).
    #[error("{0}; whether this request was stored is not known")]
    Unknown(String),
}

/// Records of a lane in order, as the journal stored them.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// Groups of records with what they have in common. Positions follow each other without a gap.
    pub entries: Vec<Entry>,
}

/// Records that were stored together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Position of the first record.
    pub first: u64,
    /// The run in which they were appended.
    pub run: Run,
    /// When they arrived.
    pub arrival: Arrival,
    /// Which form their bytes have.
    pub stage: Stage,
    /// The records.
    pub records: Records,
    /// What each was called when it failed; none where they were not redriven.
    pub names: Vec<Name>,
}

impl Chunk {
    /// Position behind the last record.
    pub fn end(&self) -> Option<u64> {
        self.entries
            .last()
            .map(|e| e.first + e.records.len() as u64)
    }

    /// All records in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.entries.iter().flat_map(Entry::rows)
    }

    /// The records from `position` on in order.
    pub fn rows_from(&self, position: u64) -> impl Iterator<Item = Row<'_>> {
        let before = move |entry: &&Entry| entry.first + entry.records.len() as u64 <= position;
        let rows = self.entries.iter().skip_while(before).flat_map(Entry::rows);
        rows.skip_while(move |row| row.position < position)
    }
}

impl Entry {
    /// The entry's records in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let names = self.names.iter().map(Some).chain(std::iter::repeat(None));
        (self.first..)
            .zip(self.records.iter())
            .zip(names)
            .map(|((position, record), name)| Row {
                run: self.run,
                position,
                index: 0,
                arrival: name.map_or(self.arrival, |name| name.arrival),
                stage: self.stage,
                part: record.part,
                redriven: name.map(|name| name.id),
                bytes: record.bytes,
            })
    }
}
