//! A follower on a file system in memory, against a daemon in memory that applies rule 3, through
//! random histories: lines are written, files renamed, truncated and deleted; requests and replies
//! get lost; and the process is killed before any step.
//!
//! The oracle: every line that was written arrives once. What was truncated or deleted before it
//! was read may be missing, and nothing else; nothing ever arrives twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use standpipe_config::frame::{
    Answer, Evidence, Frame, HeldSource, Mark, Outcome, Range, Reply, decode,
};
use standpipe_config::records::Records;
use standpipe_config::settings::agent::{Flow, Parse, Start};

use super::*;
use crate::disk::memory::{KILLED, Memory, kill_after};
use crate::progress::memory::Kept;

/// A daemon's stream: rule 3 and nothing else.
#[derive(Clone, Default)]
pub(crate) struct Daemon {
    pub(crate) marks: HashMap<SourceId, Mark>,
    /// What arrived, per source and epoch, as it stood in the file.
    pub(crate) text: BTreeMap<(SourceId, u64), Vec<u8>>,
    pub(crate) gaps: Vec<(Range, standpipe_config::frame::GapReason)>,
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
            Some(mark) if mark.epoch > range.epoch => Outcome::Held,
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
            let last = record.part.is_none_or(|part| part.last);
            if last && !record.unterminated {
                text.push(b'\n');
            } else if !last {
                let open = (number + 1, bytes + record.bytes.len());
                self.open_lines.insert(here, open);
            }
        }
        let raw = (range.end - range.start) as usize;
        assert_eq!(text.len() - before, raw, "a range is its records");
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

/// Everything: files, progress, daemons, and the follower while it lives.
pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) kept: Kept,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) rules: Rules,
    pub(crate) flows: Vec<Flow>,
    pub(crate) follower: Option<Follower>,
    pub(crate) kills: usize,
    number: usize,
    rotations: usize,
    /// The line that is being written, without its end.
    open: Vec<u8>,
    written: BTreeSet<Vec<u8>>,
    /// Lines that were truncated or deleted.
    mortal: BTreeSet<Vec<u8>>,
}

