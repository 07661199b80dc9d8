//! Single histories: one for each thing that is easily got wrong. The random ones are the
//! simulator's.

use standpipe_config::frame::{Frame, GapReason, Mark, decode};
use standpipe_config::settings::agent::Start;

use super::simulator::{Luck, World};
use super::*;
use crate::identity::tail_of;

const LOG: &str = "/log/app.log";

impl World {
    fn text(&self) -> String {
        let text = self.daemons[0].text.values().flatten().copied();
        String::from_utf8(text.collect()).unwrap()
    }

    /// What the daemon was told about bytes that never came.
    fn gaps(&self) -> Vec<(u64, u64, GapReason)> {
        let gaps = self.daemons[0].gaps.iter();
        gaps.map(|(range, reason)| (range.start, range.end, *reason))
            .collect()
    }

    fn bytes(&mut self) -> Bytes {
        self.follower().bytes()
    }

    fn kill(&mut self) {
        self.follower = None;
    }

    fn only_source(&self) -> SourceId {
        *self.daemons[0].marks.keys().next().unwrap()
    }
}

#[test]
fn a_line_waits_for_its_end() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"whole\nhal");
    world.ship();
    assert_eq!(world.text(), "whole\n");
    world.memory.append(LOG, b"f\n");
    world.ship();
    assert_eq!(world.text(), "whole\nhalf\n");
    assert_eq!(world.bytes().waiting, 0);
}

#[test]
fn once_ships_an_unfinished_line_and_its_rest_is_a_record_later() {
    let mut world = World::roomy();
    world.rules.once = true;
    world.memory.append(LOG, b"whole\nhal");
    world.ship();
    assert_eq!(world.text(), "whole\nhal");
    assert!(world.follower().is_drained());
    world.kill();
    world.rules.once = false;
    world.memory.append(LOG, b"f\nmore\n");
    world.ship();
    assert_eq!(world.text(), "whole\nhalf\nmore\n", "no byte twice");
}

#[test]
fn late_lines_through_the_old_descriptor_arrive() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.memory.rename(LOG, "/log/elsewhere");
    world.memory.append(LOG, b"new\n");
    world.ship();
    world.memory.wait(Duration::from_secs(29));
    world.memory.append("/log/elsewhere", b"late\n");
    world.ship();
    world.memory.wait(Duration::from_secs(29));
    world.memory.append("/log/elsewhere", b"later, and no en");
    world.ship();
    assert!(
        world.daemons[0].finals.is_empty(),
        "it was not quiet for long enough"
    );
    world.memory.wait(Duration::from_secs(31));
    world.ship();
    world.ship();
    let text = world.text();
    for line in ["one\nlate\nlater, and no en", "new\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(world.daemons[0].finals.len(), 1);
    let sources = world.follower().status().sources;
    let followed = sources.iter().filter(|source| source.state != "final");
    assert_eq!((sources.len(), followed.count()), (2, 1));
    assert_eq!(world.gaps(), []);
}

/// The daemon knows that it ended, and the follower is about to forget it.
#[test]
fn lines_that_come_when_a_file_is_final_already_arrive() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.memory.rename(LOG, "/log/elsewhere");
    world.follower().scan().unwrap();
    world.memory.wait(Duration::from_secs(31));
    world.ship();
    assert_eq!(world.daemons[0].finals.len(), 1);
    world.memory.append("/log/elsewhere", b"late\n");
    world.ship();
    assert_eq!(world.text(), "one\nlate\n");
    world.memory.wait(Duration::from_secs(31));
    world.ship();
    world.ship();
    assert!(world.follower().files.is_empty());
    assert_eq!(world.gaps(), []);
}

#[test]
fn a_rotated_file_that_is_still_followed_gives_its_unfinished_line() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\nno en");
    world.ship();
    world.memory.rename(LOG, "/log/app.log.1");
    world.memory.append(LOG, b"new and no en");
    world.ship();
    world.kill();
    world.memory.wait(Duration::from_secs(31));
    world.ship();
    world.memory.wait(Duration::from_secs(29));
    world.ship();
    let text = world.text();
    assert!(!text.contains("no en"), "quiet for 29 s only: {text}");
    world.memory.wait(Duration::from_secs(2));
    world.ship();
    let text = world.text();
    assert!(text.contains("one\nno en"), "{text}");
    assert!(
        !text.contains("new"),
        "it may grow under its own name: {text}"
    );
    world.memory.append("/log/app.log.1", b"d, late\n");
    world.ship();
    assert!(world.text().contains("one\nno end, late\n"));
    assert_eq!(world.gaps(), []);
}

