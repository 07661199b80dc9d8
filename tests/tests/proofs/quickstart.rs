//! The quickstart, as a newcomer runs it, and its files in the eyes of other readers.

use std::path::{Path, PathBuf};
use std::process::Command;

use standpipe_tests::{Folder, Outcome, Trouble, binaries, objects, readers};

/// What a run said, and its exit code.
struct Run {
    said: String,
    code: Option<i32>,
}

fn run(files: &[&Path]) -> Outcome<Run> {
    // Builds the programs if nobody did.
    binaries::find("standpipe-agent")?;
    let output = Command::new(binaries::find("quickstart")?)
        .args(files)
        .env("STANDPIPE_BUILT", "1")
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    println!("{said}");
    Ok(Run {
        said,
        code: output.status.code(),
    })
}

impl Run {
    /// The folder that it names.
    fn folder(&self) -> Outcome<PathBuf> {
        let words = "Everything of this run lies in ";
        let named = self.said.lines().find_map(|line| line.strip_prefix(words));
        named
            .map(PathBuf::from)
            .ok_or_else(|| Trouble(format!("no folder is named: {}", self.said)))
    }

    /// How many rows lie in the Parquet files, which our reader and the others agree on.
    fn rows(&self) -> Outcome<u64> {
        let out = self.folder()?.join("out");
        let files = objects::below(&out)?;
        let counts: Outcome<Vec<_>> = files.iter().map(|path| objects::row_count(path)).collect();
        let rows = counts?.iter().sum();
        if rows > 0
            && let Some(others) = readers::counts(&out)?
        {
            for reader in ["pyarrow", "dataset", "duckdb", "polars"] {
                assert_eq!(others[reader], rows, "{reader}: {others}");
            }
        }
        Ok(rows)
    }

    fn done(&self) -> Outcome {
        Ok(std::fs::remove_dir_all(self.folder()?)?)
    }
}

#[test]
fn quickstart_runs_twice_and_other_readers_see_every_row() -> Outcome {
    for _ in 0..2 {
        let run = run(&[])?;
        assert_eq!(run.code, Some(0));
        assert_eq!(run.rows()?, 150_000);
        assert!(run.said.contains("rotated 7 times"));
        run.done()?;
    }
    Ok(())
}

#[test]
fn quickstart_takes_files_of_any_kind_and_leaves_them_as_they_are() -> Outcome {
    let folder = Folder::new("quickstart files")?;
    let junk: Vec<u8> = (0..300_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let access = "::1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n".repeat(500);
    let long = ["\u{1}".repeat(3_000_000).as_bytes(), b"\nend"].concat();
    let files = [
        (
            "an odd [name]*.log",
            b"one\r\n\n\ntwo\nno newline".to_vec(),
            3,
        ),
        ("empty.log", vec![], 0),
        ("access.log", access.into_bytes(), 500),
        ("junk.bin", junk.clone(), lines_of(&junk)),
        ("long.log", long, 2),
    ];
    let mut paths = vec![];
    for (name, bytes, _) in &files {
        std::fs::write(folder.join(name), bytes)?;
        paths.push(folder.join(name));
    }
    let mut given: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    given.push(&paths[0]);
    let run = run(&given)?;
    let lines: u64 = files.iter().map(|(_, _, lines)| lines).sum();
    assert_eq!(run.code, Some(0));
    assert!(run.said.contains("is read once"), "a file given twice");
    let counted = format!("{lines} lines arrived exactly once");
    assert!(run.said.replace(',', "").contains(&counted));
    // Three million bytes in one line are marked parts of at most 160,000.
    assert_eq!(run.rows()?, lines + 18);
    for ((_, bytes, _), path) in files.iter().zip(&paths) {
        assert!(
            std::fs::read(path)? == *bytes,
            "{} was touched",
            path.display()
        );
    }
    run.done()?;
    folder.done()
}

fn lines_of(bytes: &[u8]) -> u64 {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty() && *line != b"\r")
        .count() as u64
}

#[test]
fn quickstart_refuses_what_it_cannot_read_before_it_does_anything() -> Outcome {
    for (given, why) in [
        ("/no/such/file", "/no/such/file"),
        ("/tmp", "not a file"),
        ("--what", "--what"),
    ] {
        let run = run(&[Path::new(given)])?;
        assert_eq!(run.code, Some(2));
        assert!(run.said.contains(why), "{}", run.said);
        assert!(run.folder().is_err());
    }
    Ok(())
}
