use std::time::Duration;

use crate::daemon::remembered_by_daemon;
use crate::disk::memory::kill_after;
use crate::tail::simulator::{Luck, World};

const LOG: &str = "/log/app.log";
const COPY: &str = "/log/app.log.1";

fn world() -> World {
    let mut world = World::roomy();
    // The very first look at all files knows no copies.
    world.follower().scan().unwrap();
    world
}

/// What arrived, source by source.
fn texts(world: &World) -> Vec<String> {
    let texts = world.daemons[0].text.values();
    let mut texts: Vec<_> = texts
        .map(|text| String::from_utf8(text.clone()).unwrap())
        .collect();
    texts.sort();
    texts
}

fn copy(world: &World, from: &str, to: &str) {
    world
        .memory
        .append(to, &world.memory.content(from).unwrap());
}

/// As `copytruncate` does.
fn copytruncate(world: &World) {
    copy(world, LOG, COPY);
    world.memory.truncate(LOG, 0);
}

fn gone(world: &mut World) -> u64 {
    world.follower().bytes().gone
}

/// Nothing arrives later that did not yet.
fn assert_settled(world: &mut World, expected: &[&str]) {
    world.memory.wait(Duration::from_secs(400));
    world.ship_all();
    assert_eq!(texts(world), expected);
    world.follower = None;
    world.ship_all();
    assert_eq!(texts(world), expected, "after a kill");
    assert!(world.follower().is_drained());
}

#[test]
fn a_copy_that_was_read_is_not_sent_again() {
    for pattern in ["/log/app.log*", "/log/app.log"] {
        let mut world = world();
        world.flows[0].paths = vec![pattern.into()];
        world.memory.append(LOG, b"one\ntwo\n");
        world.ship_all();
        copytruncate(&world);
        world.memory.append(LOG, b"three\n");
        world.ship_all();
        assert_settled(&mut world, &["one\ntwo\n", "three\n"]);
        assert_eq!(gone(&mut world), 0);
    }
}

#[test]
fn what_was_not_read_is_read_from_the_copy() {
    for pattern in ["/log/app.log*", "/log/app.log"] {
        let mut world = world();
        world.flows[0].paths = vec![pattern.into()];
        world.memory.append(LOG, b"one\n");
        world.ship_all();
        world.memory.append(LOG, b"two\n");
        copytruncate(&world);
        world.memory.append(LOG, b"three\n");
        world.ship_all();
        assert_settled(&mut world, &["one\ntwo\n", "three\n"]);
        assert_eq!(gone(&mut world), 0);
    }
}

#[test]
fn a_copy_under_way_is_not_read() {
    let mut world = world();
    world.memory.append(LOG, b"one\ntwo\nthree\n");
    world.ship_all();
    for part in [&b""[..], b"on", b"e\ntwo\n", b"three\n"] {
        world.memory.append(COPY, part);
        world.ship_all();
        assert_eq!(texts(&world), ["one\ntwo\nthree\n"]);
    }
    assert!(world.follower().is_hot());
    assert_eq!(
        world.follower().bytes().waiting,
        0,
        "it is no log of its own"
    );
    world.memory.append(LOG, b"four\n");
    world.memory.append(COPY, b"four\n");
    world.memory.truncate(LOG, 0);
    world.follower().look_at_originals();
    assert!(!world.follower().is_hot());
    world.memory.append(LOG, b"five\n");
    world.ship_all();
    assert_settled(&mut world, &["five\n", "one\ntwo\nthree\nfour\n"]);
}

#[test]
fn what_is_read_after_the_last_look_of_who_copies_is_in_no_copy_and_arrives() {
    for (lost, killed) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut world = world();
        world.memory.append(LOG, b"one\n");
        world.ship_all();
        world.memory.append(LOG, b"two\n");
        copy(&world, LOG, COPY);
        world.follower().scan().unwrap();
        world.memory.append(LOG, b"three\n");
        assert!(world.follower().noticed(&LOG.into()));
        // Read and on its way, and then the log is truncated.
        let request = world.follower().compose(0).unwrap().unwrap();
        let reply = world.daemons[0].take(request.body);
        world.memory.append(LOG, b"lost\n");
        if lost {
            world.follower().noticed(&LOG.into());
        }
        world.memory.truncate(LOG, 0);
        match killed {
            true => world.follower = None,
            false => {
                world.follower().scan().unwrap();
                world.follower().answered(0, request.id, &reply).unwrap();
            }
        }
        world.memory.append(LOG, b"four\n");
        world.ship_all();
        assert_settled(&mut world, &["four\n", "one\ntwo\nthree\n"]);
        if !killed {
            assert_eq!(gone(&mut world), if lost { 5 } else { 0 });
        }
    }
}