#[test]
fn a_file_deleted_while_unread_is_read_by_its_descriptor() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\ntwo\n");
    world.follower().scan().unwrap();
    world.memory.delete(LOG);
    world.memory.append(LOG, b"three\n");
    world.memory.wait(Duration::from_secs(60));
    world.ship();
    assert_eq!(world.daemons[0].lines().len(), 3);
    assert_eq!(world.gaps(), []);
}

#[test]
fn rule_5_what_was_deleted_while_nobody_looked_is_said() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.memory.append(LOG, b"two\n");
    world.follower().scan().unwrap();
    world.follower().dirty.insert((0, 0));
    world.follower().commit().unwrap();
    world.kill();
    world.memory.delete(LOG);
    world.ship();
    assert_eq!(world.gaps(), [], "it may come back for a while");
    world.memory.wait(Duration::from_secs(31));
    world.ship();
    world.ship();
    assert_eq!(world.gaps(), [(4, 8, GapReason::Deleted)]);
    assert_eq!(world.daemons[0].finals.len(), 1);
    assert_eq!((world.bytes().gone, world.bytes().delivered), (4, 4));
}

#[test]
fn a_truncation_is_a_gap_and_a_new_epoch() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.memory.append(LOG, b"unread\n");
    world.follower().scan().unwrap();
    world.memory.truncate(LOG, 0);
    world.memory.append(LOG, b"two\n");
    world.ship();
    assert_eq!(world.gaps(), [(4, 11, GapReason::Truncated)]);
    assert_eq!(world.text(), "one\ntwo\n");
    assert_eq!(world.daemons[0].marks[&world.only_source()].epoch, 1);
    assert_eq!(world.bytes().gone, 7);
}

/// The daemon has it, and nobody else knows.
#[test]
fn what_was_delivered_before_a_kill_and_truncated_after_it_is_not_gone() {
    for delivered in [4, 8] {
        let mut world = World::roomy();
        world.memory.append(LOG, b"one\n");
        world.follower().scan().unwrap();
        if delivered == 8 {
            world.memory.append(LOG, b"two\n");
            world.follower().scan().unwrap();
        }
        world.exchange(0, Luck::ReplyLost);
        world.memory.append(LOG, b"three\n");
        world.follower().scan().unwrap();
        world.follower().remember();
        world.follower().commit().unwrap();
        world.kill();
        world.memory.truncate(LOG, 0);
        world.ship();
        let bytes = world.bytes();
        assert_eq!((bytes.delivered, bytes.gone), (delivered, 6));
        world.kill();
        world.ship();
        assert_eq!(world.bytes(), bytes);
    }
}

/// A log that was delivered, which nobody heard before a kill, and then truncated.
fn delivered_unheard_and_truncated() -> World {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.follower().scan().unwrap();
    world.follower().remember();
    world.follower().commit().unwrap();
    world.exchange(0, Luck::ReplyLost);
    world.memory.truncate(LOG, 0);
    world
}

#[test]
fn what_was_all_delivered_before_a_kill_and_truncated_after_it_is_not_gone() {
    let mut world = delivered_unheard_and_truncated();
    world.ship();
    let bytes = world.bytes();
    assert_eq!((bytes.delivered, bytes.gone), (4, 0));
}

/// Nobody hears the first answer to what is said of it either.
#[test]
fn what_was_delivered_and_truncated_is_not_gone_though_the_answer_to_its_gap_is_lost() {
    let mut world = delivered_unheard_and_truncated();
    world.memory.append(LOG, b"two\n");
    world.follower().scan().unwrap();
    let request = world.follower().compose(0).unwrap().unwrap();
    world.daemons[0].take(request.body.clone());
    let reply = world.daemons[0].take(request.body);
    world.follower().answered(0, request.id, &reply).unwrap();
    world.ship();
    let bytes = world.bytes();
    assert_eq!(world.text(), "one\ntwo\n");
    assert_eq!((bytes.delivered, bytes.gone), (8, 0));
}

#[test]
fn a_truncation_that_grew_back_is_seen_by_its_content() {
    for new in ["two\n", "one!\ntwo!\nthree\n"] {
        let mut world = World::roomy();
        world.memory.append(LOG, b"one\n");
        world.ship();
        world.memory.truncate(LOG, 0);
        world.memory.append(LOG, new.as_bytes());
        world.ship();
        assert_eq!(world.text(), format!("one\n{new}"));
    }
}

