//! What the packages hold: settings that work as they lie there, examples that mean what they say,
//! units that fit the settings. That packages install and run is for `packaging/test`, which takes a
//! system of its own.

#![allow(clippy::unwrap_used, reason = "a test may be blunt")]

mod example;
mod manual;
mod newcomer;
mod runs;
mod units;

use std::path::{Path, PathBuf};
use std::process::Command;

use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Folder, Outcome, Trouble, binaries, objects};

use example::Example;

/// The top of the tree.
fn top() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The settings in a folder and below it.
fn settings_below(folder: &str) -> Outcome<Vec<PathBuf>> {
    let all = objects::below(&top().join(folder))?;
    let is_settings = |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml");
    Ok(all.into_iter().filter(is_settings).collect())
}

/// Makes the component that examples name, in `folder`: the one that is a text is as good as any.
fn component(folder: &Path) -> Outcome {
    let component = wat::parse_file(top().join("docs/examples/transform-wat/transform.wat"));
    std::fs::write(folder.join("clean.wasm"), component.attempting("build it")?)?;
    Ok(())
}

/// That a file of settings passes the `check` of its program.
fn check(example: &Example, folder: &Path) -> Outcome {
    let file = folder.join("settings.yaml");
    std::fs::write(&file, example.text())?;
    let mut check = Command::new(binaries::find(example.program())?);
    let answer = check.args(["check", "--config"]).arg(&file).output()?;
    let said = String::from_utf8_lossy(&answer.stdout) + String::from_utf8_lossy(&answer.stderr);
    match answer.status.code() {
        Some(0) => Ok(()),
        _ => Err(Trouble(format!(
            "{}: {said}\n{}",
            example.name(),
            example.text()
        ))),
    }
}

#[test]
fn every_example_and_every_default_passes_check() -> Outcome {
    let folder = Folder::new("packages-check")?;
    component(folder.path())?;
    let mut examples = settings_below("docs/examples")?;
    assert!(examples.len() >= 8, "only {examples:?}");
    examples.extend(
        [
            "packaging/agent/agent.yaml",
            "packaging/delivery/delivery.yaml",
        ]
        .map(|f| top().join(f)),
    );
    for path in examples {
        check(
            &Example::read(&path)?.at_home(folder.path())?,
            folder.path(),
        )?;
    }
    folder.done()
}
