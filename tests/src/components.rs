//! Real components that `tests/run` gets: servers, and readers of other makes. Where one is not
//! there, that is noted as skipped, and in CI is trouble.

use std::io::Write;
use std::path::PathBuf;

use crate::trouble::{Outcome, Trouble};

/// Where a component is; `variable` is what `tests/run` says it in. `None` where it is not there.
pub fn find(what: &str, variable: &str) -> Outcome<Option<PathBuf>> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(Some(path.into()));
    }
    let why = format!("{what}: {variable} is not set; tests/run gets it");
    needs(&why)?;
    Ok(None)
}

/// Something is not there that a test needs: the test is skipped by name, and fails in CI.
pub fn needs(why: &str) -> Outcome {
    match std::env::var("CI").is_ok_and(|ci| ci == "true") {
        true => Err(Trouble::new(why)),
        false => skipped(why),
    }
}

/// Notes what was not shown, and why; `tests/run` tells it at its end.
pub fn skipped(why: &str) -> Outcome {
    println!("skipped: {why}");
    let Some(list) = std::env::var_os("STANDPIPE_SKIPPED") else {
        return Ok(());
    };
    let mut list = std::fs::OpenOptions::new().append(true).open(list)?;
    Ok(writeln!(list, "{why}")?)
}