#[test]
fn unread_bytes_cut_off_the_end_are_counted() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.memory.append(LOG, b"unread, and without an end");
    world.ship();
    world.memory.truncate(LOG, 10);
    world.memory.append(LOG, b"!\n");
    world.ship();
    assert_eq!(world.text(), "one\nunread!\n");
}

#[test]
fn an_inode_that_is_reused_is_another_file() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"same\n");
    world.ship();
    let before = world.memory.incarnation(LOG).unwrap();
    world.kill();
    world.memory.delete(LOG);
    world.memory.append(LOG, b"same\n");
    let after = world.memory.incarnation(LOG).unwrap();
    assert_eq!(
        (before.0, before.1 + 1),
        after,
        "the same number, another birth"
    );
    world.ship();
    assert_eq!(world.text(), "same\nsame\n");
    assert_eq!(world.daemons[0].marks.len(), 2);
}

#[test]
fn equal_files_are_two_sources() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"same\n");
    world.memory.append("/log/app.log.2", b"same\n");
    world.ship();
    assert_eq!(world.daemons[0].marks.len(), 2);
    assert_eq!(world.text(), "same\nsame\n");
}

#[test]
fn a_file_that_cannot_be_opened_is_not_deleted() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.kill();
    world.memory.append(LOG, b"two\n");
    world.memory.lock(LOG, true);
    for _ in 0..3 {
        world.memory.wait(Duration::from_secs(60));
        world.ship();
    }
    assert_eq!(world.follower().unread(), 1);
    world.memory.lock(LOG, false);
    world.ship();
    assert_eq!(world.text(), "one\ntwo\n");
    assert_eq!(world.gaps(), []);
}

#[test]
fn start_end_excludes_what_the_very_first_look_finds_and_says_so() {
    let mut world = World::roomy();
    world.flows[0].start = Start::End;
    world.memory.append(LOG, b"old\nolder, and ");
    world.follower().scan().unwrap();
    world.kill();
    world.memory.append(LOG, b"new\n");
    world.memory.append("/log/app.log.new", b"first\n");
    world.ship();
    assert_eq!(world.gaps(), [(0, 4, GapReason::Excluded)]);
    let lines: Vec<_> = world.daemons[0].lines().into_keys().collect();
    assert_eq!(lines, [b"first\n".to_vec(), b"older, and new\n".to_vec()]);
    assert_eq!(world.bytes().excluded, 4);
}

#[test]
fn rule_4_a_clone_gets_a_source_of_its_own() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    let source = world.only_source();
    // Another machine with the same progress wrote something else.
    let mark = Mark {
        source,
        epoch: 0,
        offset: 20,
        tail: Some(tail_of(b"one\nanother machine\n")),
    };
    world.daemons[0].marks.insert(source, mark);
    world.memory.append(LOG, b"two\nthree\nfour\nfive\nsix\n");
    world.ship();
    assert_eq!(world.daemons[0].marks.len(), 2);
    assert!(world.text().contains("two\nthree\nfour\nfive\nsix\n"));
    let before = world.bytes();
    world.kill();
    world.ship();
    assert_eq!(world.daemons[0].marks.len(), 2, "and keeps it");
    assert_eq!(world.bytes(), before);
    assert_eq!(world.daemons[0].lines().len(), 6);
}

#[test]
fn rule_5_a_daemon_that_lost_something_gets_it_again() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    let backup = world.daemons[0].clone();
    world.memory.append(LOG, b"two\nthree\n");
    world.ship();
    world.daemons[0] = backup;
    world.memory.append(LOG, b"four\n");
    world.ship();
    assert_eq!(world.text(), "one\ntwo\nthree\nfour\n");
    assert_eq!(world.gaps(), []);
    assert_eq!(world.bytes().delivered, 19);
}

#[test]
fn rule_3_a_daemon_that_forgot_everything_goes_on_from_the_committed_offset() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    let gone = std::mem::take(&mut world.daemons[0]);
    world.daemons[0].identified = gone.identified;
    world.memory.append(LOG, b"two\n");
    world.ship();
    assert_eq!(world.text(), "two\n");
}

