//! Faults on command: named places in which a test kills the process.
//!
//! Compiled in by the cargo feature `faults` alone. Without it every function here is empty and
//! inline, and nothing of a table or of a name is in the program.
//!
//! `STANDPIPE_KILL_AT=point[:n]` ends the process by SIGKILL the nth time it gets to that point, and
//! `--list-kill-points` prints all points of a program. One table per program is the source of the
//! list; a place that the table does not know aborts the process, so that none is forgotten there.

use crate::process::exit::Exit;

#[cfg(feature = "faults")]
mod kill;

/// A place where the process can be told to end.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its name, `part.moment`.
    pub name: &'static str,
    /// What has happened there and what has not.
    pub means: &'static str,
}

/// Takes the orders of command line and environment, before anything else; `points` is the
/// program's table. The exit, where the process is to end at once.
#[inline]
pub fn start(points: &'static [Point]) -> Option<Exit> {
    #[cfg(feature = "faults")]
    return kill::start(points);
    #[cfg(not(feature = "faults"))]
    {
        let _ = points;
        None
    }
}

/// The process is at the point `part.moment`.
#[inline]
pub fn reach(part: &str, moment: &str) {
    reach_and(part, moment, || {});
}

/// The same; if the process is to end here, it does `last` before: half of what it would have done.
#[inline]
pub fn reach_and(part: &str, moment: &str, last: impl FnOnce()) {
    #[cfg(feature = "faults")]
    kill::reach(part, moment, last);
    #[cfg(not(feature = "faults"))]
    let _ = (part, moment, last);
}
