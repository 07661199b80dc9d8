use std::time::Duration;

use standpipe_config::frame::GapReason;

use crate::disk::memory::gzip;
use crate::tail::simulator::{Luck, World};

const LOG: &str = "/log/app.log";
const PACKED: &str = "/log/app.log.1.gz";

fn text(world: &World) -> String {
    let text = world.daemons[0].text.values().flatten().copied();
    String::from_utf8(text.collect()).unwrap()
}

/// Some lines arrive, the follower ends, and more of them are written.
fn half_read() -> World {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\ntwo\n");
    world.ship_all();
    world.follower = None;
    world.memory.append(LOG, b"three\nfour\n");
    world
}

#[test]
fn what_was_not_read_is_read_from_the_compressed_file() {
    for pattern in ["/log/app.log*", "/log/app.log"] {
        let mut world = half_read();
        world.flows[0].paths = vec![pattern.into()];
        world.memory.pack(LOG, PACKED);
        world.memory.append(LOG, b"new\n");
        world.ship_all();
        let text = text(&world);
        assert!(text.contains("one\ntwo\nthree\nfour\n"), "{text}");
        assert!(text.contains("new\n") && text.len() == 23, "{text}");
        assert_eq!(world.daemons[0].marks.len(), 2, "under the same source");
        assert_eq!(world.daemons[0].finals.len(), 1, "nobody writes to it");
        assert_eq!(world.daemons[0].gaps, []);
    }
}

#[test]
fn it_is_read_on_after_a_kill_and_after_another_rename() {
    for name in ["/log/app.log.2.gz", "/log/elsewhere.gz"] {
        let mut world = half_read();
        world.memory.pack(LOG, PACKED);
        world.follower().scan().unwrap();
        world.exchange(0, Luck::ReplyLost);
        world.memory.rename(PACKED, name);
        world.ship_all();
        assert_eq!(text(&world), "one\ntwo\nthree\nfour\n");
        assert_eq!(world.daemons[0].finals.len(), 1, "{name}");
        world.follower = None;
        world.ship_all();
        assert_eq!(text(&world).len(), 19, "{name}");
    }
}

/// It was empty when it was first seen, and its beginning is remembered with the first offset.
#[test]
fn a_file_that_began_empty_is_recognised() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"");
    world.ship_all();
    world.memory.append(LOG, b"one\ntwo\n");
    world.ship_all();
    world.follower = None;
    world.memory.append(LOG, b"three\n");
    world.memory.pack(LOG, PACKED);
    world.ship_all();
    assert_eq!(text(&world), "one\ntwo\nthree\n");
}

#[test]
fn a_last_line_without_an_end_is_a_record() {
    let mut world = half_read();
    world.memory.append(LOG, b"no end");
    world.memory.pack(LOG, PACKED);
    world.ship_all();
    assert!(text(&world).ends_with("four\nno end"));
}

#[test]
fn a_compressed_file_is_no_log_of_its_own() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.memory.append("/log/app.log.2.gz", &gzip(b"old\n"));
    world.memory.append("/log/app.log.3.gz", b"");
    world.memory.append("/log/app.log.4.bz2", b"BZh9\n");
    world.ship_all();
    world.memory.rename(LOG, "/log/app.log.1");
    world.ship_all();
    // Read by its descriptor, to its end.
    world.memory.append("/log/app.log.1", b"two\n");
    world.memory.pack("/log/app.log.1", PACKED);
    for _ in 0..3 {
        world.ship_all();
        world.memory.wait(Duration::from_secs(31));
    }
    world.follower = None;
    world.ship_all();
    assert_eq!(text(&world), "one\ntwo\n");
    assert_eq!(world.daemons[0].marks.len(), 1);
    assert_eq!(world.follower().unread(), 0);
}