pub(crate) fn flow(stream: &str, max_line: usize) -> Flow {
    Flow {
        paths: vec!["/log/app.log*".into()],
        exclude: Vec::new(),
        stream: stream.parse().unwrap(),
        start: Start::Beginning,
        parse: Parse::None,
        max_line,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let rules = Rules {
            in_flight: 4096,
            most_open: 4,
            ..Rules::default()
        };
        Self {
            memory: Memory::default(),
            kept: Kept::default(),
            daemons: vec![Daemon::default(), Daemon::default()],
            rules,
            flows: vec![flow("a", 40), flow("b", 1000)],
            follower: None,
            kills: 0,
            number: 0,
            rotations: 0,
            open: Vec::new(),
            written: BTreeSet::new(),
            mortal: BTreeSet::new(),
        }
    }

    pub(crate) fn follower(&mut self) -> &mut Follower {
        if self.follower.is_none() {
            let disk = Disk::Memory(self.memory.clone());
            let progress = self.kept.open();
            let agent = AgentId([1; 16]);
            let follower =
                Follower::new(agent, disk, progress, self.flows.clone(), self.rules).unwrap();
            self.follower = Some(follower);
        }
        self.follower.as_mut().unwrap()
    }

    /// Does something with the follower, which may be killed on the way.
    pub(crate) fn run<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(|| act(self))) {
            Ok(done) => Some(done),
            Err(why) if why.downcast_ref::<&str>() == Some(&KILLED) => {
                self.kills += 1;
                self.follower = None;
                None
            }
            Err(other) => std::panic::resume_unwind(other),
        }
    }

    /// One request of a stream and its way there and back.
    pub(crate) fn exchange(&mut self, stream: usize, luck: Luck) -> bool {
        let Some(request) = self.follower().compose(stream).unwrap() else {
            return false;
        };
        if luck == Luck::Refused {
            self.follower().refused(stream);
            return true;
        }
        if luck == Luck::RequestLost {
            // The process dies before it tries again; a living one sends the same bytes.
            self.follower = None;
            return true;
        }
        // A second one is prepared meanwhile.
        let second = self.follower().compose(stream).unwrap();
        let reply = self.daemons[stream].take(request.body);
        if luck == Luck::ReplyLost {
            self.follower = None;
            return true;
        }
        let settled = self
            .follower()
            .answered(stream, request.id, &reply)
            .unwrap();
        if let Some(second) = second.filter(|second| second.generation == settled.generation) {
            let reply = self.daemons[stream].take(second.body);
            self.follower().answered(stream, second.id, &reply).unwrap();
        }
        true
    }

    pub(crate) fn append(&mut self, length: usize, end: bool) {
        if self.open.is_empty() {
            self.open = format!("{:06}:", self.number).into_bytes();
            self.number += 1;
        }
        let mut bytes = if self.open.len() == 7 {
            self.open.clone()
        } else {
            Vec::new()
        };
        let filler = (b'a' + (self.number % 26) as u8) as char;
        let text = filler.to_string().repeat(length.max(1));
        bytes.extend_from_slice(text.as_bytes());
        self.open.extend_from_slice(text.as_bytes());
        if end {
            bytes.push(b'\n');
            let mut line = std::mem::take(&mut self.open);
            line.push(b'\n');
            self.written.insert(line);
        }
        self.memory.append("/log/app.log", &bytes);
    }

    /// A writer ends its line before its file is rotated; who does not is for other tests.
    pub(crate) fn end_line(&mut self) {
        if !self.open.is_empty() {
            self.append(1, true);
        }
    }

    pub(crate) fn rotate(&mut self) {
        self.end_line();
        // Nobody finds a file that left its pattern before it was ever seen.
        if !self.is_known("/log/app.log.1") {
            self.doom("/log/app.log.1");
        }
        self.rotations += 1;
        self.memory
            .rename("/log/app.log.1", &format!("/log/out.{}", self.rotations));
        self.memory.rename("/log/app.log", "/log/app.log.1");
    }

    /// Whether progress knows a file for both streams.
    fn is_known(&self, path: &str) -> bool {
        let key = self.memory.incarnation(path);
        let progress = self.kept.open();
        let mut sources = progress.state().sources.values();
        sources.any(|s| Some(s.incarnation.key()) == key && s.streams.len() == 2)
    }

    fn doom(&mut self, path: &str) {
        let content = self.memory.content(path).unwrap_or_default();
        let lines = content.split_inclusive(|b| *b == b'\n');
        self.mortal.extend(lines.map(<[u8]>::to_vec));
    }

    pub(crate) fn truncate(&mut self) {
        self.end_line();
        self.doom("/log/app.log");
        self.memory.truncate("/log/app.log", 0);
    }

    pub(crate) fn delete(&mut self, path: &str) {
        if path == "/log/app.log" {
            self.end_line();
        }
        self.doom(path);
        self.memory.delete(path);
    }

    /// Everything goes well from now on, until there is nothing left to do.
    pub(crate) fn settle(&mut self) {
        kill_after(None);
        self.end_line();
        for _ in 0..12 {
            self.memory.wait(Duration::from_secs(31));
            self.follower().scan().unwrap();
            for stream in 0..self.daemons.len() {
                let mut rounds = 0;
                while self.exchange(stream, Luck::Good) {
                    rounds += 1;
                    assert!(rounds < 10_000, "it never ends");
                }
            }
            self.follower().commit().unwrap();
        }
        assert!(self.follower().is_drained());
    }

    pub(crate) fn check(&self) {
        for daemon in &self.daemons {
            let lines = daemon.lines();
            for (line, times) in &lines {
                let line = String::from_utf8_lossy(line);
                assert_eq!(*times, 1, "arrived more than once: {line}");
            }
            for line in &self.written {
                assert!(
                    lines.contains_key(line) || self.mortal.contains(line),
                    "lost: {}",
                    String::from_utf8_lossy(line)
                );
            }
            assert!(lines.keys().all(|line| self.written.contains(line)));
        }
    }
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Luck {
    Good,
    RequestLost,
    ReplyLost,
    Refused,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Append(usize, bool),
    Rotate,
    Truncate,
    Delete(bool),
    Scan,
    Exchange(usize, Luck),
    Wait(u64),
    Commit,
    Kill(u64),
}

