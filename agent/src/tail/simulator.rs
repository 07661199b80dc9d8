//! A follower on a file system in memory, against a daemon in memory that applies rule 3, through
//! random histories: lines are written, files renamed, truncated and deleted; requests and replies
//! get lost; and the process is killed before any step.
//!
//! The oracle: every line that was written arrives once. What was truncated or deleted before it
//! was read may be missing, and nothing else; nothing ever arrives twice.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use standpipe_config::settings::agent::Flow;

use super::*;
use crate::daemon::lost;
use crate::disk::memory::{KILLED, Memory, kill_after};
use crate::progress::memory::Kept;

mod model;
mod programs;

pub(crate) use model::Daemon;

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
    /// Progress is lost, and nobody has asked the daemon yet.
    lost: bool,
    /// Files that were: they do not begin as they did when they were seen first.
    truncated: BTreeSet<(u64, i64)>,
    packed: usize,
}

pub(crate) fn flow(stream: &str, max_line: usize) -> Flow {
    Flow {
        max_line,
        ..Flow::new(vec!["/log/app.log*".into()], stream.parse().unwrap())
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
            lost: false,
            truncated: BTreeSet::new(),
            packed: 0,
        }
    }

    /// One stream, and room for everything.
    pub(crate) fn roomy() -> Self {
        let mut world = Self::new();
        world.flows = vec![flow("a", 1000)];
        world.daemons.truncate(1);
        world.rules = Rules {
            in_flight: 1 << 20,
            ..Rules::default()
        };
        world
    }

    /// Everything that there is now arrives.
    pub(crate) fn ship(&mut self) {
        self.follower().scan().unwrap();
        while self.exchange(0, Luck::Good) {}
        self.follower().commit().unwrap();
    }

    /// What is found out on the way arrives, too.
    pub(crate) fn ship_all(&mut self) {
        self.ship();
        self.ship();
    }

    pub(crate) fn follower(&mut self) -> &mut Follower {
        if self.follower.is_none() {
            let disk = Disk::Memory(self.memory.clone());
            let progress = self.kept.open();
            let flows = (compiled(&self.flows), self.flows.clone());
            let mut follower =
                Follower::compiled(AgentId([1; 16]), disk, progress, flows, self.rules);
            if self.lost {
                follower.rebuild(&self.held()).unwrap();
                self.lost = false;
            }
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

    /// The process dies, and its progress with it. The next one asks the daemon.
    pub(crate) fn lose_progress(&mut self) {
        self.follower = None;
        self.kept = Kept::default();
        self.lost = true;
    }

    fn held(&self) -> Vec<Entry> {
        let streams = self.flows.iter().zip(&self.daemons);
        let held = streams.flat_map(|(flow, daemon)| {
            let held = daemon.held().into_iter();
            held.map(|source| (flow.stream.clone(), source))
        });
        lost::entries(held.collect())
    }

    /// One request of a stream and its way there and back.
    pub(crate) fn exchange(&mut self, stream: usize, luck: Luck) -> bool {
        let Some(request) = self.follower().compose(stream).unwrap() else {
            return false;
        };
        assert_eq!(request.unsent, self.follower().unsent_of_all(stream));
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

    /// Compresses the rotated file.
    pub(crate) fn pack(&mut self) {
        let rotated = "/log/app.log.1";
        let key = self.memory.incarnation(rotated);
        // Nobody recognises a file by its beginning that was not seen with it.
        if !self.is_known(rotated) || key.is_some_and(|key| self.truncated.contains(&key)) {
            self.doom(rotated);
        }
        self.packed += 1;
        let packed = format!("/log/app.log.{}.gz", self.packed);
        self.memory.pack(rotated, &packed);
    }

    /// Whether progress knows a file for both streams.
    pub(crate) fn is_known(&self, path: &str) -> bool {
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
        self.truncated
            .extend(self.memory.incarnation("/log/app.log"));
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

/// The patterns of flows, which take longer to compile than most histories to play.
fn compiled(flows: &[Flow]) -> Discover {
    thread_local! {
        static COMPILED: RefCell<HashMap<String, Discover>> = RefCell::default();
    }
    let named = |flow: &Flow| format!("{:?} {:?} {:?};", flow.paths, flow.exclude, flow.watch);
    let name = flows.iter().map(named).collect();
    COMPILED.with_borrow_mut(|compiled| {
        let known = compiled.entry(name);
        known
            .or_insert_with(|| Discover::new(flows).unwrap())
            .clone()
    })
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Luck {
    Good,
    RequestLost,
    ReplyLost,
    Refused,
}

#[cfg(test)]
mod tests;
