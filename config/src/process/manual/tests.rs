//! A small program's manual.

use std::collections::BTreeSet;

use clap::Parser;

use super::*;

/// Follows files.
#[derive(Parser)]
#[command(name = "follow")]
enum Small {
    /// Until stopped.
    Run {
        /// The settings
        #[arg(long)]
        config: String,
    },
}

#[test]
fn every_command_has_a_page_and_every_shell_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    write(Small::command(), folder.path()).unwrap();
    let names = |part: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder.path().join(part)).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    };
    let pages = names("man");
    let pages: Vec<String> = pages.into_iter().collect();
    assert_eq!(pages, ["follow-run.1", "follow.1"]);
    let completions: Vec<String> = names("completions").into_iter().collect();
    assert_eq!(completions, ["_follow", "follow.bash", "follow.fish"]);
    let page = fs::read_to_string(folder.path().join("man/follow-run.1")).unwrap();
    assert!(page.contains("Until stopped"), "{page}");
    assert!(page.contains("The settings"), "{page}");
}
