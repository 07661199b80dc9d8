//! The agent's scenes. The daemon beside it syncs all; what the agent loses would come twice.

use standpipe_tests::power::Lost;
use standpipe_tests::{Outcome, Trouble, objects};

use super::Scene;
use super::stage::{LATE, Program, SOON, Stage};

const fn scene(
    sync: &'static str,
    play: fn(&mut Stage) -> Outcome,
    lost: Lost,
    check: fn(&mut Stage) -> Outcome,
) -> Scene {
    Scene {
        program: Program::Agent,
        sync,
        play,
        lost,
        check,
    }
}

pub(super) const SCENES: &[Scene] = &[
    scene("folder.created", shipped, Lost::Names(""), each_once),
    scene("folder.found", found_folder, Lost::Names(""), each_once),
    scene("agent-id.bytes", shipped, Lost::Bytes("agent-id"), rebuilt),
    scene(
        "progress.entry",
        shipped_more,
        Lost::Bytes("progress"),
        each_once,
    ),
    scene(
        "progress.snapshot",
        snapshot_named,
        Lost::Bytes("progress"),
        undamaged,
    ),
    scene(
        "progress.snapshot-name",
        compacted,
        Lost::Names("agent-data"),
        each_once,
    ),
    scene(
        "progress.found",
        found_birth,
        Lost::Bytes("progress"),
        each_once,
    ),
    scene(
        "progress.found-name",
        found_snapshot,
        Lost::Names("agent-data"),
        each_once,
    ),
];

/// Lines are shipped and acknowledged; nothing is delivered, which would sync the folder that both
/// programs' data lies in.
fn shipped(stage: &mut Stage) -> Outcome {
    stage.set(LATE)?;
    stage.up()?;
    stage.log("a", 10)?;
    stage.agent.up()?;
    stage.shipped()
}

/// The folder was created by a life that was killed before it synced its name.
fn found_folder(stage: &mut Stage) -> Outcome {
    stage.set(LATE)?;
    stage.up()?;
    stage.log("a", 10)?;
    stage.leave_out(Program::Agent, "folder.created");
    stage.until_death(Program::Agent, "agent.id-kept", |_| Ok(()))?;
    stage.leave_in(Program::Agent, "folder.created");
    stage.agent.up()?;
    stage.shipped()
}

/// An agent that has lived before ships another file.
fn shipped_more(stage: &mut Stage) -> Outcome {
    stage.well(shipped)?;
    stage.agent.kill()?;
    stage.log("b", 10)?;
    stage.agent.up()?;
    stage.shipped()
}

/// The progress begins anew, and nothing follows.
fn snapshot_named(stage: &mut Stage) -> Outcome {
    many_files(stage)?;
    stage.until_death(Program::Agent, "progress.snapshot-named:2", |_| Ok(()))
}

/// So many files are born that the progress begins anew, and then one more.
fn compacted(stage: &mut Stage) -> Outcome {
    many_files(stage)?;
    stage.agent.up()?;
    stage.shipped()?;
    let first = stage.agent.data().join("progress.0000000000000001");
    let second = stage.agent.data().join("progress.0000000000000002");
    assert!(second.exists(), "the progress did not begin anew");
    assert!(first.exists(), "the progress began anew twice");
    stage.log("one-more", 10)?;
    stage.shipped()
}

fn many_files(stage: &mut Stage) -> Outcome {
    stage.set(LATE)?;
    stage.up()?;
    for number in 0..400 {
        stage.log(&format!("{number:03}"), 1)?;
    }
    Ok(())
}

/// A source's birth was not synced; the next start finds it and sends under it.
fn found_birth(stage: &mut Stage) -> Outcome {
    stage.well(shipped)?;
    stage.agent.kill()?;
    stage.log("b", 10)?;
    stage.until_death(Program::Agent, "progress.written", |_| Ok(()))?;
    stage.until_death(Program::Agent, "ship.answered", |_| Ok(()))
}

/// The progress' new generation was not synced into its folder; the next start goes on in it.
fn found_snapshot(stage: &mut Stage) -> Outcome {
    stage.leave_out(Program::Agent, "progress.snapshot-name");
    compacted(stage)?;
    stage.agent.kill()?;
    stage.leave_in(Program::Agent, "progress.snapshot-name");
    stage.agent.up()?;
    stage.log("the-last", 10)?;
    stage.shipped()
}

fn each_once(stage: &mut Stage) -> Outcome {
    stage.set(SOON)?;
    stage.up()?;
    stage.log("after", 10)?;
    stage.agent.up()?;
    stage.shipped()?;
    stage.delivered()?;
    stage.compare()
}

/// The progress is lost later: under its id the agent finds out what the daemon holds (rule 6).
fn rebuilt(stage: &mut Stage) -> Outcome {
    for path in objects::below(&stage.agent.data())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("progress.") {
            std::fs::remove_file(&path)?;
        }
    }
    each_once(stage)
}

/// Damaged progress is set aside and rebuilt; it must not come to that.
fn undamaged(stage: &mut Stage) -> Outcome {
    each_once(stage)?;
    for path in objects::below(&stage.agent.data())? {
        if path.to_string_lossy().ends_with(".damaged") {
            return Err(Trouble(format!("there is {}", path.display())));
        }
    }
    Ok(())
}
