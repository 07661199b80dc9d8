//! A request while it is put together, and what is remembered of it until it is answered.

use standpipe_config::frame::{Encoder, Frame, GapReason, Range, Tail};
use standpipe_config::limits::MAX_INFLATED_BODY;
use standpipe_config::names::SourceId;

use super::Key;
use super::file::{Cursor, File, tail_at};
use crate::identity::evidence;
use crate::progress::Place;
use crate::ship::verdict::Sent;

/// A line up to this length travels whole in one frame, whatever it is cut into.
pub(super) const LONGEST_FRAME: usize = MAX_INFLATED_BODY / 4;

/// How many frames a request has, about: each costs memory here, there and in the reply.
const MOST_ITEMS: usize = 2048;

/// A request body, ready to be compressed and sent.
#[derive(Debug)]
pub struct Request {
    /// Which one, within its stream.
    pub id: u64,
    /// It is void if the stream has another generation by now.
    pub generation: u64,
    /// Frames, not yet compressed.
    pub body: Vec<u8>,
    /// How many answers it gets.
    pub frames: usize,
    /// Bytes of the stream's files that wait beside what is sent.
    pub unsent: u64,
}

/// A request that was handed out and not answered.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) id: u64,
    pub(super) items: Vec<Item>,
    pub(super) raw: u64,
}

/// What one frame of a request said.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Range {
        key: Key,
        source: SourceId,
        start: Place,
        end: Place,
        gap: Option<GapReason>,
        /// Raw bytes of it that became no record, as the settings say.
        dropped: u64,
    },
    Identify {
        key: Key,
        source: SourceId,
    },
    Final {
        key: Key,
        source: SourceId,
    },
    Live,
    /// Lines of a journal, by its place among all.
    Journal {
        place: usize,
        source: SourceId,
        sent: Sent,
    },
    IdentifyJournal {
        place: usize,
        source: SourceId,
    },
}

/// A request while it is put together.
pub(super) struct Draft {
    pub(super) encoder: Encoder,
    pub(super) items: Vec<Item>,
    pub(super) raw: u64,
    pub(super) limit: u64,
    /// Raw bytes of one source at a time.
    pub(super) turn: usize,
}

impl Draft {
    pub(super) fn push(&mut self, frame: &Frame, item: Item) {
        self.encoder.push(frame);
        self.items.push(item);
    }

    /// Raw bytes that one source may add now.
    pub(super) fn room(&self) -> usize {
        let left = self.limit.saturating_sub(self.raw).max(1);
        self.turn.min(left as usize)
    }

    pub(super) fn is_full(&self) -> bool {
        // A rest that hardly pays is left to the next one. Frames without raw bytes are bounded too.
        let many = self.items.len() >= MOST_ITEMS || self.encoder.size() >= 2 * LONGEST_FRAME;
        many || self.raw + self.limit / 8 > self.limit
    }
}

pub(super) fn range(cursor: &Cursor, start: &Place, end: &Place) -> Range {
    Range {
        source: cursor.source,
        epoch: start.epoch,
        start: start.offset,
        end: end.offset,
        committed: cursor.committed_for(start),
        tail: end.tail,
    }
}

/// Says once per process what identifies a source (rule 6).
pub(super) fn identify(key: Key, file: &File, stream: usize, draft: &mut Draft) {
    let Some(cursor) = file.cursor(stream).filter(|cursor| !cursor.identified) else {
        return;
    };
    let source = cursor.source;
    let said =
        |item: &Item| matches!(item, Item::Identify { source: other, .. } if *other == source);
    if !draft.items.iter().any(said) {
        let evidence = evidence(source, &file.path, &file.incarnation, &file.prefix);
        draft.push(&Frame::Identify(evidence), Item::Identify { key, source });
    }
}

/// Says which file a source is now, though there is nothing else to say of it.
pub(super) fn identify_moved(key: Key, file: &File, stream: usize, draft: &mut Draft) {
    if file
        .cursor(stream)
        .is_some_and(|cursor| file.must_identify(cursor))
    {
        identify(key, file, stream, draft);
    }
}

pub(super) fn push_gap(
    key: Key,
    file: &mut File,
    stream: usize,
    (end, reason): (u64, GapReason),
    draft: &mut Draft,
) {
    identify(key, file, stream, draft);
    let readable = file
        .handle
        .as_ref()
        .filter(|_| matches!(reason, GapReason::Excluded | GapReason::Hole));
    let tail: Option<Tail> = readable.and_then(|handle| tail_at(handle, end).ok().flatten());
    let Some(cursor) = file.cursor_mut(stream) else {
        return;
    };
    let start = cursor.next;
    let end = Place {
        epoch: start.epoch,
        offset: end,
        part: 0,
        tail,
    };
    cursor.next = end;
    cursor.unfinished = end.offset;
    let item = Item::Range {
        key,
        source: cursor.source,
        start,
        end,
        gap: Some(reason),
        dropped: 0,
    };
    draft.push(&Frame::Gap(range(cursor, &start, &end), reason), item);
}

pub(super) fn push_final(key: Key, file: &mut File, stream: usize, draft: &mut Draft) {
    let Some(cursor) = file.cursor_mut(stream) else {
        return;
    };
    cursor.final_sent = true;
    let source = cursor.source;
    let last = Frame::Final {
        source,
        epoch: cursor.acknowledged.epoch,
        offset: cursor.acknowledged.offset,
    };
    draft.push(&last, Item::Final { key, source });
}
