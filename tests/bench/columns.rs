//! JSON lines to Parquet: our own library, DuckDB, pyarrow and polars, each on one and the same core,
//! with zstd level 1 and row groups of the same size; once with columns that are declared, and once with
//! columns that each of them infers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use standpipe_config::names::{Arrival, Run};
use standpipe_config::settings::delivery::{Column, ColumnType, Parquet, ParquetCompression};
use standpipe_delivery::format::parquet::{StreamSchema, encode};
use standpipe_delivery::record::rows::{Reserve, RowsReader, RowsWriter, Shape};
use standpipe_delivery::record::{Row, Stage};
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

use crate::data::{COLUMNS, Data};
use crate::table::{Sample, Table};
use crate::{Ground, cpu, python};

/// The same columns for all where they are declared; else a third argument says that they are not. Each
/// says how many seconds it took of wall and processor, without its start.
const DUCKDB: &str = r#"
import duckdb, sys, time
wall, cpu = time.perf_counter(), time.process_time()
db = duckdb.connect()
db.execute("SET threads = 1")
db.execute("SET preserve_insertion_order = true")
columns = {name: "VARCHAR" for name in
    ["host", "user", "time", "method", "path", "protocol", "status", "bytes", "referer", "user_agent"]}
columns |= {"time": "TIMESTAMP", "status": "BIGINT", "bytes": "BIGINT"}
columns = "" if sys.argv[3:] else f", columns = {columns}"
db.execute(f"""COPY (SELECT * FROM read_json('{sys.argv[1]}', format = 'newline_delimited'{columns}))
    TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 131072)""")
print(time.perf_counter() - wall, time.process_time() - cpu)
"#;

const PYARROW: &str = r#"
import pyarrow, sys, time
import pyarrow.json, pyarrow.parquet
wall, cpu = time.perf_counter(), time.process_time()
pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)
types = {name: pyarrow.string() for name in
    ["host", "user", "time", "method", "path", "protocol", "status", "bytes", "referer", "user_agent"]}
types |= {"time": pyarrow.timestamp("ms", "UTC"), "status": pyarrow.int64(), "bytes": pyarrow.int64()}
schema = None if sys.argv[3:] else pyarrow.schema(types)
reader = pyarrow.json.open_json(sys.argv[1],
    read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=4 << 20),
    parse_options=pyarrow.json.ParseOptions(explicit_schema=schema))
with pyarrow.parquet.ParquetWriter(sys.argv[2], reader.schema, compression="zstd", compression_level=1) as writer:
    for batch in reader:
        writer.write_batch(batch, row_group_size=131072)
print(time.perf_counter() - wall, time.process_time() - cpu)
"#;

const POLARS: &str = r#"
import os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars, sys, time
wall, cpu = time.perf_counter(), time.process_time()
schema = {name: polars.String for name in
    ["host", "user", "time", "method", "path", "protocol", "status", "bytes", "referer", "user_agent"]}
schema |= {"status": polars.Int64, "bytes": polars.Int64}
rows = polars.scan_ndjson(sys.argv[1], schema=None if sys.argv[3:] else schema)
rows = rows if sys.argv[3:] else rows.with_columns(polars.col("time").str.to_datetime(time_unit="ms", time_zone="UTC"))
rows.sink_parquet(sys.argv[2], compression="zstd", compression_level=1, row_group_size=131072)
print(time.perf_counter() - wall, time.process_time() - cpu)
"#;

const ROWS: &str = "import pyarrow.parquet, sys; print(pyarrow.parquet.ParquetFile(sys.argv[1]).metadata.num_rows)";

