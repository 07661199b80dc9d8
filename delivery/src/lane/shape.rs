//! Shaping: what the lane reads passes the stream's transform, several portions at once, and comes
//! out in the order in which it was read.
//!
//! A portion is a copy of its records, so that code which hangs holds neither a share of what all
//! lanes read with, nor more memory than its portions need. Each stream has one portion at once in
//! any case; further ones come from what all streams share, and no stream takes more of that than
//! it leaves, so that streams whose code hangs do not slow others down.

use std::collections::VecDeque;
use std::sync::Arc;

use standpipe_config::settings::delivery::{Buffering, Transform as Settings};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::health::{Health, Part};
use crate::failure::Failure;
use crate::journal::Chunk;
use crate::record::portion::Portion;
use crate::record::{Row, Stage};
use crate::transform::{AnyTransform, Attempts, Outcome};
use measured::Measured;

mod measured;

/// A portion's bytes are in memory so often: as they came, in the request, in the answer as sent
/// and as read, and as outcomes.
const COPIES: usize = 5;

/// What the lane writes into a batch.
#[derive(Debug)]
pub enum Shaped {
    /// Records as they were read.
    Read(Chunk),
    /// Records, and what became of each; nothing where they had passed already.
    Passed(Arc<Portion>, Vec<Outcome>),
}

impl Shaped {
    /// Position behind the last record.
    pub fn end(&self) -> Option<u64> {
        match self {
            Self::Read(chunk) => chunk.end(),
            Self::Passed(portion, _) => Some(portion.end()),
        }
    }

    /// The records from `position` on in order, each with what became of it, where it passed a
    /// transform.
    pub fn rows_from(&self, position: u64) -> impl Iterator<Item = (Row<'_>, Option<&Outcome>)> {
        let (read, passed) = match self {
            Self::Read(chunk) => (Some(chunk), None),
            Self::Passed(portion, outcomes) => (None, Some((portion, outcomes))),
        };
        let read = read.into_iter().flat_map(move |c| c.rows_from(position));
        let passed = passed.into_iter().flat_map(move |(portion, outcomes)| {
            let outcomes = outcomes.iter().map(Some).chain(std::iter::repeat(None));
            let rows = portion.rows().zip(outcomes);
            rows.skip_while(move |(row, _)| row.position < position)
        });
        read.map(|row| (row, None)).chain(passed)
    }
}

/// A stream's transform, ready to be applied.
#[derive(Debug)]
struct Shaper {
    transform: AnyTransform,
    attempts: Attempts,
    health: Arc<Health>,
}

impl Shaper {
    async fn shape(&self, portion: Arc<Portion>) -> Result<Shaped, Failure> {
        let told = |trouble: &str| self.health.worry(Part::Transform, trouble);
        let measured = Measured {
            transform: &self.transform,
            stream: self.health.stream(),
        };
        let made = self.attempts.make(&measured, &portion, told).await;
        let outcomes = made?;
        if !outcomes.iter().all(Outcome::is_failed) {
            self.health.clear(Part::Transform);
        }
        Ok(Shaped::Passed(portion, outcomes))
    }
}

/// Records on their way through a transform, in order.
#[derive(Debug)]
pub struct Shaping {
    shaper: Arc<Shaper>,
    hints: Buffering,
    in_flight: usize,
    /// Bytes that all streams share.
    memory: Arc<Semaphore>,
    gathered: Portion,
    /// When its first record was gathered.
    began: Instant,
    /// Nothing more goes into what is gathered.
    closed: bool,
    at_work: VecDeque<AtWork>,
    /// The position to read next.
    ahead: u64,
}

