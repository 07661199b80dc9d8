//! The journal's writer: one OS thread, which sleeps in `fdatasync`.
//!
//! It gathers what is waiting, writes it, syncs once, then answers every caller. It alone decides
//! what is new and what a repeat (rule 2), in the order of its queue, and it alone begins,
//! releases and removes segments. When nothing came for a while after a group, it writes one rest
//! entry in a group of its own: whatever goes bad before that is known to be damage.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use standpipe_config::faults;
use standpipe_config::files::{Doing, FileError, sync_file};
use standpipe_config::names::Arrival;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::entry::{self, Kind};
use super::group::{Draft, Group};
use super::keys::Keys;
use super::segment::Previous;
use super::shared::Shared;
use super::space::{Space, Trouble};
use super::stage::room_for;
use super::tail::Tail;
use super::{Append, Appended, Refusal};
use crate::disk::Full;
use crate::failure::Failure;

/// How much one group gathers, in bytes. Measured: more only adds latency.
const GATHERED: u64 = 4 * 1024 * 1024;

/// How long the writer waits for more before it writes a rest entry.
const IDLE: Duration = Duration::from_millis(20);

/// What the writer is asked to do, in order.
#[derive(Debug)]
pub(super) enum Order {
    /// Store a request and answer when that is durable.
    Append(Append, oneshot::Sender<Result<Appended, Refusal>>),
    /// Forget what lies before a position.
    Release(u64, oneshot::Sender<Result<(), Failure>>),
    /// Say that the thread does not hang.
    Answer(oneshot::Sender<()>),
    /// Write a rest entry and end.
    Stop,
}

/// A caller whose request is in the group in hand.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) reply: oneshot::Sender<Result<Appended, Refusal>>,
    pub(super) appended: Appended,
    /// Held until the answer goes out.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// The segment that is appended to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) id: u64,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Bytes allocated.
    pub(super) bytes: u64,
    /// What its header names as its predecessor.
    pub(super) previous: Option<Previous>,
    /// No records lie in it.
    pub(super) is_empty: bool,
    /// A group could not be written: nothing more goes in here.
    pub(super) is_spoiled: bool,
}

/// All that the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) space: Space,
    pub(super) active: Active,
    pub(super) next_id: u64,
    pub(super) group: Group,
    pub(super) waiters: Vec<Waiter>,
    pub(super) keys: Keys,
    /// What is durable.
    pub(super) synced: Tail,
    /// What will be, with the group in hand.
    pub(super) tail: Tail,
    /// Where the next group begins, in bytes of the active segment.
    pub(super) at: u64,
    /// Before which position all was released.
    pub(super) released: u64,
    /// Running time before this life, and when this life began.
    pub(super) clock: (u64, Instant),
    /// Something was synced since the last rest entry.
    pub(super) is_unrested: bool,
}

/// Why the thread ended although nobody stopped it: the process must end.
pub(super) type Fatal = FileError;

/// What callers and log are told when the thread cannot go on.
pub(super) fn farewell(error: &Fatal) -> String {
    format!(
        "the journal cannot go on, because what is on disk is unknown now: {error}; the daemon must restart"
    )
}

impl Writer {
    /// Serves the queue until it is told to stop or nobody is left to ask.
    pub(super) fn run(&mut self, orders: &Receiver<Order>) -> Result<(), Fatal> {
        while let Some(order) = self.next(orders)? {
            match order {
                Order::Append(append, reply) => self.append(append, reply)?,
                Order::Release(position, reply) => {
                    self.flush()?;
                    let _ = reply.send(self.release(position));
                }
                Order::Answer(reply) => drop(reply.send(())),
                Order::Stop => {
                    self.flush()?;
                    return self.rest();
                }
            }
        }
        Ok(())
    }

