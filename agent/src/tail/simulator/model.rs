//! A daemon in memory: rule 3, and an oracle for what arrives.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use standpipe_config::frame::{
    Answer, Evidence, Frame, GapReason, HeldSource, Mark, Outcome, Range, Reply, decode,
};
use standpipe_config::names::SourceId;
use standpipe_config::records::Records;

/// A daemon's stream: rule 3 and nothing else.
#[derive(Clone, Default)]
pub(crate) struct Daemon {
    pub(crate) marks: HashMap<SourceId, Mark>,
    /// What arrived, per source and epoch, as it stood in the file.
    pub(crate) text: BTreeMap<(SourceId, u64), Vec<u8>>,
    /// The same, record by record.
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) gaps: Vec<(Range, GapReason)>,
    /// Records are not the bytes of their ranges, but something made of them.
    pub(crate) shaped: bool,
    pub(crate) finals: BTreeSet<SourceId>,
    pub(crate) identified: BTreeMap<SourceId, Evidence>,
    /// Lines of which the last part has not come: number of the next part, and bytes so far.
    open_lines: HashMap<(SourceId, u64), (u32, usize)>,
}

impl Daemon {
    pub(crate) fn take(&mut self, body: Vec<u8>) -> Reply {
        let frames = decode(body.into()).unwrap().frames;
        let answers = frames.iter().map(|frame| self.answer(frame)).collect();
        Reply { answers }
    }

    fn answer(&mut self, frame: &Frame) -> Answer {
        match frame {
            Frame::Records(range, records) => {
                assert!(self.identified.contains_key(&range.source), "rule 6");
                let answer = self.range(range);
                if answer.outcome == Outcome::Stored {
                    self.store(range, records);
                }
                return answer;
            }
            Frame::Gap(range, reason) => {
                let answer = self.range(range);
                if answer.outcome == Outcome::Stored {
                    self.gaps.push((*range, *reason));
                }
                return answer;
            }
            Frame::Identify(evidence) => {
                self.identified.insert(evidence.source, evidence.clone());
            }
            Frame::Final { source, .. } => {
                self.finals.insert(*source);
            }
            Frame::Live(_) => {}
        }
        Answer {
            outcome: Outcome::Noted,
            mark: None,
        }
    }

    fn range(&mut self, range: &Range) -> Answer {
        let known = self.marks.get(&range.source).copied();
        let here = known.filter(|mark| mark.epoch >= range.epoch);
        let outcome = match here {
            Some(mark) if mark.epoch > range.epoch => Outcome::Expected,
            Some(mark) if range.start == mark.offset => Outcome::Stored,
            Some(mark) if range.end <= mark.offset => Outcome::Held,
            None if range.start == range.committed => Outcome::Stored,
            _ => Outcome::Expected,
        };
        if outcome == Outcome::Stored {
            let mark = Mark {
                source: range.source,
                epoch: range.epoch,
                offset: range.end,
                tail: range.tail,
            };
            self.marks.insert(range.source, mark);
        }
        Answer {
            outcome,
            mark: self.marks.get(&range.source).copied(),
        }
    }

    fn store(&mut self, range: &Range, records: &Records) {
        let text = self.text.entry((range.source, range.epoch)).or_default();
        let before = text.len();
        let here = (range.source, range.epoch);
        for (source, (_, bytes)) in &self.open_lines {
            // Only a line longer than a frame is not sent in one.
            assert!(
                *source == here || *bytes > 1500,
                "something comes between the parts of a line"
            );
        }
        for record in records.iter() {
            let number = record.part.map_or(0, |part| part.number);
            let (expected, bytes) = self.open_lines.remove(&here).unwrap_or_default();
            assert_eq!(number, expected, "parts are counted");
            text.extend_from_slice(record.bytes);
            self.records.push(record.bytes.to_vec());
            let last = record.part.is_none_or(|part| part.last);
            if last && !record.unterminated {
                text.push(b'\n');
            } else if !last {
                let open = (number + 1, bytes + record.bytes.len());
                self.open_lines.insert(here, open);
            }
        }
        let raw = (range.end - range.start) as usize;
        let same = text.len() - before == raw;
        assert!(same || self.shaped, "a range is its records");
    }

    /// What it would tell an agent that lost its progress (rule 6).
    pub(crate) fn held(&self) -> Vec<HeldSource> {
        let held = |mark: &Mark| HeldSource {
            mark: *mark,
            is_final: self.finals.contains(&mark.source),
            evidence: self.identified.get(&mark.source).cloned(),
        };
        self.marks.values().map(held).collect()
    }

    /// Whole lines that arrived, each with how often.
    pub(crate) fn lines(&self) -> BTreeMap<Vec<u8>, usize> {
        let mut lines = BTreeMap::new();
        for text in self.text.values() {
            let whole = text.split_inclusive(|b| *b == b'\n');
            for line in whole.filter(|line| line.ends_with(b"\n")) {
                *lines.entry(line.to_vec()).or_default() += 1;
            }
        }
        lines
    }
}
