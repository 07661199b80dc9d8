//! `spool ls|cat`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use standpipe_config::files::Doing;
use standpipe_config::names::StreamName;
use standpipe_config::process::exit::Exit;

use super::{NotDone, chosen, json_line, time};
use crate::lane::checkpoint::SealedFile;
use crate::record::rows::RowsReader;
use crate::stream::look::Stored;

/// A sealed file, as `ls --json` shows it: as the checkpoint has it, and the stream.
#[derive(Serialize)]
struct Line<'a> {
    stream: &'a StreamName,
    #[serde(flatten)]
    file: &'a SealedFile,
}

/// Lists the sealed files that wait for their delivery. Blocks.
pub fn list(data_dir: &Path, stream: Option<&StreamName>, json: bool) -> Result<Exit, NotDone> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for stored in chosen(data_dir, stream)? {
        for file in sealed(&stored)? {
            let file = &file;
            if json {
                let stream = &stored.name;
                json_line(&mut out, &Line { stream, file })?;
                continue;
            }
            writeln!(
                out,
                "{} file {}: {}, {} records, {} bytes, oldest of {}, {} to {}",
                stored.name,
                file.id,
                file.role,
                file.counts.records,
                file.object.size,
                time(file.oldest),
                file.key,
                file.target
            )?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Writes a sealed file out: as it will be delivered, or with `rows` the rows that it was made of,
/// each with a newline behind it. `wanted` is its id or its key. Blocks.
pub fn cat(
    data_dir: &Path,
    stream: &StreamName,
    wanted: &str,
    rows: bool,
) -> Result<Exit, NotDone> {
    for stored in chosen(data_dir, Some(stream))? {
        let files = sealed(&stored)?;
        let is_meant =
            |file: &&Arc<SealedFile>| file.key == wanted || file.id.to_string() == wanted;
        let file = files
            .iter()
            .find(is_meant)
            .ok_or_else(|| NotDone::NoSuchFile {
                stream: stream.clone(),
                file: wanted.to_owned(),
            })?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        match (rows, &file.kept[..]) {
            (true, [data, index]) => {
                let (data, index) = (stored.spooled(&data.name), stored.spooled(&index.name));
                let mut reader = RowsReader::open(&data, &index)?;
                while let Some(row) = reader.next_row()? {
                    out.write_all(row.bytes)?;
                    out.write_all(b"\n")?;
                }
            }
            _ => {
                let path = stored.spooled(&file.object.name);
                let mut object = File::open(&path).doing("open", &path)?;
                std::io::copy(&mut object, &mut out)?;
            }
        }
        out.flush()?;
    }
    Ok(Exit::Done)
}

/// The sealed files of a stream, in the order in which they were sealed.
fn sealed(stored: &Stored) -> Result<Vec<Arc<SealedFile>>, NotDone> {
    let state = stored.state()?;
    Ok(state.map_or_else(Vec::new, |state| state.files.into_values().collect()))
}
