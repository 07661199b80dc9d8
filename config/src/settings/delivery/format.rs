//! The reader of the format.

use super::orc::{self, ORC};
use super::tables::{COLUMN, FORMAT, PARQUET, RAW};
use super::words::{PARQUET_COMPRESSIONS, RAW_COMPRESSIONS};
use super::{Column, Format, JsonSerDe, Orc, Parquet, Raw, RawCompression, Schema};
use super::{glue, json, parquet};
use crate::yaml::{At, Fields, Value};

pub(super) fn read(stream: &Fields<'_>) -> Option<Format> {
    let Some(at) = stream.get("format") else {
        return Some(Format::Raw(Raw {
            newline: true,
            compression: RawCompression::None,
        }));
    };
    let (key, at) = at.fields(&FORMAT)?.only()?;
    match key.name {
        "parquet" => parquet_rows(&at.fields(&PARQUET)?).map(Format::Parquet),
        "orc" => orc_rows(&at.fields(&ORC)?).map(Format::Orc),
        _ => raw(&at.fields(&RAW)?).map(Format::Raw),
    }
}

fn raw(fields: &Fields<'_>) -> Option<Raw> {
    let newline = fields.read("delimiter", |at| {
        at.choice(&[("newline", true), ("none", false)])
    });
    let compression = fields.read("compression", |at| at.choice(RAW_COMPRESSIONS));
    Some(Raw {
        newline: newline?,
        compression: compression?,
    })
}

fn parquet_rows(fields: &Fields<'_>) -> Option<Parquet> {
    let compression = fields.read("compression", |at| at.choice(PARQUET_COMPRESSIONS));
    let reading = reading(fields);
    let layout = parquet::read(fields);
    let (schema, json) = reading?;
    Some(Parquet {
        compression: compression?,
        schema,
        json,
        layout: layout?,
    })
}

fn orc_rows(fields: &Fields<'_>) -> Option<Orc> {
    let reading = reading(fields);
    let (compression, stripe_size) = orc::read(fields)?;
    let (schema, json) = reading?;
    Some(Orc {
        compression,
        schema,
        json,
        stripe_size,
    })
}

/// How records become rows.
fn reading(fields: &Fields<'_>) -> Option<(Schema, JsonSerDe)> {
    let schema = fields.read("schema", schema);
    let json = fields.read("json", json::read);
    if let (Some(schema), Some(json)) = (&schema, &json) {
        check_reading(fields, schema, json);
    }
    Some((schema?, json?))
}

/// Of an inferred schema every key is a column by its own name, and nothing is coerced.
fn check_reading(fields: &Fields<'_>, schema: &Schema, json: &JsonSerDe) {
    let Some(at) = fields.get("json") else { return };
    match (schema, json) {
        (Schema::Inferred, json) if *json != JsonSerDe::default() => {
            at.problem("conflict: how records are read is for a declared schema to say");
        }
        (Schema::Declared(columns), JsonSerDe::OpenX(openx)) => {
            let known = |name: &String| columns.iter().any(|column| column.name == *name);
            if let Some(name) = openx.keys.keys().find(|name| !known(name)) {
                at.warn(format!(
                    "column_to_json_key_mappings names {name:?}, which is no column of the record itself"
                ));
            }
        }
        _ => {}
    }
}

fn schema(at: &At<'_>) -> Option<Schema> {
    match at.value() {
        Value::Scalar(scalar) if scalar.text == "inferred" => Some(Schema::Inferred),
        Value::List(list) if !list.is_empty() => columns(at).map(Schema::Declared),
        Value::Map(_) => glue::read(at).map(Schema::Declared),
        _ => {
            at.wrong_type("inferred, a list of at least one {name, type}, or {glue: PATH}");
            None
        }
    }
}

fn columns(at: &At<'_>) -> Option<Vec<Column>> {
    let items = at.items()?;
    let columns: Vec<_> = items.iter().map(column).collect();
    let columns: Vec<Column> = columns.into_iter().collect::<Option<_>>()?;
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].iter().any(|other| other.name == column.name) {
            items[i].problem(format!(
                "conflict: another column has the name {:?}",
                column.name
            ));
            return None;
        }
    }
    Some(columns)
}

fn column(at: &At<'_>) -> Option<Column> {
    let fields = at.fields(&COLUMN)?;
    let name = fields.read("name", |at| at.filled("the name of a column"));
    let kind = fields.read("type", |at| at.parsed("the type of a column", str::parse));
    Some(Column {
        name: name?,
        kind: kind?,
    })
}
