//! Which files a flow follows: patterns in, paths out.
//!
//! A pattern is walked component by component, so that only folders that can hold a match are
//! listed. Names are bytes. A pattern that names one file costs one look.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{Candidate, Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use standpipe_config::settings::agent::{Flow, Watching};

use crate::disk::{Disk, Kind};

/// How deep `**` goes. Far below any real tree of logs, and an end for mounted loops.
const DEEPEST: usize = 32;

/// The flows' patterns, compiled.
#[derive(Clone, Debug)]
pub struct Discover {
    flows: Vec<Patterns>,
}

#[derive(Clone, Debug)]
struct Patterns {
    paths: Vec<Pattern>,
    exclude: GlobSet,
    /// Notices are wanted of what happens in its folders.
    watched: bool,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    steps: Vec<Step>,
    whole: GlobMatcher,
}

#[derive(Clone, Debug)]
enum Step {
    /// Exactly this name.
    Exact(PathBuf),
    /// Names that match.
    Some(GlobMatcher),
    /// Any number of folders.
    Any,
}

/// What a look at all patterns found.
#[derive(Debug, Default)]
pub struct Found {
    /// Paths, each with the flows that it belongs to.
    pub paths: BTreeMap<PathBuf, Vec<usize>>,
    /// Folders in which a match may appear, but of flows that are polled.
    pub folders: BTreeSet<PathBuf>,
    /// Folders that could not be listed, and why: nothing is known of what is in them.
    pub unreadable: Vec<(PathBuf, io::Error)>,
    /// Patterns that matched nothing, each with its flow.
    pub unmatched: Vec<(usize, String)>,
    /// Paths in the order in which they were found.
    taken: Vec<(PathBuf, usize)>,
}

impl Discover {
    /// Compiles the patterns of all flows.
    pub fn new(flows: &[Flow]) -> Result<Self, globset::Error> {
        let flows = flows.iter().map(Patterns::new).collect::<Result<_, _>>()?;
        Ok(Self { flows })
    }

    /// Looks for all files that match.
    pub fn find(&self, disk: &Disk) -> Found {
        let mut found = Found::default();
        for (flow, patterns) in self.flows.iter().enumerate() {
            for pattern in &patterns.paths {
                let mut walk = Walk {
                    disk,
                    flow,
                    patterns,
                    whole: &pattern.whole,
                    matched: false,
                    found: &mut found,
                };
                walk.enter(PathBuf::from("/"), &pattern.steps, 0);
                if !walk.matched {
                    found.unmatched.push((flow, pattern.text.clone()));
                }
            }
        }
        found.sort();
        found
    }

    /// Whether a path belongs to a flow.
    pub fn matches(&self, flow: usize, path: &Path) -> bool {
        let matching = |patterns: &Patterns| {
            let included = patterns.paths.iter().any(|p| p.whole.is_match(path));
            included && !patterns.excludes(path)
        };
        self.flows.get(flow).is_some_and(matching)
    }
}

impl Found {
    /// Puts the paths in order, all at once: to compare paths one by one is dear, and their bytes are
    /// nearly always in the same order.
    fn sort(&mut self) {
        let mut taken = std::mem::take(&mut self.taken);
        taken.sort_unstable_by(|(one, a), (other, b)| {
            one.as_os_str().cmp(other.as_os_str()).then(a.cmp(b))
        });
        let mut paths: Vec<(PathBuf, Vec<usize>)> = Vec::with_capacity(taken.len());
        for (path, flow) in taken {
            match paths.last_mut() {
                Some((last, flows)) if last.as_os_str() == path.as_os_str() => {
                    if !flows.contains(&flow) {
                        flows.push(flow);
                    }
                }
                _ => paths.push((path, vec![flow])),
            }
        }
        self.paths = paths.into_iter().collect();
    }
}

impl Patterns {
    fn new(flow: &Flow) -> Result<Self, globset::Error> {
        let mut exclude = GlobSetBuilder::new();
        for pattern in &flow.exclude {
            exclude.add(glob(pattern)?);
        }
        let paths = flow.paths.iter().map(|text| Pattern::new(text));
        Ok(Self {
            paths: paths.collect::<Result<_, _>>()?,
            exclude: exclude.build()?,
            watched: flow.watch == Watching::Auto,
        })
    }

