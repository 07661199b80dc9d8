//! The destination: what every kind of one is asked, and its reader.

use super::tables::{BACKUP, BACKUP_FILE, BACKUP_S3, DESTINATION, FILE, S3};
use super::{Destination, FileDestination, S3Destination, bucket, opensearch, storing, warehouse};
use crate::limits::MAX_EXTENSION;
use crate::prefix::{ErrorPrefix, Prefix, Zone};
use crate::settings::values;
use crate::yaml::{At, Fields};

impl Destination {
    /// Where records that failed go: for one that does not take files, a place of their own.
    pub fn errors(&self) -> &Destination {
        match self {
            Self::File(_) | Self::S3(_) => self.backup_of_failed().unwrap_or(self),
            Self::OpenSearch(search) => &search.backup,
            Self::Postgresql(postgresql) => &postgresql.backup,
            Self::Redshift(redshift) => &redshift.backup,
        }
    }

    /// The backup of a destination that takes files, where only failed records go to it.
    pub fn backup_of_failed(&self) -> Option<&Destination> {
        let (backup, only_failed) = match self {
            Self::File(file) => (&file.backup, file.backup_failed),
            Self::S3(s3) => (&s3.backup, s3.backup_failed),
            Self::OpenSearch(_) | Self::Postgresql(_) | Self::Redshift(_) => return None,
        };
        backup.as_deref().filter(|_| only_failed)
    }

    /// What keys of data objects begin with; `None` where there are no such objects.
    pub fn prefix(&self) -> Option<&Prefix> {
        match self {
            Self::File(file) => Some(&file.prefix),
            Self::S3(s3) => Some(&s3.prefix),
            Self::OpenSearch(_) => None,
            Self::Postgresql(_) => None,
            Self::Redshift(redshift) => Some(&redshift.staging.prefix),
        }
    }

    /// What keys of data objects end in, in place of the format's suffix.
    pub fn file_extension(&self) -> Option<&str> {
        match self {
            Self::File(file) => file.file_extension.as_deref(),
            Self::S3(s3) => s3.file_extension.as_deref(),
            Self::OpenSearch(_) | Self::Postgresql(_) | Self::Redshift(_) => None,
        }
    }

    /// What keys of objects of failed records begin with, in their [place](Self::errors).
    pub fn error_output_prefix(&self) -> &ErrorPrefix {
        if let Some(backup) = self.backup_of_failed() {
            return backup.error_output_prefix();
        }
        match self {
            Self::File(file) => &file.error_output_prefix,
            Self::S3(s3) => &s3.error_output_prefix,
            Self::OpenSearch(search) => search.backup.error_output_prefix(),
            Self::Postgresql(postgresql) => postgresql.backup.error_output_prefix(),
            Self::Redshift(redshift) => redshift.backup.error_output_prefix(),
        }
    }

    /// Firehose's source backup: all records as they came, delivered to a place of their own.
    pub fn backup(&self) -> Option<&Destination> {
        match self {
            Self::File(file) => file.backup.as_deref().filter(|_| !file.backup_failed),
            Self::S3(s3) => s3.backup.as_deref().filter(|_| !s3.backup_failed),
            Self::OpenSearch(search) => search.backup_all.then_some(&*search.backup),
            Self::Postgresql(postgresql) => postgresql.backup_all.then_some(&*postgresql.backup),
            Self::Redshift(redshift) => redshift.backup_all.then_some(&*redshift.backup),
        }
    }
}

pub(super) fn read(stream: &Fields<'_>) -> Option<Destination> {
    let Some(at) = stream.get("destination") else {
        stream.missing("destination");
        return None;
    };
    let (key, at) = at.fields(&DESTINATION)?.only()?;
    let fields = match key.name {
        "opensearch" => return opensearch::read(&at).map(Destination::OpenSearch),
        "postgresql" => return warehouse::postgresql(&at).map(Destination::Postgresql),
        "redshift" => {
            let found = warehouse::redshift(&at).map(Box::new);
            return found.map(Destination::Redshift);
        }
        "s3" => at.fields(&S3)?,
        _ => at.fields(&FILE)?,
    };
    let destination = of_kind(key.name, &fields);
    let backup = fields.optional("backup", backup);
    let backup_failed = backup_failed(&fields);
    let backup = backup?.map(Box::new);
    let backup_failed = backup_failed?;
    match destination? {
        Destination::File(file) => Some(Destination::File(FileDestination {
            backup,
            backup_failed,
            ..file
        })),
        Destination::S3(s3) => Some(Destination::S3(S3Destination {
            backup,
            backup_failed,
            ..s3
        })),
        other => Some(other),
    }
}

