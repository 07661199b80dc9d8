//! One attempt at a sealed file: its bulk requests, several at once, and what follows from each
//! answer.
//!
//! Only documents that the cluster was too busy for are sent again within an attempt. A request
//! without an answer ends it: what became of its documents is asked before they are sent again or
//! given up (rules 18 and 24), see [`lookup`](super::lookup).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use reqwest::Method;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Inner;
use super::client::{Answer, Asked, LINES};
use super::compose::{Bulk, Composer, Line, MALFORMED, halves};
use super::progress::Progress;
use super::reply::{self, Item};
use super::window::Turn;
use crate::destination::s3::memory::PART;
use crate::destination::{Attempts, Object};
use crate::failure::{Failure, Verdict};

/// Bulk requests of one file at once, at most.
const AT_ONCE: usize = 16;

/// How often a busy cluster is asked in a row without taking anything, before the file waits.
const TRIES: u32 = 5;

/// The first pause before a busy cluster is asked again; doubled with each.
const PAUSE: Duration = Duration::from_millis(100);

/// The code of records that were given up because the cluster could not be asked.
const UNREACHABLE: &str = "OS.ConnectionError";

/// One attempt at a file.
pub(super) struct Attempt<'a> {
    pub(super) cluster: &'a Arc<Inner>,
    pub(super) object: &'a Object,
    pub(super) progress: Arc<Mutex<Progress>>,
    /// Why documents were not taken, the last time.
    reason: Mutex<(String, String)>,
}

