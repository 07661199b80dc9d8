//! The columns of an object, nested or the record itself.

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, Fields};
use standpipe_config::settings::delivery::Column;

use super::super::coerce::{Fill, Mode};
use super::super::failure::Wrong;
use super::super::infer::makes_column;
use super::super::names::Names;
use super::super::schema::field;
use super::{Cells, Reading};
use crate::record::json::{Malformed, Scanner, Text, Token};

/// Columns that are filled from one object each time.
#[derive(Debug)]
pub(in super::super) struct Struct {
    names: Names,
    columns: Vec<Cells>,
    fields: Fields,
    /// Columns that have a cell of the row that was begun.
    placed: usize,
}

/// A key of an object, and which column has it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Key<'a> {
    pub(in super::super) text: Text<'a>,
    place: Option<usize>,
}

/// What became of one key's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Placed {
    /// It is in its column.
    Whole,
    /// It is in its column now, but something under the same key came before it.
    Again,
    /// It, or a part of it, is not in any column.
    Not,
    /// It is null and has no column.
    Nothing,
}

impl Struct {
    pub(in super::super) fn new(columns: &[Column], reading: &Reading) -> Self {
        let names = columns.iter().map(|column| column.name.as_str());
        Self {
            names: Names::new(names, &reading.keys),
            columns: columns
                .iter()
                .map(|column| Cells::new(&column.kind, reading))
                .collect(),
            fields: columns.iter().map(field).collect(),
            placed: 0,
        }
    }

    /// Begins an object. To be ended by [`end`](Self::end).
    pub(in super::super) fn begin(&mut self, fill: &mut Fill) -> Result<(), Wrong<'static>> {
        self.names.begin();
        self.placed = 0;
        fill.count(self.columns.len() + 1)
    }

    /// Walks the object that was begun, and places values in row `row`, for as long as each key is the
    /// one that is expected and its value looks as most do; whether the object ended there. Returns no
    /// more than that on purpose: what a key and a value may be otherwise is dear to hand on, and hardly
    /// a record has any of it.
    #[inline]
    pub(in super::super) fn place_usual(
        &mut self,
        row: usize,
        scanner: &mut Scanner<'_>,
        first: &mut bool,
    ) -> bool {
        loop {
            let before = (*scanner, *first);
            let Some(place) = self.names.next_expected(scanner, first) else {
                return scanner.ends_object(*first);
            };
            let column = self.columns.get_mut(place);
            let placed = column.is_some_and(|c| c.len() == row && c.append_usual(scanner));
            if !placed {
                (*scanner, *first) = before;
                return false;
            }
            self.placed += 1;
            self.names.passed(place);
        }
    }

    /// Walks the object that was begun: its next key; `None` behind its end. `first` begins as true.
    pub(in super::super) fn next_key<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        first: &mut bool,
    ) -> Result<Option<Key<'a>>, Malformed> {
        let found = self.names.next(scanner, first)?;
        Ok(found.map(|(text, place)| Key { text, place }))
    }

    /// Places the value that follows `key` in row `row`, and reads on behind it.
    pub(in super::super) fn place<'a>(
        &mut self,
        row: usize,
        key: &Key<'a>,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<Placed, Wrong<'a>> {
        let column = key.place.and_then(|p| Some((p, self.columns.get_mut(p)?)));
        let Some((place, column)) = column else {
            return unknown(&key.text, scanner, fill);
        };
        // Of several values under one key the last one counts, as nearly everywhere.
        let again = column.len() > row;
        if again {
            column.truncate(row);
        } else {
            self.placed += 1;
            if column.append_usual(scanner) {
                return Ok(Placed::Whole);
            }
        }
        let before = *scanner;
        let token = scanner.value()?;
        match column.append(token, scanner, fill) {
            Ok(true) if again => Ok(Placed::Again),
            Ok(true) => Ok(Placed::Whole),
            Ok(false) => Ok(Placed::Not),
            Err(Wrong::Misfit(_)) if !fill.is_declared() => {
                column.truncate(row);
                column.append_null();
                *scanner = before;
                scanner.raw_value()?;
                Ok(Placed::Not)
            }
            Err(wrong) => Err(wrong.within(self.names.name(place))),
        }
    }

    /// Ends the object of row `row`: what did not occur in it is null.
    pub(in super::super) fn end(&mut self, row: usize) {
        if self.placed == self.columns.len() {
            return;
        }
        for column in &mut self.columns {
            if column.len() == row {
                column.append_null();
            }
        }
    }

    /// Appends a nested object as row `row`. `false`: a part of it did not fit.
    pub(super) fn append<'a>(
        &mut self,
        row: usize,
        scanner: &mut Scanner<'a>,
        fill: &mut Fill,
    ) -> Result<bool, Wrong<'a>> {
        self.begin(fill)?;
        let (mut whole, mut first) = (true, true);
        while !self.place_usual(row, scanner, &mut first) {
            let Some(key) = self.next_key(scanner, &mut first)? else {
                break;
            };
            whole &= self.place(row, &key, scanner, fill)? != Placed::Not;
        }
        self.end(row);
        Ok(whole)
    }

    pub(super) fn append_nulls(&mut self) {
        self.columns.iter_mut().for_each(Cells::append_null);
    }

    pub(in super::super) fn truncate(&mut self, length: usize) {
        for column in &mut self.columns {
            column.truncate(length);
        }
    }

    /// The columns so far, as arrow has them; they are empty again.
    pub(in super::super) fn take(&mut self) -> Result<(Fields, Vec<ArrayRef>), ArrowError> {
        let arrays = self.columns.iter_mut().map(Cells::take);
        Ok((self.fields.clone(), arrays.collect::<Result<_, _>>()?))
    }
}

/// A value that has no column: dropped with a declared schema, as Firehose does.
fn unknown<'a>(
    key: &Text<'a>,
    scanner: &mut Scanner<'a>,
    fill: &Fill,
) -> Result<Placed, Wrong<'a>> {
    let before = *scanner;
    let token = scanner.value()?;
    scanner.skip(token)?;
    match fill.mode {
        _ if token == Token::Null => Ok(Placed::Nothing),
        Mode::Declared(_) => Ok(Placed::Nothing),
        Mode::Inferred { may_grow, room } if may_grow && room => {
            let depth = before.depth();
            let value = { before }.raw_value()?;
            match key.decode() {
                Some(key) if makes_column(&key, value, depth) => Err(Wrong::Grow),
                _ => Ok(Placed::Not),
            }
        }
        Mode::Inferred { .. } => Ok(Placed::Not),
    }
}
