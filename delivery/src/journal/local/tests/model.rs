//! The journal against a model: whatever is done, and wherever it is killed, what was acknowledged
//! is there once, in order, and nothing else is.

use std::collections::HashMap;

use proptest::prelude::*;
use standpipe_config::frame::{Frame, Outcome, Range};
use standpipe_config::names::SourceId;

use super::super::super::marks::{Decision, decide};
use super::super::super::vocabulary::serve;
use super::super::super::{birth, writer};
use super::*;

/// What may happen to a journal.
#[derive(Clone, Debug)]
enum Step {
    /// Text requests that wait together.
    Text(Vec<Vec<u16>>),
    /// One request of frames: source, how its start lies to the mark, its length, records.
    Frames(Vec<(u8, i64, u64, Vec<u16>)>),
    /// The same key again and again.
    Keyed(u8, Vec<u16>),
    /// Stopped, with a rest entry.
    Stop,
    /// Killed, and what a group in flight left behind: its bytes up to this share of them.
    Kill(Option<(Vec<u16>, u8)>),
    /// Forgets up to this share of what is there.
    Release(u8),
    /// Reads from this share of what is there.
    Read(u8, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let lengths = || proptest::collection::vec(0u16..6000, 0..6);
    let frame = (0u8..3, -30i64..31, 0u64..40, lengths());
    prop_oneof![
        4 => proptest::collection::vec(lengths(), 1..4).prop_map(Step::Text),
        4 => proptest::collection::vec(frame, 1..4).prop_map(Step::Frames),
        1 => (0u8..3, lengths()).prop_map(|(key, lengths)| Step::Keyed(key, lengths)),
        1 => Just(Step::Stop),
        2 => proptest::option::of((lengths(), any::<u8>())).prop_map(Step::Kill),
        1 => any::<u8>().prop_map(Step::Release),
        2 => (any::<u8>(), any::<u16>()).prop_map(|(from, budget)| Step::Read(from, budget)),
    ]
}

/// What the journal should hold, and the journal.
struct Model {
    folder: tempfile::TempDir,
    writer: Option<writer::Writer>,
    /// All records ever accepted.
    records: Vec<Vec<u8>>,
    marks: HashMap<SourceId, standpipe_config::frame::Mark>,
    keys: HashMap<String, (u64, u64)>,
    sealed: u64,
    /// Makes every record different.
    made: u64,
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            folder: tempfile::tempdir().expect("a folder"),
            writer: None,
            records: Vec::new(),
            marks: HashMap::new(),
            keys: HashMap::new(),
            sealed: 0,
            made: 0,
        };
        model.open();
        model
    }

    fn open(&mut self) {
        let first = segments(self.folder.path()).is_empty();
        let options = Options {
            sealed: (!first).then_some(self.sealed),
            ..options(self.folder.path())
        };
        self.writer = Some(birth::open(self.folder.path(), &options).expect("opens"));
    }

    fn writer(&mut self) -> &mut writer::Writer {
        self.writer.as_mut().expect("open")
    }

    fn make(&mut self, lengths: &[u16]) -> Vec<Vec<u8>> {
        let mut make = |length: &u16| {
            self.made += 1;
            let mut record = self.made.to_string().into_bytes();
            record.resize(record.len().max(*length as usize), b'.');
            record
        };
        lengths.iter().map(&mut make).collect()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Text(requests) => self.text(&requests),
            Step::Frames(list) => self.frames(&list),
            Step::Keyed(key, lengths) => self.keyed(key, &lengths),
            Step::Stop => {
                serve(self.writer(), vec![], true);
                self.writer = None;
                self.open();
            }
            Step::Kill(in_flight) => self.kill(in_flight),
            Step::Release(share) => {
                let end = self.records.len() as u64;
                self.sealed += (end - self.sealed) * u64::from(share) / 255;
                let sealed = self.sealed;
                self.writer().release(sealed).expect("released");
            }
            Step::Read(from, budget) => {
                let waiting = self.records.len() as u64 - self.sealed;
                self.read(
                    self.sealed + waiting * u64::from(from) / 255,
                    budget as usize,
                );
            }
        }
        self.check();
    }

    fn text(&mut self, requests: &[Vec<u16>]) {
        let made: Vec<_> = requests.iter().map(|r| self.make(r)).collect();
        let appends = made.iter().map(|records| text_of(records)).collect();
        let answers = serve(self.writer(), appends, false);
        for (records, answer) in made.into_iter().zip(answers) {
            let answer = answer.expect("stored");
            assert_eq!(answer.first_position, self.records.len() as u64);
            assert_eq!(answer.accepted, records.len() as u64);
            self.records.extend(records);
        }
    }

    fn keyed(&mut self, key: u8, lengths: &[u16]) {
        let records = self.make(lengths);
        let append = Append {
            idempotency_key: Some(key.to_string()),
            ..text_of(&records)
        };
        let answer = serve(self.writer(), vec![append], false)
            .remove(0)
            .expect("answered");
        let reply = (self.records.len() as u64, records.len() as u64);
        let known = *self.keys.entry(key.to_string()).or_insert_with(|| {
            self.records.extend(records);
            reply
        });
        assert_eq!((answer.first_position, answer.accepted), known);
    }

    fn frames(&mut self, list: &[(u8, i64, u64, Vec<u16>)]) {
        let mut expected = Vec::new();
        let mut frames = Vec::new();
        for (number, shift, length, lengths) in list {
            let records = self.make(lengths);
            let mark = self.marks.get(&source(*number)).copied();
            let start = mark
                .map_or(0, |m| m.offset)
                .saturating_add_signed(*shift / 10);
            let range = range(source(*number), 0, start, start + length);
            let decision = decide(mark.as_ref(), &range, records.len());
            frames.push(Frame::Records(range, built(&records)));
            if decision == Decision::Store {
                self.records.extend(records);
                self.marks.insert(range.source, mark_of(&range));
            }
            let outcome = match decision {
                Decision::Store => Outcome::Stored,
                Decision::Held => Outcome::Held,
                Decision::Expected => Outcome::Expected,
            };
            expected.push((outcome, self.marks.get(&range.source).copied()));
        }
        let append = super::super::super::vocabulary::frames(frames);
        let answer = serve(self.writer(), vec![append], false)
            .remove(0)
            .expect("answered");
        assert_eq!(answer.answers, expected);
    }

    /// Kills the journal. A group in flight leaves a part of its bytes: nobody was told, so any
    /// whole entries of it may be there, and nothing of the rest.
    fn kill(&mut self, in_flight: Option<(Vec<u16>, u8)>) {
        let Some((lengths, share)) = in_flight else {
            self.writer = None;
            return self.open();
        };
        let records = self.make(&lengths);
        let writer = self.writer();
        let (path, synced) = (writer.active.path.clone(), writer.at as usize);
        let fits = writer.active.id;
        serve(writer, vec![text_of(&records)], false);
        let (same, end) = (writer.active.id == fits, writer.at as usize);
        self.writer = None;
        if same {
            let kept = synced + (end - synced) * share as usize / 255;
            change(&path, |bytes| bytes[kept..end].fill(0));
        }
        self.open();
        let whole = self.writer().synced.position > self.records.len() as u64;
        if whole || records.is_empty() {
            self.records.extend(records);
        } else {
            assert!(same && share < 255, "what was synced is there");
        }
    }

    fn read(&mut self, from: u64, budget: usize) {
        let mut at = from as usize;
        while at < self.records.len() {
            let shared = Arc::clone(&self.writer().shared);
            let chunk = reader::read(&shared, at as u64, budget).expect("reads");
            for row in chunk.rows() {
                assert_eq!(
                    (row.position, row.bytes),
                    (at as u64, &self.records[at][..])
                );
                at += 1;
            }
        }
    }

    /// The books, and what is held of sources.
    fn check(&mut self) {
        let shared = Arc::clone(&self.writer().shared);
        let totals = shared.totals();
        let bytes = |records: &[Vec<u8>]| records.iter().map(|r| r.len() as u64).sum::<u64>();
        assert_eq!(totals.accepted_records, self.records.len() as u64);
        assert_eq!(totals.accepted_bytes, bytes(&self.records));
        let waits = &self.records[self.sealed as usize..];
        let waiting = reader::waiting(&shared, self.sealed);
        assert_eq!(
            (waiting.records, waiting.bytes),
            (waits.len() as u64, bytes(waits))
        );
        let held: HashMap<_, _> = shared
            .sources(AGENT)
            .into_iter()
            .map(|held| (held.mark.source, held.mark))
            .collect();
        assert_eq!(held, self.marks);
    }
}

fn built(made: &[Vec<u8>]) -> standpipe_config::records::Records {
    let mut builder = standpipe_config::records::Builder::default();
    made.iter().for_each(|record| builder.push_plain(record));
    builder.finish()
}

fn text_of(made: &[Vec<u8>]) -> Append {
    Append {
        content: super::super::super::Content::Text(built(made)),
        ..text(&[])
    }
}

fn mark_of(range: &Range) -> standpipe_config::frame::Mark {
    mark(range.source, range.epoch, range.end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_is_done_what_was_acknowledged_is_there_once_in_order(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let mut model = Model::new();
        steps.into_iter().for_each(|step| model.take(step));
        model.take(Step::Kill(None));
        model.read(model.sealed, 10_000);
    }
}
