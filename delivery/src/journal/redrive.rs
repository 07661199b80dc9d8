//! Redriven records in the journal (rule 27): what each was called when it failed, and which batch of
//! a redrive was stored last.
//!
//! Redrives of a stream come one after the other, batch by batch, with numbers that follow each
//! other. The journal remembers the last number for ever, so a batch whose caller never heard the
//! answer is stored once, however long ago that was.

use standpipe_config::names::{Arrival, Fingerprint, LaneId, Run};
use standpipe_config::records::Records;

use super::Appended;
use super::attribute::{Attribute, NAME};
use super::entry::Kind;
use super::group::{Draft, Group};
use super::stage::notes;
use super::tail::Tail;
use super::wire::Wire;
use crate::record::{RecordId, Stage};

/// Records that failed once, on their way again.
#[derive(Clone, PartialEq, Debug)]
pub struct Redrive {
    /// Which batch it is.
    pub batch: Batch,
    /// Which form the bytes of its records have.
    pub stage: Stage,
    /// The records.
    pub records: Records,
    /// What each was called, in order.
    pub names: Vec<Name>,
}

/// A batch of a redrive. A number and other content than the one that was stored under it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    /// One more than that of the batch before; the first is 1.
    pub number: u64,
    /// A fingerprint of what is in it.
    pub content: Fingerprint,
}

/// What a redriven record keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// Its name.
    pub id: RecordId,
    /// When it arrived first.
    pub arrival: Arrival,
}

/// The batch that was stored last, and what all batches held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Last {
    /// Which it was.
    pub(super) batch: Batch,
    /// Position of its first record.
    pub(super) first: u64,
    /// Its records.
    pub(super) accepted: u64,
    /// Records of all batches.
    pub(super) records: u64,
    /// Bytes of these.
    pub(super) bytes: u64,
}

impl Default for Last {
    fn default() -> Self {
        Self {
            batch: Batch {
                number: 0,
                content: Fingerprint([0; 16]),
            },
            first: 0,
            accepted: 0,
            records: 0,
            bytes: 0,
        }
    }
}

impl Batch {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.content.0);
    }

    pub(super) fn read(wire: &mut Wire<'_>) -> Option<Self> {
        Some(Self {
            number: wire.u64()?,
            content: Fingerprint(wire.array()?),
        })
    }
}

impl Last {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.batch.put(out);
        for number in [self.first, self.accepted, self.records, self.bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn read(wire: &mut Wire<'_>) -> Option<Self> {
        Some(Self {
            batch: Batch::read(wire)?,
            first: wire.u64()?,
            accepted: wire.u64()?,
            records: wire.u64()?,
            bytes: wire.u64()?,
        })
    }
}

impl Name {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.lane.0);
        out.extend_from_slice(&self.id.run.0);
        out.extend_from_slice(&self.id.position.to_le_bytes());
        out.extend_from_slice(&self.id.index.to_le_bytes());
        out.extend_from_slice(&self.arrival.0.to_le_bytes());
    }

    pub(super) fn read_all(wire: &mut Wire<'_>) -> Option<Vec<Self>> {
        let mut names = Vec::with_capacity(wire.0.len() / NAME);
        while !wire.is_empty() {
            let id = RecordId {
                lane: LaneId(wire.array()?),
                run: Run(wire.array()?),
                position: wire.u64()?,
                index: wire.u32()?,
            };
            let arrival = Arrival(wire.i64()?);
            names.push(Self { id, arrival });
        }
        Some(names)
    }
}

/// Puts a batch into the group in hand if it is the next one. A repeat of the last one is answered
/// as that was; any other stores nothing.
pub(super) fn stage(redrive: Redrive, group: &mut Group, tail: &mut Tail) -> Appended {
    let last = tail.redrive;
    let answer = |first_position, accepted| Appended {
        first_position,
        accepted,
        answers: Vec::new(),
    };
    let Redrive {
        batch,
        stage,
        records,
        names,
    } = redrive;
    if batch == last.batch {
        return answer(last.first, last.accepted);
    }
    if batch.number != last.batch.number + 1 || records.len() != names.len() {
        return answer(tail.position, 0);
    }
    let mut attributes = notes(&records);
    Attribute::Stage(stage).put(&mut attributes);
    Attribute::Redriven(batch, names).put(&mut attributes);
    let (first, accepted) = (tail.position, records.len() as u64);
    tail.redriven(batch, accepted, records.bytes.len() as u64);
    let draft = Draft {
        kind: Kind::Records,
        attributes,
        records,
    };
    group.push(draft, tail);
    answer(first, accepted)
}

#[cfg(test)]
mod tests;
