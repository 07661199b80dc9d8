//! Writing a message: the agent's side.

use super::{Evidence, FRAME_HEADER, Frame, GapReason, HEADER, MAGIC, Range, Tail, VERSION};
use crate::names::{AgentId, SourceId};
use crate::records::{Note, Records};

/// Collects frames into one request body.
#[derive(Debug)]
pub struct Encoder {
    body: Vec<u8>,
    frames: usize,
}

impl Encoder {
    /// An empty message of this agent.
    pub fn new(agent: AgentId) -> Self {
        Self::reusing(agent, Vec::with_capacity(HEADER))
    }

    /// An empty message of this agent, which fills the memory of one before.
    pub fn reusing(agent: AgentId, mut body: Vec<u8>) -> Self {
        body.clear();
        body.extend_from_slice(&MAGIC);
        body.extend_from_slice(&VERSION.to_le_bytes());
        body.extend_from_slice(&[0; 2]);
        body.extend_from_slice(&agent.0);
        Self { body, frames: 0 }
    }

    /// Adds a frame.
    pub fn push(&mut self, frame: &Frame) {
        let start = self.body.len();
        self.body.extend_from_slice(&[0; FRAME_HEADER]);
        let kind = match frame {
            Frame::Records(range, records) => {
                self.range(range);
                self.records(records);
                1
            }
            Frame::Gap(range, reason) => {
                self.range(range);
                self.body.push(gap_code(*reason));
                2
            }
            Frame::Identify(evidence) => {
                self.evidence(evidence);
                3
            }
            Frame::Final {
                source,
                epoch,
                offset,
            } => {
                self.body.extend_from_slice(&source.0);
                self.body.extend_from_slice(&epoch.to_le_bytes());
                self.body.extend_from_slice(&offset.to_le_bytes());
                4
            }
            Frame::Live(sources) => {
                self.live(sources);
                5
            }
        };
        self.seal(start, kind);
    }

    /// Bytes of the body so far.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The body, not yet compressed.
    pub fn finish(self) -> Vec<u8> {
        self.body
    }

    fn seal(&mut self, start: usize, kind: u8) {
        let payload = start + FRAME_HEADER;
        let length = (self.body.len() - payload) as u32;
        let crc = crc32fast::hash(&self.body[payload..]);
        self.body[start] = kind;
        self.body[start + 4..payload].copy_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&crc.to_le_bytes());
        self.frames += 1;
    }

    fn range(&mut self, range: &Range) {
        self.body.extend_from_slice(&range.source.0);
        for number in [range.epoch, range.start, range.end, range.committed] {
            self.body.extend_from_slice(&number.to_le_bytes());
        }
        // A tail of length 0 at offset 0 is real; only a missing one has no length at all.
        let (known, length, hash) = match &range.tail {
            Some(Tail { length, hash }) => (1, *length, hash.0),
            None => (0, 0, [0; 16]),
        };
        self.body.push(known);
        self.body.push(0);
        self.body.extend_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&hash);
    }

    fn records(&mut self, records: &Records) {
        let count = records.ends.len() as u32;
        let notes = records.notes.len() as u32;
        self.body.extend_from_slice(&count.to_le_bytes());
        self.body.extend_from_slice(&notes.to_le_bytes());
        for end in &records.ends {
            self.body.extend_from_slice(&end.to_le_bytes());
        }
        for note in &records.notes {
            self.note(note);
        }
        self.body.extend_from_slice(&records.bytes);
    }

    fn note(&mut self, note: &Note) {
        let part = note.part;
        let flags = u8::from(part.is_some())
            | u8::from(part.is_some_and(|p| p.last)) << 1
            | u8::from(note.unterminated) << 2;
        self.body.extend_from_slice(&note.record.to_le_bytes());
        self.body
            .extend_from_slice(&part.map_or(0, |p| p.number).to_le_bytes());
        self.body.extend_from_slice(&[flags, 0, 0, 0]);
    }

    fn evidence(&mut self, evidence: &Evidence) {
        self.body.extend_from_slice(&evidence.source.0);
        for number in [evidence.device, evidence.inode, evidence.generation] {
            self.body.extend_from_slice(&number.to_le_bytes());
        }
        self.body.extend_from_slice(&evidence.birth.to_le_bytes());
        self.body
            .extend_from_slice(&evidence.prefix_length.to_le_bytes());
        self.body.extend_from_slice(&evidence.prefix.0);
        self.body.extend_from_slice(evidence.path.as_bytes());
    }

    fn live(&mut self, sources: &[SourceId]) {
        for source in sources {
            self.body.extend_from_slice(&source.0);
        }
    }
}

fn gap_code(reason: GapReason) -> u8 {
    match reason {
        GapReason::Truncated => 1,
        GapReason::Deleted => 2,
        GapReason::Hole => 3,
        GapReason::Excluded => 4,
        GapReason::Unreadable => 5,
    }
}
