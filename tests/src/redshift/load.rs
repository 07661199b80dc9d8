//! Loads what a manifest lists into the server, in the transaction of the client.

use serde_json::Value;

use super::copy::{Copy, Format, Refused};
use super::lines::{self, Unreadable};
use super::session::Session;
use super::wire::Message;
use super::{LoadError, lock};
use crate::s3::BUCKET;

/// Bytes that are sent to the server at a time.
const PIECE: usize = 64 * 1024;

/// An object that a manifest lists.
struct Entry {
    url: String,
    mandatory: bool,
    length: Option<u64>,
}

impl Session<'_> {
    /// Loads; how many rows.
    pub(super) fn load(&self, copy: &Copy) -> Result<u64, Refused> {
        if copy.access != self.shared.access {
            let words = "S3ServiceException:Access Denied,Status 403,Error AccessDenied";
            return Err(Refused::Code("XX000", words.to_owned()));
        }
        let columns = match &copy.columns {
            Some(columns) => columns.clone(),
            None => self.columns_of(&copy.table)?,
        };
        let mut rows = 0;
        for entry in self.manifest(copy)? {
            rows += self.load_one(copy, &columns, &entry)?;
        }
        Ok(rows)
    }

    fn columns_of(&self, table: &str) -> Result<Vec<String>, Refused> {
        let question = format!(
            "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        );
        let answer = self.ask(&question)?;
        if let Some(error) = answer.iter().find(|message| message.kind == b'E') {
            return Err(Refused::Here(error.clone()));
        }
        let rows = answer.iter().filter(|message| message.kind == b'D');
        Ok(rows.flat_map(Message::columns).collect())
    }

    fn manifest(&self, copy: &Copy) -> Result<Vec<Entry>, Refused> {
        let text = self.object(&copy.manifest)?;
        let wrong = |why: &str| {
            let words = format!("The manifest {} {why}", copy.manifest);
            Refused::Code("XX000", words)
        };
        let manifest: Value = serde_json::from_slice(&text).map_err(|e| wrong(&e.to_string()))?;
        let entries = manifest["entries"].as_array();
        let entries = entries.ok_or_else(|| wrong("has no entries"))?;
        let mut found = Vec::new();
        for entry in entries {
            let url = entry["url"].as_str();
            let entry = Entry {
                url: url
                    .ok_or_else(|| wrong("has an entry without url"))?
                    .to_owned(),
                mandatory: entry["mandatory"].as_bool().unwrap_or(false),
                length: entry["meta"]["content_length"].as_u64(),
            };
            if entry.length.is_none() && copy.format == Format::Parquet {
                return Err(wrong("has a file entry without 'meta' key."));
            }
            found.push(entry);
        }
        match found.is_empty() {
            true => Err(wrong("names no files")),
            false => Ok(found),
        }
    }

    fn object(&self, url: &str) -> Result<Vec<u8>, Refused> {
        let missing = || {
            let words =
                "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey";
            Refused::Code("XX000", format!("{words}: {url}"))
        };
        let key = url.strip_prefix(&format!("s3://{BUCKET}/"));
        let key = key.ok_or_else(missing)?;
        self.shared.store.get(key).map_err(|_| missing())
    }

    fn load_one(&self, copy: &Copy, columns: &[String], entry: &Entry) -> Result<u64, Refused> {
        let object = match self.object(&entry.url) {
            Err(_) if !entry.mandatory => return Ok(0),
            other => other?,
        };
        let length = object.len() as u64;
        if entry.length.is_some_and(|said| said != length) {
            let words = format!("{} has {length} bytes, the manifest says others", entry.url);
            return Err(Refused::Code("XX000", words));
        }
        let form = (copy.format, copy.compression);
        let lines = lines::of(object, form, columns).map_err(|why| match why {
            Unreadable::Malformed(message) => {
                self.note(entry, "", &message);
                Refused::Code("XX000", failed(copy))
            }
            Unreadable::Columns(found) => Refused::Code(
                "XX000",
                format!("Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: {}, Data columns: {found}", columns.len()),
            ),
        })?;
        self.send(copy, columns, &lines, entry)
    }

    fn send(
        &self,
        copy: &Copy,
        columns: &[String],
        lines: &[u8],
        entry: &Entry,
    ) -> Result<u64, Refused> {
        let names: Vec<_> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let sql = format!("COPY {} ({}) FROM STDIN", copy.table, names.join(", "));
        self.tell(b'Q', format!("{sql}\0").as_bytes())?;
        let ready = self.answer(b'G')?;
        if let Some(error) = ready.iter().find(|message| message.kind == b'E') {
            return Err(Refused::Here(error.clone()));
        }
        for piece in lines.chunks(PIECE) {
            self.tell(b'd', piece)?;
        }
        self.tell(b'c', b"")?;
        let answer = self.answer(b'Z')?;
        if let Some(error) = answer.iter().find(|message| message.kind == b'E') {
            let place = error.field(b'W').unwrap_or_default();
            let column = place.split_once(", column ").map_or("", |(_, rest)| rest);
            let column = column.split(':').next().unwrap_or_default();
            self.note(entry, column, &error.field(b'M').unwrap_or_default());
            return Err(Refused::Here(Message::error("XX000", &failed(copy))));
        }
        let done = answer.iter().find(|message| message.kind == b'C');
        let rows = done.and_then(|done| done.query().strip_prefix("COPY ")?.parse().ok());
        Ok(rows.unwrap_or(0))
    }

    fn note(&self, entry: &Entry, column: &str, message: &str) {
        lock(&self.shared.errors).push(LoadError {
            file: entry.url.clone(),
            column: column.to_owned(),
            message: message.to_owned(),
        });
    }
}

/// Redshift's words, which say little.
fn failed(copy: &Copy) -> String {
    let table = copy.table.rsplit('.').next().unwrap_or_default();
    let table = table.trim_matches('"');
    format!(
        "Load into table '{table}' failed.  Check 'sys_load_error_detail' system table for details."
    )
}
