//! The text of a COPY, and of the manifest that it loads from. Pure.

use serde::Serialize;

use super::place::Place;
use crate::destination::warehouse::sql::{self, Dialect};

/// As whom Redshift reads what is staged; unlike [`super::Access`] with its secret.
#[derive(Clone)]
pub(super) enum Credentials {
    /// In roles that the cluster has.
    Role(String),
    /// With an access key.
    Key {
        /// Its id.
        id: String,
        /// Its secret.
        secret: String,
    },
}

/// An object to load.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// Its key in the bucket of staging.
    pub(super) key: String,
    /// Its bytes.
    pub(super) size: u64,
}

/// The statement that loads what a manifest lists. Credentials are said in the form that every format
/// of COPY takes.
pub(super) fn statement(place: &Place, credentials: &Credentials, manifest: &str) -> String {
    let text = |text: &str| Dialect::Redshift.text(text);
    let table = place.loading.table.sql();
    let columns = match &place.loading.columns[..] {
        [] => String::new(),
        names => format!(" ({})", sql::names(names.iter().map(String::as_str))),
    };
    let credentials = match credentials {
        Credentials::Role(role) if role == "default" => "IAM_ROLE default".to_owned(),
        Credentials::Role(role) => format!("IAM_ROLE {}", text(role)),
        Credentials::Key { id, secret } => format!(
            "CREDENTIALS {}",
            text(&format!(
                "aws_access_key_id={id};aws_secret_access_key={secret}"
            ))
        ),
    };
    let statement = format!(
        "COPY {table}{columns} FROM {} {credentials} MANIFEST {}",
        text(manifest),
        place.options
    );
    statement.trim_end().to_owned()
}

/// A manifest of these objects, all of which must be there, at their lengths: COPY of Parquet asks
/// for that, COPY of lines takes it.
pub(super) fn manifest(pieces: &[Piece], url: impl Fn(&str) -> String) -> Result<Vec<u8>, String> {
    let entries = pieces.iter().map(|piece| Entry {
        url: url(&piece.key),
        mandatory: true,
        meta: Meta {
            content_length: piece.size,
        },
    });
    let manifest = Manifest {
        entries: entries.collect(),
    };
    serde_json::to_vec(&manifest).map_err(|e| e.to_string())
}

#[derive(Serialize)]
struct Manifest {
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    url: String,
    mandatory: bool,
    meta: Meta,
}

#[derive(Serialize)]
struct Meta {
    content_length: u64,
}

#[cfg(test)]
mod tests;
