//! The rows of one record batch under construction.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use standpipe_config::settings::delivery::{ColumnType, JsonSerDe};

use super::StreamSchema;
use super::cells::{Cells, Placed, Reading, Struct};
use super::coerce::Fill;
use super::failure::Wrong;
use super::schema::leaves;
use crate::record::json::{Scanner, Text, Token};

/// Rows in a batch: more leave the processor's cache before they are encoded.
const ROWS: usize = 2048;

/// Cells in a batch, nulls included, for schemas of many columns.
const CELLS: usize = 1024 * 1024;

/// Bytes of records in a batch, for long records.
const BYTES: usize = 8 * 1024 * 1024;

/// Rows that can be cut back.
#[derive(Debug)]
pub(super) struct Table {
    schema: SchemaRef,
    columns: Struct,
    /// The side column of an inferred schema.
    rest: Option<Cells>,
    leaves: usize,
    rows: usize,
    bytes: usize,
    /// Rows taken so far of which something is in the side column.
    rests: u64,
}

/// Values of one row that are in no column: key and value as they are written. Without a value: what
/// came before it under this key does not count.
type Rest<'a> = Vec<(Text<'a>, Option<&'a str>)>;

impl Table {
    pub(super) fn new(schema: &StreamSchema, json: &JsonSerDe) -> Self {
        // Of an inferred schema every key is a column by its own name.
        let (reading, rest) = match schema {
            StreamSchema::Declared(_) => (Reading::of(json), None),
            StreamSchema::Inferred(_) => {
                let reading = Reading::default();
                let rest = Cells::new(&ColumnType::String, &reading);
                (reading, Some(rest))
            }
        };
        Self {
            schema: schema.arrow(),
            columns: Struct::new(schema.columns(), &reading),
            rest,
            leaves: leaves(schema.columns()) + 1,
            rows: 0,
            bytes: 0,
            rests: 0,
        }
    }

    /// Rows taken so far of which something is in the side column: what drifted.
    pub(super) fn rests(&self) -> u64 {
        self.rests
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the batch should be written.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.rows * self.leaves >= CELLS || self.bytes >= BYTES
    }

    /// Appends the objects of a record, one row each. On an error, what was appended is to be cut
    /// back.
    pub(super) fn append<'a>(
        &mut self,
        record: &'a [u8],
        fill: &mut Fill,
    ) -> Result<(), Wrong<'a>> {
        let text =
            std::str::from_utf8(record).map_err(|wrong| Wrong::NotUtf8(wrong.valid_up_to()))?;
        self.bytes += record.len();
        let mut scanner = Scanner::new(text);
        let mut none = true;
        while !scanner.is_at_end() {
            match scanner.value()? {
                Token::Object => self.append_object(&mut scanner, fill)?,
                other => return Err(Wrong::OtherThanObject(super::coerce::shown(other))),
            }
            none = false;
        }
        match none {
            true => Err(Wrong::NoObject),
            false => Ok(()),
        }
    }

    /// Cuts back to `rows` rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        self.columns.truncate(rows);
        if let Some(rest) = &mut self.rest {
            rest.truncate(rows);
        }
    }

    /// The rows so far; there are none again.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let (_, mut arrays): (_, Vec<ArrayRef>) = self.columns.take()?;
        if let Some(rest) = &mut self.rest {
            let array = rest.take()?;
            self.rests += (array.len() - array.null_count()) as u64;
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
    }

    fn append_object<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<(), Wrong<'a>> {
        self.columns.begin(fill)?;
        let mut rest = Rest::new();
        let mut first = true;
        while !self.columns.place_usual(self.rows, scanner, &mut first) {
            let Some(key) = self.columns.next_key(scanner, &mut first)? else {
                break;
            };
            let mut before = *scanner;
            match self.columns.place(self.rows, &key, scanner, fill)? {
                Placed::Whole => {}
                Placed::Not => rest.push((key.text, Some(before.raw_value()?))),
                Placed::Again | Placed::Nothing if !rest.is_empty() => rest.push((key.text, None)),
                Placed::Again | Placed::Nothing => {}
            }
        }
        self.columns.end(self.rows);
        if let Some(column) = &mut self.rest {
            match rest_text(&rest) {
                Some(text) => column.append_text(&text),
                None => column.append_null(),
            }
        }
        self.rows += 1;
        Ok(())
    }
}

/// The JSON object of the values that are in no column. Of several under one key the last counts.
fn rest_text(rest: &Rest<'_>) -> Option<String> {
    if rest.is_empty() {
        return None;
    }
    let mut seen = HashSet::new();
    let mut kept: Vec<_> = rest
        .iter()
        .rev()
        .filter(|(key, _)| seen.insert(key.decode().unwrap_or(key.quoted.into())))
        .filter_map(|(key, value)| value.map(|value| (key.quoted, value)))
        .collect();
    kept.reverse();
    let members: Vec<_> = kept
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

#[cfg(test)]
mod tests;
