//! Which files `include` means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};

use crate::settings::values;
use crate::yaml::At;

/// The files, in the order of the list, those of one pattern by name; each once.
pub(super) fn files(at: &At<'_>) -> Option<Vec<PathBuf>> {
    let items = at.items()?;
    let found: Vec<_> = items.iter().map(matching).collect();
    let found: Vec<Vec<PathBuf>> = found.into_iter().collect::<Option<_>>()?;
    let mut files: Vec<PathBuf> = Vec::new();
    for file in found.into_iter().flatten() {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Some(files)
}

/// The files of one pattern. A path without wildcards must be there, a pattern may match none.
fn matching(at: &At<'_>) -> Option<Vec<PathBuf>> {
    let path = values::path(at)?;
    let is_wild = |text: &str| text.contains(['*', '?', '[', '{']);
    let written = Path::new(at.written()?);
    let Some(name) = written.file_name().and_then(|name| name.to_str()) else {
        at.wrong_type("the path of a file");
        return None;
    };
    if written.parent().and_then(Path::to_str).is_some_and(is_wild) {
        at.problem("wildcards are allowed only in the file name");
        return None;
    }
    if !is_wild(name) {
        return Some(vec![path]);
    }
    let matcher = Glob::new(name)
        .map_err(|error| {
            at.problem(format!(
                "found {name:?}, which is no pattern: {}",
                error.kind()
            ))
        })
        .ok()?
        .compile_matcher();
    let folder = path.parent().unwrap_or(Path::new("/"));
    list(folder, &matcher)
        .map_err(|error| at.problem(format!("cannot list {}: {error}", folder.display())))
        .ok()
}

/// Hidden files are not meant; a folder that is not there has no files.
fn list(folder: &Path, matcher: &GlobMatcher) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if !hidden && matcher.is_match(&name) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}
