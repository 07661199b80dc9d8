//! `journal ls|cat|verify`.

use std::io::{BufWriter, Write};
use std::ops::{ControlFlow, Range};
use std::path::Path;

use serde::Serialize;
use standpipe_config::names::{Arrival, Run, StreamName};
use standpipe_config::process::exit::Exit;

use super::{NotDone, chosen, json_line, time};
use crate::journal::Entry;
use crate::journal::look::{Depth, Ending, Seen, look};
use crate::stream::look::Stored;

/// A segment of a stream, as `ls` and `verify` show it.
#[derive(Serialize)]
struct Line<'a> {
    stream: &'a StreamName,
    #[serde(flatten)]
    seen: &'a Seen,
}

/// A record, as `cat --json` shows it: `text` if it is UTF-8, else `base64`.
#[derive(Serialize)]
struct Record<'a> {
    position: u64,
    run: Run,
    arrival: Arrival,
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Lists the segments of journals. Blocks.
pub fn list(data_dir: &Path, stream: Option<&StreamName>, json: bool) -> Result<Exit, NotDone> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for stored in chosen(data_dir, stream)? {
        let all = look(&stored.journal(), Depth::Heads, |_| {
            ControlFlow::Continue(())
        })?;
        show(&mut out, &stored, &all, json)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Reads every byte of journals and checkpoints: [`Exit::Failed`] where one is damaged. Blocks.
pub fn verify(data_dir: &Path, stream: Option<&StreamName>, json: bool) -> Result<Exit, NotDone> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut exit = Exit::Done;
    for stored in chosen(data_dir, stream)? {
        if let Some(why) = verify_one(&mut out, &stored, json)? {
            complain(&stored, &why);
            exit = Exit::Failed;
        }
    }
    out.flush()?;
    Ok(exit)
}

/// What is wrong with a stream's journal or checkpoint.
fn verify_one(
    out: &mut impl Write,
    stored: &Stored,
    json: bool,
) -> std::io::Result<Option<String>> {
    let looked = look(&stored.journal(), Depth::Bytes, |_| {
        ControlFlow::Continue(())
    });
    let all = match looked {
        Ok(all) => all,
        Err(error) => return Ok(Some(error.to_string())),
    };
    show(out, stored, &all, json)?;
    // Behind the journal, which is released up to the checkpoint and never beyond.
    Ok(match stored.state() {
        Ok(state) => wrong(&all, state.map_or(0, |state| state.position)),
        Err(error) => Some(error.to_string()),
    })
}

/// Writes the records of a stream that its journal holds at these positions, each with a newline
/// behind it, or with `json` an object each. Blocks.
pub fn cat(
    data_dir: &Path,
    stream: &StreamName,
    positions: Range<u64>,
    json: bool,
) -> Result<Exit, NotDone> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for stored in chosen(data_dir, Some(stream))? {
        let mut written = Ok(());
        let all = look(&stored.journal(), Depth::Bytes, |entry| {
            written = write(&mut out, &entry, &positions, json);
            let is_behind = entry.first >= positions.end;
            match written.is_err() || is_behind {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        written?;
        out.flush()?;
        if let Some(why) = wrong(&all, u64::MAX) {
            complain(&stored, &why);
            return Ok(Exit::Failed);
        }
    }
    Ok(Exit::Done)
}

fn write(
    out: &mut impl Write,
    entry: &Entry,
    positions: &Range<u64>,
    json: bool,
) -> std::io::Result<()> {
    let rows = entry.rows().filter(|row| positions.contains(&row.position));
    for row in rows {
        if !json {
            out.write_all(row.bytes)?;
            out.write_all(b"\n")?;
            continue;
        }
        let text = std::str::from_utf8(row.bytes).ok();
        let record = Record {
            position: row.position,
            run: row.run,
            arrival: row.arrival,
            stage: row.stage.as_str(),
            base64: text
                .is_none()
                .then(|| base64_simd::STANDARD.encode_to_string(row.bytes)),
            text,
        };
        json_line(out, &record)?;
    }
    Ok(())
}

/// What is wrong with segments, beside a checkpoint that stands at `sealed`.
fn wrong(all: &[Seen], sealed: u64) -> Option<String> {
    let damaged = all.iter().find_map(|seen| match &seen.ending {
        Ending::Damaged { at, why } => Some(format!(
            "{} is damaged at byte {at}: {why}",
            seen.path.display()
        )),
        _ => None,
    });
    let begins = all.first().map_or(0, |seen| seen.first);
    damaged.or_else(|| {
        (begins > sealed).then(|| {
            format!("it begins at position {begins}, and the checkpoint stands at {sealed}: what lay between is lost")
        })
    })
}

fn show(out: &mut impl Write, stored: &Stored, all: &[Seen], json: bool) -> std::io::Result<()> {
    let stream = &stored.name;
    for seen in all {
        if json {
            json_line(out, &Line { stream, seen })?;
            continue;
        }
        let Seen {
            segment,
            first,
            end,
            bytes,
            used,
            ..
        } = seen;
        let times = match (seen.oldest, seen.newest) {
            (Some(oldest), Some(newest)) => format!("{} to {}", time(oldest), time(newest)),
            _ => "no records".to_owned(),
        };
        let ending = match &seen.ending {
            Ending::Whole => "whole".to_owned(),
            Ending::Open => "open".to_owned(),
            Ending::Damaged { at, why } => format!("DAMAGED at byte {at}: {why}"),
        };
        writeln!(
            out,
            "{stream} segment {segment:016x}: positions {first} to {end}, {bytes} bytes of records, {used} of {} used, {times}, {ending}",
            seen.size
        )?;
    }
    Ok(())
}

fn complain(stored: &Stored, why: &dyn std::fmt::Display) {
    tracing::error!(stream = %stored.name, "{why}");
}
