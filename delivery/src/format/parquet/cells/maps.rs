//! Maps: objects whose keys are no columns.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{MapArray, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use standpipe_config::settings::delivery::ColumnType;

use super::super::coerce::{Fill, misfit};
use super::super::failure::Wrong;
use super::super::schema::entries;
use super::{Cells, Ends, Reading};
use crate::record::json::{Scanner, Token};

/// The cells of a column of maps.
#[derive(Debug)]
pub(super) struct Map {
    ends: Ends,
    keys: Cells,
    values: Cells,
    field: FieldRef,
}

impl Map {
    pub(super) fn new(kind: &ColumnType, reading: &Reading) -> Self {
        Self {
            ends: Ends::new(),
            keys: Cells::new(&ColumnType::String, reading),
            values: Cells::new(kind, reading),
            field: Arc::new(entries(kind)),
        }
    }

    pub(super) fn truncate(&mut self, length: usize) {
        let entries = self.ends.truncate(length);
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }

    pub(super) fn append_null(&mut self) {
        self.ends.push(self.keys.len());
    }

    /// Appends the object that `token` begins. A key that is there twice is no map's.
    pub(super) fn append<'a>(
        &mut self,
        token: Token<'a>,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<bool, Wrong<'a>> {
        if token != Token::Object {
            return misfit(token, "an object");
        }
        let (mut whole, mut first) = (true, true);
        let mut seen = HashSet::new();
        while let Some(key) = scanner.next_key(&mut first)? {
            fill.count(2)?;
            let Some(name) = key.decode().filter(|name| seen.insert(name.clone())) else {
                return misfit(
                    token,
                    "a map, in which each key is a text and is there once",
                );
            };
            self.keys.append_text(&name);
            let value = scanner.value()?;
            let appended = self.values.append(value, scanner, fill);
            whole &= appended.map_err(|wrong| wrong.within(&name))?;
        }
        self.ends.push(self.keys.len());
        Ok(whole)
    }

    pub(super) fn take(&mut self, nulls: Option<NullBuffer>) -> Result<MapArray, ArrowError> {
        let ends = self.ends.take();
        let arrays = vec![self.keys.take()?, self.values.take()?];
        let fields = match self.field.data_type() {
            DataType::Struct(fields) => fields.clone(),
            _ => Fields::empty(),
        };
        let pairs = StructArray::try_new(fields, arrays, None)?;
        MapArray::try_new(self.field.clone(), ends, pairs, nulls, false)
    }
}
