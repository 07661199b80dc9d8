//! Records that pass a transform together: one buffer, and of each record what names it.
//!
//! A copy of what the journal was asked for: a hook that hangs holds no more than its portion.

use standpipe_config::names::{Arrival, Run};
use standpipe_config::records::Part;

use super::{RecordId, Row, Stage};

/// Records in the order of their positions.
#[derive(Clone, Debug, Default)]
pub struct Portion {
    bytes: Vec<u8>,
    heads: Vec<Head>,
}

/// A row without its bytes.
#[derive(Clone, Copy, Debug)]
struct Head {
    run: Run,
    position: u64,
    index: u32,
    arrival: Arrival,
    stage: Stage,
    part: Option<Part>,
    redriven: Option<RecordId>,
    /// Where its bytes end; they begin where its neighbour's end.
    end: usize,
}

impl Portion {
    /// Adds a record behind the others.
    pub fn push(&mut self, row: &Row<'_>) {
        self.bytes.extend_from_slice(row.bytes);
        self.heads.push(Head {
            run: row.run,
            position: row.position,
            index: row.index,
            arrival: row.arrival,
            stage: row.stage,
            part: row.part,
            redriven: row.redriven,
            end: self.bytes.len(),
        });
    }

    /// How many records these are.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of the records.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The form of the first record, which all share.
    pub fn stage(&self) -> Stage {
        self.heads
            .first()
            .map(|head| head.stage)
            .unwrap_or_default()
    }

    /// Position behind the last record; 0 if there is none.
    pub fn end(&self) -> u64 {
        self.heads.last().map_or(0, |head| head.position + 1)
    }

    /// The records in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut start = 0;
        self.heads.iter().map(move |head| {
            let bytes = &self.bytes[start..head.end];
            start = head.end;
            Row {
                run: head.run,
                position: head.position,
                index: head.index,
                arrival: head.arrival,
                stage: head.stage,
                part: head.part,
                redriven: head.redriven,
                bytes,
            }
        })
    }
}
