//! What came of a run: what lies where, how to look at it, and whether it is what was written.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanCount};
use standpipe_tests::objects;
use standpipe_tests::trouble::{Outcome, Trouble};

/// What lies in the output folder of a stream.
struct Delivered {
    files: Vec<PathBuf>,
    bytes: u64,
    rows: u64,
    /// Rows that are not the last part of their line.
    parts: u64,
}

/// Tells what came of it, and fails unless each line became one row, or several marked parts.
pub(crate) fn tell(
    folder: &Path,
    streams: &[&str],
    lines: RangeInclusive<u64>,
    note: &str,
) -> Outcome {
    let mut found = 0;
    for stream in streams {
        let delivered = Delivered::of(&folder.join("out").join(stream))?;
        found += delivered.rows - delivered.parts;
        delivered.tell(&folder.join("out").join(stream));
    }
    let failed = objects::below(&folder.join("out/errors"))?;
    if !failed.is_empty() {
        println!(
            "\nRecords that could not become rows, each with the reason: {}",
            folder.join("out/errors").display()
        );
    }
    if !lines.contains(&found) {
        let lines = lines.start();
        return Err(Trouble(format!(
            "the logs hold {lines} lines, the Parquet files {found}: this must not be"
        )));
    }
    println!(
        "\nEach of {} lines arrived exactly once{note}.",
        HumanCount(found)
    );
    Ok(())
}

impl Delivered {
    fn of(folder: &Path) -> Outcome<Self> {
        let mut found = Self {
            files: objects::below(folder)?,
            bytes: 0,
            rows: 0,
            parts: 0,
        };
        for file in &found.files {
            found.bytes += std::fs::metadata(file)?.len();
            found.rows += objects::row_count(file)?;
            found.parts += objects::rows_where(file, "last", false)?;
        }
        Ok(found)
    }

    fn tell(&self, folder: &Path) {
        println!(
            "\n{} rows ({}) in {} Parquet files below {}",
            HumanCount(self.rows),
            HumanBytes(self.bytes),
            self.files.len(),
            folder.display()
        );
        if let Some(first) = self.files.first() {
            println!("the first of them: {}", first.display());
            println!(
                "to look at them (pip install duckdb):\n  {}",
                command(folder)
            );
        }
    }
}

/// A command that shows some of the rows.
fn command(folder: &Path) -> String {
    let files = format!("{}/**/*.parquet", folder.display()).replace('\'', "''");
    let query = format!("from read_parquet('{files}', union_by_name=true) limit 10");
    let python = format!(
        "import duckdb; duckdb.sql({}).show()",
        serde_json::Value::from(query)
    );
    format!("python3 -c '{}'", python.replace('\'', r"'\''"))
}
