//! A journal's part of a request, what its answer means, and what is shown of it.

use standpipe_config::frame::{Answer, Frame, GapReason, Mark, Outcome, Range, Tail};
use standpipe_config::names::SourceId;
use standpipe_config::records::{Builder, Part, Record};

use super::super::Follower;
use super::super::request::{Draft, Item};
use super::super::status::{SourceStatus, bytes};
use super::{Journal, PATIENCE, Reading};
use crate::identity::{Incarnation, Prefix, evidence};
use crate::progress::{Counts, Entry, Place, ProgressError};
use crate::ship::verdict::{Confirmation, Move, Sent, judge};

/// How far ahead of what is known here a daemon of ours can be, in bytes. One that is farther ahead
/// has got entries from somebody else.
const FARTHEST: u64 = 256 * 1024 * 1024;

impl Follower {
    /// Adds what the journals of a stream have to say to a request.
    pub(in crate::tail) fn fill_journals(
        &mut self,
        stream: usize,
        draft: &mut Draft,
    ) -> Result<(), ProgressError> {
        for place in 0..self.journals.all.len() {
            let full = draft.is_full() || self.journals.all[place].stream != stream;
            if full || !self.is_level(place)? {
                continue;
            }
            let max_line = standpipe_config::limits::DEFAULT_MAX_LINE;
            let journal = &mut self.journals.all[place];
            let name = journal.name.clone();
            if let Some(reading) = &mut journal.reading {
                identify(place, &name, reading, draft);
                push_lost(place, reading, draft);
                push_lines(place, reading, max_line, draft);
            }
        }
        Ok(())
    }

    /// Takes in what was read. Whether it is known what the daemon holds, or nothing speaks against
    /// what is known here.
    fn is_level(&mut self, place: usize) -> Result<bool, ProgressError> {
        let now = self.disk.now();
        let Some(reading) = &mut self.journals.all[place].reading else {
            return Ok(false);
        };
        reading.take_in(now);
        let Some(mark) = reading.ahead else {
            return Ok(true);
        };
        let there = reading.read() >= mark.offset;
        if !there && now.saturating_sub(reading.changed) < PATIENCE {
            return Ok(false);
        }
        reading.ahead = None;
        let agrees = mark.tail.map(|tail| reading.confirm(mark.offset, &tail));
        match agrees {
            Some(Confirmation::Agrees) => reading.acknowledge(mark.offset),
            _ => self.mint_journal(place)?,
        }
        self.sync_births()
    }

    /// An answer for a range of a journal.
    pub(in crate::tail) fn settle_journal(
        &mut self,
        (place, source): (usize, SourceId),
        sent: &Sent,
        answer: &Answer,
    ) -> Result<Move, ProgressError> {
        let journal = self.journals.all.get_mut(place);
        let reading = journal.and_then(|journal| journal.reading.as_mut());
        let Some(reading) = reading.filter(|reading| reading.standing.source == source) else {
            return Ok(Move::Advance);
        };
        if !sent.is_gap && reading.standing.offset != sent.start.offset {
            return Ok(Move::Again);
        }
        if let Some(mark) = reading.is_behind(answer) {
            reading.ahead = Some(mark);
            reading.changed = self.disk.now();
            return Ok(Move::Again);
        }
        let found = judge(sent, answer, |at, tail| reading.confirm(at, tail));
        match found {
            Move::Advance if sent.is_gap => reading.told_lost(sent),
            Move::Advance => reading.acknowledge(sent.end.offset),
            Move::GoTo { offset } => return Ok(reading.go_to(offset)),
            Move::Again => self.commit()?,
            Move::Mint => self.mint_journal(place)?,
        }
        Ok(found)
    }

    /// The daemon knows who a journal is.
    pub(in crate::tail) fn journal_identified(&mut self, place: usize, source: SourceId) {
        let journal = self.journals.all.get_mut(place);
        let reading = journal.and_then(|journal| journal.reading.as_mut());
        if let Some(reading) = reading.filter(|reading| reading.standing.source == source) {
            reading.identified = true;
        }
    }

    /// Somebody else writes under the same id (rule 4).
    fn mint_journal(&mut self, place: usize) -> Result<(), ProgressError> {
        let journal = &mut self.journals.all[place];
        let stream = self.streams[journal.stream].name.clone();
        let Some(reading) = &mut journal.reading else {
            return Ok(());
        };
        let new = SourceId::mint()?;
        let old = std::mem::replace(&mut reading.standing.source, new);
        (reading.identified, reading.sent) = (false, 0);
        (reading.lost, reading.told) = (None, false);
        reading.staged = Some(reading.standing.offset);
        self.progress.stage(&Entry::Journal {
            name: journal.name.clone(),
            stream: stream.clone(),
            standing: reading.standing.clone(),
        });
        tracing::warn!(
            journal = journal.name, %stream, %old, %new,
            "the daemon holds other entries under this journal's id: two agents share an identity (a cloned machine, a restored data_dir?), or other entries were wanted before a kill; going on under a new id"
        );
        self.sync_births().map(|_| ())
    }

    /// What is shown of journals.
    pub(in crate::tail) fn journal_status(&self) -> impl Iterator<Item = SourceStatus> {
        let read = self.journals.all.iter();
        let read = read.filter_map(|journal| Some((journal, journal.reading.as_ref()?)));
        read.map(|(journal, reading)| SourceStatus {
            path: journal.name.clone(),
            id: reading.standing.source.to_string(),
            stream: self.streams[journal.stream].name.to_string(),
            device: 0,
            inode: 0,
            birth: 0,
            epoch: 0,
            size: reading.read(),
            read: reading.next(),
            acknowledged: reading.standing.offset,
            state: journal.state(reading).to_owned(),
            bytes: bytes(&reading.standing.counts, reading.waiting()),
        })
    }

