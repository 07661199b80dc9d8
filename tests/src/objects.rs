//! What lies in an output folder, read back: records of raw objects, rows of Parquet files, lines
//! of error objects.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use crate::ledger::Ledger;
use crate::trouble::{Attempting, Outcome, Trouble};

/// All files below a folder, sorted by path; none where there is no folder.
pub fn below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = vec![];
    if folder.is_dir() {
        collect(folder, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder).attempting(format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// The bytes of a raw object, inflated as its suffix says.
pub fn inflated(path: &Path) -> Outcome<Vec<u8>> {
    let file = File::open(path).attempting(format!("open {}", path.display()))?;
    let mut bytes = vec![];
    let read = match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes),
        Some("zst") => zstd::Decoder::new(file)?.read_to_end(&mut bytes),
        _ => (&file).read_to_end(&mut bytes),
    };
    read.attempting(format!("read {}", path.display()))?;
    Ok(bytes)
}

/// The records of a raw object whose records end in a newline.
pub fn lines(path: &Path) -> Outcome<Vec<Vec<u8>>> {
    let bytes = inflated(path)?;
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// Notes every record of the raw objects below a folder.
pub fn raw_arrived(folder: &Path, ledger: &mut Ledger) -> Outcome {
    for path in below(folder)? {
        let records = lines(&path)?;
        records.iter().for_each(|record| ledger.arrived(record));
    }
    Ok(())
}

/// Notes the column `line` of every row of the Parquet files below a folder.
pub fn lines_arrived(folder: &Path, ledger: &mut Ledger) -> Outcome {
    for path in below(folder)? {
        for row in rows(&path)? {
            ledger.arrived(row["line"].as_str().unwrap_or("(no line)").as_bytes());
        }
    }
    Ok(())
}

/// The lines of an object, each as JSON.
pub fn json_lines(path: &Path) -> Outcome<Vec<Value>> {
    let each = lines(path)?.into_iter().map(|line| {
        serde_json::from_slice(&line).attempting(format!("read a line of {}", path.display()))
    });
    each.collect()
}

/// How many rows a Parquet file says it holds.
pub fn row_count(path: &Path) -> Outcome<u64> {
    Ok(reader(path)?.metadata().file_metadata().num_rows() as u64)
}

/// How many row groups a Parquet file has.
pub fn row_groups(path: &Path) -> Outcome<u64> {
    Ok(reader(path)?.metadata().num_row_groups() as u64)
}

/// How many rows of a Parquet file have this value in a column; 0 where there is no such column.
pub fn rows_where(path: &Path, column: &str, value: impl Into<Value>) -> Outcome<u64> {
    let reader = reader(path)?;
    let schema = reader.metadata().file_metadata().schema();
    let Some(field) = schema
        .get_fields()
        .iter()
        .find(|field| field.name() == column)
    else {
        return Ok(0);
    };
    let only = Type::group_type_builder(schema.name())
        .with_fields(vec![field.clone()])
        .build()?;
    let rows = reader.get_row_iter(Some(only))?;
    let wanted = value.into();
    let mut count = 0;
    for row in rows {
        count += u64::from(object(&row?)[column] == wanted);
    }
    Ok(count)
}

/// The rows of a Parquet file. Columns without a value are null.
pub fn rows(path: &Path) -> Outcome<Vec<Value>> {
    let reader = reader(path)?;
    let what = format!("read {}", path.display());
    let rows = reader.get_row_iter(None).attempting(&what)?;
    rows.map(|row| Ok(object(&row.attempting(&what)?)))
        .collect()
}

/// Calls `each` with every value of a column of integers of a Parquet file.
pub fn each_integer(path: &Path, column: &str, mut each: impl FnMut(i64)) -> Outcome {
    let reader = reader(path)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields().iter();
    let fields = fields.filter(|field| field.name() == column).cloned();
    let only = Type::group_type_builder(schema.name())
        .with_fields(fields.collect())
        .build()?;
    for row in reader.get_row_iter(Some(only))? {
        let row = object(&row?);
        let value = row[column].as_i64();
        each(value.ok_or_else(|| Trouble(format!("{column} is {}", row[column])))?);
    }
    Ok(())
}

fn reader(path: &Path) -> Outcome<SerializedFileReader<File>> {
    let file = File::open(path).attempting(format!("open {}", path.display()))?;
    SerializedFileReader::new(file).attempting(format!("read {}", path.display()))
}

fn object(row: &Row) -> Value {
    let columns = row.get_column_iter();
    Value::Object(
        columns
            .map(|(name, field)| (name.clone(), value(field)))
            .collect::<Map<_, _>>(),
    )
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => (*value).into(),
        Field::Int(value) => (*value).into(),
        Field::Long(value) => (*value).into(),
        Field::Double(value) => (*value).into(),
        Field::Str(value) => value.clone().into(),
        Field::TimestampMillis(value) => (*value).into(),
        Field::Date(value) => (*value).into(),
        Field::Group(row) => object(row),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests;
