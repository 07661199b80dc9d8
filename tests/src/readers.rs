//! Readers of another make, against which our files of columns are held: pyarrow and duckdb, in the
//! Python that `tests/run` prepares.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::components;
pub use crate::components::skipped;
use crate::trouble::{Attempting, Outcome, Trouble};

/// Prints what both readers make of all Parquet files below a folder, as JSON.
const SCRIPT: &str = r#"
import json, pathlib, sys
import duckdb, pyarrow.dataset, pyarrow.parquet
folder = pathlib.Path(sys.argv[1])
files = sorted(str(path) for path in folder.rglob("*.parquet"))
rows = sum(pyarrow.parquet.read_table(path).num_rows for path in files)
together = pyarrow.dataset.dataset(files).to_table().num_rows
count = duckdb.sql(f"select count(*) from read_parquet({files!r}, union_by_name=true)").fetchall()[0][0]
print(json.dumps({"files": len(files), "pyarrow": rows, "dataset": together, "duckdb": count}))
"#;

/// What both readers say of the Parquet files below a folder: `files`, `pyarrow` (one by one),
/// `dataset` (pyarrow, all together), `duckdb`. `None` where they are not there, which is noted as skipped and in CI is trouble.
pub fn counts(folder: &Path) -> Outcome<Option<Value>> {
    said(SCRIPT, folder)
}

/// Prints the rows of all ORC files below a folder, as JSON: times as milliseconds since 1970, maps
/// as lists of pairs, dates and decimals as text.
const ORC_SCRIPT: &str = r#"
import datetime, json, pathlib, sys
import pyarrow.orc
def told(value):
    if isinstance(value, datetime.datetime):
        return (value - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1)
    return str(value)
paths = sorted(pathlib.Path(sys.argv[1]).rglob("*.orc"))
rows = [row for path in paths for row in pyarrow.orc.ORCFile(path).read().to_pylist()]
print(json.dumps(rows, default=told))
"#;

/// The rows of all ORC files below a folder, as pyarrow reads them: times in milliseconds since
/// 1970, maps as lists of pairs, dates and decimals as text. `None` as with [`counts`].
pub fn orc_rows(folder: &Path) -> Outcome<Option<Vec<Value>>> {
    match said(ORC_SCRIPT, folder)? {
        Some(Value::Array(rows)) => Ok(Some(rows)),
        _ => Ok(None),
    }
}

fn said(script: &str, folder: &Path) -> Outcome<Option<Value>> {
    let Some(python) = components::find("pyarrow and duckdb", "STANDPIPE_PYTHON")? else {
        return Ok(None);
    };
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder)
        .output()
        .attempting("run Python")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Trouble(format!(
            "pyarrow or duckdb refuse what lies in {}: {said}",
            folder.display()
        )));
    }
    serde_json::from_slice(&output.stdout)
        .attempting("read what Python printed")
        .map(Some)
}