    /// What became of the bytes of journals, and how many wait.
    pub(in crate::tail) fn journal_bytes(&self) -> (Counts, u64) {
        let mut counts = Counts::default();
        let mut waiting = 0;
        for reading in self.journals.readings() {
            counts.add(&reading.standing.counts);
            waiting += reading.waiting();
        }
        (counts, waiting)
    }
}

impl Journal {
    fn state(&self, reading: &Reading) -> &'static str {
        match reading.waiting() {
            _ if reading.inbox.trouble().is_some() => "failing",
            0 => "drained",
            _ => "reading",
        }
    }
}

impl Reading {
    fn waiting(&self) -> u64 {
        self.read() - self.standing.offset
    }

    /// The daemon's mark, if it lies behind what was read in this process and could be ours: a kill
    /// came before it was remembered.
    fn is_behind(&self, answer: &Answer) -> Option<Mark> {
        let repeated = matches!(answer.outcome, Outcome::Held | Outcome::Expected);
        let mark = answer.mark.filter(|mark| repeated && mark.epoch == 0)?;
        let near = mark.offset - self.standing.offset.min(mark.offset) <= FARTHEST;
        (near && mark.offset > self.read()).then_some(mark)
    }

    /// Goes where the daemon is. Only forwards: what is acknowledged was not kept.
    fn go_to(&mut self, offset: u64) -> Move {
        if offset < self.standing.offset {
            let lost = self.standing.offset - offset;
            tracing::error!(
                source = %self.standing.source, lost,
                "the daemon lost entries of the journal that it had acknowledged; they are not read again"
            );
            self.lost = Some(offset);
            return Move::GoTo { offset };
        }
        if offset == self.standing.offset {
            return Move::Again;
        }
        self.acknowledge(offset);
        Move::GoTo { offset }
    }

    /// The daemon knows what is lost.
    fn told_lost(&mut self, sent: &Sent) {
        if self.lost.is_none() {
            return;
        }
        let lost = sent.end.offset - sent.start.offset;
        let counts = &mut self.standing.counts;
        counts.delivered = counts.delivered.saturating_sub(lost);
        counts.pass_over(lost, GapReason::Unreadable);
        (self.lost, self.told, self.dirty) = (None, false, true);
    }

    fn range(&self, start: u64, end: u64, tail: Option<Tail>) -> Range {
        Range {
            source: self.standing.source,
            epoch: 0,
            start,
            end,
            committed: self.committed.min(start),
            tail,
        }
    }
}

fn at(offset: u64, tail: Option<Tail>) -> Place {
    Place {
        offset,
        tail,
        ..Place::beginning(0)
    }
}

fn identify(place: usize, name: &str, reading: &Reading, draft: &mut Draft) {
    let source = reading.standing.source;
    let some = reading.sent < reading.lines.len() || reading.lost.is_some();
    if reading.identified || !some {
        return;
    }
    let nowhere = Incarnation {
        device: 0,
        inode: 0,
        generation: 0,
        birth: 0,
    };
    let evidence = evidence(source, name.as_ref(), &nowhere, &Prefix::of(&[]));
    let item = Item::IdentifyJournal { place, source };
    draft.push(&Frame::Identify(evidence), item);
}

/// Says what the daemon lost, so that it takes what follows (rule 5).
fn push_lost(place: usize, reading: &mut Reading, draft: &mut Draft) {
    let Some(lost) = reading.lost.filter(|_| !reading.told) else {
        return;
    };
    reading.told = true;
    let (end, tail) = (reading.standing.offset, reading.standing.tail);
    let range = reading.range(lost, end, tail);
    let sent = Sent {
        start: at(lost, None),
        end: at(end, tail),
        is_gap: true,
    };
    let source = reading.standing.source;
    let item = Item::Journal {
        place,
        source,
        sent,
    };
    draft.push(&Frame::Gap(range, GapReason::Unreadable), item);
}

fn push_lines(place: usize, reading: &mut Reading, max_line: usize, draft: &mut Draft) {
    let start = reading.next();
    let room = draft.room() as u64;
    let mut records = Builder::default();
    let mut last = None;
    while let Some(line) = reading.lines.get(reading.sent) {
        if last.is_some() && line.end - start > room {
            break;
        }
        push_line(&line.text[..line.text.len() - 1], max_line, &mut records);
        last = Some((line.end, line.tail()));
        reading.sent += 1;
    }
    let Some((end, tail)) = last else {
        return;
    };
    draft.raw += end - start;
    let source = reading.standing.source;
    let sent = Sent {
        start: at(start, None),
        end: at(end, Some(tail)),
        is_gap: false,
    };
    let item = Item::Journal {
        place,
        source,
        sent,
    };
    let range = reading.range(start, end, Some(tail));
    draft.push(&Frame::Records(range, records.finish()), item);
}

/// A line that is too long for a record goes in parts, cut between characters.
fn push_line(line: &[u8], max_line: usize, records: &mut Builder) {
    if line.len() <= max_line {
        return records.push_plain(line);
    }
    let (mut rest, mut number) = (line, 0);
    while !rest.is_empty() {
        let mut length = rest.len().min(max_line);
        while rest.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
            length -= 1;
        }
        let (part, after) = rest.split_at(length);
        records.push(Record {
            bytes: part,
            part: Some(Part {
                number,
                last: after.is_empty(),
            }),
            unterminated: false,
        });
        (rest, number) = (after, number + 1);
    }
}
