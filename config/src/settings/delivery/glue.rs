//! A schema from a table of the Glue catalog, as a JSON file: what `aws glue get-table` prints, its
//! `Table`, a `TableInput`, or anything else that has `StorageDescriptor.Columns`.

use std::path::Path;

use serde::Deserialize;

use super::{Column, ColumnType};
use crate::settings::values;
use crate::yaml::{At, Key, Table};

pub(super) static GLUE: Table = Table {
    path: "streams.*.format.parquet.schema",
    keys: &[Key::new(
        "glue",
        "A table of the Glue catalog, as aws glue get-table prints it.",
        "",
        "the path of a JSON file",
    )],
};

/// What `aws glue get-table` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    #[serde(alias = "TableInput")]
    table: Option<Described>,
    storage_descriptor: Option<Storage>,
    columns: Option<Vec<Named>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    storage_descriptor: Storage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Storage {
    columns: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
    #[serde(rename = "Type")]
    kind: String,
}

/// Reads the table that a setting names. Its partition keys are no columns of a file.
pub(super) fn read(at: &At<'_>) -> Option<Vec<Column>> {
    let fields = at.fields(&GLUE)?;
    let Some(at) = fields.get("glue") else {
        fields.missing("glue");
        return None;
    };
    let path = values::path(&at)?;
    match columns_of(&path) {
        Ok(columns) => Some(columns),
        Err(why) => {
            at.problem(why);
            None
        }
    }
}

/// The columns of the table in a file.
pub(super) fn columns_of(path: &Path) -> Result<Vec<Column>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
    let columns = text.and_then(|text| columns(&text));
    columns.map_err(|why| format!("{} is no table: {why}", path.display()))
}

/// The columns of a table.
fn columns(text: &str) -> Result<Vec<Column>, String> {
    let printed: Printed = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let storage = printed.table.map(|table| table.storage_descriptor);
    let storage = storage.or(printed.storage_descriptor);
    let named = storage.map(|storage| storage.columns).or(printed.columns);
    let named = named.ok_or("it has no StorageDescriptor.Columns")?;
    let mut columns: Vec<Column> = Vec::new();
    for Named { name, kind } in named {
        if name.is_empty() || columns.iter().any(|column| column.name == name) {
            return Err(format!("the column {name:?} has no name or is there twice"));
        }
        let kind = ColumnType::from_hive(&kind).map_err(|e| format!("column {name}: {e}"))?;
        columns.push(Column { name, kind });
    }
    match columns.is_empty() {
        true => Err("it has no columns".to_owned()),
        false => Ok(columns),
    }
}

#[cfg(test)]
mod tests;
