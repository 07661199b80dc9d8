//! Each named kill point of both programs: the process ends there, again and again, and every line
//! arrives once.

use std::collections::VecDeque;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::thread;

use life::{Life, Victim};
use standpipe_tests::kills::points;
use standpipe_tests::random::Random;
use standpipe_tests::{Outcome, Trouble, binaries};

mod arrived;
mod life;

/// How often a program ends at each of its points.
const KILLS: u32 = 5;

/// Which time at a point is the last: early ones are at a start, later ones amid work.
const NTH: [u64; 6] = [1, 2, 3, 5, 9, 10];

/// How many points are tried at once.
const AT_ONCE: usize = 4;

/// What a program of ours answers, with a fault to come.
fn ask(program: &str, arguments: &[&str], kill_at: Option<&str>) -> Outcome<Output> {
    let mut command = Command::new(binaries::find(program)?);
    command.args(arguments);
    if let Some(point) = kill_at {
        command.env("STANDPIPE_KILL_AT", point);
    }
    Ok(command.output()?)
}

const PROGRAMS: [&str; 2] = ["standpipe-agent", "standpipe-delivery"];

#[test]
fn a_point_that_does_not_exist_is_wrong_usage_and_told_with_those_that_do() -> Outcome {
    for program in PROGRAMS {
        let names = points(program)?;
        assert!(names.len() > 5, "{names:?}");
        for point in ["journal.sink", "journal.synced:0", ""] {
            let said = ask(program, &["run"], Some(point))?;
            assert_eq!(said.status.code(), Some(2), "{program} at {point}");
        }
        let said = ask(program, &["run"], Some("journal.sink"))?;
        let said = String::from_utf8_lossy(&said.stderr);
        assert!(names.iter().all(|name| said.contains(name)), "{said}");
    }
    Ok(())
}

/// Ends a program at one of its points, five times, in as many lives as it takes.
///
/// Every second life begins with a kill amid work, because some points are reached only where
/// there is something to recover, as others only at a birth.
fn try_point(victim: Victim, point: &str, mut random: Random) -> Outcome {
    let (mut kills, mut fruitless) = (0, 0);
    for number in 0.. {
        let before = kills;
        let mut life = Life::begin(point)?;
        let is_cold = number % 2 == 0;
        if !is_cold {
            amid_work(&mut life, &mut random)?;
        }
        while kills < KILLS {
            let nth = if number == 0 { *random.one_of(&NTH) } else { 1 };
            if !life.kill_at(victim, point, nth)? {
                break;
            }
            kills += 1;
            if is_cold && number > 0 {
                break;
            }
            if point.starts_with("recovery.") {
                amid_work(&mut life, &mut random)?;
            }
        }
        life.settle()?;
        fruitless = if kills > before { 0 } else { fruitless + 1 };
        if kills == KILLS {
            break;
        }
        if fruitless == 3 {
            return Err(Trouble(format!(
                "it was reached {kills} times, and no more"
            )));
        }
    }
    Ok(())
}

/// Kills the daemon while it has something in hand.
fn amid_work(life: &mut Life, random: &mut Random) -> Outcome {
    let nth = *random.one_of(&NTH);
    life.kill_at(Victim::Daemon, "journal.half-written", nth)
        .map(drop)
}

/// Tries all points of a program, some at a time; all that went wrong.
fn try_all(victim: Victim, program: &str) -> Outcome {
    let mut random = Random::new();
    let points: VecDeque<_> = points(program)?
        .into_iter()
        // These need a warehouse, a bucket, clients that make streams, or a redrive: their tests are there.
        .filter(|point| !point.starts_with("warehouse.") && !point.starts_with("created."))
        .filter(|point| !point.starts_with("s3.") && !point.starts_with("redrive."))
        .map(|point| (point, random.fork()))
        .collect();
    let (points, troubles) = (Mutex::new(points), Mutex::new(vec![]));
    let next = || {
        points
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((point, random)) = next() {
                    if let Err(Trouble(why)) = try_point(victim, &point, random) {
                        let mut troubles = troubles.lock().unwrap_or_else(PoisonError::into_inner);
                        troubles.push(format!("{point}: {why}"));
                    }
                }
            });
        }
    });
    let troubles = troubles
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match troubles.is_empty() {
        true => Ok(()),
        false => Err(Trouble(troubles.join("\n"))),
    }
}

#[test]
fn nothing_is_lost_or_doubled_wherever_the_agent_is_killed() -> Outcome {
    try_all(Victim::Agent, PROGRAMS[0])
}

#[test]
fn nothing_is_lost_or_doubled_wherever_the_daemon_is_killed() -> Outcome {
    try_all(Victim::Daemon, PROGRAMS[1])
}
