//! What lies at the destinations after a life, held against what was written.

use std::collections::BTreeMap;
use std::path::Path;

use base64_simd::STANDARD;
use standpipe_tests::order::Order;
use standpipe_tests::{Folder, Ledger, Outcome, Trouble, objects};

use super::life;
use crate::{lines_arrived, raw_arrived};

pub(super) fn all(
    folder: &Folder,
    far: &Path,
    ledgers: &mut BTreeMap<&'static str, Ledger>,
) -> Outcome {
    let out = folder.join("out");
    for (stream, ledger) in ledgers {
        match *stream {
            "rows" => lines_arrived(&out.join("rows"), ledger)?,
            "refused" => refused(&out.join("errors"), ledger)?,
            "far" => raw_arrived(&far.join("far"), ledger)?,
            raw => raw_arrived(&out.join(raw), ledger)?,
        }
        let settled = ledger.settle();
        settled.map_err(|trouble| Trouble(format!("{stream}: {trouble}")))?;
    }
    in_order(&out.join("plain"))
}

/// Notes every record that lies in an error object.
fn refused(folder: &Path, ledger: &mut Ledger) -> Outcome {
    for path in objects::below(folder)? {
        for line in objects::json_lines(&path)? {
            let raw = line["rawData"].as_str().unwrap_or_default();
            ledger.arrived(&STANDARD.decode_to_vec(raw)?);
        }
    }
    Ok(())
}

/// That the log's lines stand in the raw objects as they were written.
fn in_order(folder: &Path) -> Outcome {
    let mut order = Order::default();
    for path in objects::below(folder)? {
        let lines = objects::lines(&path)?;
        let numbers = lines.iter().filter_map(|line| number(line));
        // Each rotation begins a new source, and sources may mix.
        let source = |number| format!("file {}", number / life::LINES);
        order.object(numbers.map(|number| (source(number), number)));
    }
    order.settle()
}

/// The number of a line of the log: `{"line":"a 000017",…`.
fn number(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    line.strip_prefix("{\"line\":\"a ")?.get(..6)?.parse().ok()
}
