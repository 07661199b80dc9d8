//! What `check` answers, and what `run` says of settings that it cannot use. The same in both
//! programs.

use std::io::Write as _;

use serde::Serialize;

use super::exit::Exit;
use crate::settings::Loaded;
use crate::yaml::{Problem, Problems};

/// The answer of `check`: the result for stdout, and the exit code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Lines for people, or one JSON object.
    pub text: String,
    /// Whether the settings can be used.
    pub exit: Exit,
}

/// Says what the settings mean and what is probably not meant, or everything that is wrong.
pub fn answer<T>(
    loaded: &Result<Loaded<T>, Problems>,
    summary: impl Fn(&T) -> String,
    json: bool,
) -> Answer {
    let report = match loaded {
        Ok(loaded) => Report {
            ok: true,
            summary: Some(summary(&loaded.settings)),
            problems: vec![],
            warnings: loaded.warnings.iter().map(Line::of).collect(),
        },
        Err(Problems(problems)) => Report {
            ok: false,
            summary: None,
            problems: problems.iter().map(Line::of).collect(),
            warnings: vec![],
        },
    };
    Answer {
        text: if json { report.json() } else { report.text() },
        exit: if report.ok { Exit::Done } else { Exit::Wrong },
    }
}

/// The settings, each warning logged; or every problem on stderr.
pub fn usable<T>(loaded: Result<Loaded<T>, Problems>) -> Result<T, Exit> {
    match loaded {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                tracing::warn!("{warning}");
            }
            Ok(loaded.settings)
        }
        Err(problems) => {
            let _ = writeln!(std::io::stderr(), "{problems}\nNothing was started.");
            Err(Exit::Wrong)
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    summary: Option<String>,
    problems: Vec<Line<'a>>,
    warnings: Vec<Line<'a>>,
}

/// A problem, flat, for scripts.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    path: &'a str,
    message: &'a str,
    #[serde(skip)]
    problem: &'a Problem,
}

impl<'a> Line<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            file: &problem.file,
            line: problem.place.map(|place| place.line),
            column: problem.place.map(|place| place.column),
            path: &problem.path,
            message: &problem.message,
            problem,
        }
    }
}

impl Report<'_> {
    fn json(&self) -> String {
        // Texts and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn text(&self) -> String {
        let summary = self.summary.iter().map(|text| text.trim_end().to_owned());
        let problems = self.problems.iter().map(|line| line.problem.to_string());
        let warnings = self.warnings.iter();
        let warnings = warnings.map(|line| format!("warning: {}", line.problem));
        let lines: Vec<String> = summary.chain(problems).chain(warnings).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
