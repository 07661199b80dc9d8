//! Putting a request together: who has something to say, in turn, within the byte budgets.

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use standpipe_config::frame::{Encoder, Frame, GapReason};
use standpipe_config::limits::REQUEST_TARGET;
use standpipe_config::names::SourceId;
use standpipe_config::records::Builder;
use standpipe_config::settings::agent::Flow;

use super::answers::SMALLEST;
use super::hold::{Header, Hole};
use super::plan::Step;
use super::reading::{Got, READ, Reading};
use super::request::{
    Draft, Item, LONGEST_FRAME, Outstanding, Request, identify, identify_moved, push_final,
    push_gap, range,
};
use super::shape::{Shape, Split};
use super::{Follower, Key};
use crate::identity::Prefix;
use crate::progress::{Place, ProgressError};
use crate::split::{Feeds, Splitter};

/// Memory that is kept from one request to the next, in bytes of each of its buffers.
const MOST_SPARE: usize = 2 * REQUEST_TARGET;

/// Memory that the next request fills again.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// What was read.
    buffer: Vec<u8>,
    /// What was made of it.
    records: Builder,
    /// What was sent.
    body: Vec<u8>,
}

/// How far what is never read at a file's beginning is passed over.
enum Passing {
    /// All of it, or there is none.
    Passed,
    /// Some of it is said, or about to be.
    Gap,
    /// It is not known yet where it ends.
    Incomplete,
}

impl Follower {
    /// Takes the memory of a body that was sent, for one to come.
    pub fn reuse(&mut self, body: Vec<u8>) {
        let kept = self.spare.body.capacity();
        if (kept..=MOST_SPARE).contains(&body.capacity()) {
            self.spare.body = body;
        }
    }

    /// How many raw bytes a request should have: streams share what may be in flight, and each may
    /// have one request on its way and one prepared.
    pub(super) fn request_target(&self, streams: usize) -> u64 {
        let share = self.rules.in_flight / streams.max(1) as u64 / 2;
        share.clamp(SMALLEST, REQUEST_TARGET as u64)
    }

    /// The longest stretch of one line that is sent at once.
    fn longest_frame(&self, flow: &Flow) -> usize {
        let share = (self.rules.in_flight / 2) as usize;
        LONGEST_FRAME.min(share).max(Splitter::needs(flow))
    }

    /// The next request of a stream, if it has something to say and there is room in flight.
    pub fn compose(&mut self, stream: usize) -> Result<Option<Request>, ProgressError> {
        self.release();
        if !self.sync_births()? || !self.has_budget(stream) {
            return Ok(None);
        }
        let limit = self.streams[stream].limit;
        let mut draft = Draft {
            encoder: Encoder::reusing(self.agent, std::mem::take(&mut self.spare.body)),
            items: Vec::new(),
            raw: 0,
            limit,
            turn: limit.min(READ as u64) as usize,
        };
        self.say_live(stream, &mut draft);
        self.fill_all(stream, &mut draft)?;
        if draft.items.is_empty() {
            self.spare.body = draft.encoder.finish();
            return Ok(None);
        }
        Ok(Some(self.hand_out(stream, draft)))
    }

    fn hand_out(&mut self, number: usize, draft: Draft) -> Request {
        let stream = &mut self.streams[number];
        let id = stream.next_request;
        stream.next_request += 1;
        stream.outstanding.push_back(Outstanding {
            id,
            items: draft.items,
            raw: draft.raw,
        });
        let generation = stream.generation;
        Request {
            id,
            generation,
            unsent: self.unsent(number),
            frames: draft.encoder.frames(),
            body: draft.encoder.finish(),
        }
    }

    /// One request on its way and one prepared, and the sum of all within the limit.
    fn has_budget(&self, stream: usize) -> bool {
        let out = |s: &super::Stream| s.outstanding.iter().map(|o| o.raw).sum::<u64>();
        let all: u64 = self.streams.iter().map(out).sum();
        let own = &self.streams[stream];
        let room = all + own.limit <= self.rules.in_flight || out(own) == 0;
        own.outstanding.len() < 2 && room
    }