#[test]
fn a_lost_reply_costs_nothing_however_the_bytes_are_cut_next_time() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\ntwo\n");
    world.follower().scan().unwrap();
    world.exchange(0, Luck::ReplyLost);
    world.memory.append(LOG, b"three\nfour\n");
    world.ship();
    assert_eq!(world.text(), "one\ntwo\nthree\nfour\n");
    assert_eq!(world.daemons[0].marks.len(), 1);
}

#[test]
fn a_request_refused_for_its_size_is_halved_down_to_a_line() {
    let mut world = World::roomy();
    for _ in 0..100 {
        world
            .memory
            .append(LOG, &[b"x".repeat(999), b"\n".to_vec()].concat());
    }
    world.follower().scan().unwrap();
    let mut sizes = Vec::new();
    loop {
        let request = world.follower().compose(0).unwrap().unwrap();
        sizes.push(request.body.len());
        if !world.follower().refused(0).moved {
            break;
        }
    }
    assert!(sizes.windows(2).all(|pair| pair[1] <= pair[0]), "{sizes:?}");
    assert!(sizes.last().unwrap() < &2500, "{sizes:?}");
    world.ship();
    assert_eq!(world.text().len(), 100_000);
}

#[test]
fn nothing_is_read_beyond_what_may_be_in_flight() {
    let mut world = World::roomy();
    world.rules.in_flight = 64 * 1024;
    world
        .memory
        .append(LOG, &b"a line of some length\n".repeat(10_000));
    world.follower().scan().unwrap();
    let mut out = 0;
    while let Some(request) = world.follower().compose(0).unwrap() {
        out += request.body.len();
    }
    assert!(out > 0 && out < 100 * 1024, "{out}");
}

#[test]
fn rule_8_a_stream_that_stands_still_does_not_hold_the_other() {
    let mut world = World::new();
    world.memory.append(LOG, b"one\n");
    world.follower().scan().unwrap();
    while world.exchange(1, Luck::Good) {}
    world.memory.truncate(LOG, 0);
    world.memory.append(LOG, b"two\n");
    world.follower().scan().unwrap();
    while world.exchange(1, Luck::Good) {}
    let standing: Vec<String> = world
        .daemons
        .iter()
        .map(|d| {
            d.text
                .values()
                .map(|t| String::from_utf8_lossy(t).into_owned())
                .collect()
        })
        .collect();
    assert_eq!(standing, ["", "one\ntwo\n"]);
    world.kill();
    world.settle();
    let gaps = &world.daemons[0].gaps;
    assert_eq!(
        (gaps.len(), gaps[0].0.end),
        (1, 4),
        "only the one that stood still"
    );
    assert!(world.daemons[1].gaps.is_empty());
}

#[test]
fn a_busy_file_does_not_starve_the_others() {
    let mut world = World::roomy();
    world.memory.append(LOG, &b"busy\n".repeat(400_000));
    for number in 1..9 {
        world
            .memory
            .append(&format!("/log/app.log.{number}"), b"quiet\n");
    }
    world.follower().scan().unwrap();
    let request = world.follower().compose(0).unwrap().unwrap();
    let frames = decode(request.body.into()).unwrap().frames;
    let records = frames.iter().filter(|f| matches!(f, Frame::Records(..)));
    assert!(records.count() >= 9, "all of them are in the first request");
}

#[test]
fn the_daemon_is_told_now_and_then_what_lives() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    let live = |world: &mut World| {
        let request = world.follower().compose(0).unwrap()?;
        let id = request.id;
        let reply = world.daemons[0].take(request.body.clone());
        world.follower().answered(0, id, &reply).unwrap();
        let frames = decode(request.body.into()).unwrap().frames;
        frames.into_iter().find_map(|frame| match frame {
            Frame::Live(sources) => Some(sources),
            _ => None,
        })
    };
    world.follower().scan().unwrap();
    let first = live(&mut world).unwrap();
    assert_eq!(first, [world.only_source()]);
    assert_eq!(live(&mut world), None);
    world.memory.wait(Duration::from_secs(601));
    assert_eq!(live(&mut world), Some(first));
}

#[test]
fn a_file_that_was_closed_and_renamed_away_is_not_gone_while_there_is_no_room_to_open_it() {
    let mut world = World::roomy();
    world.rules.most_open = 1;
    world.memory.append(LOG, b"one\n");
    world.ship();
    // The only descriptor goes to a file that needs it: its line has no end.
    world.memory.append("/log/app.log.1", b"two\nhal");
    world.ship();
    world.memory.append(LOG, b"late\n");
    world.memory.rename(LOG, "/log/out");
    for _ in 0..3 {
        world.ship();
        world.memory.wait(Duration::from_secs(31));
    }
    assert_eq!(world.daemons[0].lines().len(), 2);
    world.memory.append("/log/app.log.1", b"f\n");
    for _ in 0..3 {
        world.ship();
    }
    assert_eq!(world.daemons[0].lines().len(), 4);
    assert_eq!(world.gaps(), []);
}

