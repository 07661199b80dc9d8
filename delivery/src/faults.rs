//! The points at which a test may kill the daemon: the source of `--list-kill-points`.
//!
//! Each is killed at by `tests/tests/proofs`, which takes the list from the program: a new point
//! needs a line here, a call of [`reach`](standpipe_config::faults::reach), and no test of its own.

use standpipe_config::faults::Point;

/// All points, in the order of a line's path.
pub const POINTS: &[Point] = &[
    point(
        "journal.half-written",
        "A group of appends is in the segment by half.",
    ),
    point(
        "journal.written",
        "A group is written and not synced: nobody was answered.",
    ),
    point(
        "journal.synced",
        "A group is synced, and nobody was answered.",
    ),
    point(
        "journal.segment-written",
        "A new segment is written and synced under a recycled name.",
    ),
    point(
        "journal.segment-named",
        "A new segment has its name; its predecessor is still there.",
    ),
    point(
        "journal.segment-recycled",
        "A released segment has a recycled name.",
    ),
    point("journal.segment-removed", "A released segment was removed."),
    point("batch.written", "Records are in the open batch's files."),
    point(
        "seal.schema-kept",
        "A schema has grown and is kept; the file that uses it is not sealed.",
    ),
    point(
        "seal.files-finished",
        "A batch's files are synced, their names are not.",
    ),
    point(
        "seal.files-synced",
        "A batch's files and names are durable; no entry names them.",
    ),
    point(
        "seal.recorded",
        "The checkpoint names a batch's files; delivery was not told.",
    ),
    point("seal.released", "The journal released what was sealed."),
    point(
        "checkpoint.half-written",
        "An entry of the checkpoint is written by half.",
    ),
    point(
        "checkpoint.written",
        "An entry of the checkpoint is written and not synced.",
    ),
    point(
        "checkpoint.synced",
        "An entry of the checkpoint is synced and not applied.",
    ),
    point(
        "checkpoint.snapshot-written",
        "A checkpoint's snapshot is written aside and synced.",
    ),
    point(
        "checkpoint.snapshot-named",
        "A checkpoint's snapshot has its name; the log before is still there.",
    ),
    point(
        "delivery.copied",
        "An object was copied to another file system, beside its name.",
    ),
    point(
        "delivery.placed",
        "An object has its name; its folder is not synced.",
    ),
    point(
        "delivery.delivered",
        "The destination holds an object; the checkpoint does not know.",
    ),
    point(
        "delivery.forgotten",
        "A delivered file left the checkpoint; it still lies in the spool.",
    ),
    point("delivery.removed", "A delivered file left the spool."),
    point(
        "divert.synced",
        "A refused object's error file is durable; no entry names it.",
    ),
    point(
        "divert.recorded",
        "The checkpoint names an error file in place of the refused one.",
    ),
    point(
        "recovery.spool-there",
        "The spool's folder is there; nothing in it was looked at.",
    ),
    point(
        "recovery.spool-swept",
        "Files that no entry names were removed.",
    ),
    point(
        "recovery.tail-cut",
        "The journal's void end was cut off; that is not synced.",
    ),
    point(
        "recovery.tail-synced",
        "What was found of the journal is synced.",
    ),
    point(
        "recovery.run-durable",
        "The run is durable; what it replaces is still there.",
    ),
    point(
        "recovery.checkpoint-begun",
        "A stream's first checkpoint is there; its settings are not.",
    ),
    point(
        "recovery.settings-noted",
        "The checkpoint knows that the settings changed; they are not kept.",
    ),
    point(
        "recovery.settings-kept",
        "A stream's parts are open and agree; none of its tasks runs.",
    ),
];

const fn point(name: &'static str, means: &'static str) -> Point {
    Point { name, means }
}
