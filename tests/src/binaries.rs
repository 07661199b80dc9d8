//! Where the programs under test are: built from this tree, in the profile of whoever asks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::trouble::{Attempting, Outcome, Trouble};

/// Set by `tests/run`, which has built everything already.
const BUILT: &str = "STANDPIPE_BUILT";

/// The folder that programs are built into: where this one lies, or above its `deps`.
pub fn folder() -> Outcome<PathBuf> {
    let own = std::env::current_exe().attempting("find the running program")?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let above = folder.ends_with("deps").then(|| folder.parent()).flatten();
    Ok(above.unwrap_or(folder).to_owned())
}

/// The path of a program of ours, built if need be, once per process.
pub fn find(name: &str) -> Outcome<PathBuf> {
    static BUILD: OnceLock<Result<(), String>> = OnceLock::new();
    let built = BUILD.get_or_init(|| build(&["--quiet"]).map_err(|trouble| trouble.0));
    built.clone().map_err(Trouble)?;
    let path = folder()?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let path = path.display();
    Err(Trouble(format!(
        "{path} is not there: cargo build --workspace --bins builds it"
    )))
}

/// Builds all programs of this tree; cargo shows its progress, unless `more` says otherwise.
pub fn build(more: &[&str]) -> Outcome {
    if std::env::var_os(BUILT).is_some() {
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--workspace", "--bins"]).args(more);
    if cfg!(feature = "faults") {
        command.args(["--features", "standpipe-tests/faults"]);
    }
    match folder()?.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            command.args(["--profile", profile]);
        }
    }
    // What cargo told this process about its own package would make build scripts run again.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        command.env_remove(name);
    }
    let status = command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()
        .attempting("run cargo")?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble::new(
            "the programs do not build: cargo says why above",
        )),
    }
}
