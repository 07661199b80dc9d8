//! The schema of a stream's files of columns, and how it is kept (rule 22): an inferred one lies in
//! the stream's folder and only grows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use standpipe_config::files::{Doing, FileError, write_whole};
use standpipe_config::settings::delivery::{Column, ColumnType, Schema};

use super::REST;

mod kept;

/// The columns of a stream's files.
#[derive(Clone, PartialEq, Debug)]
pub enum StreamSchema {
    /// Said in the settings.
    Declared(Vec<Column>),
    /// Learned from the records; beside these columns there is always [`REST`].
    Inferred(Vec<Column>),
}

/// Why a kept schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// It does not read back.
    #[error(
        "{} is damaged: {source}; without it the schema is inferred anew, and columns may get other types than in the objects that exist",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Written by a newer program.
    #[error("{} has version {found}, this program reads versions up to {known}: update it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The newest known.
        known: u16,
    },
}

impl StreamSchema {
    /// The schema to go on with: what the settings declare, or what was `kept` of the inferred one.
    pub fn of(settings: &Schema, kept: Option<Self>) -> Self {
        match (settings, kept) {
            (Schema::Declared(columns), _) => Self::Declared(columns.clone()),
            (Schema::Inferred, Some(Self::Inferred(columns))) => Self::Inferred(columns),
            (Schema::Inferred, _) => Self::Inferred(Vec::new()),
        }
    }

    /// Reads what [`save`](Self::save) wrote; `None` if there is no such file. It is durable, also
    /// where its writer was killed before the sync: opening the checkpoint, which lies beside it,
    /// syncs their folder.
    pub fn load(path: &Path) -> Result<Option<Self>, SchemaError> {
        match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => Self::from_bytes(&other.doing("read", path)?, path).map(Some),
        }
    }

    /// Keeps it, durable on return. To be done before the seal of the files that used it.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        write_whole(path, &self.to_bytes(), "schema")
    }

    /// Its form on disk: the same bytes for the same schema.
    pub fn to_bytes(&self) -> Vec<u8> {
        kept::write(self)
    }

    /// Reads its form on disk; `path` is what errors call it.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, SchemaError> {
        kept::read(bytes, path)
    }

    /// Its columns, without [`REST`].
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Declared(columns) | Self::Inferred(columns) => columns,
        }
    }

    /// The columns of a file, [`REST`] included.
    pub(super) fn columns_of_a_file(&self) -> Vec<Column> {
        let rest = Column {
            name: REST.to_owned(),
            kind: ColumnType::String,
        };
        match self {
            Self::Declared(columns) => columns.clone(),
            Self::Inferred(columns) => [&columns[..], &[rest]].concat(),
        }
    }

    /// As arrow has it.
    pub(super) fn arrow(&self) -> SchemaRef {
        let fields: Vec<_> = self.columns_of_a_file().iter().map(field).collect();
        Arc::new(arrow_schema::Schema::new(fields))
    }
}

/// A column as arrow has it. Everything is nullable, as any key may be missing.
pub(super) fn field(column: &Column) -> Field {
    Field::new(&column.name, data_type(&column.kind), true)
}

/// The field of a list's elements; Parquet's own name for it.
pub(super) fn element(kind: &ColumnType) -> Field {
    Field::new("element", data_type(kind), true)
}

fn data_type(kind: &ColumnType) -> DataType {
    match kind {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Small(_) => DataType::Int32,
        ColumnType::Int => DataType::Int64,
        ColumnType::Single => DataType::Float32,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
        ColumnType::String => DataType::Utf8,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ColumnType::Date => DataType::Date32,
        ColumnType::List(kind) => DataType::List(Arc::new(element(kind))),
        ColumnType::Map(kind) => DataType::Map(Arc::new(entries(kind)), false),
        ColumnType::Struct(columns) => DataType::Struct(columns.iter().map(field).collect()),
    }
}

/// The fields of a map's entries, in Parquet's own names.
pub(super) fn entries(kind: &ColumnType) -> Field {
    let fields = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", data_type(kind), true),
    ];
    Field::new("key_value", DataType::Struct(fields.into()), false)
}

/// How many columns of the file these become: nested ones count one by one.
pub(super) fn leaves(columns: &[Column]) -> usize {
    let leaves_of = |kind: &ColumnType| {
        let (mut kind, mut keys) = (kind, 0);
        loop {
            match kind {
                ColumnType::List(element) => kind = element,
                ColumnType::Map(value) => {
                    kind = value;
                    keys += 1;
                }
                ColumnType::Struct(columns) => return keys + leaves(columns),
                _ => return keys + 1,
            }
        }
    };
    columns.iter().map(|column| leaves_of(&column.kind)).sum()
}

#[cfg(test)]
mod tests;
