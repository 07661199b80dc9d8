use std::path::Path;

use super::{agent, delivery};
use crate::yaml::Table;

/// A text as a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A value as a cell.
fn value(text: &str) -> String {
    match text {
        "" => String::new(),
        "none" => "none".to_owned(),
        value => format!("`{}`", cell(value)),
    }
}

fn section(table: &Table, file: &str) -> String {
    let path = match table.path {
        "" => file,
        path => path,
    };
    let mut text =
        format!("\n### `{path}`\n\n| key | what for | allowed | default |\n|---|---|---|---|\n");
    for key in table.keys.iter().filter(|key| key.available) {
        text += &format!(
            "| `{}` | {} | {} | {} |\n",
            key.name,
            cell(key.doc),
            cell(key.allowed),
            value(key.default)
        );
    }
    text
}

/// The manual's page, as the tables have it.
fn page() -> String {
    let mut page = include_str!("intro.md").to_owned();
    for (title, file, tables) in [
        ("The daemon", "delivery.yaml", delivery::TABLES),
        ("The agent", "agent.yaml", agent::TABLES),
    ] {
        page += &format!("\n## {title}: `{file}`\n");
        for table in tables {
            page += &section(table, file);
        }
    }
    page
}

/// Written anew with STANDPIPE_WRITE_DOCS=1.
#[test]
fn the_manual_says_what_may_stand_in_the_files() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    if std::env::var_os("STANDPIPE_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "STANDPIPE_WRITE_DOCS=1 writes docs/settings.md anew"
    );
}
