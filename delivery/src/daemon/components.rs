//! Components that streams name, looked at when the settings are read: one that cannot be used is
//! refused as any other wrong setting is, with its line, before anything starts.

use std::path::Path;

use standpipe_config::settings::Loaded;
use standpipe_config::settings::delivery::{Hook, Settings, Stream};
use standpipe_config::yaml::{Document, Problem, Problems};

use crate::transform::wasm;

/// The settings, unless a component that they name cannot be used.
pub(super) fn judge(loaded: Loaded<Settings>, config: &Path) -> Result<Loaded<Settings>, Problems> {
    let looked = loaded
        .settings
        .streams
        .iter()
        .map(|stream| (stream, look(stream)));
    let wrong = looked.filter_map(|(stream, looked)| Some((stream.name.as_str(), looked.err()?)));
    let wrong: Vec<_> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(loaded),
        false => Err(Problems(placed(&wrong, config))),
    }
}

fn look(stream: &Stream) -> Result<(), String> {
    match stream.transform.as_ref().map(|transform| &transform.hook) {
        Some(Hook::Wasm(hook)) => wasm::look(&hook.component),
        _ => Ok(()),
    }
}

/// Streams and what is wrong with their components, each with its place in the file.
fn placed(wrong: &[(&str, String)], config: &Path) -> Vec<Problem> {
    let file = config.display().to_string();
    // Read before, and gone or changed since: then without a place.
    let text = std::fs::read_to_string(config).unwrap_or_default();
    let Ok(document) = Document::parse(&text, &file, Path::new("")) else {
        return wrong.iter().map(|wrong| unplaced(wrong, &file)).collect();
    };
    let mut without = Vec::new();
    for (stream, why) in wrong {
        let path = ["streams", stream, "transform", "wasm", "component"];
        let root = Some(document.root());
        match path
            .iter()
            .fold(root, |at, name| at.and_then(|at| at.child(name)))
        {
            Some(at) => at.problem(why),
            None => without.push(unplaced(&(stream, why.clone()), &file)),
        }
    }
    let (mut problems, _) = document.finish();
    problems.extend(without);
    problems
}

fn unplaced((stream, why): &(&str, String), file: &str) -> Problem {
    Problem {
        file: file.to_owned(),
        place: None,
        path: format!("streams.{stream}.transform.wasm.component"),
        message: why.clone(),
    }
}

#[cfg(test)]
mod tests;
