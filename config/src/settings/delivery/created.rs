//! The settings of streams that are made over the wire: the part that is the operator's to say.

use std::path::{Path, PathBuf};

use super::bucket;
use super::tables::{ACCESS_KEY_ID, ENDPOINT, PATH_STYLE, REGION, SECRET_ACCESS_KEY};
use super::{Bucket, Column, glue};
use crate::settings::values;
use crate::yaml::{At, Key, Table};

/// What streams that are made over the wire have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Created {
    /// A bucket but for its name.
    store: Bucket,
    /// Whether the operator says that the disk of `data_dir` is encrypted: whoever asks for
    /// encryption over the wire gets it then.
    pub disk_is_encrypted: bool,
    /// The folder of the tables that a conversion may name.
    glue_tables: Option<PathBuf>,
}

impl Created {
    /// The bucket of this name.
    pub fn bucket(&self, name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            ..self.store.clone()
        }
    }

    /// The columns of a table, from `glue_tables/DATABASE/TABLE.json`, as they stand there now;
    /// `Err` says why there are none, and what an operator can do.
    pub fn table(&self, database: &str, table: &str) -> Result<Vec<Column>, String> {
        let folder = self.glue_tables.as_ref().ok_or(
            "the settings of this server name no tables; listen.firehose.created.glue_tables does",
        )?;
        for (what, name) in [("database", database), ("table", table)] {
            if !is_file_name(name) {
                return Err(format!(
                    "the name {name:?} of the {what} is no name of a file: 1 to {LONGEST} letters, digits, _, - and . are, and no . stands first"
                ));
            }
        }
        let path = folder.join(database).join(format!("{table}.json"));
        glue::columns_of(&path)
    }

    /// The folder of the tables.
    pub(super) fn tables(&self) -> Option<&Path> {
        self.glue_tables.as_deref()
    }

    /// Where all buckets are.
    pub(super) fn store(&self) -> &Bucket {
        &self.store
    }
}

/// The longest name of a database or a table that is looked up, in bytes: it fits into a file's.
const LONGEST: usize = 200;

/// Names come over the wire, and must not lead out of the folder.
fn is_file_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let length = (1..=LONGEST).contains(&name.len());
    length && !name.starts_with('.') && name.bytes().all(legal)
}

pub(super) static CREATED: Table = Table {
    path: "listen.firehose.created",
    keys: &[
        Key::new(
            "s3",
            "Object storage, and who asks there. Buckets are named over the wire.",
            "",
            "a mapping",
        ),
        Key::new(
            "disk_is_encrypted",
            "Whether the disk of data_dir is encrypted, for those who ask for encryption.",
            "false",
            "true or false",
        ),
        Key::new(
            "glue_tables",
            "The tables that a conversion may name: DATABASE/TABLE.json, as aws glue get-table prints them.",
            "none: such a conversion is refused",
            "the path of a folder",
        ),
    ],
};

pub(super) static CREATED_S3: Table = Table {
    path: "listen.firehose.created.s3",
    keys: &[
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
    ],
};

/// Reads them.
pub(super) fn read(at: &At<'_>) -> Option<Created> {
    let fields = at.fields(&CREATED)?;
    let store = match fields.has("s3") {
        true => fields.under("s3", &CREATED_S3, |fields| {
            bucket::store(fields, String::new())
        }),
        false => {
            fields.missing("s3");
            None
        }
    };
    let disk_is_encrypted = fields.read("disk_is_encrypted", |at| at.flag());
    let glue_tables = fields.optional("glue_tables", tables);
    Some(Created {
        store: store?,
        disk_is_encrypted: disk_is_encrypted?,
        glue_tables: glue_tables?,
    })
}

fn tables(at: &At<'_>) -> Option<PathBuf> {
    let folder = values::path(at)?;
    if folder.is_dir() {
        return Some(folder);
    }
    at.problem(format!(
        "{} is no folder: make it, and put tables into it as DATABASE/TABLE.json",
        folder.display()
    ));
    None
}
