//! The end of the journal: where the next record goes, and what was counted up to there.

use standpipe_config::names::Arrival;

use super::attribute::Attribute;
use super::entry::Head;
use super::keys::{Keys, Known, Reply};
use super::local::Totals;
use super::marks::Marks;
use super::redrive::{Batch, Last};

/// What every entry moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tail {
    /// Position of the next record.
    pub(super) position: u64,
    /// What was accepted up to there.
    pub(super) totals: Totals,
    /// The last arrival.
    pub(super) arrival: Arrival,
    /// Running time in milliseconds.
    pub(super) running: u64,
    /// Number of the next sync group.
    pub(super) group: u64,
    /// The last redriven batch.
    pub(super) redrive: Last,
}

impl Tail {
    /// Moves behind an entry.
    pub(super) fn pass(&mut self, head: &Head) {
        self.position = head.end();
        self.totals.accepted_records += u64::from(head.count);
        self.totals.accepted_bytes += u64::from(head.bytes);
        self.arrival = self.arrival.max(head.arrival);
        self.running = self.running.max(head.running);
        self.group = self.group.max(head.group.number + 1);
    }

    /// Notes a redriven batch, whose entry comes next.
    pub(super) fn redriven(&mut self, batch: Batch, records: u64, bytes: u64) {
        self.keep(Last {
            batch,
            first: self.position,
            accepted: records,
            records: self.redrive.records + records,
            bytes: self.redrive.bytes + bytes,
        });
    }

    fn keep(&mut self, redrive: Last) {
        self.redrive = redrive;
        self.totals.redriven_records = redrive.records;
        self.totals.redriven_bytes = redrive.bytes;
    }
}

/// All that recovery builds up and the writer goes on with.
#[derive(Default, Debug)]
pub(super) struct Memory {
    pub(super) tail: Tail,
    pub(super) marks: Marks,
    pub(super) keys: Keys,
}

impl Memory {
    /// Does again what an entry did when it was appended.
    pub(super) fn replay(&mut self, head: &Head, attributes: Vec<Attribute>) {
        let running = head.running;
        for attribute in attributes {
            match attribute {
                Attribute::Range(agent, range) => self.marks.store(agent, &range, running),
                Attribute::Gap(agent, range, _) => {
                    self.marks.store(agent, &range, running);
                    self.tail.totals.gap_bytes += range.end - range.start;
                }
                Attribute::Identify(agent, evidence) => {
                    self.marks.identify(agent, &evidence, running);
                }
                Attribute::Final(agent, source, epoch, _) => {
                    self.marks.conclude(agent, source, epoch, running);
                }
                Attribute::Live(agent, sources) => self.marks.live(agent, &sources, running),
                Attribute::Key(key) => self.keys.remember(Known {
                    key,
                    reply: Reply {
                        first: head.first,
                        accepted: u64::from(head.count),
                    },
                    running,
                }),
                Attribute::Source(id, source) => self.marks.restore(id, source),
                Attribute::Known(known) => self.keys.remember(known),
                Attribute::Redriven(batch, _) => {
                    self.tail
                        .redriven(batch, u64::from(head.count), u64::from(head.bytes));
                }
                Attribute::Redrive(last) => self.tail.keep(last),
                Attribute::Notes(_) | Attribute::Stage(_) => {}
            }
        }
        self.tail.pass(head);
        self.marks.commit();
        self.keys.commit();
    }
}

#[cfg(test)]
mod tests;
