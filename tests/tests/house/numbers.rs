//! How long things may be, and where tests stand.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{self, File};
use crate::{Finding, none};

const LINES_OF_A_FUNCTION: usize = 70;
const LINES_OF_A_FILE: usize = 400;
const PARAMETERS: usize = 5;

/// Every function of a file: line, signature, how many lines.
#[derive(Default)]
struct Functions {
    found: Vec<(usize, syn::Signature, usize)>,
    /// Without those whose signature a trait prescribes.
    only_own: bool,
}

impl Functions {
    fn of(file: &File) -> Vec<(usize, syn::Signature, usize)> {
        let mut functions = Self::default();
        functions.visit_file(&file.syntax);
        functions.found
    }

    /// Those whose signature is decided where they stand.
    fn own(file: &File) -> Vec<(usize, syn::Signature, usize)> {
        let mut functions = Self {
            only_own: true,
            ..Self::default()
        };
        functions.visit_file(&file.syntax);
        functions.found
    }

    fn push(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        let first = signature.span().start().line;
        let lines = whole.end().line - first + 1;
        self.found.push((first, signature.clone(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.push(&item.sig, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() || !self.only_own {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.push(&item.sig, item.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.push(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }
}

/// A table of cases may be as long as there are cases.
#[test]
fn functions_are_short() {
    let mut findings = vec![];
    for file in source::files() {
        if file.tests_a_file() {
            continue;
        }
        for (line, signature, lines) in Functions::of(&file) {
            if lines > LINES_OF_A_FUNCTION {
                let what = format!(
                    "`{}` has {lines} lines, {LINES_OF_A_FUNCTION} at most: give its steps names",
                    signature.ident
                );
                findings.push(Finding::new(&file, line, what));
            }
        }
    }
    none(findings, &[]);
}

#[test]
fn functions_have_few_parameters() {
    let mut findings = vec![];
    for file in source::files() {
        for (line, signature, _) in Functions::own(&file) {
            let taken = signature
                .inputs
                .iter()
                .filter(|i| matches!(i, syn::FnArg::Typed(_)));
            let count = taken.count();
            if count > PARAMETERS {
                let what = format!(
                    "`{}` takes {count} parameters, {PARAMETERS} at most: some of them are one thing, give it a name",
                    signature.ident
                );
                findings.push(Finding::new(&file, line, what));
            }
        }
    }
    none(findings, &[]);
}

#[test]
fn files_are_short() {
    let mut findings = vec![];
    for file in source::shipped() {
        let lines = file.text.lines().count();
        if lines > LINES_OF_A_FILE {
            let what = format!(
                "{lines} lines, {LINES_OF_A_FILE} at most: move one of its things into a file of its own"
            );
            findings.push(Finding::new(&file, lines, what));
        }
    }
    none(findings, &[]);
}

#[test]
fn every_file_says_why_it_exists() {
    let mut findings = vec![];
    for file in source::files() {
        if !file.tests_a_file() && !file.text.starts_with("//!") {
            findings.push(Finding::new(
                &file,
                1,
                "begin it with `//!` and why it exists",
            ));
        }
    }
    none(findings, &[]);
}

#[test]
fn tests_stand_in_files_of_their_own() {
    let mut findings = vec![];
    for file in source::shipped() {
        for item in &file.syntax.items {
            if let syn::Item::Mod(module) = item
                && module.ident == "tests"
                && module.content.is_some()
            {
                let own = file.path.trim_end_matches(".rs");
                let what = format!("move the tests into {own}/tests.rs");
                findings.push(Finding::new(&file, module.ident.span().start().line, what));
            }
        }
    }
    none(findings, &[]);
}
