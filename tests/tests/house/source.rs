//! Our Rust files, parsed.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub(crate) struct File {
    /// Its path from the top of the tree, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its syntax.
    pub(crate) syntax: syn::File,
    /// Whether it is compiled for tests only.
    for_tests: bool,
}

impl File {
    /// The crate's folder: `config`, `agent`, `delivery`, `tests`.
    pub(crate) fn package(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The module it is, as names below the crate: `["journal", "segment"]`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let below = self.path.splitn(3, '/').nth(2).unwrap_or_default();
        let name = below.trim_end_matches(".rs");
        let mut names: Vec<_> = name.split('/').collect();
        if matches!(names.last(), Some(&("lib" | "main" | "mod"))) {
            names.pop();
        }
        names
    }

    /// Whether it holds the tests of a file beside it, `x/tests.rs`, or what only they use.
    pub(crate) fn tests_a_file(&self) -> bool {
        self.for_tests
    }

    /// The modules that it declares for tests only, as paths of their files without `.rs`.
    fn declared_for_tests(&self) -> impl Iterator<Item = String> {
        let own = self.path.trim_end_matches(".rs");
        // A crate's root declares its neighbours; a `path` may put them below it all the same.
        let beside = own.rsplit_once('/').map_or(own, |(folder, _)| folder);
        let is_root = ["lib", "main", "mod"]
            .iter()
            .any(|n| own.ends_with(&format!("/{n}")));
        let above = if is_root {
            vec![own, beside]
        } else {
            vec![own]
        };
        let modules = self.syntax.items.iter().filter_map(|item| match item {
            syn::Item::Mod(module) if module.attrs.iter().any(is_for_tests) => Some(module),
            _ => None,
        });
        modules.flat_map(move |module| {
            let below = |above: &&str| format!("{above}/{}", module.ident);
            above.iter().map(below).collect::<Vec<_>>()
        })
    }

    /// Whether it holds tests, not what we ship.
    pub(crate) fn is_test(&self) -> bool {
        self.package() == "tests" || self.tests_a_file()
    }
}

/// The top of the tree.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of our crates.
pub(crate) fn files() -> Vec<File> {
    let mut paths = vec![];
    for package in [
        "config",
        "agent",
        "delivery",
        "kinesis-checkpoints",
        "tests",
    ] {
        collect(&top().join(package), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 20, "only {} files found", paths.len());
    let mut files: Vec<_> = paths.iter().map(|path| read(path)).collect();
    let declared: Vec<_> = files.iter().flat_map(File::declared_for_tests).collect();
    for file in &mut files {
        let own = file.path.trim_end_matches(".rs");
        let below = |module: &String| own == module || own.starts_with(&format!("{module}/"));
        file.for_tests = declared.iter().any(below);
    }
    files
}

/// `#[cfg(test)]`
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let argument = attribute.parse_args::<syn::Path>();
    attribute.path().is_ident("cfg") && argument.is_ok_and(|path| path.is_ident("test"))
}

/// What we ship.
pub(crate) fn shipped() -> impl Iterator<Item = File> {
    files().into_iter().filter(|file| !file.is_test())
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of ours") {
        let path = entry.expect("a folder of ours").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn read(path: &Path) -> File {
    let text = fs::read_to_string(path).expect("a file of ours");
    let shown = path.strip_prefix(top()).expect("below the top");
    let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", shown.display()));
    File {
        path: shown.to_string_lossy().replace('\\', "/"),
        text,
        syntax,
        for_tests: false,
    }
}
