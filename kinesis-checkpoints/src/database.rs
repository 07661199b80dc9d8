//! The Kinesis Agent's database: one table, a row for each flow and file.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use standpipe_agent::checkpoint::Position;

/// What the table says.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) positions: Vec<Position>,
    /// Rows that say nothing to this agent, and why.
    pub(crate) unusable: Vec<String>,
}

/// Why the database cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the Kinesis Agent's checkpoints {}: {source}", file.display())]
pub(crate) struct CannotRead {
    file: PathBuf,
    source: rusqlite::Error,
}

/// Reads all rows, what was written last first.
pub(crate) fn read(file: &Path) -> Result<Rows, CannotRead> {
    rows(file).map_err(|source| CannotRead {
        file: file.to_owned(),
        source,
    })
}

fn rows(file: &Path) -> rusqlite::Result<Rows> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags)?;
    let mut all = database.prepare(
        "SELECT flow, path, fileId, offset FROM FILE_CHECKPOINTS ORDER BY lastUpdated DESC",
    )?;
    let mut found = Rows::default();
    let each = all.query_map([], |row| {
        let text = |place| row.get::<_, String>(place);
        Ok((text(0)?, text(1)?, text(2)?, row.get::<_, i64>(3)?))
    })?;
    for row in each {
        let (flow, path, id, offset) = row?;
        match position(&flow, &path, &id, offset) {
            Ok(position) => found.positions.push(position),
            Err(why) => found.unusable.push(format!("{path}: {why}")),
        }
    }
    Ok(found)
}

/// A row as a position, or why it is none.
fn position(flow: &str, path: &str, id: &str, offset: i64) -> Result<Position, String> {
    let Some((kind, rest)) = flow.split_once(':') else {
        return Err(format!("{flow:?} is no flow of the Kinesis Agent"));
    };
    if kind != "fh" {
        return Err(format!(
            "{flow:?} ships to Kinesis Data Streams, which this agent does not"
        ));
    }
    let stream = rest.split(':').next().unwrap_or_default();
    let stream = stream.parse().map_err(|error| format!("{error}"))?;
    let (device, inode) =
        file_id(id).ok_or_else(|| format!("{id:?} does not name a device and an inode"))?;
    let offset = u64::try_from(offset).map_err(|_| format!("{offset} is no offset"))?;
    Ok(Position {
        path: PathBuf::from(path),
        device,
        inode,
        offset,
        stream,
    })
}

/// `(dev=fd00,ino=1234)`: the device in hexadecimal, the inode in decimal digits.
fn file_id(text: &str) -> Option<(u64, u64)> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let (device, inode) = inner.split_once(',')?;
    let device = u64::from_str_radix(device.strip_prefix("dev=")?, 16).ok()?;
    Some((device, inode.strip_prefix("ino=")?.parse().ok()?))
}

#[cfg(test)]
mod tests;
