//! Learning from the daemon's answers, in the order in which it was asked.

use standpipe_config::frame::{Answer, GapReason, Mark, Outcome, Reply};
use standpipe_config::limits::REQUEST_TARGET;
use standpipe_config::names::SourceId;

use super::file::{File, part_at};
use super::request::{Item, Outstanding};
use super::{Follower, Key};
use crate::progress::{Counts, Entry, Place, ProgressError, Standing};
use crate::ship::verdict::{Confirmation, Move, Sent, judge};

/// A request never asks for less than this, in raw bytes; a line that is longer is still taken
/// whole.
pub(super) const SMALLEST: u64 = 1024;

/// What an answer came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Requests of an older generation are void: what they hold will be read again.
    pub generation: u64,
    /// Something moved. If nothing does, it is no use to be quick.
    pub moved: bool,
}

impl Follower {
    /// A request was answered.
    pub fn answered(
        &mut self,
        stream: usize,
        request: u64,
        reply: &Reply,
    ) -> Result<Settled, ProgressError> {
        let front = self.streams[stream].outstanding.front();
        if front.is_none_or(|front| front.id != request) {
            return Ok(self.settled(stream, false));
        }
        let Some(done) = self.streams[stream].outstanding.pop_front() else {
            return Ok(self.settled(stream, false));
        };
        let mut rewound = false;
        let mut moved = false;
        for (item, answer) in done.items.iter().zip(&reply.answers) {
            match self.settle(stream, item, answer)? {
                Move::Advance => moved = true,
                Move::GoTo { .. } | Move::Mint => (rewound, moved) = (true, true),
                Move::Again => rewound = true,
            }
        }
        if rewound {
            self.void(stream, Some(&done));
        } else {
            let target = self.request_target(self.streams.len());
            let limit = &mut self.streams[stream].limit;
            *limit = (*limit * 2).min(target);
            self.wake_waiting(&done);
        }
        Ok(self.settled(stream, moved))
    }

    /// Files that waited for an answer.
    fn wake_waiting(&mut self, done: &Outstanding) {
        for item in &done.items {
            if let Item::Range { key, .. } = item
                && self.files.get(key).is_some_and(File::awaits_answers)
            {
                self.wake(*key);
            }
        }
    }

    /// A request was refused as a whole for what it is (400, 413): the next ones are half as large.
    pub fn refused(&mut self, stream: usize) -> Settled {
        let front = self.streams[stream].outstanding.front();
        let raw = front.map_or(u64::MAX, |front| front.raw);
        self.void(stream, None);
        let limit = &mut self.streams[stream].limit;
        let moved = *limit > SMALLEST;
        *limit = (raw.min(*limit) / 2).clamp(SMALLEST, REQUEST_TARGET as u64);
        self.settled(stream, moved)
    }

    fn settled(&self, stream: usize, moved: bool) -> Settled {
        Settled {
            generation: self.streams[stream].generation,
            moved,
        }
    }

    /// Everything that was handed out is read again.
    fn void(&mut self, stream: usize, done: Option<&Outstanding>) {
        let waiting = std::mem::take(&mut self.streams[stream].outstanding);
        self.streams[stream].generation += 1;
        self.streams[stream].cut = None;
        self.journals.rewind(stream);
        let mut keys = Vec::new();
        for item in done.into_iter().chain(&waiting).flat_map(|o| &o.items) {
            match item {
                Item::Range { key, .. } | Item::Final { key, .. } => keys.push(*key),
                Item::Identify { .. } | Item::IdentifyJournal { .. } | Item::Journal { .. } => {}
                Item::Live => self.streams[stream].live_at = self.disk.now(),
            }
        }
        for key in keys {
            let file = self.files.get_mut(&key);
            let Some(file) = file else {
                continue;
            };
            file.lose_unacknowledged(stream);
            let Some(cursor) = file.cursor_mut(stream) else {
                continue;
            };
            cursor.rewind();
            if cursor.next.part > 0 {
                self.streams[stream].cut = Some(key);
            }
            self.wake(key);
        }
    }

