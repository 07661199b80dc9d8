use std::time::Duration;

use standpipe_config::frame::GapReason;
use standpipe_config::settings::agent::{Encoding, Flow, MultiLine, Pattern};

use crate::tail::Rules;
use crate::tail::simulator::{Luck, World, flow};

const LOG: &str = "/log/app.log";

fn world(change: impl FnOnce(&mut Flow)) -> World {
    let mut world = World::new();
    let mut flow = flow("a", 1000);
    change(&mut flow);
    world.flows = vec![flow];
    world.daemons.truncate(1);
    world.rules = Rules {
        in_flight: 1 << 20,
        ..Rules::default()
    };
    world
}

fn events() -> World {
    world(|flow| {
        flow.multi_line = Some(MultiLine {
            start: Pattern::new("^[0-9]").unwrap(),
            wait: Duration::from_secs(3),
        });
    })
}

fn ship(world: &mut World) {
    world.follower().scan().unwrap();
    while world.exchange(0, Luck::Good) {}
    world.follower().commit().unwrap();
}

/// What arrived, record by record.
fn records(world: &World) -> Vec<String> {
    let records = world.daemons[0].records.iter();
    records
        .map(|record| String::from_utf8_lossy(record).into_owned())
        .collect()
}

#[test]
fn an_event_waits_for_the_next_one_and_no_longer_than_it_may() {
    let mut world = events();
    world.memory.append(LOG, b"1 one\n at x\n2 two\n at y\n");
    ship(&mut world);
    assert_eq!(records(&world), ["1 one\n at x"]);
    assert_eq!(world.follower().release_at(), Some(Duration::from_secs(3)));
    world.memory.wait(Duration::from_secs(2));
    world.memory.append(LOG, b" at z\n");
    ship(&mut world);
    world.memory.wait(Duration::from_secs(2));
    ship(&mut world);
    assert_eq!(records(&world).len(), 1, "it was written to since");
    world.memory.wait(Duration::from_secs(1));
    ship(&mut world);
    assert_eq!(records(&world)[1..], ["2 two\n at y\n at z"]);
    assert_eq!(world.follower().release_at(), None);
    assert_eq!(world.follower().bytes().waiting, 0);
}

#[test]
fn an_unfinished_line_is_no_part_of_an_event_that_waited() {
    let mut world = events();
    world.memory.append(LOG, b"1 one\n at x\n at");
    ship(&mut world);
    world.memory.wait(Duration::from_secs(4));
    ship(&mut world);
    assert_eq!(records(&world), ["1 one\n at x"]);
    world.memory.append(LOG, b" y\n2 two\n");
    ship(&mut world);
    assert_eq!(records(&world)[1..], [" at y"], "too late for its event");
}

#[test]
fn a_kill_while_an_event_waits_changes_nothing() {
    let mut world = events();
    world.memory.append(LOG, b"1 one\n at x\n");
    ship(&mut world);
    world.follower = None;
    world.memory.append(LOG, b" at y\n2 two\n");
    ship(&mut world);
    assert_eq!(records(&world), ["1 one\n at x\n at y"]);
}

#[test]
fn once_and_a_rotated_file_wait_for_no_event() {
    let mut world = events();
    world.memory.append(LOG, b"1 one\n at x\n");
    world.rules.once = true;
    ship(&mut world);
    assert_eq!(records(&world), ["1 one\n at x"]);

    let mut world = events();
    world.memory.append(LOG, b"1 one\n at x\n");
    ship(&mut world);
    world.memory.rename(LOG, "/log/elsewhere");
    for _ in 0..2 {
        ship(&mut world);
        world.memory.wait(Duration::from_secs(31));
    }
    ship(&mut world);
    assert_eq!(records(&world), ["1 one\n at x"]);
    assert_eq!(world.daemons[0].finals.len(), 1);
}

#[test]
fn an_event_that_is_longer_than_a_turn_arrives_whole() {
    let mut world = events();
    world.flows[0].max_line = 900_000;
    let long = format!("1 {}\n", " line\n".repeat(100_000));
    world.memory.append(LOG, long.as_bytes());
    world.memory.append(LOG, b"2 two\n");
    ship(&mut world);
    assert_eq!(
        records(&world),
        [long.trim_end_matches('\n').to_owned() + "\n"]
    );
}

#[test]
fn header_lines_are_excluded_and_counted_in_each_file_and_epoch() {
    let mut world = world(|flow| flow.skip_header_lines = 2);
    world.memory.append(LOG, b"a,b\n");
    ship(&mut world);
    world.memory.append(LOG, b"---");
    ship(&mut world);
    assert_eq!(records(&world), [""; 0]);
    assert_eq!(world.daemons[0].gaps, [], "the header may be incomplete");
    world.memory.append(LOG, b"\n1,2\n");
    ship(&mut world);
    assert_eq!(records(&world), ["1,2"]);
    world.follower = None;
    world.memory.append(LOG, b"3,4\n");
    ship(&mut world);
    world.memory.truncate(LOG, 0);
    ship(&mut world);
    world.memory.append(LOG, b"a,b\n---\n5,6\n");
    ship(&mut world);
    assert_eq!(records(&world), ["1,2", "3,4", "5,6"]);
    let gaps = &world.daemons[0].gaps;
    let excluded = |(range, reason): &(_, _)| {
        let range: &standpipe_config::frame::Range = range;
        (range.start, range.end) == (0, 8) && *reason == GapReason::Excluded
    };
    assert!(gaps.len() == 2 && gaps.iter().all(excluded), "{gaps:?}");
    assert_eq!(world.follower().bytes().excluded, 16);
}

#[test]
fn a_file_that_ends_in_its_header_is_all_header() {
    let mut world = world(|flow| flow.skip_header_lines = 3);
    world.rules.once = true;
    world.memory.append(LOG, b"a\nb");
    ship(&mut world);
    assert_eq!(records(&world), [""; 0]);
    assert_eq!(world.follower().bytes().excluded, 3);
    assert!(world.follower().is_drained());
}

/// Offsets stay those of the file (rule 3); what is shipped is UTF-8.
#[test]
fn utf_16_arrives_as_utf_8_wherever_the_writer_pauses() {
    let text = "\u{feff}hüh\u{a0a}\r\n😀\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for pause in 0..bytes.len() {
        let mut world = world(|flow| flow.encoding = Encoding::Utf16Le);
        world.daemons[0].shaped = true;
        world.memory.append(LOG, &bytes[..pause]);
        ship(&mut world);
        world.memory.append(LOG, &bytes[pause..]);
        ship(&mut world);
        assert_eq!(records(&world), ["hüh\u{a0a}", "😀"], "pause at {pause}");
        let mark = world.daemons[0].marks.values().next().unwrap();
        assert_eq!(mark.offset, bytes.len() as u64);
    }
}