    /// By the whole path or by the name alone.
    fn excludes(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.exclude.is_match(path) || self.exclude.is_match_candidate(&Candidate::new(name))
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, globset::Error> {
        let whole = glob(text)?.compile_matcher();
        let mut steps: Vec<Step> = Vec::new();
        for component in Path::new(text).components() {
            let Component::Normal(name) = component else {
                continue;
            };
            match step(name) {
                Some(step) => steps.push(step),
                // Braces around a `/`: from here on, walk everything and compare the whole path.
                None => {
                    steps.push(Step::Any);
                    steps.push(Step::Some(glob("*")?.compile_matcher()));
                    break;
                }
            }
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
            whole,
        })
    }
}

fn glob(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
}

fn step(name: &OsStr) -> Option<Step> {
    let text = name.to_str()?;
    if text == "**" {
        return Some(Step::Any);
    }
    if !text.contains(['*', '?', '[', '{', '}', '\\']) {
        return Some(Step::Exact(name.into()));
    }
    let matcher = glob(text).ok()?.compile_matcher();
    Some(Step::Some(matcher))
}

struct Walk<'a> {
    disk: &'a Disk,
    flow: usize,
    patterns: &'a Patterns,
    whole: &'a GlobMatcher,
    matched: bool,
    found: &'a mut Found,
}

impl Walk<'_> {
    fn enter(&mut self, folder: PathBuf, steps: &[Step], depth: usize) {
        match steps {
            [] => {}
            [Step::Exact(name)] => self.exact(folder, name),
            [Step::Exact(name), rest @ ..] => self.enter(folder.join(name), rest, depth),
            [Step::Some(matcher), rest @ ..] => self.some(folder, matcher, rest, depth),
            [Step::Any, rest @ ..] => self.any(folder, steps, rest, depth),
        }
    }

    fn exact(&mut self, folder: PathBuf, name: &Path) {
        let path = folder.join(name);
        match self.disk.look(&path).map(|sight| sight.kind) {
            Ok(Kind::File) => self.take(path),
            Ok(_) => {}
            Err(e) => self.unreadable(&folder, e),
        }
        self.entered(folder);
    }

    fn some(&mut self, folder: PathBuf, matcher: &GlobMatcher, rest: &[Step], depth: usize) {
        for (name, kind) in self.list(&folder) {
            if !matcher.is_match(&name) {
                continue;
            }
            let path = folder.join(&name);
            match self.through_link(&path, kind) {
                Some(Kind::File) if rest.is_empty() => self.take(path),
                Some(Kind::Folder) if !rest.is_empty() => self.enter(path, rest, depth),
                _ => {}
            }
        }
        self.entered(folder);
    }

    /// Never through links, which could lead in circles.
    fn any(&mut self, folder: PathBuf, steps: &[Step], rest: &[Step], depth: usize) {
        if !rest.is_empty() {
            self.enter(folder.clone(), rest, depth);
        }
        if depth >= DEEPEST {
            return;
        }
        for (name, kind) in self.list(&folder) {
            if kind == Kind::Folder {
                self.enter(folder.join(name), steps, depth + 1);
            } else if rest.is_empty() && kind == Kind::File {
                self.take(folder.join(name));
            }
        }
        self.entered(folder);
    }

    fn entered(&mut self, folder: PathBuf) {
        if self.patterns.watched {
            self.found.folders.insert(folder);
        }
    }

    fn list(&mut self, folder: &Path) -> Vec<(PathBuf, Kind)> {
        match self.disk.list(folder) {
            Ok(names) => names
                .into_iter()
                .map(|name| (PathBuf::from(name.name), name.kind))
                .collect(),
            Err(e) => {
                self.unreadable(folder, e);
                Vec::new()
            }
        }
    }

    fn through_link(&self, path: &Path, kind: Kind) -> Option<Kind> {
        match kind {
            Kind::Link => self.disk.look(path).ok().map(|sight| sight.kind),
            other => Some(other),
        }
    }

    /// A folder that is not there holds nothing; any other error says nothing about what it holds.
    fn unreadable(&mut self, folder: &Path, error: io::Error) {
        let absent = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        );
        if !absent {
            self.found.unreadable.push((folder.to_owned(), error));
        }
    }

    fn take(&mut self, path: PathBuf) {
        if self.whole.is_match(&path) && !self.patterns.excludes(&path) {
            self.matched = true;
            self.found.taken.push((path, self.flow));
        }
    }
}

#[cfg(test)]
mod tests;