    fn settle(
        &mut self,
        stream: usize,
        item: &Item,
        answer: &Answer,
    ) -> Result<Move, ProgressError> {
        match item {
            Item::Range {
                key,
                source,
                start,
                end,
                gap,
                dropped,
            } => {
                let sent = Sent {
                    start: *start,
                    end: *end,
                    is_gap: gap.is_some(),
                };
                let (gap, of) = ((*gap, *dropped), (*key, *source));
                return self.settle_range(stream, of, &sent, gap, answer);
            }
            Item::Identify { key, source } => self.with(*key, stream, *source, |cursor| {
                cursor.identified = true;
            }),
            Item::Final { key, source } => {
                self.with(*key, stream, *source, |cursor| {
                    cursor.is_final = cursor.final_sent;
                });
                self.dirty.insert((*key, stream));
            }
            Item::Journal {
                place,
                source,
                sent,
            } => return self.settle_journal((*place, *source), sent, answer),
            Item::IdentifyJournal { place, source } => self.journal_identified(*place, *source),
            Item::Live => {}
        }
        Ok(Move::Advance)
    }

    fn with(
        &mut self,
        key: Key,
        stream: usize,
        source: SourceId,
        change: impl FnOnce(&mut super::file::Cursor),
    ) {
        let cursor = self.files.get_mut(&key).and_then(|f| f.cursor_mut(stream));
        if let Some(cursor) = cursor.filter(|cursor| cursor.source == source) {
            change(cursor);
        }
    }

    fn settle_range(
        &mut self,
        stream: usize,
        (key, source): (Key, SourceId),
        sent: &Sent,
        gap: (Option<GapReason>, u64),
        answer: &Answer,
    ) -> Result<Move, ProgressError> {
        let Some(file) = self.files.get(&key) else {
            return Ok(Move::Advance);
        };
        let Some(cursor) = file.cursor(stream).filter(|c| c.source == source) else {
            return Ok(Move::Advance);
        };
        if cursor.acknowledged.at() != sent.start.at() {
            return Ok(Move::Again);
        }
        let current = cursor.epoch == sent.start.epoch;
        let found = judge(sent, answer, |at, tail| match current {
            true if file.is_beyond_copy(at, sent.end.offset) => Confirmation::Agrees,
            true => file.confirm(at, tail),
            false => Confirmation::Unknown,
        });
        match found {
            Move::Advance if was_delivered(gap.0, answer) => {
                self.advance(key, stream, sent, (None, 0));
                self.count_farther(key, stream, sent, answer);
            }
            Move::Advance => self.advance(key, stream, sent, gap),
            Move::GoTo { offset } => return Ok(self.go_to(key, stream, sent, offset, answer.mark)),
            // The daemon begins anew at a start that is durable here (rule 3).
            Move::Again => self.commit()?,
            Move::Mint => self.mint(key, stream)?,
        }
        Ok(found)
    }

    /// What was delivered before a kill may reach farther than what was remembered of the file.
    fn count_farther(&mut self, key: Key, stream: usize, sent: &Sent, answer: &Answer) {
        let mark = answer.mark.filter(|mark| mark.epoch == sent.end.epoch);
        let farther = mark.and_then(|mark| mark.offset.checked_sub(sent.end.offset));
        let cursor = self.files.get_mut(&key).and_then(|f| f.cursor_mut(stream));
        if let (Some(farther), Some(cursor)) = (farther, cursor) {
            cursor.counts.delivered += farther;
        }
    }

