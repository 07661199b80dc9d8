//! Learns a schema from records (rule 22): counts which types stand under which key, and decides
//! by the most frequent one. What is decided only grows.

use std::collections::HashMap;

use standpipe_config::limits::MAX_INFERRED_COLUMNS;
use standpipe_config::settings::delivery::{Column, ColumnType};

use super::REST;
use super::schema::leaves;
use crate::record::json::number::{integer, is_integral, lossless_double};
use crate::record::json::{Malformed, Scanner, Token};

/// Keys that are counted at most, known ones included; it bounds memory where keys are endless.
const MAX_KEYS: usize = 4 * MAX_INFERRED_COLUMNS;

/// Objects and lists within each other that become columns; what is nested deeper goes to [`REST`].
/// Readers of Parquet dislike deep schemas, and a kept schema must read back.
const MAX_DEPTH: u32 = 16;

/// Where the keys of the record itself are.
const RECORD: u32 = 1;

/// A longer key becomes no column, in bytes.
const MAX_NAME: usize = 255;

/// Which types stood at one place.
#[derive(Default, Debug)]
struct Tally {
    booleans: u64,
    ints: u64,
    doubles: u64,
    strings: u64,
    lists: u64,
    objects: u64,
    element: Option<Box<Tally>>,
    fields: Fields,
}

/// The keys of the objects that stood at one place.
#[derive(Default, Debug)]
struct Fields {
    /// In the order in which they were first seen.
    fields: Vec<(String, Tally)>,
    by_name: HashMap<String, usize>,
}

/// Counts records, and lets a schema grow by them.
#[derive(Debug)]
pub(super) struct Learner {
    fields: Fields,
    keys_left: usize,
}

impl Learner {
    pub(super) fn new() -> Self {
        Self {
            fields: Fields::default(),
            keys_left: MAX_KEYS,
        }
    }

    /// Counts one record; one that would fail does not count.
    pub(super) fn add(&mut self, record: &[u8]) {
        if let Ok(text) = std::str::from_utf8(record)
            && is_objects(text)
        {
            // It was read to its end just now: nothing can be wrong with it.
            let _ = self.add_objects(text);
        }
    }

    /// Lets `columns` grow by what was counted.
    pub(super) fn grow(&self, columns: &mut Vec<Column>) {
        let mut room = MAX_INFERRED_COLUMNS.saturating_sub(leaves(columns));
        self.fields.grow(columns, RECORD, &mut room);
    }

    fn add_objects(&mut self, text: &str) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(text);
        while !scanner.is_at_end() {
            scanner.value()?;
            self.fields.add(&mut scanner, &mut self.keys_left)?;
        }
        Ok(())
    }
}

/// Whether `value`, `depth` objects and lists down, would make a column under `key`.
pub(super) fn makes_column(key: &str, value: &str, depth: u32) -> bool {
    let mut tally = Tally::default();
    let mut scanner = Scanner::new(value);
    let counted = scanner
        .value()
        .and_then(|token| tally.add(token, &mut scanner, &mut { MAX_KEYS }));
    counted.is_ok() && may_be_name(key, depth) && tally.kind(depth, &mut 1).is_some()
}

fn may_be_name(key: &str, depth: u32) -> bool {
    let is_ours = depth == RECORD && key == REST;
    (1..=MAX_NAME).contains(&key.len()) && !key.contains(char::is_control) && !is_ours
}

fn is_objects(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    while !scanner.is_at_end() {
        match scanner.value() {
            Ok(Token::Object) if scanner.skip(Token::Object).is_ok() => {}
            _ => return false,
        }
    }
    true
}

