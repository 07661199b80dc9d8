//! What an object holds, as lines of PostgreSQL's COPY.

use std::io::Read as _;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::copy::{Compression, Format};

/// Why an object cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is not what it should be, whatever the table is.
    Malformed(String),
    /// It does not have as many columns as the table.
    Columns(usize),
}

/// The lines of an object, for these columns.
pub(super) fn of(
    object: Vec<u8>,
    (format, compression): (Format, Compression),
    columns: &[String],
) -> Result<Vec<u8>, Unreadable> {
    if format == Format::Parquet {
        return parquet(object, columns);
    }
    let text = decompressed(&object, compression)
        .map_err(|e| Unreadable::Malformed(format!("cannot be decompressed: {e}")))?;
    let ignores_case = format == Format::JsonIgnoreCase;
    let mut lines = Vec::new();
    for value in serde_json::Deserializer::from_slice(&text).into_iter::<Value>() {
        let Ok(Value::Object(members)) = value else {
            return Err(Unreadable::Malformed("Invalid JSON format".to_owned()));
        };
        let cells = columns.iter().map(|column| {
            let is_it = |name: &String| match ignores_case {
                true => name.eq_ignore_ascii_case(column),
                false => name == column,
            };
            match members.iter().find(|(name, _)| is_it(name)) {
                None | Some((_, Value::Null)) => None,
                Some((_, Value::String(text))) => Some(text.clone()),
                Some((_, other)) => Some(other.to_string()),
            }
        });
        line(cells, &mut lines);
    }
    Ok(lines)
}

fn decompressed(object: &[u8], compression: Compression) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match compression {
        Compression::None => text.extend_from_slice(object),
        Compression::Gzip => {
            flate2::read::MultiGzDecoder::new(object).read_to_end(&mut text)?;
        }
        Compression::Zstd => text = zstd::stream::decode_all(object)?,
    }
    Ok(text)
}

/// Columns by their order, as Redshift takes them.
fn parquet(object: Vec<u8>, columns: &[String]) -> Result<Vec<u8>, Unreadable> {
    let malformed = |e: parquet::errors::ParquetError| Unreadable::Malformed(e.to_string());
    let reader = SerializedFileReader::new(bytes::Bytes::from(object)).map_err(malformed)?;
    let mut lines = Vec::new();
    for row in reader.get_row_iter(None).map_err(malformed)? {
        let row = row.map_err(malformed)?;
        if row.len() != columns.len() {
            return Err(Unreadable::Columns(row.len()));
        }
        let cells = row.get_column_iter().map(|(_, field)| match field {
            Field::Null => None,
            Field::Str(text) => Some(text.clone()),
            other => Some(other.to_string()),
        });
        line(cells, &mut lines);
    }
    Ok(lines)
}

/// Appends a line; what would end a column or a line, or begin an escape, is escaped.
fn line(cells: impl Iterator<Item = Option<String>>, lines: &mut Vec<u8>) {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            lines.push(b'\t');
        }
        let Some(text) = cell else {
            lines.extend_from_slice(b"\\N");
            continue;
        };
        for byte in text.bytes() {
            match byte {
                b'\\' => lines.extend_from_slice(b"\\\\"),
                b'\t' => lines.extend_from_slice(b"\\t"),
                b'\n' => lines.extend_from_slice(b"\\n"),
                b'\r' => lines.extend_from_slice(b"\\r"),
                other => lines.push(other),
            }
        }
    }
    lines.push(b'\n');
}
