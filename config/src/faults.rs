//! Faults on command: named places in which a test kills the process, named syncs that it leaves
//! out.
//!
//! Compiled in by the cargo feature `faults` alone. Without it every function here is empty and
//! inline, and nothing of a table or of a name is in the program.
//!
//! `STANDPIPE_KILL_AT=point[:n]` ends the process by SIGKILL the nth time it gets to that point, and
//! `--list-kill-points` prints all points of a program. One table per program is the source of the
//! list; a place that the table does not know aborts the process, so that none is forgotten there.
//! A thread that answers requests and does work that takes time aborts the process, too.
//! In the same way `STANDPIPE_SKIP_SYNC=name[,name]` leaves syncs out, which `--list-syncs` prints.

use crate::process::exit::Exit;

#[cfg(feature = "faults")]
mod kill;
#[cfg(feature = "faults")]
mod skip;
#[cfg(feature = "faults")]
mod threads;

/// A place where the process can be told to end.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its name, `part.moment`.
    pub name: &'static str,
    /// What has happened there and what has not.
    pub means: &'static str,
}

/// A sync that a test can leave out.
#[derive(Clone, Copy, Debug)]
pub struct Sync {
    /// Its name, `part.what`.
    pub name: &'static str,
    /// What is durable after it, and why it must be.
    pub means: &'static str,
}

/// Takes the orders of command line and environment, before anything else; `points` and `syncs` are
/// the program's tables. The exit, where the process is to end at once.
#[inline]
pub fn start(points: &'static [Point], syncs: &'static [Sync]) -> Option<Exit> {
    #[cfg(feature = "faults")]
    return kill::start(points).or_else(|| skip::start(syncs));
    #[cfg(not(feature = "faults"))]
    {
        let _ = (points, syncs);
        None
    }
}

/// Whether the sync of this name, part and what, is to be left out.
#[inline]
pub fn leaves_out(name: (&str, &str)) -> bool {
    #[cfg(feature = "faults")]
    return skip::leaves_out(name);
    #[cfg(not(feature = "faults"))]
    {
        let _ = name;
        false
    }
}

/// This thread answers requests, or syncs what they wait for. Work that [`takes_time`] must not be
/// done on it.
#[inline]
pub fn answers() {
    #[cfg(feature = "faults")]
    threads::answers();
}

/// Work that takes time is done on this thread: to inflate, to compress, to encode.
#[inline]
pub fn takes_time(work: &'static str) {
    #[cfg(feature = "faults")]
    threads::takes_time(work);
    #[cfg(not(feature = "faults"))]
    let _ = work;
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
