//! Rotation in place: what is not read in time is gone, and must be counted.

use std::fs;
use std::fs::OpenOptions;

use standpipe_tests::Outcome;

use crate::stage::Stage;
use crate::{ALL, Loss, Row};

/// Without what it is copied to.
const ONE: &str = "paths: [\"LOGS/app.log\"]";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("truncate-unread", ALL, Loss::Counted, unread),
        Row::new("truncate-read", ALL, Loss::NoneInPlace, |stage| {
            regrown(stage, 0, 10)
        }),
        Row::new("truncate-regrown", ALL, Loss::NoneInPlace, |stage| {
            regrown(stage, 0, 200)
        }),
        Row::new("truncate-same-line", ALL, Loss::NoneInPlace, |stage| {
            regrown(stage, 30, 200)
        }),
        Row::new("truncate-same-4k", ALL, Loss::NoneInPlace, |stage| {
            regrown(stage, 5000, 200)
        }),
        Row::new("truncate-stopped", ALL, Loss::NoneInPlace, while_stopped),
        Row::new("truncate-hole", ALL, Loss::NoneInPlace, hole),
        Row::new("copytruncate-apart", ONE, Loss::NoneInPlace, copied),
    ]
}

fn unread(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.arrived()?;
    stage.close();
    stage.write("app.log", 30)?;
    stage.seen()?;
    stage.doom();
    stage.truncate("app.log")?;
    stage.write("app.log", 20)?;
    stage.open()
}

/// Grows again at once, perhaps beyond what it was, and perhaps with the same beginning.
fn regrown(stage: &mut Stage, header: usize, lines: u64) -> Outcome {
    for round in 0..3 {
        if header > 0 {
            stage.header("app.log", header)?;
        }
        // Of another size each time.
        stage.write("app.log", lines + round)?;
        stage.arrived()?;
        stage.truncate("app.log")?;
    }
    if header > 0 {
        stage.header("app.log", header)?;
    }
    stage.write("app.log", 2 * lines)
}

fn while_stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 20)?;
    stage.arrived()?;
    stage.stop()?;
    stage.truncate("app.log")?;
    stage.write("app.log", 100)?;
    stage.start()?;
    stage.write("app.log", 10)
}

/// As logrotate's `copytruncate` does, with a copy that no pattern finds.
fn copied(stage: &mut Stage) -> Outcome {
    for round in 0..3 {
        stage.write("app.log", 100)?;
        stage.arrived()?;
        let copy = stage.path(&format!("app.log.{round}"));
        fs::copy(stage.path("app.log"), copy)?;
        stage.truncate("app.log")?;
    }
    stage.write("app.log", 50)
}

/// A writer that does not append goes on where it was: NULs before it.
fn hole(stage: &mut Stage) -> Outcome {
    let path = stage.path("app.log");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    stage.put(&mut file, 50)?;
    stage.arrived()?;
    let size = file.metadata()?.len();
    stage.truncate("app.log")?;
    stage.hole(size);
    stage.put(&mut file, 50)
}
