//! The reader of the destination.

use super::tables::{BACKUP, BACKUP_FILE, DESTINATION, FILE};
use super::{Destination, FileDestination};
use crate::prefix::{ErrorPrefix, Prefix};
use crate::settings::values;
use crate::yaml::{At, Fields};

pub(super) fn read(stream: &Fields<'_>) -> Option<Destination> {
    let Some(at) = stream.get("destination") else {
        stream.missing("destination");
        return None;
    };
    let (_, at) = at.fields(&DESTINATION)?.only()?;
    let fields = at.fields(&FILE)?;
    let file = file(&fields);
    let backup = fields.optional("backup", backup);
    Some(Destination::File(FileDestination {
        backup: backup?.map(Box::new),
        ..file?
    }))
}

fn backup(at: &At<'_>) -> Option<Destination> {
    let (_, at) = at.fields(&BACKUP)?.only()?;
    file(&at.fields(&BACKUP_FILE)?).map(Destination::File)
}

fn file(fields: &Fields<'_>) -> Option<FileDestination> {
    let path = fields.read("path", values::path);
    let prefix = match fields.get("prefix") {
        Some(at) => at.parsed("a prefix", Prefix::parse),
        None => Prefix::parse("").ok(),
    };
    let error_output_prefix = match &prefix {
        Some(prefix) => error_prefix(fields, prefix),
        // Checked all the same: all problems at once.
        None => Prefix::parse("")
            .ok()
            .and_then(|any| error_prefix(fields, &any)),
    };
    Some(FileDestination {
        path: path?,
        prefix: prefix?,
        error_output_prefix: error_output_prefix?,
        backup: None,
    })
}

fn error_prefix(fields: &Fields<'_>, prefix: &Prefix) -> Option<ErrorPrefix> {
    match fields.get("error_output_prefix") {
        Some(at) => at.parsed("an error output prefix", |text| {
            ErrorPrefix::parse(Some(text), prefix)
        }),
        None => ErrorPrefix::parse(None, prefix)
            .map_err(|error| fields.missing_because("error_output_prefix", error))
            .ok(),
    }
}
