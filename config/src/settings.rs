//! Settings as meant: what a checked file says, defaults filled in. A value that exists is valid.
//!
//! The written form is YAML (see [`yaml`](crate::yaml)). Readers beside the types turn it into
//! them and find every problem at once, each with its place in the file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::yaml::{Problem, Problems};

mod admin;
pub mod agent;
#[cfg(test)]
mod damage;
pub mod delivery;
mod tls;
mod url;
mod values;

pub use admin::{Admin, AdminToken};
pub use tls::TLS;
pub use values::SECRET;

/// Settings that are valid, and what is allowed in them but probably not meant.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The settings.
    pub settings: T,
    /// Worth a WARN each.
    pub warnings: Vec<Problem>,
}

/// What was read, unless something is wrong.
fn loaded<T>(
    settings: Option<T>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
) -> Result<Loaded<T>, Problems> {
    match settings {
        Some(settings) if problems.is_empty() => Ok(Loaded { settings, warnings }),
        Some(_) => Err(Problems(problems)),
        None if !problems.is_empty() => Err(Problems(problems)),
        None => Err(Problems(vec![unexplained()])),
    }
}

/// A reader gave up and did not say why: our fault, but the operator must not see an empty list.
fn unexplained() -> Problem {
    Problem {
        file: "settings".to_owned(),
        place: None,
        path: String::new(),
        message: "cannot be used, and the reason was not noted: please report this".to_owned(),
    }
}

/// The text of a file, and the folder that its relative paths are taken from.
fn read_file(path: &Path) -> Result<(String, PathBuf), Problems> {
    let folder = path.parent().unwrap_or(Path::new("")).join(".");
    fs::read_to_string(path)
        .and_then(|text| Ok((text, std::path::absolute(folder)?)))
        .map_err(|error| {
            Problems(vec![Problem {
                file: path.display().to_string(),
                place: None,
                path: String::new(),
                message: format!("cannot read the settings: {error}"),
            }])
        })
}

#[cfg(test)]
mod tests;
