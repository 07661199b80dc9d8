//! What the writer thread and the journal's handles share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, LaneId, Run};
use tokio::sync::watch;

use super::entry::Head;
use super::index::{Index, Segment};
use super::local::Totals;
use super::marks::Marks;
use super::reader::Cursor;
use super::tail::Tail;
use super::{Batch, Refusal};
use crate::disk::{Full, Quota};

/// How the writer thread ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// It was shut down.
    Stopped,
    /// It could not go on; the process must end.
    Failed(String),
}

/// What is durable, as seen from outside the writer.
#[derive(Debug)]
struct Held {
    index: Index,
    totals: Totals,
    redrive: Batch,
    /// With the changes of the group in hand, which it keeps apart.
    marks: Marks,
}

/// The part of a journal that its writer and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) lane: LaneId,
    pub(super) run: Run,
    /// Behind the last synced record.
    pub(super) end: watch::Sender<u64>,
    /// Set once, when the writer thread ends.
    pub(super) ended: watch::Sender<Option<Ended>>,
    /// Locked for moments, never during a write or a sync of a group.
    held: Mutex<Held>,
    /// Bytes that may be appended without new space.
    room: AtomicU64,
    segment_bytes: u64,
    quota: Arc<Quota>,
    /// Where the next read in a row begins.
    pub(super) cursor: Mutex<Option<Cursor>>,
    /// The last answer about a block that a position lies within.
    pub(super) before: Mutex<Option<(u64, super::reader::Before)>>,
}

/// What a journal is made of when it was opened.
#[derive(Debug)]
pub(super) struct Born {
    pub(super) folder: PathBuf,
    pub(super) lane: LaneId,
    pub(super) run: Run,
    pub(super) index: Index,
    pub(super) tail: Tail,
    pub(super) marks: Marks,
}

impl Shared {
    pub(super) fn new(born: Born, segment_bytes: u64, quota: Arc<Quota>) -> Self {
        Self {
            folder: born.folder,
            lane: born.lane,
            run: born.run,
            end: watch::Sender::new(born.tail.position),
            ended: watch::Sender::new(None),
            held: Mutex::new(Held {
                index: born.index,
                totals: born.tail.totals,
                redrive: born.tail.redrive.batch,
                marks: born.marks,
            }),
            room: AtomicU64::new(0),
            segment_bytes,
            quota,
            cursor: Mutex::new(None),
            before: Mutex::new(None),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }

    /// A group is durable: its records can be read from now on.
    pub(super) fn publish(&self, tail: &Tail, entries: &[(Head, u64)]) {
        let mut held = self.held();
        held.marks.commit();
        held.totals = tail.totals;
        held.redrive = tail.redrive.batch;
        if let Some(active) = held.index.segments.back_mut() {
            entries.iter().for_each(|(head, at)| active.add(head, *at));
        }
        drop(held);
        self.end.send_if_modified(|end| {
            let moved = *end != tail.position;
            *end = tail.position;
            moved
        });
    }

    /// The group in hand was refused.
    pub(super) fn undo(&self) {
        self.held().marks.undo();
    }

    /// The active segment was cut to so many bytes.
    pub(super) fn cut(&self, bytes: u64) {
        if let Some(active) = self.held().index.segments.back_mut() {
            active.allocated = bytes;
        }
    }

    /// Works on the marks. Only the writer.
    pub(super) fn with_marks<T>(&self, work: impl FnOnce(&mut Marks) -> T) -> T {
        work(&mut self.held().marks)
    }

    /// Adds a segment, which is active from now on.
    pub(super) fn add(&self, segment: Segment) {
        self.held().index.segments.push_back(segment);
    }

    /// Takes a segment out.
    pub(super) fn forget(&self, id: u64) {
        self.held()
            .index
            .segments
            .retain(|segment| segment.id != id);
    }

    /// The oldest segment, if it is not the active one and ends at or before `position`.
    pub(super) fn released(&self, active: u64, position: u64) -> Option<Segment> {
        let held = self.held();
        let oldest = held.index.segments.front()?;
        (oldest.id != active && oldest.end <= position).then(|| oldest.clone())
    }

    /// Looks things up in the index.
    pub(super) fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.held().index)
    }

    pub(super) fn totals(&self) -> Totals {
        self.held().totals
    }

    pub(super) fn last_redrive(&self) -> Batch {
        self.held().redrive
    }

    pub(super) fn sources(&self, agent: AgentId) -> Vec<HeldSource> {
        self.held().marks.held(agent)
    }

    pub(super) fn set_room(&self, bytes: u64) {
        self.room.store(bytes, Ordering::Relaxed);
    }

    /// Whether the door may let a request of `size` bytes in. The writer asks again when it needs
    /// new space.
    pub(super) fn admit(&self, size: u64) -> Result<(), Full> {
        let fits = size <= self.room.load(Ordering::Relaxed);
        let needed = if fits {
            0
        } else {
            size.max(self.segment_bytes)
        };
        self.quota.admit(needed)
    }

    /// Why nobody took a request.
    pub(super) fn refusal(&self) -> Refusal {
        match &*self.ended.borrow() {
            Some(Ended::Failed(why)) => Refusal::Halted(why.clone()),
            _ => Refusal::Closed,
        }
    }

    /// Why nobody answered a request that was taken.
    pub(super) fn silence(&self) -> Refusal {
        match &*self.ended.borrow() {
            Some(Ended::Failed(why)) => Refusal::Unknown(why.clone()),
            _ => Refusal::Closed,
        }
    }
}

/// Locks a mutex; that another thread panicked while it held it does not matter to counters.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
