//! The points at which a test may kill the agent: the source of `--list-kill-points`.
//!
//! Each is killed at by `tests/tests/proofs`, which takes the list from the program: a new point
//! needs a line here, a call of [`reach`](standpipe_config::faults::reach), and no test of its own.

use standpipe_config::faults::Point;

/// All points, in the order of a line's path.
pub const POINTS: &[Point] = &[
    point("agent.id-kept", "The agent has an id; it has no progress."),
    point(
        "progress.staged",
        "Progress is about to be written: acknowledged offsets, new sources and epochs.",
    ),
    point("progress.half-written", "Progress is written by half."),
    point("progress.written", "Progress is written and not synced."),
    point(
        "progress.synced",
        "Progress is synced: what was born in it may be sent from here on (rule 1).",
    ),
    point(
        "progress.snapshot-written",
        "The progress's snapshot is written aside and synced.",
    ),
    point(
        "progress.snapshot-named",
        "The progress's snapshot has its name; the log before is still there.",
    ),
    point("ship.sending", "A request is about to be sent."),
    point(
        "ship.answered",
        "A request was acknowledged; progress does not know.",
    ),
];

const fn point(name: &'static str, means: &'static str) -> Point {
    Point { name, means }
}
