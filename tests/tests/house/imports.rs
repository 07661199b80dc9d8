//! Who may import whom.
//!
//! `config` imports nothing of ours; `agent` and `delivery` import `config` and never each other.
//! Inside `delivery`, the parts know nothing of one another: only the lane and the stream put them
//! together, and the daemon constructs.

use syn::visit::{self, Visit};

use crate::source::{self, File};
use crate::{Finding, none};

/// Words that every part of `delivery` shares.
const SHARED: &[&str] = &["aws", "disk", "failure", "record"];

/// What each module of `delivery` may import beside itself and the shared words.
const DELIVERY: &[(&str, &[&str])] = &[
    ("aws", &[]),
    ("disk", &[]),
    ("failure", &[]),
    // The table of kill points, for the program alone.
    ("faults", &[]),
    ("record", &[]),
    ("journal", &[]),
    ("transform", &[]),
    ("format", &[]),
    ("spool", &[]),
    ("destination", &[]),
    (
        "lane",
        &["journal", "transform", "format", "spool", "destination"],
    ),
    (
        "stream",
        &[
            "journal",
            "transform",
            "format",
            "spool",
            "destination",
            "lane",
        ],
    ),
    // The lane's own code on a bench of its own; what a line is, the door says.
    ("trial", &["transform", "format", "spool", "lane", "ingest"]),
    // The door hands over what the journal stores; the contract's types come through the stream
    // or from the journal itself.
    ("ingest", &["stream", "journal"]),
    // It looks into what lies on disk, and asks the daemon that runs.
    ("operate", &["journal", "destination", "lane", "stream"]),
    ("daemon", &["*"]),
    ("main", &["daemon", "operate", "faults"]),
];

/// Crates that must not be in a crate's manifest: what keeps the agent small, and the library of
/// what both agree on smaller still.
const ABSENT: &[(&str, &[&str])] = &[
    (
        "config",
        &[
            "standpipe-",
            "arrow",
            "parquet",
            "object_store",
            "notify",
            "reqwest",
            "zstd",
        ],
    ),
    (
        "agent",
        &[
            "standpipe-delivery",
            "standpipe-tests",
            "arrow",
            "parquet",
            "object_store",
            "wasm",
            "sonic",
        ],
    ),
    (
        "delivery",
        &["standpipe-agent", "standpipe-tests", "notify"],
    ),
];

/// Every path in a file, as `crate::…` where it is relative, with its line.
struct Paths<'a> {
    module: Vec<&'a str>,
    found: Vec<(usize, Vec<String>)>,
}

impl Paths<'_> {
    fn of(file: &File) -> Vec<(usize, Vec<String>)> {
        let mut paths = Paths {
            module: file.module(),
            found: vec![],
        };
        paths.visit_file(&file.syntax);
        paths.found
    }

    fn push(&mut self, line: usize, names: Vec<String>) {
        let supers = names.iter().take_while(|n| *n == "super").count();
        let names = if supers == 0 {
            names
        } else {
            let kept = self.module.len().saturating_sub(supers);
            let above = self.module[..kept].iter().map(|n| (*n).to_owned());
            let own = names.into_iter().skip(supers);
            std::iter::once("crate".to_owned())
                .chain(above)
                .chain(own)
                .collect()
        };
        self.found.push((line, names));
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        let line = |ident: &syn::Ident| ident.span().start().line;
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.push(line(&name.ident), with(&name.ident)),
            syn::UseTree::Rename(name) => self.push(line(&name.ident), with(&name.ident)),
            syn::UseTree::Glob(glob) => {
                self.push(glob.star_token.spans[0].start().line, before.to_vec())
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|t| self.tree(before, t)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let line = path.segments[0].ident.span().start().line;
            let names = path.segments.iter().map(|s| s.ident.to_string());
            self.push(line, names.collect());
        }
        visit::visit_path(self, path);
    }
}

#[test]
fn inside_delivery_the_parts_know_nothing_of_one_another() {
    none(
        source::shipped().flat_map(|file| delivery_imports(&file)),
        &[],
    );
}

fn delivery_imports(file: &File) -> Vec<Finding> {
    let module = file.module();
    let own = match (file.package(), module.first()) {
        ("delivery", Some(own)) => *own,
        ("delivery", None) if file.path.ends_with("main.rs") => "main",
        _ => return vec![],
    };
    let Some((_, allowed)) = DELIVERY.iter().find(|(name, _)| *name == own) else {
        let what = format!(
            "the module `{own}` is not in the table of who may import whom: put it there (and into ARCHITECTURE.md), or where it belongs"
        );
        return vec![Finding::new(file, 1, what)];
    };
    let mut findings = vec![];
    for (line, names) in Paths::of(file) {
        if names[0] != "crate" && names[0] != "standpipe_delivery" {
            continue;
        }
        let Some(other) = names
            .get(1)
            .filter(|o| DELIVERY.iter().any(|(n, _)| n == o))
        else {
            continue;
        };
        let other = other.as_str();
        let legal = other == own
            || SHARED.contains(&other)
            || allowed.contains(&"*")
            || allowed.contains(&other);
        if !legal {
            let what = format!(
                "`{own}` may not know `{other}`: give it what it needs as a parameter, or put what both share into one of {SHARED:?}"
            );
            findings.push(Finding::new(file, line, what));
        }
    }
    findings
}

#[test]
fn the_crates_import_downwards_only() {
    let mut findings = vec![];
    for file in source::shipped() {
        let forbidden: &[&str] = match file.package() {
            "config" => &["standpipe_agent", "standpipe_delivery", "standpipe_tests"],
            "agent" | "kinesis-checkpoints" => &["standpipe_delivery", "standpipe_tests"],
            _ => &["standpipe_agent", "standpipe_tests"],
        };
        for (line, names) in Paths::of(&file) {
            if forbidden.contains(&names[0].as_str()) {
                let what = format!(
                    "{} may not import {}: what both need belongs in config",
                    file.package(),
                    names[0]
                );
                findings.push(Finding::new(&file, line, what));
            }
        }
    }
    none(findings, &[]);
}

#[test]
fn what_a_crate_must_not_contain_is_not_in_its_manifest() {
    let mut findings = vec![];
    for (package, absent) in ABSENT {
        let place = format!("{package}/Cargo.toml");
        let text = std::fs::read_to_string(source::top().join(&place)).expect("a manifest of ours");
        let dependencies = text.split("[dependencies]").nth(1).expect("dependencies");
        let shipped = dependencies.split("\n[").next().unwrap_or_default();
        for (line, text) in shipped.lines().enumerate() {
            if let Some(name) = absent.iter().find(|name| text.starts_with(**name)) {
                findings.push(Finding {
                    place: place.clone(),
                    what: format!("`{text}` (line {line} of its dependencies): {package} must do without {name}"),
                });
            }
        }
    }
    none(findings, &[]);
}
