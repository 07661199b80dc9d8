//! Readers of other makes, against which our files of columns are held: pyarrow, duckdb, polars and
//! pyorc, in the Python that `tests/run` prepares.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::components;
pub use crate::components::skipped;
use crate::trouble::{Attempting, Outcome, Trouble};

/// Prints how many rows each reader finds in all Parquet files below a folder, as JSON.
const SCRIPT: &str = r#"
import json, pathlib, sys
import duckdb, polars, pyarrow.dataset, pyarrow.parquet
folder = pathlib.Path(sys.argv[1])
files = sorted(str(path) for path in folder.rglob("*.parquet"))
rows = sum(pyarrow.parquet.read_table(path).num_rows for path in files)
together = pyarrow.dataset.dataset(files).to_table().num_rows
count = duckdb.sql(f"select count(*) from read_parquet({files!r}, union_by_name=true)").fetchall()[0][0]
height = sum(polars.read_parquet(path).height for path in files)
print(json.dumps({"files": len(files), "pyarrow": rows, "dataset": together, "duckdb": count, "polars": height}))
"#;

/// How many rows the readers find in the Parquet files below a folder: `files`, `pyarrow` (one by
/// one), `dataset` (pyarrow, all together), `duckdb`, `polars` (one by one). `None` where they are not
/// there, which is noted as skipped and in CI is trouble.
pub fn counts(folder: &Path) -> Outcome<Option<Value>> {
    said(SCRIPT, folder)
}

/// Prints the rows of all ORC files below a folder, as JSON: times as milliseconds since 1970, maps
/// as lists of pairs, dates and decimals as text. Both readers must find the same.
const ORC_SCRIPT: &str = r#"
import datetime, json, pathlib, sys
import pyarrow.orc, pyorc
def told(value):
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=None) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1)
    return str(value)
def by_pyarrow(path):
    return pyarrow.orc.ORCFile(path).read().to_pylist()
def by_pyorc(path):
    with open(path, "rb") as file:
        return list(pyorc.Reader(file, struct_repr=pyorc.StructRepr.DICT))
def same(one, other):
    if isinstance(one, datetime.datetime):
        return told(one) == told(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, dict):
        return same(dict(one), other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
rows = []
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.orc")):
    found, other = by_pyarrow(path), by_pyorc(path)
    assert len(found) == len(other), (path, len(found), len(other))
    for row, twin in zip(found, other):
        assert same(row, twin), (path, row, twin)
    rows += found
print(json.dumps(rows, default=told))
"#;

/// The rows of all ORC files below a folder, as pyarrow and pyorc both read them: times in milliseconds since
/// 1970, maps as lists of pairs, dates and decimals as text. `None` as with [`counts`].
pub fn orc_rows(folder: &Path) -> Outcome<Option<Vec<Value>>> {
    match said(ORC_SCRIPT, folder)? {
        Some(Value::Array(rows)) => Ok(Some(rows)),
        _ => Ok(None),
    }
}

fn said(script: &str, folder: &Path) -> Outcome<Option<Value>> {
    let Some(python) = components::find("pyarrow, duckdb, polars and pyorc", "STANDPIPE_PYTHON")?
    else {
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
            "the readers refuse what lies in {}: {said}",
            folder.display()
        )));
    }
    serde_json::from_slice(&output.stdout)
        .attempting("read what Python printed")
        .map(Some)
}
