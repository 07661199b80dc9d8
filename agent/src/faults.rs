//! The points at which a test may kill the agent, and the syncs that it may leave out.
//!
//! Each is killed at by `tests/tests/proofs`, which takes the list from the program: a new point
//! needs a line here, a call of [`reach`](standpipe_config::faults::reach), and no test of its own.

use standpipe_config::faults::{Point, Sync};

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

/// All syncs: the source of `--list-syncs`. What each is caught by when it is left out stands in
/// `docs/power-cuts.md`.
pub const SYNCS: &[Sync] = &[
    sync("folder.created", "A folder's name, in the folder above."),
    sync(
        "folder.found",
        "The name of a folder that was there: its creator may have been killed before its sync.",
    ),
    sync("agent-id.bytes", "The agent's id, before it has its name."),
    sync("agent-id.name", "The name of the file of the agent's id."),
    sync(
        "progress.entry",
        "Sources, epochs and offsets, before anything is sent under them (rule 1).",
    ),
    sync(
        "progress.refused",
        "The cut behind which an entry lay that found no room.",
    ),
    sync(
        "progress.snapshot",
        "A new generation of the progress, before it has its name.",
    ),
    sync(
        "progress.snapshot-name",
        "Its name, before anything is appended to it.",
    ),
    sync(
        "progress.found",
        "The entries that a start found, before anything is sent under them.",
    ),
    sync(
        "progress.found-name",
        "The names in the data folder that a start found: progress, agent id.",
    ),
    sync(
        "progress.set-aside",
        "The name under which damaged progress is kept.",
    ),
    sync(
        "dead-letter.bytes",
        "Lines that do not parse, before their bytes count as read.",
    ),
    sync(
        "dead-letter.name",
        "The name of the file that they are in, likewise.",
    ),
];

const fn sync(name: &'static str, means: &'static str) -> Sync {
    Sync { name, means }
}
