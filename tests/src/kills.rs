//! The points at which a program that is built for tests can be told to end (`docs/faults.md`), and
//! whether it ended there.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::binaries;
use crate::daemon::Daemon;
use crate::program::{Program, last_lines};
use crate::random::Random;
use crate::trouble::{Attempting, Outcome, Trouble};

/// How long a program may take to get to a point.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long nothing must be left to do before a point counts as not reached: some are reached after
/// the books are closed.
const REST: Duration = Duration::from_secs(2);

/// The points from the read of the journal to the checkpoint after a delivery, but for refusals.
const ON_THE_WAY: [&str; 4] = ["batch.", "seal.", "checkpoint.", "delivery."];

/// How often a point is tried before it counts as out of reach.
pub const TRIES: u64 = 4;

/// How often it is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// The points of a program, as it lists them.
pub fn points(program: &str) -> Outcome<Vec<String>> {
    let said = Command::new(binaries::find(program)?)
        .arg("--list-kill-points")
        .output()
        .attempting(format!("ask {program} for its points"))?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr).into_owned();
        return Err(Trouble(format!(
            "{program} does not list its points: {why}"
        )));
    }
    let names = String::from_utf8_lossy(&said.stdout);
    Ok(names.lines().map(str::to_owned).collect())
}

/// The daemon's points from the read of the journal to the checkpoint after a delivery, and those
/// whose names begin with `more`.
pub fn on_the_way(more: &[&str]) -> Outcome<Vec<String>> {
    let mut points = points("standpipe-delivery")?;
    let wanted: Vec<_> = ON_THE_WAY.iter().chain(more).collect();
    points.retain(|point| wanted.iter().any(|part| point.starts_with(**part)));
    match points.len() > 10 {
        true => Ok(points),
        false => Err(Trouble(format!("these are few points: {points:?}"))),
    }
}

/// How often a program is to end at each of many points: 20 times with `tests/run --full`.
pub fn rounds() -> u64 {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => 20,
        None => 1,
    }
}

/// Which time at a point is the last, by chance, where entries and objects are many in a life; the
/// first one where more were out of reach.
pub fn nth(point: &str, tried: u64, random: &mut Random) -> u64 {
    match point.split_once('.') {
        _ if tried > 0 => 1,
        Some(("delivery", _)) => 1 + random.below(100),
        Some(("checkpoint", _)) if !point.contains("snapshot") => 1 + random.below(8),
        _ => 1,
    }
}

/// Starts a daemon and lets it run until it has ended at a point, the nth time it gets there. `work`
/// gives it something to do, and says whether nothing is left. `false`: nothing was left, and it was
/// killed without having been there.
pub fn kill_at(
    daemon: &mut Daemon,
    (point, nth): (&str, u64),
    mut work: impl FnMut(&Daemon) -> bool,
) -> Outcome<bool> {
    let order = ("STANDPIPE_KILL_AT".to_owned(), format!("{point}:{nth}"));
    daemon.environment.extend([order]);
    daemon.spawn()?;
    let (begun, mut at_rest) = (Instant::now(), None);
    while begun.elapsed() < PATIENCE {
        if ended_at(daemon.program()?, point)? {
            return Ok(true);
        }
        if !work(daemon) {
            at_rest = None;
        } else if at_rest.get_or_insert_with(Instant::now).elapsed() > REST {
            daemon.kill()?;
            return Ok(false);
        }
        std::thread::sleep(PAUSE);
    }
    Err(Trouble(format!("neither {point} nor the end was reached")))
}

/// Whether a program has ended, which it may only at this point.
pub fn ended_at(program: &mut Program, point: &str) -> Outcome<bool> {
    let Some(status) = program.ended()? else {
        return Ok(false);
    };
    // Other threads may say something while this one ends the process.
    let said = last_lines(program.log(), 4);
    match status.signal() == Some(9) && said.contains(&format!("killed at {point},")) {
        true => Ok(true),
        false => Err(Trouble(format!(
            "it ended with {status}, not at {point}: {said}"
        ))),
    }
}