    /// The next order. Flushes before it waits, rests before it waits for long.
    fn next(&mut self, orders: &Receiver<Order>) -> Result<Option<Order>, Fatal> {
        if !self.waiters.is_empty() {
            if self.group.length() < GATHERED {
                match orders.try_recv() {
                    Ok(order) => return Ok(Some(order)),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
                }
            }
            self.flush()?;
        }
        if self.is_unrested {
            match orders.recv_timeout(IDLE) {
                Ok(order) => return Ok(Some(order)),
                Err(RecvTimeoutError::Timeout) => self.rest()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
        Ok(orders.recv().ok())
    }

    /// Puts a request into the group in hand, or refuses it.
    fn append(
        &mut self,
        append: Append,
        reply: oneshot::Sender<Result<Appended, Refusal>>,
    ) -> Result<(), Fatal> {
        let size = room_for(&append);
        if size > u64::from(u32::MAX) {
            let _ = reply.send(Err(Refusal::Halted(format!(
                "a request of {size} bytes does not fit an entry: send smaller ones"
            ))));
            return Ok(());
        }
        match self.make_room(size) {
            Ok(()) => self.stage(append, reply),
            Err(Trouble::Full(full)) => {
                let _ = reply.send(Err(Refusal::Full(full)));
            }
            Err(Trouble::File(error)) => {
                // This one was not written; those before it, in hand, hear that nobody knows.
                let _ = reply.send(Err(Refusal::Halted(farewell(&error))));
                return Err(error);
            }
        }
        Ok(())
    }

    fn make_room(&mut self, size: u64) -> Result<(), Trouble> {
        if self.fits(size) {
            return Ok(());
        }
        self.flush().map_err(Trouble::File)?;
        if self.fits(size) {
            return Ok(());
        }
        self.roll(size)
    }

    /// One rest entry always stays possible.
    fn fits(&self, size: u64) -> bool {
        size + entry::size(0, 0, 0) <= self.left()
    }

    /// Bytes of the active segment that may still be used.
    fn left(&self) -> u64 {
        if self.active.is_spoiled {
            return 0;
        }
        let used = self.at + self.group.length() + self.space.reserve();
        self.active.bytes.saturating_sub(used)
    }

    /// Moves time on for the entries to come.
    pub(super) fn tick(&mut self) {
        let (before, since) = self.clock;
        self.tail.running = before + since.elapsed().as_millis() as u64;
        self.tail.arrival = self.tail.arrival.max(Arrival::now());
    }

    /// Writes and syncs the group in hand, then answers its callers.
    fn flush(&mut self) -> Result<(), Fatal> {
        if self.group.length() == 0 {
            // Repeats only: what they repeat was synced with an earlier group.
            self.answer();
            return Ok(());
        }
        let path = &self.active.path;
        let file = &self.active.file;
        faults::reach_and("journal", "half-written", || self.group.write_half(file));
        let written = self.group.write(file).doing("write", path);
        faults::reach("journal", "written");
        match written.and_then(|()| sync_file(file, path, ("journal", "group"))) {
            Ok(()) => {
                faults::reach("journal", "synced");
                self.commit();
                Ok(())
            }
            Err(e) if e.is_full() => self.refuse(),
            Err(e) => Err(e),
        }
    }

    fn commit(&mut self) {
        self.synced = self.tail;
        self.at += self.group.length();
        self.active.is_empty &= self.group.entries.iter().all(|(head, _)| head.count == 0);
        self.keys.commit();
        self.keys.forget(self.synced.running);
        self.is_unrested = true;
        self.shared.publish(&self.synced, &self.group.entries);
        self.tell_room();
        self.restart_group();
        self.answer();
    }

    fn answer(&mut self) {
        for waiter in self.waiters.drain(..) {
            // A caller that is gone changes nothing: its request is stored.
            let _ = waiter.reply.send(Ok(waiter.appended));
            drop(waiter.permit);
        }
    }

    /// The disk was full: cuts off what was written of the group, so that it cannot be found after
    /// a crash, and refuses its callers. What cannot be cut off is of unknown outcome.
    fn refuse(&mut self) -> Result<(), Fatal> {
        let Active { file, path, .. } = &self.active;
        file.set_len(self.at)
            .doing("cut off a group that found no room in", path)?;
        sync_file(file, path, ("journal", "refused"))?;
        self.space.give_back(self.active.bytes - self.at);
        self.active.bytes = self.at;
        self.active.is_spoiled = true;
        self.shared.cut(self.at);
        self.shared.undo();
        self.keys.undo();
        self.tail = self.synced;
        self.restart_group();
        self.tell_room();
        let folder = self.active.path.parent().unwrap_or(Path::new("."));
        for waiter in self.waiters.drain(..) {
            let full = Full::Disk(folder.to_owned());
            let _ = waiter.reply.send(Err(Refusal::Full(full)));
        }
        Ok(())
    }

    pub(super) fn restart_group(&mut self) {
        let place = entry::Group {
            number: self.tail.group,
            at: self.at,
        };
        self.group.restart(self.active.id, place);
    }

    /// Writes a rest entry in a group of its own.
    fn rest(&mut self) -> Result<(), Fatal> {
        if !self.is_unrested || !self.fits(0) {
            self.is_unrested = false;
            return Ok(());
        }
        self.tick();
        self.group
            .push(Draft::bare(Kind::Rest, Vec::new()), &mut self.tail);
        self.flush()?;
        self.is_unrested = false;
        Ok(())
    }

    /// Forgets segments wholly before `position`. A stream whose quota is pressed begins a new
    /// segment when all of the active one was released, so that its space comes back.
    pub(super) fn release(&mut self, position: u64) -> Result<(), Failure> {
        self.released = self.released.max(position);
        let retry = |e: FileError| Failure::retry(e.to_string());
        self.release_segments().map_err(retry)?;
        let is_large = self.active.bytes > self.space.segment_bytes();
        let pays = is_large || self.space.is_pressed();
        if pays && self.is_drained() && !self.active.is_empty {
            match self.roll(0) {
                Ok(()) => self.release_segments().map_err(retry)?,
                Err(Trouble::Full(_)) => {}
                Err(Trouble::File(error)) => return Err(retry(error)),
            }
        }
        Ok(())
    }

    pub(super) fn release_segments(&mut self) -> Result<(), FileError> {
        while let Some(segment) = self.shared.released(self.active.id, self.released) {
            self.space
                .take_back(segment.id, &segment.path, segment.allocated)?;
            self.shared.forget(segment.id);
        }
        self.tell_room();
        Ok(())
    }

    /// Whether all that was appended was released.
    pub(super) fn is_drained(&self) -> bool {
        self.released >= self.synced.position
    }

    /// Tells the door how much an append may take without new space.
    pub(super) fn tell_room(&self) {
        let here = self.left();
        // Half a segment fits behind every snapshot.
        let next = self.space.segment_bytes() / 2;
        let room = if self.space.has_recycled() || self.is_drained() {
            here.max(next)
        } else {
            here
        };
        self.shared.set_room(room);
    }
}

#[cfg(test)]
mod tests;