fn act(world: &mut World, act: Act) {
    match act {
        Act::Append(length, end) => world.append(length, end),
        Act::Rotate => world.rotate(),
        Act::Truncate => world.truncate(),
        Act::Delete(rotated) => {
            world.delete(if rotated {
                "/log/app.log.1"
            } else {
                "/log/app.log"
            });
        }
        Act::Wait(seconds) => world.memory.wait(Duration::from_secs(seconds)),
        Act::Kill(steps) => kill_after(Some(steps)),
        Act::Scan => drop(world.run(|world| world.follower().scan().unwrap())),
        Act::Commit => drop(world.run(|world| world.follower().commit().unwrap())),
        Act::Exchange(stream, luck) => {
            world.run(|world| world.exchange(stream, luck));
        }
    }
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Good),
        1 => Just(Luck::RequestLost),
        2 => Just(Luck::ReplyLost),
        1 => Just(Luck::Refused),
    ]
}

/// Histories in which nothing may be lost at all.
fn kind_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..60usize, any::<bool>()).prop_map(|(length, end)| Act::Append(length, end)),
        1 => (1000..4000usize, any::<bool>()).prop_map(|(length, end)| Act::Append(length, end)),
        2 => Just(Act::Rotate),
        5 => Just(Act::Scan),
        8 => (0..2usize, luck()).prop_map(|(stream, luck)| Act::Exchange(stream, luck)),
        1 => (0..40u64).prop_map(Act::Wait),
        1 => Just(Act::Commit),
        2 => (0..40u64).prop_map(Act::Kill),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => kind_act(),
        1 => Just(Act::Truncate),
        1 => any::<bool>().prop_map(Act::Delete),
    ]
}

fn play(acts: &[Act]) -> World {
    kill_after(None);
    let mut world = World::new();
    for step in acts {
        act(&mut world, *step);
    }
    world.settle();
    world.check();
    world
}

proptest! {
    #[test]
    fn renames_kills_and_lost_replies_lose_nothing_and_repeat_nothing(
        acts in proptest::collection::vec(kind_act(), 1..80)
    ) {
        let world = play(&acts);
        for daemon in &world.daemons {
            prop_assert!(daemon.gaps.is_empty(), "{:?}", daemon.gaps);
        }
    }

    #[test]
    fn only_what_was_truncated_or_deleted_is_lost_and_nothing_is_repeated(
        acts in proptest::collection::vec(any_act(), 1..80)
    ) {
        play(&acts);
    }
}

/// One history, with the kill at every step of it in turn.
#[test]
fn a_kill_at_every_step_of_a_rotation_changes_nothing() {
    let mut last = 0;
    for steps in 0.. {
        kill_after(None);
        let mut world = World::new();
        for number in 0..6 {
            world.append(20 + 300 * number, true);
        }
        act(&mut world, Act::Kill(steps));
        for step in [
            Act::Scan,
            Act::Exchange(0, Luck::Good),
            Act::Rotate,
            Act::Append(30, true),
            Act::Scan,
            Act::Exchange(0, Luck::Good),
            Act::Exchange(1, Luck::Good),
            Act::Rotate,
            Act::Append(10, true),
            Act::Commit,
            Act::Wait(31),
            Act::Scan,
            Act::Exchange(0, Luck::Good),
            Act::Exchange(1, Luck::Good),
            Act::Commit,
        ] {
            act(&mut world, step);
        }
        let killed = world.kills;
        world.settle();
        world.check();
        if killed == 0 {
            last = steps;
            break;
        }
    }
    assert!(last > 50, "only {last} steps");
}