#[test]
fn late_lines_of_a_file_that_was_closed_are_read_from_its_compressed_form() {
    let mut world = half_read();
    world.ship_all();
    world.memory.wait(Duration::from_secs(301));
    world.ship_all();
    world.memory.append(LOG, b"late\n");
    world.memory.pack(LOG, PACKED);
    world.ship_all();
    assert_eq!(text(&world), "one\ntwo\nthree\nfour\nlate\n");
    assert_eq!(world.daemons[0].gaps, []);
}

/// Another log of the same beginning, of which nothing is left: what a finished one held is not its
/// rest.
#[test]
fn the_compressed_form_of_a_file_that_ended_is_nobody_elses() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"header\n");
    world.ship_all();
    world.follower = None;
    world.memory.delete(LOG);
    world
        .memory
        .append("/log/app.log.1", b"header\nall of it\n");
    world.follower().scan().unwrap();
    world.memory.pack("/log/app.log.1", PACKED);
    while world.exchange(0, Luck::Good) {}
    for _ in 0..4 {
        world.memory.wait(Duration::from_secs(31));
        world.ship_all();
    }
    assert_eq!(world.daemons[0].finals.len(), 2);
    assert_eq!(world.daemons[0].lines()[&b"all of it\n"[..]], 1);
}

#[test]
fn a_compressed_file_that_is_cut_gives_what_it_holds_and_the_rest_is_counted() {
    let mut world = World::roomy();
    let lines = |from: usize| -> Vec<u8> {
        let lines = (from..from + 20_000).map(|n| format!("line {n} {}\n", n * n));
        lines.collect::<String>().into_bytes()
    };
    world.memory.append(LOG, &lines(0));
    world.ship_all();
    world.memory.append(LOG, &lines(20_000));
    world.follower().scan().unwrap();
    world.follower().remember();
    world.follower().commit().unwrap();
    world.follower = None;
    let all = world.memory.content(LOG).unwrap();
    let packed = gzip(&all);
    world.memory.append(PACKED, &packed[..packed.len() * 3 / 4]);
    world.memory.delete(LOG);
    world.follower().scan().unwrap();
    while world.exchange(0, Luck::Good) {}
    assert_eq!(
        text(&world).len(),
        lines(0).len(),
        "it may be completed yet"
    );
    world.memory.wait(Duration::from_secs(31));
    world.ship_all();
    let arrived: usize = world.daemons[0].text.values().map(Vec::len).sum();
    assert!(arrived > all.len() / 2 && arrived < all.len(), "{arrived}");
    let bytes = world.follower().bytes();
    assert_eq!(bytes.gone, (all.len() - arrived) as u64);
    assert_eq!(bytes.reasons.cut_off, bytes.gone);
}

#[test]
fn one_of_another_beginning_is_not_taken() {
    let mut world = half_read();
    world.memory.delete(LOG);
    world
        .memory
        .append(PACKED, &gzip(b"one\nTWO\nthree\nfour\n"));
    for _ in 0..3 {
        world.ship_all();
        world.memory.wait(Duration::from_secs(31));
    }
    assert_eq!(text(&world), "one\ntwo\n");
    let finals = world.daemons[0].finals.len();
    assert_eq!(
        (finals, world.daemons[0].gaps.len()),
        (1, 0),
        "its size was known to be all"
    );
}

#[test]
fn a_hole_that_a_writer_left_is_passed_over_and_counted() {
    let mut world = World::roomy();
    world.memory.append(LOG, b"one\n");
    world.ship_all();
    world.memory.truncate(LOG, 0);
    world.memory.append(LOG, &[0; 70_000]);
    world.ship_all();
    assert_eq!(text(&world), "one\n");
    world.memory.append(LOG, b"two\n");
    world.ship_all();
    assert_eq!(text(&world), "one\ntwo\n");
    let gaps: Vec<_> = world.daemons[0]
        .gaps
        .iter()
        .map(|(r, why)| (r.start, r.end, *why))
        .collect();
    assert_eq!(gaps, [(0, 70_000, GapReason::Hole)]);
    assert_eq!(world.follower().bytes().reasons.unreadable, 70_000);
}