/// A log of which nothing could be read before it was truncated.
#[test]
fn the_copy_of_a_log_that_was_not_read_at_all_is_known() {
    let mut world = world();
    world.memory.append(LOG, b"");
    world.ship_all();
    world.memory.append(LOG, b"one\n");
    assert!(world.follower().noticed(&LOG.into()));
    copytruncate(&world);
    world.memory.append(LOG, b"two\n");
    world.ship_all();
    assert_settled(&mut world, &["one\n", "two\n"]);
    assert_eq!(gone(&mut world), 0);
}

#[test]
fn a_copy_that_was_empty_when_it_was_seen_is_known() {
    let mut world = world();
    world.memory.append(LOG, b"one\ntwo\n");
    world.ship_all();
    world.memory.append(COPY, b"");
    world.ship_all();
    copytruncate(&world);
    assert!(world.follower().noticed(&LOG.into()));
    world.memory.append(LOG, b"three\n");
    world.ship_all();
    assert_settled(&mut world, &["one\ntwo\n", "three\n"]);
}

/// A log that was rotated once, with a line in the copy.
fn rotated() -> World {
    let mut world = world();
    world.memory.append(LOG, b"old\n");
    world.ship_all();
    copytruncate(&world);
    world
}

/// The log is truncated once more and goes on: all lines of a [rotated] one arrive once, and none counts
/// as gone.
fn assert_copied_and_truncated(mut world: World, steps: u64) {
    world.memory.truncate(LOG, 0);
    world.memory.append(LOG, b"three\n");
    world.ship_all();
    assert_eq!(texts(&world), ["old\n", "one\ntwo\n", "three\n"], "{steps}");
    assert_eq!(gone(&mut world), 0, "{steps}");
}

/// The log is truncated after it was looked at, and before the copy is compared with it.
#[test]
fn a_copy_that_is_met_as_the_log_is_truncated_is_known() {
    for steps in 0..60 {
        let mut world = rotated();
        world.memory.append(LOG, b"one\n");
        world.ship_all();
        world.memory.append(LOG, b"two\n");
        world.memory.rename(COPY, "/log/app.log.2");
        copy(&world, LOG, COPY);
        world
            .memory
            .act_after(steps, |memory| memory.truncate(LOG, 0));
        world.follower().scan().unwrap();
        // At the latest now, and not once more.
        world.memory.act_after(u64::MAX, |_| ());
        assert_copied_and_truncated(world, steps);
    }
}

/// While everything is looked at, the log grows and is copied to a name that was there before.
#[test]
fn the_copy_of_what_a_log_did_not_hold_when_it_was_looked_at_is_known() {
    for steps in 0.. {
        let mut world = rotated();
        world.ship_all();
        world.memory.act_after(steps, |memory| {
            memory.rename(COPY, "/log/app.log.2");
            memory.append(LOG, b"one\ntwo\n");
            memory.append(COPY, b"one\ntwo\n");
        });
        world.ship_all();
        world.memory.act_after(u64::MAX, |_| ());
        if world.memory.content("/log/app.log.2").is_none() {
            assert!(steps > 3, "nothing was ever done meanwhile");
            break;
        }
        assert_copied_and_truncated(world, steps);
    }
}

/// What is left of a file that was replaced is no original of the next copy.
#[test]
fn a_file_may_be_replaced_by_a_copy_of_itself_again_and_again() {
    let mut world = world();
    let line = format!("{}\n", "x".repeat(900));
    let mut all = String::new();
    for _ in 0..3 {
        for _ in 0..5 {
            world.memory.append(LOG, line.as_bytes());
            all += &line;
        }
        world.ship_all();
        world.follower = None;
        world.ship_all();
        copy(&world, LOG, "/log/new");
        world.memory.rename("/log/new", LOG);
        world.ship_all();
    }
    assert_settled(&mut world, &[&all]);
}

#[test]
fn generations_that_came_while_nobody_looked_are_told_apart() {
    let mut world = world();
    world.memory.append(LOG, b"one\n");
    world.ship_all();
    world.follower = None;
    world.memory.append(LOG, b"two\n");
    copytruncate(&world);
    for line in [&b"three\n"[..], b"four\n"] {
        world.memory.rename("/log/app.log.2", "/log/app.log.3");
        world.memory.rename(COPY, "/log/app.log.2");
        world.memory.append(LOG, line);
        copytruncate(&world);
    }
    world.memory.append(LOG, b"five\n");
    world.ship_all();
    assert_settled(&mut world, &["five\n", "four\n", "one\ntwo\n", "three\n"]);
}

