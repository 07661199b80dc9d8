//! Which columns rows are taken into, asked anew for every file: an operator may change the table.

use std::collections::HashMap;

use super::{Place, UnknownColumns};
use crate::destination::warehouse::ledger::column;
use crate::destination::warehouse::session::Session;
use crate::destination::warehouse::sql::{self, Dialect};
use crate::destination::warehouse::verdict::Refusal;
use crate::failure::Failure;

/// The columns of a COPY, in its order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::destination::warehouse) struct Columns {
    pub(super) all: Vec<Column>,
    by_name: HashMap<String, usize>,
    pub(super) unknown: Unknown,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// It takes JSON, so that a text goes there with its quotes.
    pub(super) is_json: bool,
}

/// What becomes of other members.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Unknown {
    #[default]
    Ignore,
    Refuse,
    /// Into the column with this index.
    Column(usize),
}

impl Columns {
    /// Asks the server. `Halt` where the table, or a column that the settings name, is not there.
    pub(super) async fn ask(session: &Session, place: &Place) -> Result<Self, Failure> {
        let loading = &place.loading;
        let table = Dialect::Postgresql.text(&loading.table.sql());
        // Nobody but the server can give a value to a generated column.
        let question = format!(
            "SELECT a.attname, t.typname IN ('json', 'jsonb'), a.attidentity <> '' FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE a.attrelid = {table}::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum"
        );
        let rows = session.rows("read the columns of", &question).await;
        let rows = rows.map_err(Refusal::into_failure)?;
        let there = rows.iter().map(|row| Found {
            column: Column {
                name: column(row, 0).to_owned(),
                is_json: column(row, 1) == "t",
            },
            is_identity: column(row, 2) == "t",
        });
        Self::choose(there.collect(), place)
    }

    fn choose(there: Vec<Found>, place: &Place) -> Result<Self, Failure> {
        let mut columns = Self::default();
        let named = &place.loading.columns;
        match named.is_empty() {
            true => {
                let own = there.iter().filter(|found| !found.is_identity);
                own.for_each(|found| columns.add(found));
            }
            false => {
                for name in named {
                    columns.add(find(&there, name, place)?);
                }
            }
        }
        columns.unknown = match &place.unknown_columns {
            UnknownColumns::Ignore => Unknown::Ignore,
            UnknownColumns::Refuse => Unknown::Refuse,
            UnknownColumns::Column(name) => {
                let side = find(&there, name, place)?;
                if columns.find(name).is_none() {
                    columns.add(side);
                }
                // No member of this name goes there: it holds what has no column.
                let index = columns.by_name.remove(name);
                index.map_or(Unknown::Ignore, Unknown::Column)
            }
        };
        Ok(columns)
    }

    fn add(&mut self, found: &Found) {
        let name = found.column.name.clone();
        self.by_name.insert(name, self.all.len());
        self.all.push(found.column.clone());
    }

    /// The index of the column of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Their names, for a statement.
    pub(super) fn sql(&self) -> String {
        sql::names(self.all.iter().map(|column| column.name.as_str()))
    }
}

/// A column that the table has.
#[derive(Clone, Debug)]
struct Found {
    column: Column,
    is_identity: bool,
}

fn find<'a>(there: &'a [Found], name: &str, place: &Place) -> Result<&'a Found, Failure> {
    let found = there.iter().find(|found| found.column.name == name);
    found.ok_or_else(|| {
        let all: Vec<_> = there.iter().map(|f| f.column.name.as_str()).collect();
        Failure::halt(format!(
            "cannot load rows into {place}: it has no column {name}, but {}; add the column, or correct the settings",
            all.join(", ")
        ))
    })
}

#[cfg(test)]
pub(super) mod tests;