    fn say_live(&mut self, stream: usize, draft: &mut Draft) {
        let now = self.disk.now();
        if self.scans == 0 || now < self.streams[stream].live_at {
            return;
        }
        let name = &self.streams[stream].name;
        let sources = &self.progress.state().sources;
        let live: Vec<SourceId> = sources
            .iter()
            .filter(|(_, source)| source.streams.get(name).is_some_and(|s| !s.is_final))
            .map(|(id, _)| *id)
            .chain(self.journals.sources(stream))
            .collect();
        self.streams[stream].live_at = now + self.rules.live.max(Duration::from_secs(1));
        if !live.is_empty() {
            draft.push(&Frame::Live(live), Item::Live);
        }
    }

    fn fill_all(&mut self, stream: usize, draft: &mut Draft) -> Result<(), ProgressError> {
        self.finish_line(stream, draft)?;
        self.fill_journals(stream, draft)?;
        let mut turns = self.streams[stream].ready.len();
        while turns > 0 && !draft.is_full() {
            turns -= 1;
            let Some(key) = self.streams[stream].ready.pop_front() else {
                break;
            };
            if let Some(cursor) = self.files.get_mut(&key).and_then(|f| f.cursor_mut(stream)) {
                cursor.queued = false;
            }
            // What did not move waits for the next look.
            if self.fill(key, stream, draft)? {
                let before = self.streams[stream].ready.len();
                self.wake(key);
                turns += self.streams[stream].ready.len() - before;
            }
        }
        Ok(())
    }

    /// Nothing comes between the parts of a line, as long as there are more of them to send. A frame
    /// that ends within a line fills its request, so that it is enough to look at the beginning.
    fn finish_line(&mut self, stream: usize, draft: &mut Draft) -> Result<(), ProgressError> {
        while let Some(key) = self.streams[stream].cut {
            if draft.is_full() || !self.fill(key, stream, draft)? {
                break;
            }
        }
        Ok(())
    }

    /// One turn of one file. Whether anything moved. Never sends a byte of an epoch that is not
    /// durable (rule 1).
    fn fill(&mut self, key: Key, stream: usize, draft: &mut Draft) -> Result<bool, ProgressError> {
        self.learn_beginning(key);
        if !self.sync_births()? {
            return Ok(false);
        }
        let mut moved = false;
        loop {
            let Some(file) = self.files.get_mut(&key) else {
                return Ok(moved);
            };
            let Some(cursor) = file.cursor(stream) else {
                return Ok(moved);
            };
            let Some(source) = self.progress.state().sources.get(&cursor.source) else {
                return Ok(moved);
            };
            match file.step(cursor, source) {
                Step::Nothing => {
                    identify_moved(key, file, stream, draft);
                    return Ok(moved);
                }
                Step::NextEpoch => {
                    if let Some(cursor) = file.cursor_mut(stream) {
                        cursor.turn();
                        self.dirty.insert((key, stream));
                    }
                }
                Step::Gap { end, reason } => push_gap(key, file, stream, (end, reason), draft),
                Step::Final => {
                    push_final(key, file, stream, draft);
                    return Ok(true);
                }
                Step::Read { to_end } => match self.pass_over(key, stream, to_end, draft) {
                    Passing::Passed => {
                        return Ok(self.read_turn(key, stream, to_end, draft) || moved);
                    }
                    Passing::Gap => {}
                    Passing::Incomplete => return Ok(moved),
                },
            }
            moved = true;
        }
    }

    /// Passes over what is never read at the beginning of a file.
    fn pass_over(&mut self, key: Key, stream: usize, to_end: bool, draft: &mut Draft) -> Passing {
        match self.find_hole(key, stream, to_end) {
            Hole::None => {}
            Hole::Ends(end) => {
                if let Some(file) = self.files.get_mut(&key) {
                    push_gap(key, file, stream, (end, GapReason::Hole), draft);
                }
                return Passing::Gap;
            }
            Hole::Everywhere => return Passing::Incomplete,
        }
        match self.find_header(key, stream, to_end) {
            Header::Passed => Passing::Passed,
            // Said as a gap in the next round.
            Header::Found => Passing::Gap,
            Header::Incomplete => Passing::Incomplete,
        }
    }

