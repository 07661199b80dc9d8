//! Settings of a stream written out: what its folder keeps of the settings it last ran with
//! (rule 16). Every value is there, so that a later version's defaults change nothing, and
//! reading it back gives the same settings.

use std::fmt::Write as _;
use std::path::Path;

use super::words::{orc_word, parquet_word, raw_word};
use super::{Bucket, Destination, Format, JsonSerDe, Orc, Parquet, S3Destination, Schema, Stream};
use super::{opensearch, partitioning, warehouse};
use crate::prefix::{ErrorPrefix, Prefix};
use crate::secret::SecretSource;
use crate::units::{print_size, print_span};
use crate::yaml::quoted;

/// The YAML of one stream under its name, all values written, secrets by reference.
pub fn write_stream(stream: &Stream) -> String {
    let mut lines = Lines::default();
    lines.add(0, &format!("{}:", quoted(stream.name.as_str())));
    if let Some(former) = &stream.former_name {
        lines.add(1, &format!("former_name: {}", quoted(former.as_str())));
    }
    if let Some(deaggregation) = &stream.deaggregation {
        lines.add(1, &format!("deaggregate: {}", deaggregation.written()));
    }
    lines.add(1, &format!("disk: {{quota: {}}}", print_size(stream.quota)));
    let (size, interval) = (stream.buffering.size, stream.buffering.interval);
    let (size, interval) = (print_size(size), print_span(interval));
    lines.add(
        1,
        &format!("buffering: {{size: {size}, interval: {interval}}}"),
    );
    if let Some(transform) = &stream.transform {
        lines.add(1, &format!("transform: {}", transform.written()));
    }
    if let Some(found) = &stream.partitioning {
        let written = partitioning::lines(found);
        written.iter().for_each(|line| lines.add(1, line));
    }
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
            json,
            layout,
        }) => {
            lines.add(2, "parquet:");
            lines.add(3, &format!("compression: {}", parquet_word(*compression)));
            let laid_out = layout.written();
            laid_out.iter().for_each(|line| lines.add(3, line));
            reading(lines, schema, json);
        }
        Format::Orc(Orc {
            compression,
            schema,
            json,
            stripe_size,
        }) => {
            lines.add(2, "orc:");
            lines.add(3, &format!("compression: {}", orc_word(*compression)));
            lines.add(3, &format!("stripe_size: {}", print_size(*stripe_size)));
            reading(lines, schema, json);
        }
    }
}

/// How records become rows.
fn reading(lines: &mut Lines, schema: &Schema, json: &JsonSerDe) {
    match schema {
        Schema::Inferred => lines.add(3, "schema: inferred"),
        Schema::Declared(columns) => {
            lines.add(3, &format!("json: {}", json.written()));
            lines.add(3, "schema:");
            for column in columns {
                let (name, kind) = (quoted(&column.name), quoted(&column.kind.to_string()));
                lines.add(4, &format!("- {{name: {name}, type: {kind}}}"));
            }
        }
    }
}

fn destination(lines: &mut Lines, depth: usize, destination: &Destination) {
    match destination {
        Destination::File(file) => {
            lines.add(depth, "file:");
            lines.add(depth + 1, &format!("path: {}", quoted_path(&file.path)));
            prefixes(lines, depth + 1, &file.prefix, &file.error_output_prefix);
            extension(lines, depth + 1, file.file_extension.as_deref());
        }
        Destination::S3(s3) => bucket_with_prefixes(lines, depth, s3),
        Destination::OpenSearch(search) => {
            lines.add(depth, "opensearch:");
            let written = opensearch::lines(search);
            written.iter().for_each(|line| lines.add(depth + 1, line));
        }
        Destination::Postgresql(postgresql) => {
            lines.add(depth, "postgresql:");
            let written = warehouse::postgresql_lines(postgresql);
            written.iter().for_each(|line| lines.add(depth + 1, line));
        }
        Destination::Redshift(redshift) => {
            lines.add(depth, "redshift:");
            let written = warehouse::redshift_lines(redshift);
            written.iter().for_each(|line| lines.add(depth + 1, line));
            lines.add(depth + 1, "staging:");
            bucket_with_prefixes(lines, depth + 2, &redshift.staging);
        }
    }
    let backup = match destination {
        Destination::OpenSearch(search) => Some(&*search.backup),
        Destination::Postgresql(postgresql) => Some(&*postgresql.backup),
        Destination::Redshift(redshift) => Some(&*redshift.backup),
        Destination::File(_) | Destination::S3(_) => {
            let failed = destination.backup_of_failed();
            if failed.is_some() {
                lines.add(depth + 1, "backup_mode: failed");
            }
            failed.or(destination.backup())
        }
    };
    if let Some(backup) = backup {
        lines.add(depth + 1, "backup:");
        self::destination(lines, depth + 2, backup);
    }
}

fn bucket_with_prefixes(lines: &mut Lines, depth: usize, s3: &S3Destination) {
    lines.add(depth, "s3:");
    bucket(lines, depth + 1, &s3.bucket);
    let stored = s3.storing.written();
    stored.iter().for_each(|line| lines.add(depth + 1, line));
    prefixes(lines, depth + 1, &s3.prefix, &s3.error_output_prefix);
    extension(lines, depth + 1, s3.file_extension.as_deref());
}

fn bucket(lines: &mut Lines, depth: usize, bucket: &Bucket) {
    let mut text = |key: &str, value: &str| lines.add(depth, &format!("{key}: {}", quoted(value)));
    text("bucket", &bucket.name);
    if let Some(endpoint) = &bucket.endpoint {
        text("endpoint", endpoint);
    }
    text("region", &bucket.region);
    if let Some(access) = &bucket.access {
        text("access_key_id", &access.key_id);
    }
    lines.add(depth, &format!("path_style: {}", bucket.path_style));
    if let Some(access) = &bucket.access {
        let source = match access.secret.source() {
            SecretSource::File(path) => format!("file: {}", quoted_path(path)),
            SecretSource::Env(name) => format!("env: {}", quoted(name)),
        };
        lines.add(depth, &format!("secret_access_key: {{{source}}}"));
    }
}

fn prefixes(lines: &mut Lines, depth: usize, prefix: &Prefix, errors: &ErrorPrefix) {
    lines.add(depth, &format!("prefix: {}", quoted(prefix.as_str())));
    if let Some(error) = errors.as_str() {
        lines.add(depth, &format!("error_output_prefix: {}", quoted(error)));
    }
    let zone = prefix.zone();
    if !zone.is_utc() {
        lines.add(depth, &format!("time_zone: {}", quoted(zone.name())));
    }
}

fn extension(lines: &mut Lines, depth: usize, extension: Option<&str>) {
    if let Some(extension) = extension {
        lines.add(depth, &format!("file_extension: {}", quoted(extension)));
    }
}

/// Paths of settings are UTF-8: the reader sees to it.
pub(super) fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
