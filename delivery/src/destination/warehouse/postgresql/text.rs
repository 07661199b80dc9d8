//! A record as a line of COPY's text format: members go into the columns of their names.

use std::borrow::Cow;

use super::columns::{Columns, Unknown};
use crate::record::json::{Malformed, Scanner, Token};

/// Why a record cannot become a row, whatever the table is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(in crate::destination::warehouse) enum NoRow {
    #[error("is not UTF-8")]
    Encoding,
    #[error("is not JSON: {0}")]
    Malformed(#[from] Malformed),
    #[error("is JSON, but not an object")]
    NoObject,
    #[error("has something behind its end")]
    GoesOn,
    #[error("the member {0:?} holds half a character, which is no text")]
    HalfCharacter(String),
    #[error("the table has no column for the member {0:?}, and unknown_columns says refuse")]
    Unknown(String),
}

impl NoRow {
    /// The code of the error line.
    pub(in crate::destination::warehouse) fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "PostgreSQL.UnknownColumn",
            _ => "PostgreSQL.MalformedData",
        }
    }
}

/// What stands in a column.
#[derive(Clone, Debug)]
enum Cell<'a> {
    Null,
    Text(Cow<'a, str>),
}

/// Appends the line of a record to `out`; nothing where it cannot be one.
pub(in crate::destination::warehouse) fn write(
    record: &[u8],
    columns: &Columns,
    out: &mut Vec<u8>,
) -> Result<(), NoRow> {
    let text = std::str::from_utf8(record).map_err(|_| NoRow::Encoding)?;
    let mut cells = vec![Cell::Null; columns.all.len()];
    let mut rest = String::new();
    let mut scanner = Scanner::new(text);
    let Token::Object = scanner.value()? else {
        return Err(NoRow::NoObject);
    };
    let mut first = true;
    while let Some(key) = scanner.next_key(&mut first)? {
        let name = key.decode();
        let column = name.as_deref().and_then(|name| columns.find(name));
        match (column, columns.unknown) {
            (Some(index), _) => {
                let is_json = columns.all[index].is_json;
                cells[index] = cell(&mut scanner, is_json, name.as_deref())?;
            }
            (None, Unknown::Refuse) => {
                return Err(NoRow::Unknown(name.unwrap_or_default().into_owned()));
            }
            (None, Unknown::Ignore) => {
                scanner.raw_value()?;
            }
            (None, Unknown::Column(_)) => {
                rest.push(if rest.is_empty() { '{' } else { ',' });
                rest.push_str(key.quoted);
                rest.push(':');
                rest.push_str(scanner.raw_value()?);
            }
        }
    }
    if !scanner.is_at_end() {
        return Err(NoRow::GoesOn);
    }
    if let (Unknown::Column(index), false) = (columns.unknown, rest.is_empty()) {
        rest.push('}');
        cells[index] = Cell::Text(rest.into());
    }
    line(&cells, out);
    Ok(())
}

/// Reads a value. A column of JSON takes it as it is written; any other takes a text without its
/// quotes, and objects and lists as JSON text.
fn cell<'a>(
    scanner: &mut Scanner<'a>,
    is_json: bool,
    name: Option<&str>,
) -> Result<Cell<'a>, NoRow> {
    let token = scanner.value()?;
    Ok(match token {
        Token::Null => Cell::Null,
        Token::Boolean(true) => Cell::Text("true".into()),
        Token::Boolean(false) => Cell::Text("false".into()),
        Token::Number(number) => Cell::Text(number.into()),
        Token::Text(text) if is_json => Cell::Text(text.quoted.into()),
        Token::Text(text) => Cell::Text(
            text.decode()
                .ok_or_else(|| NoRow::HalfCharacter(name.unwrap_or_default().to_owned()))?,
        ),
        Token::Object | Token::List => Cell::Text(scanner.raw_rest(token)?.into()),
    })
}

fn line(cells: &[Cell<'_>], out: &mut Vec<u8>) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        match cell {
            Cell::Null => out.extend_from_slice(b"\\N"),
            Cell::Text(text) => escape(text.as_bytes(), out),
        }
    }
    out.push(b'\n');
}

/// What would end a column or a line, or begin an escape, is escaped.
fn escape(mut text: &[u8], out: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    while let Some(at) = text.iter().position(special) {
        out.extend_from_slice(&text[..at]);
        out.extend_from_slice(match text[at] {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            _ => b"\\\\",
        });
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests;
