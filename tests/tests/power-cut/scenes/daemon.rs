//! The daemon's scenes, in the order of a line's path.

use standpipe_tests::objects::{row_count, rows};
use standpipe_tests::power::Lost;
use standpipe_tests::wait::until;
use standpipe_tests::{Outcome, Trouble, http};

use super::Scene;
use super::stage::{FAR, LATE, PATIENCE, Program, ROWS, SOON, Stage};

const fn scene(
    sync: &'static str,
    play: fn(&mut Stage) -> Outcome,
    lost: Lost,
    check: fn(&mut Stage) -> Outcome,
) -> Scene {
    Scene {
        program: Program::Daemon,
        sync,
        play,
        lost,
        check,
    }
}

pub(super) const SCENES: &[Scene] = &[
    scene("folder.found", found_folders, Lost::Names(""), all_there),
    scene("journal.segment", born, Lost::Bytes("segment-"), all_there),
    scene(
        "journal.segment-name",
        accepted,
        Lost::Names("journal"),
        all_there,
    ),
    scene(
        "journal.recycled-name",
        recycled,
        Lost::Names("journal"),
        all_there,
    ),
    scene(
        "journal.group",
        accepted,
        Lost::Bytes("segment-"),
        all_there,
    ),
    scene(
        "journal.refused",
        refused_group,
        Lost::Bytes("segment-"),
        all_there,
    ),
    scene(
        "journal.found",
        found_group,
        Lost::Bytes("segment-"),
        all_there,
    ),
    scene("spool.data", sealed, Lost::Bytes(""), all_there),
    scene("spool.index", sealed, Lost::Bytes(""), all_there),
    scene("spool.object", sealed_rows, Lost::Bytes(""), all_rows_there),
    scene("spool.names", sealed, Lost::Names("spool"), all_there),
    scene(
        "schema.bytes",
        schema_kept,
        Lost::Bytes("schema"),
        all_rows_there,
    ),
    scene(
        "schema.name",
        sealed_rows,
        Lost::Names("lines"),
        of_one_type,
    ),
    scene(
        "checkpoint.entry",
        delivered_twice,
        Lost::Bytes("checkpoint"),
        all_there,
    ),
    scene(
        "checkpoint.refused",
        refused_entry,
        Lost::Bytes("checkpoint"),
        all_there,
    ),
    scene(
        "checkpoint.snapshot",
        checkpoint_begun,
        Lost::Bytes("checkpoint"),
        all_there,
    ),
    scene(
        "checkpoint.snapshot-name",
        compacted,
        Lost::Names("lines"),
        all_there,
    ),
    scene(
        "checkpoint.found",
        found_entry,
        Lost::Bytes("checkpoint"),
        all_there,
    ),
    scene(
        "about.bytes",
        described,
        Lost::Bytes("about"),
        still_described,
    ),
    scene("settings.bytes", accepted, Lost::Bytes("settings"), drained),
    scene("settings.name", accepted, Lost::Names("lines"), drained),
    scene("stream.removed", removed, Lost::Names("streams"), forgotten),
    scene("object.copy", delivered_far, Lost::Bytes(""), all_there),
    scene("object.name", delivered_far, Lost::AllNames, all_there),
    scene("object.folders", delivered_far, Lost::AllNames, all_there),
    scene("object.root", found_root, Lost::AllNames, all_there),
];

/// Records are accepted and wait.
fn accepted(stage: &mut Stage) -> Outcome {
    stage.set(LATE)?;
    stage.up()?;
    stage.send(10)
}

/// The folders were created by a life that was killed before it synced their names.
fn found_folders(stage: &mut Stage) -> Outcome {
    stage.leave_out(Program::Daemon, "folder.created");
    stage.up()?;
    stage.kill()?;
    stage.leave_in(Program::Daemon, "folder.created");
    accepted(stage)
}