#[test]
fn a_copy_that_no_pattern_matches_is_read_after_a_stop_if_it_holds_more() {
    let mut world = world();
    world.flows[0].paths = vec![LOG.into()];
    world.memory.append(LOG, b"one\n");
    world.ship_all();
    world.follower = None;
    world.memory.append(LOG, b"two\n");
    copytruncate(&world);
    world.memory.append(LOG, b"three\n");
    world.ship_all();
    assert_settled(&mut world, &["one\ntwo\n", "three\n"]);
    assert_eq!(world.daemons[0].finals.len(), 1);
}

#[test]
fn a_file_may_be_replaced_by_a_copy_of_itself() {
    for stopped in [false, true] {
        let mut world = world();
        let long = format!("{}\n", "x".repeat(900)).repeat(5);
        world.memory.append(LOG, long.as_bytes());
        world.ship_all();
        if stopped {
            world.follower = None;
        }
        world.memory.append("/log/new", long.as_bytes());
        world.memory.rename("/log/new", LOG);
        world.memory.append(LOG, b"more\n");
        world.ship_all();
        assert_settled(&mut world, &[&format!("{long}more\n")]);
    }
}

#[test]
fn lines_through_the_descriptor_of_a_file_that_was_replaced_arrive() {
    let mut world = world();
    world.memory.append(LOG, b"one\n");
    world.ship_all();
    world.memory.append("/log/new", b"one\n");
    let old = world.memory.open_to_append(LOG);
    world.memory.rename("/log/new", LOG);
    world.memory.append(LOG, b"two\n");
    world.ship_all();
    old(b"late\n");
    world.ship_all();
    assert_eq!(texts(&world), ["late\n", "one\ntwo\n"]);
    assert_settled(&mut world, &["late\n", "one\ntwo\n"]);
}

#[test]
fn two_live_files_with_the_same_content_are_two() {
    let mut world = world();
    world.memory.append(LOG, b"header\n");
    world.ship_all();
    world.memory.append("/log/app.log.b", b"header\n");
    world.ship_all();
    assert_eq!(texts(&world), ["header\n"], "it may be a copy");
    world.memory.wait(Duration::from_secs(11));
    world.ship_all();
    assert_eq!(texts(&world), ["header\n", "header\n"]);
    // One that goes on otherwise is known to be none.
    world.memory.append("/log/app.log.c", b"header\nother\n");
    world.ship_all();
    assert_settled(&mut world, &["header\n", "header\n", "header\nother\n"]);
}

#[test]
fn a_file_that_was_deleted_and_made_anew_is_another_one() {
    let mut world = world();
    world.memory.append(LOG, b"same\n");
    world.ship_all();
    world.memory.delete(LOG);
    world.memory.append(LOG, b"same\n");
    world.ship_all();
    assert_eq!(texts(&world), ["same\n", "same\n"]);
}

#[test]
fn a_copy_is_known_after_progress_was_lost() {
    let mut world = world();
    world.memory.append(LOG, b"one\ntwo\n");
    world.ship_all();
    copytruncate(&world);
    world.memory.append(LOG, b"three\n");
    world.ship_all();
    world.follower = None;
    world.kept = Default::default();
    let held = world.daemons[0].held();
    let named = held.into_iter().map(|held| ("a".parse().unwrap(), held));
    let entries = remembered_by_daemon(named.collect());
    world.follower().rebuild(&entries).unwrap();
    world.ship_all();
    assert_settled(&mut world, &["one\ntwo\n", "three\n"]);
}

/// The kill comes before each step in turn, from the first line on.
#[test]
fn a_kill_at_every_step_loses_nothing_and_repeats_nothing() {
    let mut last = 0;
    for steps in 0.. {
        kill_after(None);
        let mut world = world();
        world.memory.append(LOG, b"one\n");
        world.ship_all();
        kill_after(Some(steps));
        let act = |world: &mut World| {
            world.run(|world| {
                world.follower().scan().unwrap();
                while world.exchange(0, Luck::Good) {}
            });
        };
        for round in 0..2 {
            world.memory.append(LOG, format!("{round} a\n").as_bytes());
            act(&mut world);
            world.memory.append(LOG, format!("{round} b\n").as_bytes());
            world.memory.rename(COPY, "/log/app.log.2");
            copy(&world, LOG, COPY);
            act(&mut world);
            world.memory.truncate(LOG, 0);
            act(&mut world);
        }
        world.memory.append(LOG, b"last\n");
        act(&mut world);
        let killed = world.kills;
        kill_after(None);
        world.memory.wait(Duration::from_secs(400));
        world.ship_all();
        world.ship_all();
        let all = texts(&world).concat();
        let mut lines: Vec<_> = all.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            ["0 a", "0 b", "1 a", "1 b", "last", "one"],
            "{steps}"
        );
        if killed == 0 {
            last = steps;
            break;
        }
    }
    assert!(last > 50, "only {last} steps");
}
