//! Scenes: each drives the programs to the moment that one sync is for, then cuts the power so that
//! what the sync made durable would be lost without it, and nothing else. With the sync all is
//! well after the cut; without it, it is not. Random cuts find the moments that come often; these
//! come seldom.

use std::collections::{BTreeSet, VecDeque};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use standpipe_tests::components::needs;
use standpipe_tests::power::{Lost, why_not};
use standpipe_tests::{Outcome, Trouble, binaries};

use stage::{Program, Stage};

mod agent;
mod daemon;
mod redrive;
mod stage;

/// How many scenes are played at once.
const AT_ONCE: usize = 4;

/// A scene.
#[derive(Clone, Copy)]
struct Scene {
    /// Who makes the sync.
    program: Program,
    sync: &'static str,
    /// What happens before the cut.
    play: fn(&mut Stage) -> Outcome,
    lost: Lost,
    /// What must hold after it.
    check: fn(&mut Stage) -> Outcome,
}

/// Syncs that no scene shows, and why.
const REASONS: &[(Program, &str, &str)] = &[
    (
        Program::Daemon,
        "export.copy",
        "an operator's command; that an exported file would be gone is known from reading only",
    ),
    (
        Program::Daemon,
        "export.name",
        "an operator's command; that an exported file would be gone is known from reading only",
    ),
    (
        Program::Daemon,
        "folder.created",
        "folder.found follows it with the next folder inside, and checkpoint.snapshot-name after the last",
    ),
    (
        Program::Daemon,
        "checkpoint.found-name",
        "folder.found of the spool follows it, in the same folder, before anybody acts on what was found",
    ),
    (
        Program::Daemon,
        "about.name",
        "at a birth settings.name follows it; that a change of tags would be forgotten is known from reading only",
    ),
    (
        Program::Daemon,
        "created.bytes",
        "an empty definition keeps the daemon from starting, and a test of the door says so; that power leaves one is known from reading only",
    ),
    (
        Program::Daemon,
        "created.name",
        "that a stream would be made, changed or deleted again by its maker is known from reading only",
    ),
    (
        Program::Daemon,
        "object.renamed",
        "only on file systems that cannot refuse to replace; object.name follows it",
    ),
    (
        Program::Daemon,
        "redrive.refused",
        "what was refused was not stored: found, it has the number of a batch that never came, and is void",
    ),
    (
        Program::Daemon,
        "redrive.snapshot",
        "the same lines of the same log sync the checkpoint's, whose scene is checkpoint.snapshot",
    ),
    (
        Program::Daemon,
        "redrive.snapshot-name",
        "the same lines of the same log sync the checkpoint's, whose scene is checkpoint.snapshot-name",
    ),
    (
        Program::Daemon,
        "redrive.found",
        "the same lines of the same log sync the checkpoint's, whose scene is checkpoint.found",
    ),
    (
        Program::Daemon,
        "redrive.found-name",
        "its name was synced when it was begun, before anything was put back",
    ),
    (
        Program::Daemon,
        "stream.renamed",
        "lost, the next start renames again, or drains the former name",
    ),
    (
        Program::Agent,
        "agent-id.name",
        "progress.snapshot-name follows it, in the same folder, before anything is sent",
    ),
    (
        Program::Agent,
        "progress.refused",
        "what was refused stays staged and is written again: found, it says the same",
    ),
    (
        Program::Agent,
        "progress.set-aside",
        "progress.snapshot-name follows it, in the same folder, before anything is sent",
    ),
    (
        Program::Agent,
        "dead-letter.bytes",
        "no stream gets these lines: that they would be gone is known from reading only",
    ),
    (Program::Agent, "dead-letter.name", "likewise"),
];

fn scenes() -> impl Iterator<Item = &'static Scene> {
    let daemon = daemon::SCENES.iter().chain(redrive::SCENES);
    daemon.chain(agent::SCENES)
}

/// Plays a scene to its end; what is wrong after the cut, if anything is. What goes wrong before
/// is a failure of the test.
fn play(scene: &Scene, left_out: bool) -> Outcome<Option<String>> {
    let name = scene.sync.replace('.', "-");
    let mut stage = Stage::new(&name)?;
    if left_out {
        stage.leave_out(scene.program, scene.sync);
    }
    (scene.play)(&mut stage)?;
    stage.cut(scene.lost)?;
    let wrong = (scene.check)(&mut stage).err();
    stage.done()?;
    Ok(wrong.map(|Trouble(why)| why))
}

/// With the sync and without it.
fn judge(scene: &Scene) -> Outcome {
    if let Some(why) = play(scene, false)? {
        return Err(Trouble(format!("with the sync: {why}")));
    }
    match play(scene, true)? {
        Some(why) => {
            let first = why.lines().next().unwrap_or_default();
            println!("{}: left out: {first:.200}", scene.sync);
            Ok(())
        }
        None => Err(Trouble::new("left out, and nothing went wrong")),
    }
}

#[test]
fn what_each_sync_is_for_shows_when_it_is_left_out() -> Outcome {
    if let Some(why) = why_not() {
        return needs(&why);
    }
    let only = std::env::var("STANDPIPE_WITHOUT").ok();
    let wanted = |scene: &&Scene| only.as_ref().is_none_or(|only| only == scene.sync);
    let waiting: Mutex<VecDeque<_>> = Mutex::new(scenes().filter(wanted).collect());
    let troubles = Mutex::new(vec![]);
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scene) = next() {
                    if let Err(Trouble(why)) = judge(scene) {
                        let mut troubles = troubles.lock().unwrap_or_else(PoisonError::into_inner);
                        troubles.push(format!("{}: {why}", scene.sync));
                    }
                }
            });
        }
    });
    let troubles = troubles
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match troubles.is_empty() {
        true => Ok(()),
        false => Err(Trouble(troubles.join("\n"))),
    }
}

/// The syncs of a program, as it lists them.
pub(crate) fn syncs(program: &str) -> Outcome<Vec<String>> {
    let said = Command::new(binaries::find(program)?)
        .arg("--list-syncs")
        .output()?;
    assert_eq!(said.status.code(), Some(0));
    let names = String::from_utf8_lossy(&said.stdout);
    Ok(names.lines().map(str::to_owned).collect())
}

#[test]
fn each_sync_has_a_scene_or_a_reason() -> Outcome {
    let mut known: BTreeSet<(Program, &str)> = scenes().map(|s| (s.program, s.sync)).collect();
    for program in [Program::Agent, Program::Daemon] {
        for sync in syncs(program.binary())? {
            let is_it = |by: Program, name: &str| (by, name) == (program, sync.as_str());
            let has_reason = REASONS.iter().any(|(by, name, _)| is_it(*by, name));
            let has_scene = known.iter().any(|(by, name)| is_it(*by, name));
            assert!(has_scene != has_reason, "{sync}: {has_scene} {has_reason}");
            known.retain(|(by, name)| !is_it(*by, name));
        }
    }
    assert!(known.is_empty(), "no such syncs: {known:?}");
    Ok(())
}

#[test]
fn a_sync_that_does_not_exist_is_wrong_usage_and_told_with_those_that_do() -> Outcome {
    for program in [Program::Agent, Program::Daemon] {
        let mut command = Command::new(binaries::find(program.binary())?);
        let said = command
            .arg("run")
            .env("STANDPIPE_SKIP_SYNC", "journal.sink")
            .output()?;
        assert_eq!(said.status.code(), Some(2));
        let said = String::from_utf8_lossy(&said.stderr);
        let names = syncs(program.binary())?;
        assert!(names.iter().all(|name| said.contains(name)), "{said}");
    }
    Ok(())
}
