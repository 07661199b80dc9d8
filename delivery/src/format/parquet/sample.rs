//! A look into a file that was written, for people.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use arrow_json::LineDelimitedWriter;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

/// What a file of Parquet begins with.
const MAGIC: [u8; 4] = *b"PAR1";

/// The first rows of a file as lines of JSON, columns that are null left out. `None`: it is no
/// file of Parquet.
pub fn first_rows(path: &Path, count: usize) -> parquet::errors::Result<Option<Vec<String>>> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Ok(None);
    }
    let written = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    let schema = Schema::new(in_offsets(written.schema().fields()));
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let mut text = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut text);
    for batch in reader.with_limit(count).build()? {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    let text = String::from_utf8_lossy(&text);
    Ok(Some(text.lines().map(str::to_owned).collect()))
}

/// The same fields, with UTC as an offset: whoever prints times does not know time zones by name.
fn in_offsets(fields: &Fields) -> Fields {
    fields.iter().map(|field| in_offset(field)).collect()
}

fn in_offset(field: &Field) -> Field {
    let kind = match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        DataType::List(element) => DataType::List(Arc::new(in_offset(element))),
        DataType::Struct(fields) => DataType::Struct(in_offsets(fields)),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}
