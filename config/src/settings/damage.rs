//! Texts damaged at random, for the tests of the readers: whatever comes, they never panic, and
//! never refuse a file without saying why.

use proptest::prelude::*;

use crate::yaml::Problems;

const INSTEAD: [&str; 11] = [
    "", "~", "x", "5", "[]", "{}", "[a, b]", "{a: b}", "\n", ": ", "\"\"",
];

/// A text in which a stretch, or what follows a key on its line, is replaced. ASCII only.
pub(super) fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let instead = || prop::sample::select(&INSTEAD[..]);
    let stretch = (0..text.len(), 0usize..12, instead()).prop_map(|(start, size, instead)| {
        let (before, rest) = text.split_at(start);
        format!("{before}{instead}{}", rest.get(size..).unwrap_or_default())
    });
    let value = (0..text.lines().count(), instead()).prop_map(|(number, instead)| {
        let line = |(i, line): (usize, &str)| match line.split_once(':') {
            Some((key, _)) if i == number => format!("{key}: {instead}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().enumerate().map(line).collect()
    });
    prop_oneof![stretch, value]
}

/// Whether a refusal says why.
pub(super) fn explained<T>(read: Result<T, Problems>) -> bool {
    match read {
        Ok(_) => true,
        Err(Problems(problems)) => {
            let noted = |message: &str| !message.contains("was not noted");
            !problems.is_empty() && problems.iter().all(|problem| noted(&problem.message))
        }
    }
}