/// Whether only records that failed go to the backup.
fn backup_failed(fields: &Fields<'_>) -> Option<bool> {
    let failed = fields.read("backup_mode", |at| {
        at.choice(&[("all", false), ("failed", true)])
    })?;
    if let Some(at) = fields.get("backup_mode")
        && fields.get("backup").is_none()
    {
        at.problem("conflict: there is no backup, which it is about");
        return None;
    }
    Some(failed)
}

/// Reads a place for copies, or for records that failed.
pub(super) fn backup(at: &At<'_>) -> Option<Destination> {
    let (key, at) = at.fields(&BACKUP)?.only()?;
    let fields = match key.name {
        "s3" => at.fields(&BACKUP_S3)?,
        _ => at.fields(&BACKUP_FILE)?,
    };
    of_kind(key.name, &fields)
}

/// A destination without its backup.
fn of_kind(kind: &str, fields: &Fields<'_>) -> Option<Destination> {
    match kind {
        "s3" => s3(fields).map(Destination::S3),
        _ => file(fields).map(Destination::File),
    }
}

fn file(fields: &Fields<'_>) -> Option<FileDestination> {
    let path = fields.read("path", values::path);
    let (prefix, error_output_prefix) = prefixes(fields);
    let file_extension = fields.optional("file_extension", extension);
    Some(FileDestination {
        path: path?,
        prefix: prefix?,
        error_output_prefix: error_output_prefix?,
        file_extension: file_extension?,
        backup: None,
        backup_failed: false,
    })
}

fn s3(fields: &Fields<'_>) -> Option<S3Destination> {
    let bucket = bucket::read(fields);
    let storing = storing::read(fields);
    let (prefix, error_output_prefix) = prefixes(fields);
    let file_extension = fields.optional("file_extension", extension);
    Some(S3Destination {
        bucket: bucket?,
        storing: storing?,
        prefix: prefix?,
        error_output_prefix: error_output_prefix?,
        file_extension: file_extension?,
        backup: None,
        backup_failed: false,
    })
}

fn prefixes(fields: &Fields<'_>) -> (Option<Prefix>, Option<ErrorPrefix>) {
    let zone = fields.read("time_zone", |at| at.parsed("a time zone", Zone::named));
    let prefix = match fields.get("prefix") {
        Some(at) => at.parsed("a prefix", Prefix::parse).inspect(|prefix| {
            warn_of_week_year(&at, prefix.has_week_year());
        }),
        None => Prefix::parse("").ok(),
    };
    let prefix = prefix.zip(zone).map(|(prefix, zone)| prefix.in_zone(zone));
    let error_output_prefix = match &prefix {
        Some(prefix) => error_prefix(fields, prefix),
        // Checked all the same: all problems at once.
        None => Prefix::parse("")
            .ok()
            .and_then(|any| error_prefix(fields, &any)),
    };
    (prefix, error_output_prefix)
}

fn error_prefix(fields: &Fields<'_>, prefix: &Prefix) -> Option<ErrorPrefix> {
    match fields.get("error_output_prefix") {
        Some(at) => at
            .parsed("an error output prefix", |text| {
                ErrorPrefix::parse(Some(text), prefix)
            })
            .inspect(|prefix| warn_of_week_year(&at, prefix.has_week_year())),
        None => ErrorPrefix::parse(None, prefix)
            .map_err(|error| fields.missing_because("error_output_prefix", error))
            .ok(),
    }
}

fn warn_of_week_year(at: &At<'_>, is_used: bool) {
    if is_used {
        at.warn("YYYY is the year of the week, which around New Year is another one than yyyy");
    }
}

/// Firehose's `FileExtension`.
fn extension(at: &At<'_>) -> Option<String> {
    let allowed = "a dot and at most 127 characters of [0-9a-z!_.*'()-]";
    let text = at.text(allowed)?;
    if !is_extension(text) {
        at.wrong_type(allowed);
        return None;
    }
    Some(text.to_owned())
}

/// Whether it is one that Firehose takes.
pub fn is_extension(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase() || "!-_.*'()".contains(c);
    let inside = text.strip_prefix('.').unwrap_or_default();
    !inside.is_empty() && text.len() <= MAX_EXTENSION && inside.chars().all(legal)
}
