//! The points at which a test may kill the daemon, and the syncs that it may leave out.
//!
//! Each is killed at by `tests/tests/proofs`, which takes the list from the program: a new point
//! needs a line here, a call of [`reach`](standpipe_config::faults::reach), and no test of its own;
//! those that need a warehouse, a bucket or a redrive are reached in `tests/tests/warehouse`,
//! `tests/tests/s3` and `tests/tests/redrive`.

use standpipe_config::faults::{Point, Sync};

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
        "s3.upload-begun",
        "A multipart upload is begun; its id is not noted.",
    ),
    point(
        "s3.part-sent",
        "A part of an upload is sent, whose id is noted.",
    ),
    point(
        "warehouse.staged",
        "A file and its manifest lie where the warehouse reads; nothing is loaded.",
    ),
    point(
        "warehouse.locked",
        "A warehouse's ledger is locked, and does not have the file.",
    ),
    point(
        "warehouse.noted",
        "A file is loaded and noted so; nothing is committed.",
    ),
    point(
        "warehouse.committed",
        "A load is committed; the checkpoint does not know.",
    ),
    point(
        "redrive.half-written",
        "An entry of the ledger of redrives is written by half.",
    ),
    point(
        "redrive.written",
        "An entry of the ledger of redrives is written and not synced.",
    ),
    point(
        "redrive.synced",
        "An entry of the ledger of redrives is synced; its batch is not stored.",
    ),
    point(
        "redrive.snapshot-written",
        "A snapshot of the ledger of redrives is written aside and synced.",
    ),
    point(
        "redrive.snapshot-named",
        "A snapshot of the ledger of redrives has its name.",
    ),
    point(
        "redrive.stored",
        "A batch of failed records is in the journal again; its object lies where it was.",
    ),
    point(
        "redrive.moved",
        "An object whose records were put back is moved aside; the ledger does not know.",
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
    point(
        "created.kept",
        "A stream that is made over the wire is kept; it does not run.",
    ),
    point(
        "created.updated",
        "An update is kept; the stream runs as before.",
    ),
    point(
        "created.marked",
        "A stream is marked as deleted; its door is open.",
    ),
    point(
        "created.drained",
        "A deleted stream's folder is gone; its definition is there.",
    ),
];

const fn point(name: &'static str, means: &'static str) -> Point {
    Point { name, means }
}

/// All syncs, in the order of a line's path: the source of `--list-syncs`. What each is caught by
/// when it is left out stands in `docs/power-cuts.md`.
pub const SYNCS: &[Sync] = &[
    sync("folder.created", "A folder's name, in the folder above."),
    sync(
        "folder.found",
        "The name of a folder that was there: its creator may have been killed before its sync.",
    ),
    sync(
        "journal.segment",
        "A new segment's header and snapshot, before it has its name.",
    ),
    sync(
        "journal.segment-name",
        "A new segment's name, before anything is appended.",
    ),
    sync(
        "journal.recycled-name",
        "The recycled name of a released segment, before it is written anew.",
    ),
    sync(
        "journal.group",
        "A group of appends, before its callers are answered.",
    ),
    sync(
        "journal.refused",
        "The cut behind which a group lay that found no room, before its callers are refused.",
    ),
    sync(
        "journal.found",
        "What a start found of the newest segment, before it counts.",
    ),
    sync("spool.data", "The rows of a sealed file, before the entry."),
    sync("spool.index", "Their index, before the entry."),
    sync("spool.object", "An encoded object, before the entry."),
    sync("spool.names", "Their names, before the entry."),
    sync(
        "schema.bytes",
        "A grown schema, before it takes the place of the one before.",
    ),
    sync(
        "schema.name",
        "Its name, before the file that uses it is sealed.",
    ),
    sync(
        "checkpoint.entry",
        "An entry of the checkpoint, before anybody acts on it.",
    ),
    sync(
        "checkpoint.refused",
        "The cut behind which an entry lay that found no room.",
    ),
    sync(
        "checkpoint.snapshot",
        "A new generation of the checkpoint, before it has its name.",
    ),
    sync(
        "checkpoint.snapshot-name",
        "Its name, before anything is appended to it.",
    ),
    sync(
        "checkpoint.found",
        "The entries that a start found, before anybody acts on them.",
    ),
    sync(
        "checkpoint.found-name",
        "The names in a stream's folder that a start found: checkpoint, schema, settings.",
    ),
    sync(
        "redrive.entry",
        "A batch in the ledger of redrives, before it is stored.",
    ),
    sync(
        "redrive.refused",
        "The cut behind which an entry of that ledger lay that found no room.",
    ),
    sync(
        "redrive.snapshot",
        "A new generation of that ledger, before it has its name.",
    ),
    sync(
        "redrive.snapshot-name",
        "Its name, before anything is appended to it.",
    ),
    sync(
        "redrive.found",
        "The entries of that ledger that were found, before anybody acts on them.",
    ),
    sync(
        "redrive.found-name",
        "The names in a stream's folder when that ledger was found.",
    ),
    sync(
        "settings.bytes",
        "The settings of a stream, before they take the place of those before.",
    ),
    sync("settings.name", "Their name, before the stream runs."),
    sync(
        "about.bytes",
        "When a stream was born, and its tags, before they take the place of those before.",
    ),
    sync("about.name", "Their name, before the caller is answered."),
    sync(
        "created.bytes",
        "The definition of a stream that is made over the wire, before it takes the place of the one before.",
    ),
    sync("created.name", "Its name, before the caller is answered."),
    sync("stream.renamed", "A stream's folder under its new name."),
    sync(
        "stream.removed",
        "A stream's folder out of the way, before what is in it is removed.",
    ),
    sync(
        "object.copy",
        "The copy of an object on another file system, before it has its name.",
    ),
    sync(
        "object.renamed",
        "Its name, on file systems that cannot refuse to replace.",
    ),
    sync(
        "object.name",
        "An object's name, before it is called delivered.",
    ),
    sync("object.folders", "The names of the folders above it."),
    sync("object.root", "The name of the destination's folder."),
    sync(
        "export.copy",
        "A copy of a sealed file, or what is known of it, before the spool forgets it.",
    ),
    sync(
        "export.name",
        "Its name, and those of the folders above it, likewise.",
    ),
];

const fn sync(name: &'static str, means: &'static str) -> Sync {
    Sync { name, means }
}
