//! Turning a request into entries, and deciding about an agent's ranges (rules 2 to 7).

use standpipe_config::frame::{Frame, GapReason, Mark, Outcome, Range};
use standpipe_config::names::AgentId;
use standpipe_config::records::Records;
use tokio::sync::oneshot;

use super::attribute::{Attribute, FIXED, NAME, NOTE};
use super::entry::{self, Kind};
use super::group::{Draft, Group};
use super::keys::{Known, Reply};
use super::marks::{Decision, Marks, decide};
use super::tail::Tail;
use super::writer::{Waiter, Writer};
use super::{Append, Appended, Content, Refusal, redrive};

/// The most bytes that the entries of a request take.
pub(super) fn room_for(append: &Append) -> u64 {
    let key = append.idempotency_key.as_ref().map_or(0, String::len);
    match &append.content {
        Content::Text(records) => room_for_records(records, key),
        Content::Frames(_, frames) => frames.iter().map(room_for_frame).sum(),
        Content::Redriven(redrive) => {
            room_for_records(&redrive.records, NAME * redrive.names.len())
        }
    }
}

fn room_for_records(records: &Records, more: usize) -> u64 {
    let attributes = FIXED + NOTE * records.notes.len() + more;
    entry::size(attributes, records.ends.len(), records.bytes.len())
}

fn room_for_frame(frame: &Frame) -> u64 {
    match frame {
        Frame::Records(_, records) => room_for_records(records, 0),
        Frame::Gap(..) | Frame::Final { .. } => entry::size(FIXED, 0, 0),
        Frame::Identify(evidence) => entry::size(FIXED + evidence.path.len(), 0, 0),
        Frame::Live(sources) => entry::size(FIXED + 16 * sources.len(), 0, 0),
    }
}

impl Writer {
    /// Puts a request into the group in hand.
    pub(super) fn stage(
        &mut self,
        append: Append,
        reply: oneshot::Sender<Result<Appended, Refusal>>,
    ) {
        self.tick();
        let Append {
            permit,
            content,
            idempotency_key,
        } = append;
        let appended = match content {
            Content::Text(records) => self.stage_text(records, idempotency_key),
            Content::Frames(agent, frames) => self.stage_frames(agent, frames),
            Content::Redriven(redrive) => redrive::stage(redrive, &mut self.group, &mut self.tail),
        };
        self.waiters.push(Waiter {
            reply,
            appended,
            permit,
        });
    }

    fn stage_text(&mut self, records: Records, key: Option<String>) -> Appended {
        if let Some(Reply { first, accepted }) = key.as_ref().and_then(|key| self.keys.reply(key)) {
            return appended(first, accepted);
        }
        let reply = Reply {
            first: self.tail.position,
            accepted: records.len() as u64,
        };
        if records.is_empty() && key.is_none() {
            return appended(reply.first, 0);
        }
        let mut attributes = notes(&records);
        if let Some(key) = key {
            Attribute::Key(key.clone()).put(&mut attributes);
            let running = self.tail.running;
            self.keys.remember(Known {
                key,
                reply,
                running,
            });
        }
        let draft = Draft {
            kind: Kind::Records,
            attributes,
            records,
        };
        self.group.push(draft, &mut self.tail);
        appended(reply.first, reply.accepted)
    }

    fn stage_frames(&mut self, agent: AgentId, frames: Vec<Frame>) -> Appended {
        let Self {
            group,
            tail,
            shared,
            ..
        } = self;
        let first = tail.position;
        shared.with_marks(|marks| {
            let mut desk = Desk {
                agent,
                group,
                tail,
                marks,
            };
            let answers = frames.into_iter().map(|frame| desk.answer(frame)).collect();
            Appended {
                first_position: first,
                accepted: desk.tail.position - first,
                answers,
            }
        })
    }
}

fn appended(first_position: u64, accepted: u64) -> Appended {
    Appended {
        first_position,
        accepted,
        answers: Vec::new(),
    }
}

pub(super) fn notes(records: &Records) -> Vec<u8> {
    let mut attributes = Vec::new();
    if !records.notes.is_empty() {
        Attribute::Notes(records.notes.clone()).put(&mut attributes);
    }
    attributes
}

/// Where the frames of one request are decided about.
struct Desk<'a> {
    agent: AgentId,
    group: &'a mut Group,
    tail: &'a mut Tail,
    marks: &'a mut Marks,
}

impl Desk<'_> {
    fn answer(&mut self, frame: Frame) -> (Outcome, Option<Mark>) {
        match frame {
            Frame::Records(range, records) => self.records(range, records),
            Frame::Gap(range, reason) => self.gap(range, reason),
            Frame::Identify(evidence) => {
                let source = evidence.source;
                self.marks
                    .identify(self.agent, &evidence, self.tail.running);
                self.state(Attribute::Identify(self.agent, evidence));
                (Outcome::Noted, self.marks.mark(source).copied())
            }
            Frame::Final {
                source,
                epoch,
                offset,
            } => {
                let mark = self.marks.mark(source).copied();
                if !self.marks.reaches(source, epoch, offset) {
                    return (Outcome::Expected, mark);
                }
                self.marks
                    .conclude(self.agent, source, epoch, self.tail.running);
                self.state(Attribute::Final(self.agent, source, epoch, offset));
                (Outcome::Noted, mark)
            }
            Frame::Live(sources) => {
                self.marks.live(self.agent, &sources, self.tail.running);
                self.state(Attribute::Live(self.agent, sources));
                (Outcome::Noted, None)
            }
        }
    }

    fn records(&mut self, range: Range, records: Records) -> (Outcome, Option<Mark>) {
        let outcome = self.decide(&range, records.len());
        if outcome == Outcome::Stored {
            let mut attributes = notes(&records);
            Attribute::Range(self.agent, range).put(&mut attributes);
            let draft = Draft {
                kind: Kind::Records,
                attributes,
                records,
            };
            self.group.push(draft, self.tail);
        }
        (outcome, self.marks.mark(range.source).copied())
    }

    fn gap(&mut self, range: Range, reason: GapReason) -> (Outcome, Option<Mark>) {
        let outcome = self.decide(&range, 0);
        if outcome == Outcome::Stored {
            self.tail.totals.gap_bytes += range.end - range.start;
            self.state(Attribute::Gap(self.agent, range, reason));
        }
        (outcome, self.marks.mark(range.source).copied())
    }

    /// Decides about a range, and moves the mark if it is new.
    fn decide(&mut self, range: &Range, records: usize) -> Outcome {
        match decide(self.marks.mark(range.source), range, records) {
            Decision::Store => {
                self.marks.store(self.agent, range, self.tail.running);
                Outcome::Stored
            }
            Decision::Held => Outcome::Held,
            Decision::Expected => Outcome::Expected,
        }
    }

    fn state(&mut self, attribute: Attribute) {
        let mut attributes = Vec::new();
        attribute.put(&mut attributes);
        let draft = Draft::bare(Kind::Statement, attributes);
        self.group.push(draft, self.tail);
    }
}

#[cfg(test)]
mod tests;