#[test]
fn rule_3_a_frame_names_the_offset_that_is_durable_and_no_other() {
    let mut world = World::roomy();
    world.rules.in_flight = 16 * 1024;
    world.memory.append(LOG, &b"a line\n".repeat(4000));
    world.follower().scan().unwrap();
    let ranges = |request: Request| {
        let frames = decode(request.body.into()).unwrap().frames;
        let ranges = frames.into_iter().filter_map(|frame| match frame {
            Frame::Records(range, _) => Some((range.committed, range.start)),
            _ => None,
        });
        ranges.collect::<Vec<_>>()
    };
    let first = world.follower().compose(0).unwrap().unwrap();
    let reply = world.daemons[0].take(first.body.clone());
    let second = world.follower().compose(0).unwrap().unwrap();
    assert_eq!(ranges(first)[0], (0, 0));
    let (committed, start) = ranges(second)[0];
    assert!(committed == 0 && start > 0, "nothing is acknowledged yet");
    world.follower().answered(0, 0, &reply).unwrap();
    let third = world.follower().compose(0).unwrap().unwrap();
    let id = third.id;
    assert_eq!(ranges(third)[0].0, 0, "it is acknowledged, but not durable");
    world.follower().commit().unwrap();
    world.follower().refused(0);
    let again = world.follower().compose(0).unwrap().unwrap();
    assert!(again.id > id);
    assert_eq!(ranges(again)[0], (start, start));
}

#[test]
fn the_parts_of_a_line_longer_than_a_frame_follow_each_other() {
    let mut world = World::roomy();
    world.rules.in_flight = 4096;
    let mut text = b"x".repeat(9000);
    text.push(b'\n');
    world.memory.append(LOG, &text);
    for number in 1..4 {
        world
            .memory
            .append(&format!("/log/app.log.{number}"), b"short\nshort\n");
    }
    world.follower().scan().unwrap();
    let mut order = Vec::new();
    while let Some(request) = world.follower().compose(0).unwrap() {
        let frames = decode(request.body.clone().into()).unwrap().frames;
        order.extend(frames.iter().filter_map(|frame| match frame {
            Frame::Records(range, _) => Some(range.source),
            _ => None,
        }));
        let reply = world.daemons[0].take(request.body);
        world.follower().answered(0, request.id, &reply).unwrap();
    }
    let long = *order
        .iter()
        .max_by_key(|id| order.iter().filter(|o| o == id).count())
        .unwrap();
    let first = order.iter().position(|id| *id == long).unwrap();
    let last = order.iter().rposition(|id| *id == long).unwrap();
    assert!(last - first >= 3, "several frames: {order:?}");
    assert!(
        order[first..=last].iter().all(|id| *id == long),
        "{order:?}"
    );
    assert_eq!(world.text().len(), 9001 + 3 * 12);
}

#[test]
fn an_empty_mount_point_is_not_a_deletion() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship();
    world.kill();
    world.memory.append(LOG, b"two\n");
    world.memory.unmount(true);
    for _ in 0..3 {
        world.ship();
        world.memory.wait(Duration::from_secs(60));
    }
    world.memory.unmount(false);
    world.ship();
    assert_eq!(world.text(), "one\ntwo\n");
    assert_eq!(world.gaps(), []);
    assert!(world.daemons[0].finals.is_empty());
}

#[test]
fn a_mark_within_a_long_line_goes_on_with_the_next_part() {
    let mut world = World::roomy();
    world.rules.in_flight = 4096;
    world
        .memory
        .append(LOG, &[b"x".repeat(9000), b"\n".to_vec()].concat());
    world.follower().scan().unwrap();
    world.exchange(0, Luck::ReplyLost);
    let mark = world.daemons[0].marks[&world.only_source()];
    assert_eq!(mark.offset, 2000, "two parts arrived");
    // Frames are longer now: the first one neither begins nor ends at the mark.
    world.rules.in_flight = 8192;
    world.ship();
    // That parts are counted on is what the simulator's daemon checks.
    assert_eq!(world.text().len(), 9001);
}