/// A journal has its first segment, and nothing is in it.
fn born(stage: &mut Stage) -> Outcome {
    stage.until_death(Program::Daemon, "recovery.run-durable", |_| Ok(()))
}

/// A released segment is written anew, and has not its new name.
fn recycled(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    let point = "journal.segment-written:4";
    stage.until_death(Program::Daemon, point, |stage| {
        match stage.daemon.books("lines")?.waiting {
            0 => stage.send_large(300_000),
            _ => Ok(()),
        }
    })
}

/// A group finds the disk full when it is synced, and its callers are told.
fn refused_group(stage: &mut Stage) -> Outcome {
    accepted(stage)?;
    stage.near.disk().fill("segment-");
    let lines = stage.lines(10).join("\n");
    let answer = stage.daemon.post("lines", lines.as_bytes())?;
    match answer.status {
        503 => Ok(()),
        _ => Err(Trouble(format!("the answer to a full disk is {answer}"))),
    }
}

/// A start finds a group that was not synced, and goes on behind it.
fn found_group(stage: &mut Stage) -> Outcome {
    accepted(stage)?;
    stage.kill()?;
    stage.until_death(Program::Daemon, "journal.written", |stage| {
        stage.try_to_send(10)
    })?;
    stage.up()
}

/// A batch is sealed, and nothing of it is delivered.
fn sealed(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.until_death(Program::Daemon, "seal.recorded", |stage| {
        stage.try_to_send(10)
    })
}

/// The same, of one row.
fn sealed_rows(stage: &mut Stage) -> Outcome {
    row_until(stage, "seal.recorded")
}

/// A schema is kept, and nothing is sealed yet.
fn schema_kept(stage: &mut Stage) -> Outcome {
    row_until(stage, "seal.schema-kept")
}

fn row_until(stage: &mut Stage, point: &str) -> Outcome {
    stage.set(ROWS)?;
    let mut is_sent = false;
    stage.until_death(Program::Daemon, point, |stage| {
        let door = stage.daemon.door("native")?;
        if !is_sent {
            let headers = ["Content-Type: text/plain"];
            let path = "/v1/streams/lines/records";
            is_sent = http::post(door, path, &headers, b"{\"a\":1.5}")?.status == 200;
        }
        Ok(())
    })
}

/// Two batches are delivered, one after the other: read again, they would be one.
fn delivered_twice(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.up()?;
    stage.deliver(10)?;
    stage.deliver(10)
}

/// A checkpoint finds the disk full when a seal is synced.
fn refused_entry(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.up()?;
    stage.near.disk().fill("checkpoint");
    stage.send(10)?;
    until("the seal to be tried again", PATIENCE, || {
        match stage.near.disk().refusals() {
            0 | 1 => Err(Trouble::new("it was not")),
            _ => Ok(()),
        }
    })
}

/// The checkpoint has its first state.
fn checkpoint_begun(stage: &mut Stage) -> Outcome {
    stage.until_death(Program::Daemon, "recovery.checkpoint-begun", |_| Ok(()))
}

/// Fills the checkpoint until it begins anew, and goes on for two batches.
fn compacted(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.up()?;
    let third = stage.stream_folder().join("checkpoint.0000000000000003");
    while !third.exists() {
        stage.deliver(1)?;
    }
    stage.deliver(10)?;
    stage.deliver(10)
}

/// The entry that a file is delivered was not synced; the next start removes the file.
fn found_entry(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.until_death(Program::Daemon, "delivery.delivered", |stage| {
        stage.daemon.door("native")?;
        stage.try_to_send_once(10)
    })?;
    // Found at its destination, it is delivered: the first entry of this life.
    stage.until_death(Program::Daemon, "checkpoint.written", |_| Ok(()))?;
    stage.until_death(Program::Daemon, "recovery.spool-swept", |_| Ok(()))
}

