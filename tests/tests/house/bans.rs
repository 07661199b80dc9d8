//! What is not done here, each with what to do instead.

use syn::visit::{self, Visit};

use crate::source::{self, File};
use crate::{Finding, none};

/// Calls that have a better one of ours, and the file that may make them.
const CALLS: &[(&str, &str, &str)] = &[
    (
        "fs::rename",
        "config/src/files.rs",
        "files::rename syncs the folder too",
    ),
    (
        "fs::write",
        "config/src/files.rs",
        "files::write_whole makes a file appear whole",
    ),
    (
        "SystemTime::now",
        "",
        "Arrival::now reads the wall clock; durations are monotonic (rule 21)",
    ),
    (
        "Timestamp::now",
        "config/src/names.rs",
        "Arrival::now reads the wall clock; durations are monotonic (rule 21)",
    ),
];

/// Syncs have names (`--list-syncs`), so that a test can leave each out.
const SYNCS: (&[&str], &str) = (
    &["sync_all", "sync_data", "fsync", "fdatasync"],
    "config/src/files/sync.rs",
);

/// The traits of ours. A further one needs a written reason.
const TRAITS: &[(&str, &str)] = &[
    ("Journal", "delivery/src/journal.rs"),
    ("Transform", "delivery/src/transform.rs"),
    ("Destination", "delivery/src/destination.rs"),
    // Names operation and path in the error of a file operation: an extension of `Result`.
    ("Doing", "config/src/files.rs"),
];

/// Names that say nothing about what is in them.
const DRAWERS: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "manager",
];

struct Calls<'a> {
    file: &'a File,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let text = names.join("::");
        for (call, home, instead) in CALLS {
            let is_it = text == *call || text.ends_with(&format!("::{call}"));
            if is_it && self.file.path != *home {
                let line = path.segments[0].ident.span().start().line;
                let what = format!("no `{call}` here: {instead}");
                self.findings.push(Finding::new(self.file, line, what));
            }
        }
        visit::visit_path(self, path);
    }
}

#[test]
fn what_has_a_better_call_of_ours_goes_through_it() {
    let mut findings = vec![];
    for file in source::shipped() {
        let mut calls = Calls {
            file: &file,
            findings: vec![],
        };
        calls.visit_file(&file.syntax);
        findings.append(&mut calls.findings);
    }
    none(findings, &[]);
}

struct Syncs(Vec<proc_macro2::Ident>);

impl<'ast> Visit<'ast> for Syncs {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        if SYNCS.0.iter().any(|sync| ident == sync) {
            self.0.push(ident.clone());
        }
    }
}

#[test]
fn every_sync_has_a_name() {
    let mut findings = vec![];
    for file in source::shipped().filter(|file| file.path != SYNCS.1) {
        let mut syncs = Syncs(vec![]);
        syncs.visit_file(&file.syntax);
        let finding = |ident: &proc_macro2::Ident| {
            let what = format!(
                "no `{ident}` here: files::sync_file and files::sync_folder take the sync's name"
            );
            Finding::new(&file, ident.span().start().line, what)
        };
        findings.extend(syncs.0.iter().map(finding));
    }
    none(findings, &[]);
}

#[test]
fn there_are_three_traits_and_no_fourth_without_a_reason() {
    let mut findings = vec![];
    for file in source::shipped() {
        for item in &file.syntax.items {
            let syn::Item::Trait(found) = item else {
                continue;
            };
            let known = TRAITS
                .iter()
                .any(|(name, home)| found.ident == name && file.path == *home);
            if !known {
                let what = format!(
                    "the trait `{}`: use an enum or a function, or write its reason beside its name in the list",
                    found.ident
                );
                findings.push(Finding::new(&file, found.ident.span().start().line, what));
            }
        }
    }
    none(findings, &[]);
}

#[test]
fn faults_are_compiled_in_only_where_asked_for() {
    for package in [
        "config",
        "agent",
        "delivery",
        "kinesis-checkpoints",
        "tests",
    ] {
        let path = source::top().join(package).join("Cargo.toml");
        let manifest = std::fs::read_to_string(path).expect("a manifest");
        let default = manifest.lines().find(|line| line.starts_with("default ="));
        assert_eq!(default, None, "{package}");
    }
}

#[test]
fn a_module_is_named_for_what_it_does() {
    let mut findings = vec![];
    for file in source::files() {
        if let Some(name) = file.module().iter().find(|name| DRAWERS.contains(name)) {
            let what = format!("`{name}` says nothing: name the module for what it does");
            findings.push(Finding::new(&file, 1, what));
        }
    }
    none(findings, &[]);
}
