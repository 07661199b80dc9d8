//! A hundred thousand programs, and more on demand.

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

/// How many programs: `STANDPIPE_PROGRAMS`, or as many as fit into a run of all tests.
fn programs() -> u64 {
    let given = std::env::var("STANDPIPE_PROGRAMS").ok();
    given.map_or(100_000, |text| {
        text.parse().expect("STANDPIPE_PROGRAMS is no number")
    })
}

/// Where to begin: `STANDPIPE_SEED`, else somewhere. Programs follow each other from there.
fn seed() -> u64 {
    let given = std::env::var("STANDPIPE_SEED").ok();
    let given = given.map(|text| text.parse().expect("STANDPIPE_SEED is no number"));
    // Seeds that are near each other must not have programs in common.
    let seed: u64 = given.unwrap_or_else(|| RandomState::new().hash_one(0) >> 1);
    println!("seed {seed}: STANDPIPE_SEED={seed} repeats these programs");
    seed.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

/// What goes wrong when a program plays, a panic included.
fn failure(program: &Program) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| program.play())) {
        Ok(played) => played.err(),
        Err(why) => {
            let text = why.downcast_ref::<String>().cloned();
            let text = text.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Some(text.unwrap_or_else(|| "it panicked".to_owned()))
        }
    }
}

/// The same failure with as few acts as leaving out one at a time finds.
fn shrunk(mut program: Program, mut why: String) -> (Program, String) {
    let mut at = program.acts.len();
    while at > 0 {
        at -= 1;
        let smaller = program.without(at);
        if let Some(other) = failure(&smaller) {
            (program, why) = (smaller, other);
            at = program.acts.len();
        }
    }
    (program, why)
}

#[test]
fn random_programs_lose_nothing_and_repeat_nothing() {
    let (first, count) = (seed(), programs());
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || failed.load(Ordering::Relaxed) {
                return None;
            }
            let program = Program::of(first.wrapping_add(number));
            if let Some(why) = failure(&program) {
                failed.store(true, Ordering::Relaxed);
                return Some((program, why));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap());
        ended.flatten().next()
    });
    if let Some((program, why)) = found {
        let (program, why) = shrunk(program, why);
        panic!("{why}\n{:?} {:?}", program.kind, program.acts);
    }
}

/// Files begin with the same line.
const HEADERS: Kind = Kind {
    birthless: false,
    headers: true,
    watched: false,
};

fn assert_plays(kind: Kind, acts: Vec<Act>) {
    assert_eq!(failure(&Program { kind, acts }), None);
}

/// A log that is cut to a header has left another log that begins with it alone.
#[test]
fn what_begins_with_what_is_left_of_a_log_is_no_copy_of_it() {
    let acts = vec![
        Act::Write(0, 43, true),
        Act::Scan,
        Act::Exchange(0, Luck::ReplyLost),
        Act::Write(1, 28, false),
        Act::Cut(0, 1),
    ];
    assert_plays(HEADERS, acts);
}

/// One stream had come to what a truncated log holds now, and the other one not, when progress was lost.
#[test]
fn streams_in_different_epochs_go_on_where_they_were_when_progress_is_lost() {
    let acts = vec![
        Act::Write(0, 13, true),
        Act::Scan,
        Act::Exchange(0, Luck::Good),
        Act::Cut(0, 0),
        Act::Write(0, 4, true),
        Act::Exchange(1, Luck::Good),
        Act::Lose,
    ];
    assert_plays(HEADERS, acts);
}

/// A log that held a header and no more was deleted; two others that are no copies begin with it.
#[test]
fn what_is_left_of_a_file_that_was_replaced_has_no_copies() {
    let acts = vec![
        Act::Write(0, 17, true),
        Act::Cut(0, 1),
        Act::Scan,
        Act::Write(1, 49, false),
        Act::Rotate(0, true),
        Act::Write(0, 6, true),
        Act::Delete(0, true),
    ];
    assert_plays(HEADERS, acts);
}

/// The compressed form of a log got the inode of one that was empty, and no birth tells so.
#[test]
fn an_empty_log_does_not_go_on_in_a_compressed_file() {
    let kind = Kind {
        birthless: true,
        headers: false,
        watched: false,
    };
    let acts = vec![
        Act::Write(0, 25, true),
        Act::Cut(0, 0),
        Act::Rotate(0, true),
        Act::Write(0, 1, true),
        Act::Scan,
        Act::Rotate(0, false),
        Act::Exchange(0, Luck::ReplyLost),
        Act::Pack(0),
    ];
    assert_plays(kind, acts);
}