    fn advance(
        &mut self,
        key: Key,
        stream: usize,
        sent: &Sent,
        (gap, dropped): (Option<GapReason>, u64),
    ) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let Some(cursor) = file.cursor_mut(stream) else {
            return;
        };
        let bytes = sent.end.offset - sent.start.offset;
        match gap {
            None => {
                cursor.counts.delivered += bytes - dropped;
                cursor.counts.excluded += dropped;
            }
            Some(reason) => cursor.counts.pass_over(bytes, reason),
        }
        cursor.acknowledged = sent.end;
        (cursor.is_final, cursor.final_sent) = (false, false);
        file.settle(stream);
        self.dirty.insert((key, stream));
    }

    /// Goes where the daemon is. Says [`Move::Again`] if that is where it was.
    fn go_to(
        &mut self,
        key: Key,
        stream: usize,
        sent: &Sent,
        offset: u64,
        mark: Option<Mark>,
    ) -> Move {
        let Some(file) = self.files.get_mut(&key) else {
            return Move::Again;
        };
        let Some(cursor) = file.cursor(stream) else {
            return Move::Again;
        };
        let flow = &self.flows[cursor.flow];
        let readable = file.handle.as_ref().filter(|_| cursor.is_current());
        let part = readable.map(|handle| part_at(handle, flow, offset));
        let place = Place {
            epoch: sent.start.epoch,
            offset,
            part: part.and_then(Result::ok).unwrap_or(0),
            tail: mark.and_then(|mark| mark.tail),
        };
        let Some(cursor) = file.cursor_mut(stream) else {
            return Move::Again;
        };
        let before = sent.start.offset;
        let delivered = &mut cursor.counts.delivered;
        *delivered = (*delivered + offset.saturating_sub(before))
            .saturating_sub(before.saturating_sub(offset));
        cursor.acknowledged = place;
        cursor.rewind();
        tracing::info!(
            path = %file.path.display(), from = before, to = offset,
            "the daemon expects another offset; going there"
        );
        self.dirty.insert((key, stream));
        match offset == before {
            true => Move::Again,
            false => Move::GoTo { offset },
        }
    }

    /// Somebody else writes under the same id: this file goes on as a new source from what is
    /// acknowledged (rule 4).
    fn mint(&mut self, key: Key, stream: usize) -> Result<(), ProgressError> {
        let source = SourceId::mint()?;
        // What the old one counted stays with it.
        self.stage_standing(key, stream);
        self.stage_source(key, source);
        let name = self.streams[stream].name.clone();
        let Some(file) = self.files.get_mut(&key) else {
            return Ok(());
        };
        let (path, size) = (file.path.clone(), file.seen);
        let Some(cursor) = file.cursor_mut(stream) else {
            return Ok(());
        };
        let old = std::mem::replace(&mut cursor.source, source);
        (cursor.identified, cursor.counts) = (false, Counts::default());
        cursor.committed = cursor.acknowledged;
        let epoch = cursor.epoch;
        let standing = Standing {
            place: cursor.acknowledged,
            size,
            excluded: cursor.excluded,
            counts: cursor.counts,
            is_final: false,
        };
        self.stage_epochs(&old, source, epoch);
        self.progress.stage(&Entry::Standing {
            source,
            stream: name.clone(),
            standing,
        });
        self.progress.stage(&Entry::Left {
            source: old,
            stream: name.clone(),
        });
        tracing::warn!(
            path = %path.display(), stream = %name, %old, new = %source,
            "the daemon holds other bytes under this file's id: two agents share an identity (a cloned machine, a restored data_dir?); going on under a new id"
        );
        self.sync_births().map(|_| ())
    }

    /// A source that takes over from another one has passed the same epochs.
    fn stage_epochs(&mut self, old: &SourceId, source: SourceId, current: u64) {
        let known = self.progress.state().sources.get(old);
        let closed = known.map(|known| known.closed.clone()).unwrap_or_default();
        for (epoch, closed_at) in closed {
            self.progress.stage(&Entry::Epoch {
                source,
                epoch: epoch + 1,
                closed_at,
            });
        }
        let reached = self.progress.state().sources.get(&source);
        if reached.is_some_and(|reached| reached.epoch < current) {
            self.progress.stage(&Entry::Epoch {
                source,
                epoch: current,
                closed_at: 0,
            });
        }
    }
}

/// Whether bytes that nobody can read any more are the daemon's all the same: their records were
/// acknowledged, and a kill came before that was remembered. Behind a gap there would be no evidence.
fn was_delivered(gap: Option<GapReason>, answer: &Answer) -> bool {
    let unread = matches!(gap, Some(GapReason::Truncated | GapReason::Deleted));
    let recorded = answer.mark.is_some_and(|mark| mark.tail.is_some());
    unread && answer.outcome == Outcome::Held && recorded
}