impl Tally {
    fn add<'a>(
        &mut self,
        token: Token<'a>,
        scanner: &mut Scanner<'a>,
        keys_left: &mut usize,
    ) -> Result<(), Malformed> {
        match token {
            Token::Null => {}
            Token::Boolean(_) => self.booleans += 1,
            Token::Number(text) => self.add_number(text),
            Token::Text(text) => self.strings += u64::from(text.decode().is_some()),
            Token::Object => {
                self.objects += 1;
                self.fields.add(scanner, keys_left)?;
            }
            Token::List => {
                self.lists += 1;
                let element = self.element.get_or_insert_default();
                let mut first = true;
                while scanner.next_element(&mut first)? {
                    let token = scanner.value()?;
                    element.add(token, scanner, keys_left)?;
                }
            }
        }
        Ok(())
    }

    /// A number that no column could hold does not count.
    fn add_number(&mut self, text: &str) {
        if is_integral(text) {
            self.ints += u64::from(integer(text).is_some());
        } else {
            self.doubles += u64::from(lossless_double(text).is_some());
        }
    }

    /// The most frequent type that can be a column, `depth` objects and lists down; takes from
    /// `room` the leaves it needs.
    fn kind(&self, depth: u32, room: &mut usize) -> Option<ColumnType> {
        let mut counts = [
            (self.objects, Self::object as Decide),
            (self.lists, Self::list),
            (self.strings, Self::string),
            (self.ints + self.doubles, Self::number),
            (self.booleans, Self::boolean),
        ];
        counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .find_map(|(_, decide)| decide(self, depth, room))
    }

    fn object(&self, depth: u32, room: &mut usize) -> Option<ColumnType> {
        let mut columns = Vec::new();
        if depth < MAX_DEPTH {
            self.fields.grow(&mut columns, depth + 1, room);
        }
        (!columns.is_empty()).then_some(ColumnType::Struct(columns))
    }

    fn list(&self, depth: u32, room: &mut usize) -> Option<ColumnType> {
        let element = self.element.as_ref().filter(|_| depth < MAX_DEPTH)?;
        let kind = element.kind(depth + 1, room)?;
        Some(ColumnType::List(Box::new(kind)))
    }

    fn string(&self, _: u32, room: &mut usize) -> Option<ColumnType> {
        take_leaf(room).then_some(ColumnType::String)
    }

    fn number(&self, _: u32, room: &mut usize) -> Option<ColumnType> {
        let kind = match self.doubles {
            0 => ColumnType::Int,
            _ => ColumnType::Double,
        };
        take_leaf(room).then_some(kind)
    }

    fn boolean(&self, _: u32, room: &mut usize) -> Option<ColumnType> {
        take_leaf(room).then_some(ColumnType::Boolean)
    }

    /// Lets a type grow: int becomes double, structs get new fields.
    fn widen(&self, kind: &mut ColumnType, depth: u32, room: &mut usize) {
        match kind {
            ColumnType::Int if self.doubles > 0 => *kind = ColumnType::Double,
            ColumnType::List(kind) => {
                if let Some(element) = &self.element {
                    element.widen(kind, depth + 1, room);
                }
            }
            ColumnType::Struct(columns) => self.fields.grow(columns, depth + 1, room),
            _ => {}
        }
    }
}

/// Makes a type of what was counted.
type Decide = fn(&Tally, u32, &mut usize) -> Option<ColumnType>;

fn take_leaf(room: &mut usize) -> bool {
    let left = room.checked_sub(1);
    *room = left.unwrap_or(0);
    left.is_some()
}

impl Fields {
    /// Counts the object that `scanner` stands in.
    fn add(&mut self, scanner: &mut Scanner<'_>, keys_left: &mut usize) -> Result<(), Malformed> {
        let mut first = true;
        while let Some(key) = scanner.next_key(&mut first)? {
            let token = scanner.value()?;
            let field = match key.decode() {
                Some(name) if token != Token::Null => self.field(&name, keys_left),
                _ => None,
            };
            match field {
                Some(tally) => tally.add(token, scanner, keys_left)?,
                None => scanner.skip(token)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, name: &str, keys_left: &mut usize) -> Option<&mut Tally> {
        let place = match self.by_name.get(name) {
            Some(&place) => place,
            None => {
                *keys_left = keys_left.checked_sub(1)?;
                let place = self.fields.len();
                self.by_name.insert(name.to_owned(), place);
                self.fields.push((name.to_owned(), Tally::default()));
                place
            }
        };
        self.fields.get_mut(place).map(|(_, tally)| tally)
    }

    /// Lets columns `depth` objects and lists down grow by what was counted.
    fn grow(&self, columns: &mut Vec<Column>, depth: u32, room: &mut usize) {
        for (name, tally) in &self.fields {
            if let Some(known) = columns.iter_mut().find(|column| column.name == *name) {
                tally.widen(&mut known.kind, depth, room);
            } else if may_be_name(name, depth)
                && let Some(kind) = tally.kind(depth, room)
            {
                let name = name.clone();
                columns.push(Column { name, kind });
            }
        }
    }
}

#[cfg(test)]
mod tests;
