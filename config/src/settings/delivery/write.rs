//! Settings of a stream written out: what its folder keeps of the settings it last ran with
//! (rule 16). Every value is there, so that a later version's defaults change nothing, and
//! reading it back gives the same settings.

use std::fmt::Write as _;
use std::path::Path;

use super::words::{parquet_word, raw_word};
use super::{Destination, FileDestination, Format, Parquet, Schema, Stream};
use crate::units::{print_size, print_span};
use crate::yaml::quoted;

/// The YAML of one stream under its name, all values written, secrets by reference.
pub fn write_stream(stream: &Stream) -> String {
    let mut lines = Lines::default();
    lines.add(0, &format!("{}:", quoted(stream.name.as_str())));
    if let Some(former) = &stream.former_name {
        lines.add(1, &format!("former_name: {}", quoted(former.as_str())));
    }
    lines.add(1, &format!("disk: {{quota: {}}}", print_size(stream.quota)));
    let (size, interval) = (stream.buffering.size, stream.buffering.interval);
    let (size, interval) = (print_size(size), print_span(interval));
    lines.add(
        1,
        &format!("buffering: {{size: {size}, interval: {interval}}}"),
    );
    lines.add(1, "format:");
    format(&mut lines, &stream.format);
    lines.add(1, "destination:");
    destination(&mut lines, 2, &stream.destination);
    lines.0
}

/// Text that grows line by line.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, depth: usize, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{}{line}", "  ".repeat(depth));
    }
}

fn format(lines: &mut Lines, format: &Format) {
    match format {
        Format::Raw(raw) => {
            let delimiter = if raw.newline { "newline" } else { "none" };
            let compression = raw_word(raw.compression);
            lines.add(
                2,
                &format!("raw: {{delimiter: {delimiter}, compression: {compression}}}"),
            );
        }
        Format::Parquet(Parquet {
            compression,
            schema,
        }) => {
            lines.add(2, "parquet:");
            lines.add(3, &format!("compression: {}", parquet_word(*compression)));
            match schema {
                Schema::Inferred => lines.add(3, "schema: inferred"),
                Schema::Declared(columns) => {
                    lines.add(3, "schema:");
                    for column in columns {
                        let (name, kind) = (quoted(&column.name), quoted(&column.kind.to_string()));
                        lines.add(4, &format!("- {{name: {name}, type: {kind}}}"));
                    }
                }
            }
        }
    }
}

fn destination(lines: &mut Lines, depth: usize, destination: &Destination) {
    let Destination::File(FileDestination {
        path,
        prefix,
        error_output_prefix,
        backup,
    }) = destination;
    lines.add(depth, "file:");
    lines.add(depth + 1, &format!("path: {}", quoted_path(path)));
    lines.add(depth + 1, &format!("prefix: {}", quoted(prefix.as_str())));
    if let Some(error) = error_output_prefix.as_str() {
        lines.add(
            depth + 1,
            &format!("error_output_prefix: {}", quoted(error)),
        );
    }
    if let Some(backup) = backup {
        lines.add(depth + 1, "backup:");
        self::destination(lines, depth + 2, backup);
    }
}

/// Paths of settings are UTF-8: the reader sees to it.
fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
