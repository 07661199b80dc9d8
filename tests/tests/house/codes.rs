//! What the daemon says when something is wrong, and that the manual has a line for each of it.

use std::collections::BTreeSet;
use std::fs;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::source::{self, File};
use crate::{Finding, none};

/// What codes of error lines begin with.
const FAMILIES: &[&str] = &[
    "DataFormatConversion.",
    "DynamicPartitioning.",
    "Lambda.",
    "OS.",
    "PostgreSQL.",
    "Redshift.",
    "Standpipe.",
];

/// Calls by which a stream halts, and their first text is what it says then.
const HALTS: &[[&str; 2]] = &[["Failure", "halt"], ["Damage", "new"]];

/// Modules whose failures halt no stream: they are told to whoever asked.
const ASKED: &[&str] = &["daemon", "trial"];

/// The least that must be the same in the manual and in a message, in bytes.
const LEAST: usize = 7;

fn manual() -> String {
    fs::read_to_string(source::top().join("docs/troubleshooting.md")).expect("a page of ours")
}

/// What stands between backquotes on the manual's page.
fn quoted(page: &str) -> BTreeSet<&str> {
    let odd = |line| str::split(line, '`').skip(1).step_by(2);
    page.lines().flat_map(odd).collect()
}

/// The files of the daemon that we ship.
fn shipped() -> impl Iterator<Item = File> {
    source::shipped().filter(|file| file.package() == "delivery")
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("Rust of ours")
}

/// All texts in a piece of code, wherever they stand, with their lines.
fn texts(tokens: TokenStream) -> Vec<(usize, String)> {
    let mut found = vec![];
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                if let Ok(text) = text {
                    found.push((literal.span().start().line, text.value()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The arguments of all calls of `what`, such as `Failure::halt`.
fn calls(tokens: TokenStream, what: &[&str; 2]) -> Vec<Group> {
    let mut found = vec![];
    let mut last: Vec<String> = vec![];
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            let named = [what[0], ":", ":", what[1]];
            if group.delimiter() == Delimiter::Parenthesis
                && last.ends_with(&named.map(String::from))
            {
                found.push(group.clone());
            }
            found.extend(calls(group.stream(), what));
        }
        last.push(token.to_string());
        last.drain(..last.len().saturating_sub(4));
    }
    found
}

/// The body of the only function of this name in a file.
fn function(path: &str, name: &str) -> TokenStream {
    let text = fs::read_to_string(source::top().join(path)).expect("a file of ours");
    let (_, from) = text
        .split_once(&format!("fn {name}("))
        .expect("a function of ours");
    let (body, _) = from.split_once("\n    }\n").expect("its end");
    tokens(&format!("fn {name}({body}\n}}"))
}

fn is_code(text: &str) -> bool {
    let code = FAMILIES.iter().find_map(|family| text.strip_prefix(family));
    code.is_some_and(|code| {
        code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

fn is_error_type(text: &str) -> bool {
    let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    text == "activePartitionExceeded" || (text.ends_with("-failed") && letters(text))
}

#[test]
fn the_manual_has_a_line_for_each_code_and_error_type() {
    let page = manual();
    let quoted = quoted(&page);
    let (mut findings, mut codes) = (vec![], BTreeSet::new());
    for file in shipped() {
        for (line, text) in texts(tokens(&file.text)) {
            if !is_code(&text) && !is_error_type(&text) {
                continue;
            }
            if !quoted.contains(text.as_str()) {
                let what = format!("{text} needs a line in docs/troubleshooting.md");
                findings.push(Finding::new(&file, line, what));
            }
            codes.insert(text);
        }
    }
    assert!(codes.len() > 30, "only {codes:?}");
    none(findings, &[]);
    let stale = quoted.iter().filter(|text| is_code(text));
    let stale: Vec<_> = stale.filter(|code| !codes.contains(**code)).collect();
    assert!(
        stale.is_empty(),
        "docs/troubleshooting.md has codes that nobody writes: {stale:?}"
    );
}

#[test]
fn the_manual_has_a_line_for_each_halt() {
    let page = manual();
    let quoted: Vec<_> = quoted(&page)
        .into_iter()
        .filter(|text| text.len() >= LEAST)
        .collect();
    let (mut findings, mut seen) = (vec![], 0);
    for file in shipped() {
        if ASKED.contains(file.module().first().unwrap_or(&"")) {
            continue;
        }
        for call in HALTS
            .iter()
            .flat_map(|what| calls(tokens(&file.text), what))
        {
            let Some((line, said)) = texts(call.stream()).into_iter().next() else {
                // It says what another error says.
                continue;
            };
            seen += 1;
            if !quoted.iter().any(|text| said.contains(text)) {
                let what = format!("{said:?} needs a line in docs/troubleshooting.md");
                findings.push(Finding::new(&file, line, what));
            }
        }
    }
    assert!(seen > 30, "only {seen} halts were found");
    none(
        findings,
        &[
            // These say what was attempted, and the server's own words.
            ("warehouse/session.rs", "cannot {doing}"),
            ("warehouse/verdict.rs", "cannot {doing}"),
            // It is told to whoever asked for a redrive.
            ("redrive/lines.rs", "which is no error line"),
        ],
    );
}

#[test]
fn the_manual_has_a_line_for_each_state_and_each_refusal() {
    let page = manual();
    let quoted = quoted(&page);
    let status = source::files()
        .into_iter()
        .find(|file| file.path == "delivery/src/stream/status.rs")
        .expect("the file of the states");
    let states = status.syntax.items.iter().find_map(|item| match item {
        syn::Item::Enum(found) if found.ident == "State" => Some(&found.variants),
        _ => None,
    });
    let states = states.expect("the states").iter();
    let states = states.map(|state| state.ident.to_string().to_lowercase());
    let words = texts(function("delivery/src/ingest/refused.rs", "word"));
    let exceptions = texts(function(
        "delivery/src/ingest/firehose/exception.rs",
        "wire",
    ));
    let said = words.into_iter().chain(exceptions).map(|(_, text)| text);
    let all: BTreeSet<_> = states.chain(said).collect();
    assert!(all.len() > 30, "only {all:?}");
    let missing: Vec<_> = all
        .iter()
        .filter(|t| !quoted.contains(t.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/troubleshooting.md has no line for {missing:?}"
    );
}