#[derive(Debug)]
struct AtWork {
    state: State,
    permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum State {
    Running(Task),
    Done(Result<Shaped, Failure>),
}

/// A task that ends with whoever waits for it.
#[derive(Debug)]
struct Task(JoinHandle<Result<Shaped, Failure>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shaping {
    /// Records from `position` on pass `transform`.
    pub fn new(
        transform: AnyTransform,
        settings: &Settings,
        memory: Arc<Semaphore>,
        health: Arc<Health>,
        position: u64,
    ) -> Self {
        let shaper = Shaper {
            transform,
            attempts: Attempts::of(settings),
            health,
        };
        Self {
            shaper: Arc::new(shaper),
            hints: settings.buffering,
            in_flight: settings.in_flight as usize,
            memory,
            gathered: Portion::default(),
            began: Instant::now(),
            closed: false,
            at_work: VecDeque::new(),
            ahead: position,
        }
    }

    /// Forgets what is on its way, and begins again at `position`.
    pub fn reset(&mut self, position: u64) {
        self.gathered = Portion::default();
        self.closed = false;
        self.at_work.clear();
        self.ahead = position;
    }

    /// The position to read next.
    pub fn ahead(&self) -> u64 {
        self.ahead
    }

    /// Whether records wait to be sent.
    pub fn is_gathering(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// Whether records were sent that did not come out yet.
    pub fn is_at_work(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// Whether records before `end` are to be read now.
    pub fn can_read(&self, end: u64) -> bool {
        self.ahead < end && !self.closed
    }

    /// Takes what it can of a chunk that was read from [`ahead`](Self::ahead).
    pub fn gather(&mut self, chunk: &Chunk) {
        for row in chunk.rows_from(self.ahead) {
            if !self.fits(&row) {
                self.closed = true;
                if !self.send() {
                    return;
                }
            }
            if self.gathered.is_empty() {
                self.began = Instant::now();
            }
            self.gathered.push(&row);
            self.ahead = row.position + 1;
        }
    }

    /// Sends what is gathered if it is large or old enough, or if the disk asks for it.
    pub fn send_due(&mut self, is_pressed: bool) {
        let is_full = self.closed || self.gathered.bytes() as u64 >= self.hints.size;
        let is_old = is_pressed || self.began.elapsed() >= self.hints.interval;
        if self.is_gathering() && (is_full || is_old) {
            // Closed only when full: while there is no place, more may come.
            self.closed = is_full;
            self.send();
        }
    }

    /// Waits until the oldest portion has come out. Dropping the future loses nothing.
    pub async fn ready(&mut self) {
        let Some(oldest) = self.at_work.front_mut() else {
            return std::future::pending().await;
        };
        if let State::Running(task) = &mut oldest.state {
            let done = match (&mut task.0).await {
                Ok(done) => done,
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                // The runtime is shutting down: nobody waits for the result any more.
                Err(_) => return std::future::pending().await,
            };
            oldest.state = State::Done(done);
        }
    }

    /// The oldest portion, if it has come out.
    pub fn take(&mut self) -> Option<Result<Shaped, Failure>> {
        let oldest = self.at_work.pop_front()?;
        match oldest.state {
            State::Done(done) => Some(done),
            State::Running(_) => {
                self.at_work.push_front(oldest);
                None
            }
        }
    }

    /// Whether the oldest portion has come out.
    pub fn is_ready(&self) -> bool {
        let oldest = self.at_work.front();
        oldest.is_some_and(|oldest| matches!(oldest.state, State::Done(_)))
    }

    /// Records that pass together have one form.
    fn fits(&self, row: &Row<'_>) -> bool {
        let transform = &self.shaper.transform;
        transform.takes(&self.gathered, row, self.hints.size)
            && (self.gathered.is_empty() || self.gathered.stage() == row.stage)
    }

    /// Sends what is gathered, if there is a place for it.
    fn send(&mut self) -> bool {
        let Some(permit) = self.place() else {
            return false;
        };
        let portion = Arc::new(std::mem::take(&mut self.gathered));
        self.closed = false;
        let state = match portion.stage() {
            Stage::Accepted => {
                let shaper = self.shaper.clone();
                let shape = async move { shaper.shape(portion).await };
                State::Running(Task(tokio::spawn(shape)))
            }
            Stage::Transformed => State::Done(Ok(Shaped::Passed(portion, Vec::new()))),
        };
        self.at_work.push_back(AtWork { state, permit });
        true
    }

    /// Memory for what is gathered: the first portion of a stream has it in any case.
    fn place(&self) -> Option<Option<OwnedSemaphorePermit>> {
        if self.at_work.is_empty() {
            return Some(None);
        }
        if self.at_work.len() >= self.in_flight {
            return None;
        }
        let permits = self.at_work.iter().flat_map(|at_work| &at_work.permit);
        let held: usize = permits.map(OwnedSemaphorePermit::num_permits).sum();
        let wanted = COPIES * self.gathered.bytes();
        if held + wanted > self.memory.available_permits() {
            return None;
        }
        let wanted = u32::try_from(wanted).ok()?;
        self.memory
            .clone()
            .try_acquire_many_owned(wanted)
            .ok()
            .map(Some)
    }
}
