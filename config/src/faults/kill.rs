//! Ending the process at a named point, or a thread of it.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use super::Point;
use crate::process::exit::Exit;

/// Where to end: `point[:n]`.
const KILL_AT: &str = "STANDPIPE_KILL_AT";

/// Where to panic: `point[:n]`. A part that panics must not take the others with it for ever.
const PANIC_AT: &str = "STANDPIPE_PANIC_AT";

/// Where a thread stops for ever: `point[:n]`. The process must not count as alive then.
const HANG_AT: &str = "STANDPIPE_HANG_AT";

/// Prints the table.
const LIST: &str = "--list-kill-points";

/// The orders of this process.
static ORDERS: OnceLock<Orders> = OnceLock::new();

#[derive(Debug)]
struct Orders {
    points: &'static [Point],
    kill: Option<Kill>,
    panic: Option<Kill>,
    hang: Option<Kill>,
}

/// A point, and how often the process gets there and lives.
#[derive(Debug)]
struct Kill {
    point: &'static str,
    spared: AtomicU64,
}

pub(super) fn start(points: &'static [Point]) -> Option<Exit> {
    if std::env::args_os().any(|argument| argument == LIST) {
        let _ = write!(std::io::stdout(), "{}", list(points));
        return Some(Exit::Done);
    }
    match orders(points) {
        Ok(orders) => {
            let _ = ORDERS.set(orders);
            None
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            Some(Exit::Wrong)
        }
    }
}

fn orders(points: &'static [Point]) -> Result<Orders, String> {
    Ok(Orders {
        points,
        kill: ordered(KILL_AT, points)?,
        panic: ordered(PANIC_AT, points)?,
        hang: ordered(HANG_AT, points)?,
    })
}

fn ordered(variable: &str, points: &'static [Point]) -> Result<Option<Kill>, String> {
    let order = std::env::var_os(variable);
    let order = order.as_deref().map(|order| order.to_string_lossy());
    let kill = order.map(|order| read(&order, points)).transpose();
    kill.map_err(|why| format!("{variable}: {why}"))
}

fn list(points: &[Point]) -> String {
    points.iter().map(|p| format!("{}\n", p.name)).collect()
}

fn read(order: &str, points: &'static [Point]) -> Result<Kill, String> {
    let (name, times) = order.split_once(':').unwrap_or((order, "1"));
    let Some(point) = points.iter().find(|point| point.name == name) else {
        let names: Vec<_> = points.iter().map(|point| point.name).collect();
        return Err(format!(
            "there is no point {name}; there are: {}",
            names.join(", ")
        ));
    };
    let times: Option<u64> = times.parse().ok().filter(|times| *times > 0);
    let Some(times) = times else {
        return Err(format!("{order} should be point:n, n a number from 1 on"));
    };
    Ok(Kill {
        point: point.name,
        spared: AtomicU64::new(times - 1),
    })
}

pub(super) fn reach(part: &str, moment: &str, last: impl FnOnce()) {
    // A test of the library has no orders.
    let Some(Orders {
        points,
        kill,
        panic,
        hang,
    }) = ORDERS.get()
    else {
        return;
    };
    if !points.iter().any(|point| is(point.name, part, moment)) {
        let _ = writeln!(
            std::io::stderr(),
            "{part}.{moment} is not in the program's table of kill points"
        );
        std::process::abort();
    }
    if ends(kill, part, moment) {
        last();
        die(part, moment);
    }
    if ends(panic, part, moment) {
        let why = format!("a panic at {part}.{moment}, as {PANIC_AT} says");
        std::panic::panic_any(why);
    }
    if ends(hang, part, moment) {
        hang_for_ever();
    }
}

fn ends(kill: &Option<Kill>, part: &str, moment: &str) -> bool {
    let here = kill.as_ref().filter(|k| is(k.point, part, moment));
    here.is_some_and(Kill::ends)
}

pub(super) fn is(name: &str, part: &str, moment: &str) -> bool {
    let rest = name.strip_prefix(part).and_then(|r| r.strip_prefix('.'));
    rest == Some(moment)
}

impl Kill {
    /// Whether this time is the one.
    fn ends(&self) -> bool {
        let spare = |left: u64| left.checked_sub(1);
        let spared = self
            .spared
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spare);
        spared.is_err()
    }
}

fn die(part: &str, moment: &str) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "killed at {part}.{moment}, as {KILL_AT} says"
    );
    let _ = kill_process(getpid(), Signal::KILL);
    // The signal is on its way.
    hang_for_ever()
}

fn hang_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests;
