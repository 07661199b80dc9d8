//! Looking at sealed files: what they would be called, and what is in them.

use std::path::PathBuf;

use serde_json::Value;

use super::report::{Failed, Object, Report, excerpt};
use crate::failure::Failure;
use crate::format::parquet;
use crate::lane::checkpoint::{Role, SealedFile};
use crate::record::rows::RowsReader;
use crate::spool::Spool;

/// Rows of output that are shown.
const SHOWN: usize = 5;

/// Adds a sealed file to the report.
pub(super) fn at(file: &SealedFile, spool: &Spool, report: &mut Report) -> Result<(), Failure> {
    report.objects.push(Object {
        role: file.role.to_string(),
        key: file.key.clone(),
        to: file.target.to_string(),
        records: file.counts.records,
        bytes: file.object.size,
    });
    match &file.role {
        Role::Data => {
            let missing = SHOWN.saturating_sub(report.output.len());
            report.output.extend(first_rows(file, spool, missing)?);
            Ok(())
        }
        Role::Error(kind) => read_errors(kind, file, spool, report),
        Role::Backup => Ok(()),
    }
}

/// The first rows as whoever reads the object has them.
fn first_rows(file: &SealedFile, spool: &Spool, count: usize) -> Result<Vec<String>, Failure> {
    let object = spool.path(&file.object.name);
    let is_encoded = file.kept.iter().all(|kept| kept.name != file.object.name);
    if is_encoded && count > 0 {
        let rows = parquet::first_rows(&object, count).map_err(|e| unreadable(&object, &e))?;
        // Nothing here reads ORC: what became rows of it is shown instead.
        if let Some(rows) = rows {
            return Ok(rows);
        }
    }
    let mut rows = rows_of(file, spool)?;
    let mut shown = Vec::new();
    while shown.len() < count {
        match rows.next_row().map_err(|e| unreadable(&object, &e))? {
            Some(row) => shown.push(excerpt(row.bytes)),
            None => break,
        }
    }
    Ok(shown)
}

/// Error lines, grouped by their codes.
fn read_errors(
    kind: &str,
    file: &SealedFile,
    spool: &Spool,
    report: &mut Report,
) -> Result<(), Failure> {
    let path = spool.path(&file.object.name);
    let mut rows = rows_of(file, spool)?;
    while let Some(row) = rows.next_row().map_err(|e| unreadable(&path, &e))? {
        let line: Value = serde_json::from_slice(row.bytes).map_err(|e| unreadable(&path, &e))?;
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| line[*name].as_str());
            found.unwrap_or_default().to_owned()
        };
        let raw = line["rawData"].as_str().unwrap_or_default();
        let raw = base64_simd::STANDARD.decode_to_vec(raw).unwrap_or_default();
        report.fail(Failed {
            kind: kind.to_owned(),
            code: text(["errorCode", "lastErrorCode"]),
            message: text(["errorMessage", "lastErrorMessage"]),
            attempts: line["attemptsMade"].as_u64().unwrap_or_default(),
            records: 1,
            samples: vec![excerpt(&raw)],
        });
    }
    Ok(())
}

fn rows_of(file: &SealedFile, spool: &Spool) -> Result<RowsReader, Failure> {
    let paths: Vec<PathBuf> = file
        .kept
        .iter()
        .map(|kept| spool.path(&kept.name))
        .collect();
    let [data, index] = paths.as_slice() else {
        return Err(Failure::halt("a sealed file has no rows"));
    };
    RowsReader::open(data, index).map_err(|e| unreadable(data, &e))
}

fn unreadable(path: &std::path::Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::halt(format!("{} does not read back: {why}", path.display()))
}
