//! Processor time as the kernel counts it, user and system together; and memory.

use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

// Places in /proc/PID/stat, counted from the state, which is the third field.
const OWN: usize = 11;
const CHILDREN: usize = 13;

/// What a process has taken so far, all its threads together.
pub(crate) fn of(process: u32) -> Outcome<Duration> {
    two_fields(&process.to_string(), OWN)
}

/// What those threads of a process that have this name have taken so far. What a thread took that
/// has ended since is not in it.
pub(crate) fn of_threads(process: u32, name: &str) -> Outcome<Duration> {
    let folder = format!("/proc/{process}/task");
    let mut sum = Duration::ZERO;
    for thread in std::fs::read_dir(&folder).attempting(format!("list {folder}"))? {
        let thread = thread?.path();
        let Ok(called) = std::fs::read_to_string(thread.join("comm")) else {
            // It has just ended.
            continue;
        };
        if called.trim_end() == name {
            let path = thread.strip_prefix("/proc").unwrap_or(&thread);
            sum += two_fields(&path.display().to_string(), OWN).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// What this process has taken so far.
pub(crate) fn own() -> Outcome<Duration> {
    two_fields("self", OWN)
}

/// What those children of this process have taken that ended and were waited for.
pub(crate) fn children() -> Outcome<Duration> {
    two_fields("self", CHILDREN)
}

/// Bytes of memory that a process holds.
pub(crate) fn resident(process: u32) -> Outcome<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).attempting(format!("read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| Trouble(format!("{path} does not say what is resident")))
}

fn two_fields(process: &str, first: usize) -> Outcome<Duration> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).attempting(format!("read {path}"))?;
    // The name before it may hold anything.
    let (_, fields) = stat.rsplit_once(") ").unwrap_or_default();
    let ticks: Vec<u64> = fields
        .split(' ')
        .skip(first)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks[..] {
        [user, system] => {
            let seconds = (user + system) as f64 / clock_ticks_per_second() as f64;
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(Trouble(format!("{path} is not as expected: {stat}"))),
    }
}
