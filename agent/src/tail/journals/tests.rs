//! A real journal, read through the real `journalctl`, against a daemon in memory.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::tail::simulator::{Luck, World};

/// What makes journals; Debian's package of the same name has it.
const REMOTE: &str = "/usr/lib/systemd/systemd-journal-remote";

struct Scene {
    folder: TempDir,
    world: World,
    written: usize,
}

/// `None` where there is nothing to make a journal with.
fn scene() -> Option<Scene> {
    if !Path::new(REMOTE).exists() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "apt-get install systemd-journal-remote");
        println!("skipped: {REMOTE} is not there");
        return None;
    }
    let folder = TempDir::new().unwrap();
    let mut world = World::new();
    world.flows = vec![Flow {
        journald: Some(Journald {
            directory: Some(folder.path().to_owned()),
            ..Journald::default()
        }),
        ..Flow::new(Vec::new(), "a".parse().unwrap())
    }];
    world.daemons.truncate(1);
    Some(Scene {
        folder,
        world,
        written: 0,
    })
}

impl Scene {
    /// Adds so many entries.
    fn write(&mut self, entries: usize) {
        let mut text = String::new();
        for number in self.written..self.written + entries {
            text += &format!(
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={:032x}\n_SYSTEMD_UNIT={}.service\nMESSAGE=entry {number} {}\n\n",
                1_700_000_000_000_000 + number,
                1_000_000 + number,
                1,
                number % 2,
                "x".repeat(number * 7 % 300)
            );
        }
        self.written += entries;
        let mut remote = Command::new(REMOTE)
            .arg("--output")
            .arg(self.folder.path().join("a.journal"))
            .arg("-")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = remote.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(remote.wait().unwrap().success());
    }

    /// A request, when there is something to say.
    fn exchange(&mut self, luck: Luck) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            self.world.follower().scan().unwrap();
            if self.world.exchange(0, luck) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("there is nothing to send");
    }

    /// Ships until all that was written has arrived, and holds that it did once.
    fn arrive(&mut self) {
        while self.world.daemons[0].records.len() < self.written {
            self.exchange(Luck::Good);
        }
        self.world.follower().commit().unwrap();
        let lines = self.world.daemons[0].lines();
        assert_eq!(lines.len(), self.written);
        assert!(lines.values().all(|times| *times == 1), "nothing twice");
        assert_eq!(self.world.daemons[0].records.len(), self.written);
    }

    /// The follower, once it has nothing more to do.
    fn drained(&mut self) -> &Follower {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            self.world.follower().scan().unwrap();
            while self.world.exchange(0, Luck::Good) {}
            self.world.follower().commit().unwrap();
            if self.world.follower().is_drained() {
                return self.world.follower();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }

    fn mark(&mut self) -> &mut Mark {
        self.world.daemons[0].marks.values_mut().next().unwrap()
    }
}

#[test]
fn lost_replies_and_kills_lose_nothing_and_repeat_nothing() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.write(50);
    scene.exchange(Luck::ReplyLost);
    scene.write(20);
    scene.exchange(Luck::Good);
    scene.exchange(Luck::RequestLost);
    scene.arrive();
    scene.write(10);
    scene.exchange(Luck::ReplyLost);
    scene.write(10);
    scene.arrive();
    let status = scene.world.follower().status();
    let source = &status.sources[0];
    assert_eq!(
        (source.state.as_str(), source.bytes.waiting),
        ("drained", 0)
    );
    let text: usize = scene.world.daemons[0].text.values().map(Vec::len).sum();
    assert_eq!(source.bytes.delivered, text as u64);
}

#[test]
fn once_reads_to_the_end_what_is_wanted() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.world.rules.once = true;
    let journald = scene.world.flows[0].journald.as_mut().unwrap();
    journald.units = vec!["1.service".into()];
    scene.write(30);
    scene.drained();
    assert_eq!(scene.world.daemons[0].records.len(), 15);
    // Other entries are wanted from now on: those of before are not read again.
    let journald = scene.world.flows[0].journald.as_mut().unwrap();
    *journald = Journald {
        matches: vec!["_SYSTEMD_UNIT=0.service".into()],
        units: Vec::new(),
        directory: journald.directory.take(),
    };
    scene.world.follower = None;
    scene.write(10);
    scene.drained();
    assert_eq!(scene.world.daemons[0].records.len(), 20);
}

#[test]
fn start_end_begins_behind_what_is_there_also_after_a_kill() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.world.flows[0].start = Start::End;
    scene.write(10);
    scene.world.follower().scan().unwrap();
    scene.world.follower = None;
    scene.write(5);
    while scene.world.daemons[0].records.len() < 5 {
        scene.exchange(Luck::Good);
    }
    let first = String::from_utf8_lossy(&scene.world.daemons[0].records[0]).into_owned();
    assert!(first.contains("\"MESSAGE\":\"entry 10 "), "{first}");
}

#[test]
fn a_journal_that_cannot_be_read_is_said_and_ends_what_reads_once() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.world.rules.once = true;
    let journald = scene.world.flows[0].journald.as_mut().unwrap();
    journald.directory = Some(journald.directory.take().unwrap().join("none"));
    let follower = scene.drained();
    assert_eq!(follower.unread(), 1);
    let unreadable = &follower.status().unreadable;
    assert!(
        unreadable[0].reason.contains("journalctl ended with"),
        "{unreadable:?}"
    );
}

#[test]
fn rule_6_lost_progress_goes_on_behind_what_the_daemon_got() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.write(30);
    scene.arrive();
    scene.world.lose_progress();
    scene.write(5);
    scene.arrive();
    assert_eq!(scene.world.daemons[0].text.len(), 1, "under the same id");
}

#[test]
fn rule_3_a_daemon_that_forgot_the_mark_goes_on_from_the_committed_offset() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.write(10);
    scene.arrive();
    scene.world.daemons[0].marks.clear();
    scene.write(10);
    scene.arrive();
}

#[test]
fn rule_4_a_clone_gets_a_source_of_its_own() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.write(10);
    scene.arrive();
    // Somebody else went on under the same id.
    let mark = scene.mark();
    mark.offset += 1000;
    mark.tail = Some(tail_of(b"other bytes"));
    scene.write(10);
    scene.exchange(Luck::Good);
    scene.world.memory.wait(PATIENCE);
    scene.arrive();
    assert_eq!(scene.world.daemons[0].text.len(), 2, "two ids");
}

#[test]
fn rule_5_what_a_daemon_lost_is_said_and_does_not_hold_what_follows() {
    let Some(mut scene) = scene() else {
        return;
    };
    scene.write(10);
    scene.arrive();
    let mark = scene.mark();
    mark.offset -= 100;
    mark.tail = None;
    scene.write(10);
    while scene.world.daemons[0].records.len() < 20 {
        scene.exchange(Luck::Good);
    }
    assert_eq!(scene.world.daemons[0].gaps.len(), 1);
    assert_eq!(
        scene.world.follower().status().bytes.reasons.unreadable,
        100
    );
}