/// What is to be done after a bulk request.
enum Next {
    /// Nothing: each document is done.
    Done,
    /// These are sent again after a pause; whether any was taken.
    Again(Vec<Line>, bool),
    /// Each half by itself.
    Halves,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        cluster: &'a Arc<Inner>,
        object: &'a Object,
        progress: Arc<Mutex<Progress>>,
    ) -> Self {
        Self {
            cluster,
            object,
            progress,
            reason: Mutex::new((UNREACHABLE.to_owned(), String::new())),
        }
    }

    /// Sends what is missing. When it is `Ok`, each row is there or refused.
    pub(super) async fn run(&self) -> Result<(), Failure> {
        match self.send_all().await {
            Err(failure) if self.object.is_last_try && failure.verdict == Verdict::Retry => {
                self.give_up(failure).await
            }
            other => other,
        }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send_all(&self) -> Result<(), Failure> {
        self.cluster.prepare().await?;
        self.note_that_it_is_sent().await?;
        self.resolve().await?;
        let mut composed = self.compose();
        let mut sending = FuturesUnordered::new();
        let (mut is_open, mut result) = (true, Ok(()));
        while is_open || !sending.is_empty() {
            let has_room = is_open && sending.len() < AT_ONCE;
            let ended = tokio::select! {
                bulk = composed.recv(), if has_room => match bulk {
                    Some(Ok(bulk)) => {
                        sending.push(self.send(bulk));
                        continue;
                    }
                    Some(Err(failure)) => Err(failure),
                    None => {
                        is_open = false;
                        continue;
                    }
                },
                Some(sent) = sending.next() => sent,
            };
            if let Err(failure) = ended {
                is_open = false;
                result = match result {
                    Err(before) if is_worse(&before, &failure) => Err(before),
                    _ => Err(failure),
                };
            }
        }
        result
    }

    /// Notes durably that the file may be there from now on. A cluster that does not answer gets
    /// nothing and so leaves nothing to ask.
    async fn note_that_it_is_sent(&self) -> Result<(), Failure> {
        let known = self.object.notes.known();
        if known.sent {
            return Ok(());
        }
        self.cluster.preflight().await?;
        let note = Attempts {
            sent: true,
            ..known.clone()
        };
        self.object.notes.keep(note).await
    }

    /// Reads the file and composes its bulk requests, on a thread made for blocking.
    fn compose(&self) -> mpsc::Receiver<Result<Bulk, Failure>> {
        let (to, composed) = mpsc::channel(1);
        let (cluster, object) = (self.cluster.clone(), self.object.clone());
        let progress = self.progress.clone();
        let runtime = tokio::runtime::Handle::current();
        let wanted = move |row| {
            let progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            !progress.is_done(row)
        };
        tokio::task::spawn_blocking(move || {
            let mut composer = match Composer::open(&cluster.place, &object) {
                Ok(composer) => composer,
                Err(failure) => return drop(to.blocking_send(Err(failure))),
            };
            loop {
                // For the body, and for the part of it that may have to be sent again.
                let memory = runtime.block_on(cluster.memory.take(PART));
                let next = composer.next(cluster.largest(), &wanted).transpose();
                let Some(mut next) = next else { return };
                if let Ok(bulk) = &mut next {
                    bulk.memory = memory;
                }
                let ends = next.is_err();
                if to.blocking_send(next).is_err() || ends {
                    return;
                }
            }
        });
        composed
    }

    /// Sends a bulk request until each of its documents is done.
    async fn send(&self, bulk: Bulk) -> Result<(), Failure> {
        for (row, why) in &bulk.malformed {
            self.progress().reject(*row, MALFORMED, why);
        }
        let mut waiting = vec![bulk.lines()];
        let mut tries = 0;
        while let Some(lines) = waiting.pop() {
            if lines.is_empty() {
                continue;
            }
            match self.post(&bulk, &lines).await? {
                Next::Done => tries = 0,
                Next::Halves => {
                    waiting.extend(halves(lines.len()).map(|half| lines[half].to_vec()))
                }
                Next::Again(lines, some_were_taken) => {
                    tries = if some_were_taken { 1 } else { tries + 1 };
                    if tries > TRIES {
                        let (_, why) = &*self.reason();
                        let place = &self.cluster.place;
                        return Err(Failure::retry(format!("{place} is busy: {why}")));
                    }
                    tokio::time::sleep(PAUSE * 2_u32.pow(tries - 1)).await;
                    waiting.push(lines);
                }
            }
        }
        Ok(())
    }

    async fn post(&self, bulk: &Bulk, lines: &[Line]) -> Result<Next, Failure> {
        let turn = self.cluster.window.enter().await;
        let body = bulk.body(lines);
        let size = body.len();
        let path = &self.cluster.bulk_path;
        let asked = self.cluster.client.ask(Method::POST, path, (LINES, body));
        match asked.await {
            Asked::NotSent(why) => Err(self.unsent(&why)),
            Asked::Unknown(why) => {
                turn.busy();
                Err(self.lost(lines, &why))
            }
            Asked::Answered(answer) => match answer.status {
                200 => self.take(turn, lines, &answer),
                413 => Ok(self.too_large(lines, size)),
                429 => {
                    turn.busy();
                    self.note("429", &answer.said());
                    Ok(Next::Again(lines.to_vec(), false))
                }
                400..=499 => Err(self.cluster.refuses("a bulk request", &answer)),
                status => {
                    turn.busy();
                    if reply::did_nothing(status, &answer.body) {
                        return Err(self.unsent(&answer.said()));
                    }
                    Err(self.lost(lines, &answer.said()))
                }
            },
        }
    }

    /// What was said of each document.
    fn take(&self, turn: Turn, lines: &[Line], answer: &Answer) -> Result<Next, Failure> {
        let Some(items) = reply::items(&answer.body, lines.len()) else {
            return Err(self.lost(lines, "the answer does not speak of each document"));
        };
        let (mut again, mut lost, mut halt) = (Vec::new(), Vec::new(), None);
        for (line, item) in lines.iter().zip(items) {
            match item {
                Item::Done => self.progress().is_there(line.row),
                Item::Rejected(code, why) => self.progress().reject(line.row, &code, &why),
                Item::Busy(code, why) => {
                    self.note(&code, &why);
                    again.push(*line);
                }
                Item::Unknown(code, why) => {
                    self.note(&code, &why);
                    lost.push(*line);
                }
                Item::Halt(why) => halt = Some(why),
            }
        }
        match again.is_empty() && lost.is_empty() {
            true => turn.well(),
            false => turn.busy(),
        }
        if !lost.is_empty() {
            let (_, why) = self.reason().clone();
            return Err(self.lost(&lost, &why));
        }
        match halt {
            Some(why) => Err(Failure::halt(format!(
                "{} refuses documents: {why}; correct the index, its rights or the settings",
                self.cluster.place
            ))),
            None if again.is_empty() => Ok(Next::Done),
            None => {
                let some_were_taken = again.len() < lines.len();
                Ok(Next::Again(again, some_were_taken))
            }
        }
    }

    fn too_large(&self, lines: &[Line], size: usize) -> Next {
        match lines {
            [line] => {
                let why = format!("the cluster takes no request of {size} bytes");
                self.progress().reject(line.row, "413", &why);
                Next::Done
            }
            _ => {
                self.cluster.learn(size / 2);
                Next::Halves
            }
        }
    }

    fn unsent(&self, why: &str) -> Failure {
        self.note(UNREACHABLE, why);
        Failure::retry(format!("{} cannot be asked: {why}", self.cluster.place))
    }

    fn lost(&self, lines: &[Line], why: &str) -> Failure {
        let now = Instant::now();
        let mut progress = self.progress();
        lines.iter().for_each(|line| progress.lose(line.row, now));
        Failure::retry(format!(
            "what became of {} documents for {} is unknown and will be asked: {why}",
            lines.len(),
            self.cluster.place
        ))
    }

    /// Refuses what is not there when the retry duration is over. What may be there stays (rule 18).
    async fn give_up(&self, failure: Failure) -> Result<(), Failure> {
        if self.progress().unknown_since().is_some() {
            return Err(failure);
        }
        let (place, object) = (self.cluster.place.clone(), self.object.clone());
        let count = move || Composer::open(&place, &object)?.count();
        let rows = blocking(count).await?;
        let (code, mut why) = self.reason().clone();
        if why.is_empty() {
            why = failure.message;
        }
        let mut progress = self.progress();
        (0..rows).for_each(|row| progress.reject(row, &code, &why));
        Ok(())
    }

    fn reason(&self) -> MutexGuard<'_, (String, String)> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, code: &str, why: &str) {
        *self.reason() = (code.to_owned(), why.to_owned());
    }
}

fn is_worse(one: &Failure, other: &Failure) -> bool {
    one.verdict == Verdict::Halt || other.verdict != Verdict::Halt
}

/// Runs what reads a file on a thread made for blocking.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(e) => Err(Failure::retry(format!("a delivery was interrupted: {e}"))),
    }
}