/// One round.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    let folder = ground.fresh("columns")?;
    let out = folder.join("out.parquet");
    let rows = compact(&ground.json, &ground.json_text, &folder)?;
    let python = python();
    let mut others = vec![];
    if let Some(python) = &python {
        others.extend([(python, "DuckDB", DUCKDB), (python, "pyarrow", PYARROW)]);
        if said(python, "import polars", &[]).is_ok() {
            others.push((python, "polars", POLARS));
        }
    }
    let inferred = StreamSchema::Inferred(vec![]);
    for (how, schema) in [("declared", declared()), ("inferred", inferred)] {
        let sample = on_one_core(|| ours(&ground.json, &rows, &schema, &out))?;
        table.add(&format!("JSON to Parquet, {how}, ours"), sample);
        let mut arguments = vec![ground.json.path.as_path(), &out];
        arguments.extend((how == "inferred").then_some(Path::new(how)));
        for (python, name, script) in &others {
            let sample = on_one_core(|| theirs(python, script, &ground.json, &arguments))?;
            table.add(&format!("JSON to Parquet, {how}, {name}"), sample);
        }
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

/// The columns as they are declared to the others.
fn declared() -> StreamSchema {
    let columns = COLUMNS.map(|name| Column {
        name: name.to_owned(),
        kind: match name {
            "time" => ColumnType::Timestamp,
            "status" | "bytes" => ColumnType::Int,
            _ => ColumnType::String,
        },
    });
    StreamSchema::Declared(columns.to_vec())
}

/// Runs on a thread that may use one core only; what it starts has the same one.
fn on_one_core<T: Send>(run: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    let bound = || {
        let may = sched_getaffinity(None).attempting("ask which cores there are")?;
        let mut one = CpuSet::new();
        // The last one: interrupts like the first.
        let last = (0..CpuSet::MAX_CPU).rev().find(|core| may.is_set(*core));
        one.set(last.unwrap_or(0));
        sched_setaffinity(None, &one).attempting("stay on one core")?;
        run()
    };
    std::thread::scope(|scope| {
        let ended = scope.spawn(bound).join();
        ended.unwrap_or_else(|_| Err(Trouble::new("a measurement panicked")))
    })
}

/// The lines as a lane spools them: what an encoder reads at the seal.
fn compact(json: &Data, text: &[u8], folder: &Path) -> Outcome<[PathBuf; 2]> {
    let files = [folder.join("rows"), folder.join("index")];
    let mut writer = RowsWriter::create(&files[0], &files[1], Shape::PLAIN)?;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let lines = lines.iter().filter(|line| !line.is_empty()).cycle();
    for (position, bytes) in (0..json.lines).zip(lines) {
        writer.append(&Row {
            run: Run([1; 8]),
            position,
            index: 0,
            arrival: Arrival::now(),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes,
        })?;
    }
    writer.finish()?;
    Ok(files)
}

fn ours(
    json: &Data,
    [data, index]: &[PathBuf; 2],
    schema: &StreamSchema,
    out: &Path,
) -> Outcome<Sample> {
    let (before, started) = (cpu::own()?, Instant::now());
    let mut rows = RowsReader::open(data, index)?;
    let reserve = Reserve::create(out)?;
    let zstd = Parquet {
        compression: ParquetCompression::Zstd,
        ..Parquet::default()
    };
    let encoded = encode(&mut rows, schema, (&zstd).into(), &reserve, &mut |_, _| {
        Ok(())
    })?;
    let sample = Sample {
        bytes: json.bytes,
        wall: started.elapsed(),
        cpu: cpu::own()? - before,
        waits: vec![],
        ..Sample::default()
    };
    match encoded.rows == json.lines {
        true => Ok(sample),
        false => Err(Trouble(format!(
            "{} rows, not {}",
            encoded.rows, json.lines
        ))),
    }
}

fn theirs(python: &Path, script: &str, json: &Data, arguments: &[&Path]) -> Outcome<Sample> {
    let took = said(python, script, arguments)?;
    let took: Vec<f64> = took
        .split_whitespace()
        .filter_map(|t| t.parse().ok())
        .collect();
    let [wall, cpu] = took[..] else {
        return Err(Trouble(format!("Python printed {took:?}")));
    };
    let sample = Sample {
        bytes: json.bytes,
        wall: Duration::from_secs_f64(wall),
        cpu: Duration::from_secs_f64(cpu),
        waits: vec![],
        ..Sample::default()
    };
    let rows = said(python, ROWS, &arguments[1..2])?;
    match rows.trim() == json.lines.to_string() {
        true => Ok(sample),
        false => Err(Trouble(format!("{rows} rows, not {}", json.lines))),
    }
}

fn said(python: &Path, script: &str, arguments: &[&Path]) -> Outcome<String> {
    let output = Command::new(python)
        .args(["-c", script])
        .args(arguments)
        .output();
    let output = output.attempting("run Python")?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Trouble(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}
