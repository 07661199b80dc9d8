//! What goes through: a real access log again and again up to the size asked for, the same lines
//! as JSON, and request bodies cut from it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use standpipe_agent::parse::{Origin, Shaper};
use standpipe_agent::split::Piece;
use standpipe_config::records::Builder;
use standpipe_config::settings::agent::{Parse, Step};
use standpipe_tests::access;
use standpipe_tests::random::Random;
use standpipe_tests::trouble::{Attempting, Outcome};

/// Columns of the JSON lines.
pub(crate) const COLUMNS: [&str; 10] = [
    "host",
    "user",
    "time",
    "method",
    "path",
    "protocol",
    "status",
    "bytes",
    "referer",
    "user_agent",
];

/// Records in a request body, and bytes of each, its line end included.
pub(crate) const BATCH: usize = 500;
const RECORD: usize = 1024;

/// Lines made up where there is no log to repeat.
const MADE_UP: usize = 10_000;

/// A file that is measured with.
pub(crate) struct Data {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
}

/// The lines to repeat, and where they are from.
pub(crate) fn sample(path: &Path) -> Outcome<(Vec<u8>, String)> {
    if path.is_file() {
        let text = std::fs::read(path).attempting(format!("read {}", path.display()))?;
        return Ok((text, path.display().to_string()));
    }
    let mut random = Random::seeded(1);
    let now = jiff::Zoned::now();
    let mut text = vec![];
    for _ in 0..MADE_UP {
        access::line(&mut random, &now, &mut text);
    }
    let from = format!("made up, as {} is not there", path.display());
    Ok((text, from))
}

/// Writes whole copies of `text`, at least one and about `size` bytes.
pub(crate) fn repeated(text: &[u8], size: u64, path: PathBuf) -> Outcome<Data> {
    let copies = (size / text.len().max(1) as u64).max(1);
    let mut file = File::create(&path).attempting(format!("create {}", path.display()))?;
    for _ in 0..copies {
        file.write_all(text)?;
    }
    file.sync_all()?;
    let lines = line_ends(text) * copies;
    Ok(Data {
        path,
        bytes: text.len() as u64 * copies,
        lines,
    })
}

fn line_ends(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The lines of an access log as JSON lines of ten columns.
pub(crate) fn as_json(text: &[u8]) -> Outcome<Vec<u8>> {
    let mut records = Builder::default();
    let mut shaper = Shaper::new(&Parse::by(Step::Combined), "");
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let piece = Piece {
            at: 0,
            bytes: line,
            end: 1,
            part: None,
            unterminated: false,
        };
        shaper.shape(piece, &Origin::default(), &mut records);
    }
    let mut out = BufWriter::new(vec![]);
    for record in records.finish().iter() {
        let object: Value = serde_json::from_slice(record.bytes)?;
        let members = COLUMNS.map(|name| format!("\"{name}\":{}", object[name]));
        writeln!(out, "{{{}}}", members.join(","))?;
    }
    out.into_inner().attempting("write JSON to memory")
}

/// Bodies of [`BATCH`] records of 1 KB each, all there are in `text`.
pub(crate) fn bodies(text: &[u8]) -> Vec<Vec<u8>> {
    let plain: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'\n' { b' ' } else { *byte })
        .collect();
    let records: Vec<&[u8]> = plain.chunks_exact(RECORD - 1).collect();
    let body = |records: &[&[u8]]| [records.join(&b'\n'), vec![b'\n']].concat();
    records.chunks_exact(BATCH).map(body).collect()
}
