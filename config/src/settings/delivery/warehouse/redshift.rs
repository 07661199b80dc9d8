//! Redshift: what its settings say, and their reader.

use super::Loading;
use super::copy_options::{CopyOptions, CopyReads};
use super::read::loading;
use super::tables::{REDSHIFT, STAGING, STAGING_S3};
use crate::prefix::{ErrorPrefix, Prefix, Zone};
use crate::settings::delivery::words::raw_word;
use crate::settings::delivery::{
    Access, Destination, Format, Raw, RawCompression, S3Destination, Schema, bucket, destination,
    storing,
};
use crate::yaml::{At, Fields};

/// Where Redshift listens, unless it was told otherwise.
const PORT: u16 = 5439;

const ROLE_ALLOWED: &str = "the ARN of a role, several with commas between them, or default";

/// A table of Redshift, loaded by COPY from objects that are staged in a bucket.
#[derive(Clone, PartialEq, Debug)]
pub struct RedshiftDestination {
    /// Server, table, ledger.
    pub loading: Loading,
    /// How COPY reads what is staged.
    pub options: CopyOptions,
    /// As whom Redshift reads what is staged.
    pub access: CopyAccess,
    /// Where objects are staged.
    pub staging: S3Destination,
    /// Where records go that failed, and, if that is wanted, copies of all: a folder or a bucket.
    pub backup: Box<Destination>,
    /// Whether copies of all records go there too.
    pub backup_all: bool,
}

/// As whom Redshift reads what is staged.
#[derive(Clone, PartialEq, Debug)]
pub enum CopyAccess {
    /// In roles that the cluster has: an ARN, several with commas, or `default`.
    Role(String),
    /// With an access key, which is sent with each COPY.
    Key(Access),
}

/// Reads a Redshift destination.
pub(in crate::settings::delivery) fn redshift(at: &At<'_>) -> Option<RedshiftDestination> {
    let fields = at.fields(&REDSHIFT)?;
    let loading = loading(&fields, PORT);
    let options = fields.read("copy_options", |at| {
        at.parsed("the options of a COPY", CopyOptions::parse)
    });
    let access = access(&fields);
    let staging = match fields.get("staging") {
        Some(at) => staging(&at),
        None => {
            fields.missing("staging");
            None
        }
    };
    let backup = fields.optional("backup", destination::backup);
    let backup_all = fields.read("backup_mode", |at| {
        at.choice(&[("failed", false), ("all", true)])
    });
    if let (Some(None), Some(true)) = (&backup, backup_all) {
        fields.missing("backup");
        return None;
    }
    let staging = staging?;
    let backup = backup?.unwrap_or_else(|| Destination::S3(staging.clone()));
    Some(RedshiftDestination {
        loading: loading?,
        options: options?,
        access: access?,
        staging,
        backup: Box::new(backup),
        backup_all: backup_all?,
    })
}

fn access(fields: &Fields<'_>) -> Option<CopyAccess> {
    let role = fields.optional("iam_role", role)?;
    let key = bucket::access(fields)?;
    match (role, key) {
        (Some(role), None) => Some(CopyAccess::Role(role)),
        (None, Some(key)) => Some(CopyAccess::Key(key)),
        (None, None) => {
            fields.missing("iam_role");
            None
        }
        (Some(_), Some(_)) => {
            fields
                .at
                .problem("conflict: found iam_role and access_key_id, only one is allowed");
            None
        }
    }
}

fn role(at: &At<'_>) -> Option<String> {
    let text = at.text(ROLE_ALLOWED)?;
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\'' | '"' | '\\');
    if text != "default" && (!text.starts_with("arn:") || text.contains(odd)) {
        // Not repeated: it may be a secret that was meant for another key.
        at.problem(format!("is no role: {ROLE_ALLOWED} is allowed"));
        return None;
    }
    Some(text.to_owned())
}

fn staging(at: &At<'_>) -> Option<S3Destination> {
    let (_, at) = at.fields(&STAGING)?.only()?;
    let fields = at.fields(&STAGING_S3)?;
    let bucket = bucket::read(&fields);
    let storing = storing::read(&fields);
    let zone = fields.read("time_zone", |at| at.parsed("a time zone", Zone::named));
    let prefix = match fields.get("prefix") {
        Some(at) => at.parsed("a prefix", Prefix::parse),
        None => Prefix::parse("").ok(),
    };
    let prefix = prefix.zip(zone).map(|(prefix, zone)| prefix.in_zone(zone));
    let errors = fields.read("error_output_prefix", |at| {
        let any = Prefix::parse("").ok();
        let prefix = prefix.clone().or(any)?;
        at.parsed("an error output prefix", |text| {
            ErrorPrefix::parse(Some(text), &prefix)
        })
    });
    Some(S3Destination {
        bucket: bucket?,
        storing: storing?,
        prefix: prefix?,
        error_output_prefix: errors?,
        file_extension: None,
        backup: None,
        backup_failed: false,
    })
}

/// Checks that COPY takes the objects for what they are.
pub(super) fn check_format(fields: &Fields<'_>, found: &RedshiftDestination, format: &Format) {
    let at = fields.get("format").unwrap_or_else(|| fields.at.clone());
    match (found.options.reads(), format) {
        (CopyReads::Parquet, Format::Parquet(parquet)) => match &parquet.schema {
            Schema::Inferred => at.problem("conflict: Redshift takes the columns of Parquet in their order, and an inferred schema grows: declare the schema"),
            Schema::Declared(columns) => {
                let named = &found.loading.columns;
                if !named.is_empty() && named.len() != columns.len() {
                    at.problem(format!("conflict: the schema has {} columns, and redshift.columns {}: Redshift takes them in their order", columns.len(), named.len()));
                }
            }
        },
        (_, Format::Orc(_)) => {
            at.problem("conflict: redshift takes lines or Parquet: raw or parquet is allowed");
        }
        (CopyReads::Parquet, Format::Raw(_)) => {
            at.problem("conflict: copy_options say PARQUET: format parquet is allowed");
        }
        (_, Format::Parquet(_)) => {
            at.problem("conflict: redshift.copy_options must say FORMAT AS PARQUET");
        }
        (CopyReads::Plain, Format::Raw(raw)) => check_lines(&at, *raw, RawCompression::None),
        (CopyReads::Gzip, Format::Raw(raw)) => check_lines(&at, *raw, RawCompression::Gzip),
        (CopyReads::Zstd, Format::Raw(raw)) => check_lines(&at, *raw, RawCompression::Zstd),
    }
}

fn check_lines(at: &At<'_>, found: Raw, compression: RawCompression) {
    let newline = true;
    if found
        != (Raw {
            newline,
            compression,
        })
    {
        let word = raw_word(compression);
        at.problem(format!("conflict: redshift.copy_options read lines with compression {word}: raw with delimiter newline and that compression is allowed"));
    }
}

#[cfg(test)]
mod tests;
