//! A program while it plays: the world, and beside it what was done to it.

use std::collections::BTreeSet;
use std::time::Duration;

use standpipe_config::names::SourceId;

use super::super::{Luck, World};
use super::ledger::Ledger;
use super::{Act, Kind};
use crate::disk::memory::kill_after;

/// Files that are written to, by number.
const LIVE: [&str; 2] = ["/log/app.log", "/log/app.log-b"];

/// A program while it plays.
pub(super) struct Stage {
    world: World,
    ledger: Ledger,
    kind: Kind,
    /// Numbers names that were not there before.
    names: usize,
    /// Sources whose marks the daemon forgot.
    forgotten: BTreeSet<SourceId>,
    /// Not every byte is told apart by what is counted: some may be read again, or nobody knows
    /// what was counted before.
    uncounted: bool,
    /// A kill was asked for.
    killed: bool,
    /// A process ended with a request under way.
    broken_off: bool,
    /// A file was copied.
    copied: bool,
    /// A file was truncated.
    truncated: bool,
}

impl Stage {
    pub(super) fn new(kind: Kind) -> Self {
        kill_after(None);
        let mut world = World::new();
        world.memory.hide_births(kind.birthless);
        if kind.watched {
            world.rules.most_open = 100;
        }
        Self {
            world,
            ledger: Ledger::default(),
            kind,
            names: 0,
            forgotten: BTreeSet::new(),
            uncounted: false,
            killed: false,
            broken_off: false,
            copied: false,
            truncated: false,
        }
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Write(file, length, end) => self.write(LIVE[file], length, end),
            Act::Rotate(file, keep) => self.rotate(LIVE[file], keep),
            Act::Copy(file, found) => self.copy(LIVE[file], found),
            Act::Truncate(file) => self.cut(LIVE[file], 0),
            Act::Cut(file, lines) => {
                self.uncounted = true;
                self.cut(LIVE[file], lines);
            }
            Act::Delete(file, true) => self.delete(&rotated(LIVE[file])),
            Act::Delete(file, false) => self.delete(LIVE[file]),
            Act::Pack(file) => self.pack(&rotated(LIVE[file])),
            Act::Lock(file, locked) => self.world.memory.lock(LIVE[file], locked),
            Act::Unmount(unmounted) => self.world.memory.unmount(unmounted),
            Act::Scan => self.scan(),
            Act::Exchange(stream, luck) => {
                self.broken_off |= matches!(luck, Luck::ReplyLost | Luck::RequestLost);
                self.world.run(|world| world.exchange(stream, luck));
            }
            Act::Wait(seconds) => self.world.memory.wait(Duration::from_secs(seconds)),
            Act::Commit => self.commit(),
            Act::Kill(steps) => {
                self.killed = true;
                kill_after(Some(steps));
            }
            Act::Forget => self.forget(),
            Act::Lose => self.lose(),
        }
    }

    fn scan(&mut self) {
        self.world.run(|world| world.follower().scan().unwrap());
    }

    fn commit(&mut self) {
        self.world.run(|world| world.follower().commit().unwrap());
    }

    /// Before something is taken away, a watched program has seen it.
    fn see(&mut self) {
        if self.kind.watched {
            self.scan();
        }
    }

    fn put(&mut self, name: &str, bytes: &[u8]) {
        self.world.memory.append(name, bytes);
        self.ledger.wrote(name, bytes);
    }

    fn write(&mut self, name: &str, length: usize, end: bool) {
        if self.kind.headers && !self.ledger.exists(name) {
            self.put(name, b"time,level,text\n");
        }
        let number = self.ledger.number();
        let mut bytes = match self.ledger.is_open(name) {
            true => Vec::new(),
            false => format!("{number:04}:").into_bytes(),
        };
        bytes.resize(bytes.len() + length, b'a' + (number % 26) as u8);
        if end {
            bytes.push(b'\n');
        }
        self.put(name, &bytes);
    }

    /// A writer ends its line before its file is taken away; who does not is for other tests.
    fn end_line(&mut self, name: &str) {
        if self.ledger.is_open(name) {
            self.put(name, b"\n");
        }
    }

    fn fresh(&mut self, what: &str) -> String {
        self.names += 1;
        format!("/log/{what}.{}", self.names)
    }

    /// Whether progress knows a file for both streams, so that it is found again under any name.
    fn is_known(&self, name: &str) -> bool {
        self.world.is_known(name)
    }

    fn rotate(&mut self, name: &str, keep: bool) {
        if !self.ledger.exists(name) {
            return;
        }
        self.end_line(name);
        self.see();
        let to = rotated(name);
        if keep && self.ledger.exists(&to) {
            // Nobody finds a file that left its pattern before it was ever seen, or whose source may go
            // on in a copy.
            let copied = self.copied && self.ledger.was_truncated(&to);
            if copied || !self.is_known(&to) {
                self.ledger.doom(&to);
            }
            let out = self.fresh("out");
            self.world.memory.rename(&to, &out);
            self.ledger.renamed(&to, &out);
        }
        self.world.memory.rename(name, &to);
        self.ledger.renamed(name, &to);
        self.see();
    }

    fn copy(&mut self, name: &str, found: bool) {
        let Some(content) = self.world.memory.content(name) else {
            return;
        };
        (self.uncounted, self.copied) = (true, true);
        self.end_line(name);
        let to = self.fresh(if found { "app.log.copy" } else { "copy" });
        let content = self.world.memory.content(name).unwrap_or(content);
        self.world.memory.append(&to, &content);
        self.ledger.copied(name, &to, found);
    }

    fn cut(&mut self, name: &str, lines: usize) {
        if !self.ledger.exists(name) {
            return;
        }
        self.end_line(name);
        self.see();
        self.truncated = true;
        let lines = lines.min(self.ledger.lines(name));
        self.world
            .memory
            .truncate(name, self.ledger.size(name, lines));
        self.ledger.truncated(name, lines);
        self.see();
    }

    fn delete(&mut self, name: &str) {
        if !self.ledger.exists(name) {
            return;
        }
        self.end_line(name);
        self.see();
        self.world.memory.delete(name);
        self.ledger.deleted(name);
        self.see();
    }

    fn pack(&mut self, name: &str) {
        if !self.ledger.exists(name) {
            return;
        }
        // Nobody recognises a file by its beginning that was not seen with it. Without births a
        // file is known by that of the one that had its inode before.
        self.uncounted |= self.kind.birthless;
        let unknown = !self.is_known(name) || self.kind.birthless;
        if unknown || self.ledger.was_truncated(name) {
            self.ledger.doom(name);
        }
        let packed = self.fresh("app.log.packed") + ".gz";
        self.world.memory.pack(name, &packed);
        self.ledger.packed(name);
    }

    /// A daemon forgets what its agent has told it about, and what it need not know.
    fn forget(&mut self) {
        self.commit();
        if self.world.follower.is_none() {
            return;
        }
        let state = self.world.kept.open();
        for (id, source) in &state.state().sources {
            for (stream, daemon) in self.world.daemons.iter_mut().enumerate() {
                let name = &self.world.flows[stream].stream;
                let durable = source.streams.get(name).map(|s| s.place.at());
                let mark = daemon.marks.get(id).map(|m| (m.epoch, m.offset));
                if mark.is_some() && mark == durable {
                    daemon.marks.remove(id);
                    self.forgotten.insert(*id);
                }
            }
        }
    }

    fn lose(&mut self) {
        // What was forgotten on both sides is known to nobody.
        if !self.forgotten.is_empty() {
            return;
        }
        self.uncounted = true;
        self.ledger
            .forgotten(|name| name.starts_with("/log/app.log"));
        self.world.lose_progress();
    }

    /// Everything goes well from now on.
    pub(super) fn settle(&mut self) {
        kill_after(None);
        LIVE.iter().for_each(|name| self.end_line(name));
        self.world.memory.unmount(false);
        LIVE.iter()
            .for_each(|name| self.world.memory.lock(name, false));
        let mut idle = 0;
        for round in 0..40 {
            self.world.memory.wait(Duration::from_secs(31));
            self.world.follower().scan().unwrap();
            let sent = self.exchange_all();
            self.world.follower().commit().unwrap();
            // What is looked for in vain is given up in the next round only.
            idle = if sent { 0 } else { idle + 1 };
            if round > 2 && idle > 2 {
                break;
            }
        }
        assert!(self.world.follower().is_drained());
    }

    /// Whether there was anything to send.
    fn exchange_all(&mut self) -> bool {
        let mut rounds = 0;
        for stream in 0..self.world.daemons.len() {
            while self.world.exchange(stream, Luck::Good) {
                rounds += 1;
                assert!(rounds < 10_000, "it never ends");
            }
        }
        rounds > 0
    }

    /// What is acknowledged here was acknowledged there.
    pub(super) fn check_progress(&self) -> Result<(), String> {
        let Some(follower) = &self.world.follower else {
            return Ok(());
        };
        for (id, source) in &follower.progress.state().sources {
            for (name, standing) in source.streams.iter() {
                let stream = self.world.flows.iter().position(|f| f.stream == *name);
                let daemon = stream.and_then(|stream| self.world.daemons.get(stream));
                let mark = daemon.and_then(|daemon| daemon.marks.get(id));
                let there = mark.map(|mark| (mark.epoch, mark.offset));
                let here = standing.place;
                // The rest of a file that was copied begins behind what another source delivers.
                let begun = there.is_some() || standing.counts.delivered > 0;
                let ahead = begun && here.offset > 0 && there.is_none_or(|there| there < here.at());
                if ahead && !self.forgotten.contains(id) {
                    return Err(format!("progress says {here:?}, the daemon {there:?}"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn check(&mut self) -> Result<(), String> {
        let written = self.ledger.written() as u64;
        let status = self.world.follower().status();
        for (stream, daemon) in self.world.daemons.iter().enumerate() {
            // Of a log that was sent just before a kill, and begins as all that is known of another one
            // that was truncated, nobody can tell whether it is that one's copy.
            let interrupted = self.truncated && (self.killed || self.broken_off);
            let bounded = !(self.kind.headers && interrupted);
            self.ledger.check(&daemon.lines(), bounded)?;
            let name = self.world.flows[stream].stream.to_string();
            let of_stream = || status.sources.iter().filter(|s| s.stream == name);
            let gone: u64 = of_stream().map(|source| source.bytes.gone).sum();
            let delivered: u64 = of_stream().map(|source| source.bytes.delivered).sum();
            let arrived: u64 = daemon.text.values().map(|text| text.len() as u64).sum();
            let said = format!(
                "{name}: {written} written, {arrived} arrived, {delivered} counted as delivered, {gone} as gone"
            );
            // What was delivered just before a kill and not remembered may count as gone, where its
            // file was truncated meanwhile.
            let exact = !self.uncounted && !interrupted;
            let wrong = exact && (delivered != arrived || arrived + gone > written);
            if wrong || (self.kind.watched && arrived + gone != written) {
                return Err(said);
            }
        }
        Ok(())
    }
}

fn rotated(name: &str) -> String {
    format!("{name}.1")
}