/// It is noted when the stream was born.
fn described(stage: &mut Stage) -> Outcome {
    accepted(stage)?;
    stage.noted = std::fs::read_to_string(stage.stream_folder().join("about.json"))?;
    Ok(())
}

/// A stream is no longer in the settings, and its folder was removed.
fn removed(stage: &mut Stage) -> Outcome {
    delivered_twice(stage)?;
    stage.kill()?;
    stage.set_other()?;
    stage.up()?;
    let folder = stage.stream_folder();
    let gone = folder.with_file_name("~lines");
    until("the stream's folder to go", PATIENCE, || {
        match folder.exists() || gone.exists() {
            true => Err(Trouble::new("it is there")),
            false => Ok(()),
        }
    })
}

/// Delivered by a copy.
fn delivered_far(stage: &mut Stage) -> Outcome {
    stage.set(FAR)?;
    stage.up()?;
    stage.deliver(10)
}

/// The destination's folder was created by a life that was killed before it synced its name.
fn found_root(stage: &mut Stage) -> Outcome {
    stage.set(FAR)?;
    stage.leave_out(Program::Daemon, "folder.created");
    stage.until_death(Program::Daemon, "delivery.placed", |stage| {
        stage.try_to_send(10)
    })?;
    stage.leave_in(Program::Daemon, "folder.created");
    stage.up()?;
    stage.wait("all to be delivered", |stage| stage.delivered())
}

/// The stream takes records and delivers them, with those from before the cut.
fn all_there(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.up()?;
    stage.runs_well()?;
    stage.send(10)?;
    settled(stage)?;
    stage.compare()
}

/// The same is still noted.
fn still_described(stage: &mut Stage) -> Outcome {
    all_there(stage)?;
    let noted = std::fs::read_to_string(stage.stream_folder().join("about.json"))?;
    match noted == stage.noted {
        true => Ok(()),
        false => Err(Trouble(format!("{} became {noted}", stage.noted))),
    }
}

fn settled(stage: &mut Stage) -> Outcome {
    stage.wait("all to be delivered", |stage| {
        let books = stage.daemon.books("lines")?;
        books.balance()?;
        match books.waiting {
            0 => Ok(()),
            _ => Err(Trouble(format!("the books are {books:?}"))),
        }
    })
}

/// The same of rows: as many as the books say.
fn all_rows_there(stage: &mut Stage) -> Outcome {
    stage.set(ROWS)?;
    stage.up()?;
    stage.runs_well()?;
    stage.daemon.post("lines", b"{\"a\":1}")?.ok()?;
    settled(stage)?;
    let mut there = 0;
    for path in stage.parquet()? {
        there += row_count(&path)?;
    }
    let books = stage.daemon.books("lines")?;
    match there == books.accepted && there >= 2 {
        true => Ok(()),
        false => Err(Trouble(format!("{there} rows, {books:?}"))),
    }
}

/// All objects have the same type in the same column.
fn of_one_type(stage: &mut Stage) -> Outcome {
    all_rows_there(stage)?;
    for path in stage.parquet()? {
        for row in rows(&path)? {
            if !row["a"].is_f64() {
                return Err(Trouble(format!("{} holds {row}", path.display())));
            }
        }
    }
    Ok(())
}

/// No longer in the settings, the stream delivers what it holds.
fn drained(stage: &mut Stage) -> Outcome {
    stage.set_other()?;
    stage.up()?;
    let folder = stage.stream_folder();
    stage.wait("the stream to drain", |_| match folder.exists() {
        true => Err(Trouble::new("its folder is there")),
        false => Ok(()),
    })?;
    stage.compare()
}

/// Nothing is left of the stream but what it delivered.
fn forgotten(stage: &mut Stage) -> Outcome {
    stage.up()?;
    stage.runs_well()?;
    match stage.daemon.status("lines") {
        Ok(status) => Err(Trouble(format!("there it is again: {status}"))),
        Err(_) => stage.compare(),
    }
}