    fn read_turn(&mut self, key: Key, stream: usize, to_end: bool, draft: &mut Draft) -> bool {
        if !self.open_again(key) {
            return false;
        }
        let mut buffer = std::mem::take(&mut self.spare.buffer);
        let got = self.read(key, stream, to_end, draft.room(), &mut buffer);
        // A long line must not keep its memory for ever.
        if buffer.capacity() > MOST_SPARE {
            buffer = Vec::new();
        }
        if self.spare.records.capacity() > MOST_SPARE {
            self.spare.records = Builder::default();
        }
        self.spare.buffer = buffer;
        match got {
            Ok(Got::Records(split, end)) => {
                if !self.put_aside(key, stream, &split.dead) {
                    return false;
                }
                self.push_records(key, stream, split, end, draft);
                true
            }
            Ok(Got::Nothing) => false,
            Ok(Got::Changed) => {
                self.look_closer(key);
                self.progress.must_sync()
            }
            Err(error) => {
                self.failed(key, &error);
                false
            }
        }
    }

    fn read(
        &mut self,
        key: Key,
        stream: usize,
        to_end: bool,
        turn: usize,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<Got> {
        let Some(file) = self.files.get(&key) else {
            return Ok(Got::Nothing);
        };
        let (Some(cursor), Some(handle)) = (file.cursor(stream), &file.handle) else {
            return Ok(Got::Nothing);
        };
        let flow = &self.flows[cursor.flow];
        let reading = Reading {
            handle,
            prefix: file.prefix,
            next: cursor.next,
            size: file.seen,
            unfinished: cursor.unfinished,
            longest: self.longest_frame(flow),
            turn,
            to_end,
            quiet: cursor.quiet,
            feeds: Feeds::new(flow.encoding),
        };
        let next = cursor.next;
        let time = self.disk.wall().to_string();
        let mut shape = Shape {
            flow,
            shaper: &mut self.shapers[cursor.flow],
            path: file.path.as_os_str().as_bytes(),
            time: &time,
            spare: &mut self.spare.records,
            source: cursor.source,
        };
        let (got, unfinished) =
            reading.run(buffer, |bytes, whole| shape.run(&next, bytes, whole))?;
        let records = matches!(got, Got::Records(..));
        let begun = cursor.next.offset == 0 && records;
        let Some(file) = self.files.get_mut(&key) else {
            return Ok(Got::Nothing);
        };
        // From its first byte on, what a stream read is evidence for all others.
        if begun && buffer.len() > file.prefix.length as usize {
            file.prefix = Prefix::of(buffer);
        }
        if begun {
            file.remember_opening(buffer);
        }
        if records {
            file.remember_places(&next, buffer);
        }
        if let Some(cursor) = file.cursor_mut(stream) {
            (cursor.unfinished, cursor.quiet) = (unfinished, false);
        }
        if matches!(got, Got::Nothing) {
            self.hold(key, stream);
        }
        Ok(got)
    }

    /// Puts lines that do not parse aside, durably, before their bytes count as read. `false`: it
    /// could not, and they will be read again.
    fn put_aside(&mut self, key: Key, stream: usize, dead: &[u8]) -> bool {
        let done = self.dead.append(&self.streams[stream].name, dead);
        let Err(error) = done else {
            return true;
        };
        if let Some(cursor) = self.files.get_mut(&key).and_then(|f| f.cursor_mut(stream)) {
            cursor.unfinished = 0;
        }
        self.failed(key, &error);
        false
    }

    fn push_records(
        &mut self,
        key: Key,
        stream: usize,
        split: Split,
        end: Place,
        draft: &mut Draft,
    ) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        file.failing = None;
        file.remember_place(end.offset, end.tail);
        identify(key, file, stream, draft);
        let Some(cursor) = file.cursor_mut(stream) else {
            return;
        };
        let start = std::mem::replace(&mut cursor.next, end);
        cursor.unfinished = end.offset;
        draft.raw += end.offset - start.offset;
        let range = range(cursor, &start, &end);
        let item = Item::Range {
            key,
            source: cursor.source,
            start,
            end,
            gap: None,
            dropped: split.dropped,
        };
        let frame = Frame::Records(range, split.records);
        draft.push(&frame, item);
        if let Frame::Records(_, records) = frame {
            self.spare.records = Builder::reusing(records);
        }
        self.streams[stream].cut = (end.part > 0).then_some(key);
    }
}
