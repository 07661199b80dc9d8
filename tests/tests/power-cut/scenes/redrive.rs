//! The scene of the ledger of redrives.

use standpipe_tests::power::Lost;
use standpipe_tests::{Outcome, Trouble, redrive};

use super::Scene;
use super::stage::{Program, SOON, Setting, Stage};

pub(super) const SCENES: &[Scene] = &[Scene {
    program: Program::Daemon,
    sync: "redrive.entry",
    play: partly_redriven,
    lost: Lost::Bytes("redrive"),
    check: the_rest_comes_in,
}];

/// Lines fail it.
const COLUMNS: Setting = Setting {
    format: "parquet: {schema: [{name: n, type: int}]}",
    ..SOON
};

/// Lines failed; their cause is gone, and some were put back.
fn partly_redriven(stage: &mut Stage) -> Outcome {
    stage.well(|stage| {
        stage.set(COLUMNS)?;
        stage.up()?;
        stage.deliver(10)?;
        stage.kill()?;
        stage.set(SOON)
    })?;
    stage.up()?;
    put_back(stage, &["--limit", "3"], 3)?;
    stage.delivered()
}

/// The others are put back, and none twice.
fn the_rest_comes_in(stage: &mut Stage) -> Outcome {
    stage.up()?;
    stage.runs_well()?;
    put_back(stage, &[], 7)?;
    stage.delivered()?;
    stage.compare()
}

/// The stage's file system renames within a folder only, so that the empty object is not moved aside,
/// and the command says so; what was put back counts.
fn put_back(stage: &Stage, more: &[&str], expected: u64) -> Outcome {
    let (_, counts) = redrive::command(&stage.daemon, "redrive", "lines", more)?;
    match counts["redriven"].as_u64() {
        Some(records) if records == expected => Ok(()),
        _ => Err(Trouble(format!("{expected} were to be put back: {counts}"))),
    }
}
