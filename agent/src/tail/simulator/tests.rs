//! Histories: random ones, and one with the kill at every step of it in turn.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::disk::memory::kill_after;

#[derive(Clone, Copy, Debug)]
enum Act {
    Append(usize, bool),
    Rotate,
    Pack,
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
        Act::Pack => world.pack(),
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
        1 => Just(Act::Pack),
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
    for_each_step(
        &[],
        &[
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
        ],
    );
}

/// The same where the rotated file is compressed while the follower does not run and half of it is
/// read.
#[test]
fn a_kill_at_every_step_of_reading_on_in_a_compressed_file_changes_nothing() {
    let before = [
        Act::Scan,
        Act::Exchange(0, Luck::Good),
        Act::Commit,
        Act::Append(3000, true),
        Act::Rotate,
        Act::Pack,
        Act::Append(30, true),
    ];
    let acts = [
        Act::Scan,
        Act::Scan,
        Act::Exchange(0, Luck::Good),
        Act::Exchange(1, Luck::ReplyLost),
        Act::Scan,
        Act::Exchange(1, Luck::Good),
        Act::Commit,
        Act::Scan,
        Act::Exchange(0, Luck::Good),
        Act::Exchange(1, Luck::Good),
        Act::Commit,
    ];
    for_each_step(&before, &acts);
}

/// Plays a history and starts the follower anew; what comes then is played with a kill before each
/// step in turn.
fn for_each_step(before: &[Act], acts: &[Act]) {
    let mut last = 0;
    for steps in 0.. {
        kill_after(None);
        let mut world = World::new();
        for number in 0..6 {
            world.append(20 + 300 * number, true);
        }
        before.iter().for_each(|step| act(&mut world, *step));
        world.follower = None;
        act(&mut world, Act::Kill(steps));
        for step in acts {
            act(&mut world, *step);
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
