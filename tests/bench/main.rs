//! `cargo bench`: how fast it is, beside what bounds it, as one table without verdicts.
//!
//! Processor time is user + system of our own processes, not of the clients that drive them. What
//! is compared runs in the same round, one after the other, and the table has the medians of all
//! rounds, so that the ratios hold on a machine that does other things too. Every byte is synced.

mod columns;
mod cpu;
mod data;
mod door;
mod firehose;
mod hook;
mod machine;
mod scale;
mod search;
mod ship;
mod table;
mod warehouse;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use standpipe_tests::binaries;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

use data::Data;
use table::Table;

const USAGE: &str = "cargo bench [-- [PART…] [--data FILE] [--size BYTES] [--rounds N]]

PART      door, agent, scale, parquet, path, hook, search or warehouse; all of them if none is
          named
--data    an access log to repeat; without it ../shared/data/apache-access.log beside the tree, or
          lines made up
--size    how many bytes of it, and of the same as JSON (1000000000)
--rounds  how often everything is measured (3)

OpenSearch is measured where STANDPIPE_OPENSEARCH names its archive, as tests/run gets it, and
PostgreSQL where STANDPIPE_POSTGRESQL names the folder of its programs.
DuckDB, pyarrow and polars are measured with the Python of STANDPIPE_PYTHON, or the one that
tests/run has prepared.";

/// A part of the benchmark.
type Part = (&'static str, fn(&Ground, &mut Table) -> Outcome);

const PARTS: [Part; 8] = [
    ("door", door::run),
    ("agent", ship::agent),
    ("scale", scale::run),
    ("parquet", columns::run),
    ("path", ship::whole),
    ("hook", hook::run),
    ("search", search::run),
    ("warehouse", warehouse::run),
];

/// What is asked for.
struct Asked {
    parts: Vec<Part>,
    data: PathBuf,
    size: u64,
    rounds: usize,
}

/// What all parts measure with.
pub(crate) struct Ground {
    folder: PathBuf,
    /// What is repeated.
    pub(crate) text: Vec<u8>,
    /// The access log.
    pub(crate) log: Data,
    /// What is repeated, as JSON.
    pub(crate) json_text: Vec<u8>,
    /// The same lines as JSON.
    pub(crate) json: Data,
}

impl Ground {
    /// An empty folder, for the caller to remove.
    pub(crate) fn fresh(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).attempting(format!("create {}", folder.display()))?;
        Ok(folder)
    }
}

fn main() -> ExitCode {
    // `cargo bench` says --bench to everything that it runs.
    let arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let arguments: Vec<_> = arguments.collect();
    if arguments.iter().any(|a| a == "-h" || a == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let asked = match asked(arguments.into_iter()) {
        Ok(asked) => asked,
        Err(Trouble(why)) => {
            eprintln!("{why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match bench(&asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble(why)) => {
            eprintln!("\nbench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn asked(arguments: impl Iterator<Item = String>) -> Outcome<Asked> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut asked = Asked {
        parts: vec![],
        data: top.join("../shared/data/apache-access.log"),
        size: 1_000_000_000,
        rounds: 3,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| Trouble(format!("{argument} needs a value")))
        };
        match argument.as_str() {
            "--data" => asked.data = value()?.into(),
            "--size" => asked.size = value()?.parse().attempting("read --size")?,
            "--rounds" => asked.rounds = value()?.parse().attempting("read --rounds")?,
            name => {
                let part = PARTS.into_iter().find(|(part, _)| *part == name);
                let part = part.ok_or_else(|| Trouble(format!("there is no part {name:?}")))?;
                asked.parts.push(part);
            }
        }
    }
    if asked.parts.is_empty() {
        asked.parts = PARTS.to_vec();
    }
    Ok(asked)
}

/// In a folder beside the programs, on a real disk; it stays where something fails.
fn bench(asked: &Asked) -> Outcome {
    binaries::build(&[])?;
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(binaries::folder()?)
        .attempting("create a folder")?
        .keep();
    let measured = measure(asked, &folder);
    match measured {
        Ok(()) => Ok(std::fs::remove_dir_all(folder)?),
        Err(Trouble(why)) => Err(Trouble(format!("{why}\n{} is kept", folder.display()))),
    }
}

fn measure(asked: &Asked, folder: &Path) -> Outcome {
    let facts = machine::facts(folder);
    let (text, from) = data::sample(&asked.data)?;
    let json_text = data::as_json(&text)?;
    let ground = Ground {
        folder: folder.to_owned(),
        log: data::repeated(&text, asked.size, folder.join("access.log"))?,
        json: data::repeated(&json_text, asked.size, folder.join("access.json"))?,
        text,
        json_text,
    };
    let mut table = Table::default();
    for round in 1..=asked.rounds {
        eprintln!("round {round} of {}", asked.rounds);
        for (_, part) in &asked.parts {
            part(&ground, &mut table)?;
        }
    }
    println!("{facts}data       {from}");
    println!(
        "size       {} MB of log, {} lines; {} MB of JSON, {} lines, {} columns; medians of {} rounds\n",
        ground.log.bytes / 1_000_000,
        ground.log.lines,
        ground.json.bytes / 1_000_000,
        ground.json.lines,
        data::COLUMNS.len(),
        asked.rounds
    );
    print!("{table}");
    if python().is_none() {
        println!("\nno DuckDB, pyarrow and polars: tests/run gets them");
    }
    Ok(())
}

/// A Python that has DuckDB and pyarrow, and polars if it is not an old one.
pub(crate) fn python() -> Option<PathBuf> {
    if let Some(python) = std::env::var_os("STANDPIPE_PYTHON") {
        return Some(python.into());
    }
    let components = std::env::var_os("STANDPIPE_COMPONENTS").map(PathBuf::from);
    let home = std::env::home_dir()?.join(".cache/standpipe-components");
    let folders = std::fs::read_dir(components.unwrap_or(home)).ok()?;
    // The newest one has most in it.
    let ready = folders.flatten().filter_map(|folder| {
        let named = folder.file_name().to_string_lossy().starts_with("python-");
        let since = std::fs::metadata(folder.path().join("ready")).ok()?;
        let since = since.modified().ok()?;
        named.then(|| (since, folder.path()))
    });
    ready.max().map(|(_, folder)| folder.join("bin/python"))
}

/// Longer than anything here takes.
pub(crate) fn far() -> Duration {
    Duration::from_secs(1800)
}
