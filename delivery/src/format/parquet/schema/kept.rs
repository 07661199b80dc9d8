//! A schema's form on disk: JSON, as people may want to look at it.
//!
//! ```json
//! {"standpipe_schema":1,"inferred":true,"columns":[{"name":"a","type":{"list":"int"}}]}
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};
use standpipe_config::settings::delivery::{Column, ColumnType};

use super::{SchemaError, StreamSchema};

/// Written version, and the newest that is read.
const VERSION: u16 = 1;

pub(super) fn write(schema: &StreamSchema) -> Vec<u8> {
    let kept = Kept {
        standpipe_schema: VERSION,
        inferred: matches!(schema, StreamSchema::Inferred(_)),
        columns: schema.columns().iter().map(KeptColumn::from).collect(),
    };
    // Names and types have no form that JSON lacks.
    serde_json::to_vec(&kept).unwrap_or_default()
}

pub(super) fn read(bytes: &[u8], path: &Path) -> Result<StreamSchema, SchemaError> {
    let damaged = |source| SchemaError::Damaged {
        path: path.to_owned(),
        source,
    };
    let version: Version = serde_json::from_slice(bytes).map_err(damaged)?;
    if version.standpipe_schema > VERSION {
        return Err(SchemaError::Newer {
            path: path.to_owned(),
            found: version.standpipe_schema,
            known: VERSION,
        });
    }
    let kept: Kept = serde_json::from_slice(bytes).map_err(damaged)?;
    let columns = kept.columns.into_iter().map(Column::from).collect();
    Ok(match kept.inferred {
        true => StreamSchema::Inferred(columns),
        false => StreamSchema::Declared(columns),
    })
}

/// What every version begins with.
#[derive(Deserialize)]
struct Version {
    standpipe_schema: u16,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    standpipe_schema: u16,
    inferred: bool,
    columns: Vec<KeptColumn>,
}

#[derive(Serialize, Deserialize)]
struct KeptColumn {
    name: String,
    #[serde(rename = "type")]
    kind: KeptType,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeptType {
    Boolean,
    Small(u8),
    Int,
    Single,
    Double,
    Decimal(u8, i8),
    String,
    Timestamp,
    Date,
    List(Box<KeptType>),
    Map(Box<KeptType>),
    Struct(Vec<KeptColumn>),
}

impl From<&Column> for KeptColumn {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            kind: KeptType::from(&column.kind),
        }
    }
}

impl From<&ColumnType> for KeptType {
    fn from(kind: &ColumnType) -> Self {
        match kind {
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Small(bits) => Self::Small(*bits),
            ColumnType::Int => Self::Int,
            ColumnType::Single => Self::Single,
            ColumnType::Double => Self::Double,
            ColumnType::Decimal(precision, scale) => Self::Decimal(*precision, *scale),
            ColumnType::String => Self::String,
            ColumnType::Timestamp => Self::Timestamp,
            ColumnType::Date => Self::Date,
            ColumnType::List(kind) => Self::List(Box::new(Self::from(kind.as_ref()))),
            ColumnType::Map(kind) => Self::Map(Box::new(Self::from(kind.as_ref()))),
            ColumnType::Struct(columns) => {
                Self::Struct(columns.iter().map(KeptColumn::from).collect())
            }
        }
    }
}

impl From<KeptColumn> for Column {
    fn from(kept: KeptColumn) -> Self {
        Self {
            name: kept.name,
            kind: kept.kind.into(),
        }
    }
}

impl From<KeptType> for ColumnType {
    fn from(kept: KeptType) -> Self {
        match kept {
            KeptType::Boolean => Self::Boolean,
            KeptType::Small(bits) => Self::Small(bits),
            KeptType::Int => Self::Int,
            KeptType::Single => Self::Single,
            KeptType::Double => Self::Double,
            KeptType::Decimal(precision, scale) => Self::Decimal(precision, scale),
            KeptType::String => Self::String,
            KeptType::Timestamp => Self::Timestamp,
            KeptType::Date => Self::Date,
            KeptType::List(kind) => Self::List(Box::new((*kind).into())),
            KeptType::Map(kind) => Self::Map(Box::new((*kind).into())),
            KeptType::Struct(columns) => {
                Self::Struct(columns.into_iter().map(Column::from).collect())
            }
        }
    }
}
