//! What a file means, in words, defaults included: what `check` prints when nothing is wrong.

use std::fmt::Write as _;

use super::words::{orc_word, parquet_word, raw_word};
use super::{
    Bucket, Destination, Firehose, Format, HighWater, JsonSerDe, Listen, Schema, Settings, Stream,
};
use super::{opensearch, orc, partitioning, warehouse};
use crate::prefix::{ErrorPrefix, Prefix};
use crate::settings::admin::{Admin, place, tokens};
use crate::units::{print_size, print_span};

/// What the settings mean, as lines of text.
pub fn summary(settings: &Settings) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    };
    let tmpfs = match settings.allow_tmpfs {
        true => ", may lie in memory",
        false => "",
    };
    line(format!("data: {}{tmpfs}", settings.data_dir.display()));
    doors(&settings.listen).into_iter().for_each(&mut line);
    line(format!(
        "memory: at most {}",
        print_size(settings.limits.memory)
    ));
    line(match settings.limits.disk {
        HighWater::Percent(percent) => format!("disk: full at {percent}% of its file system"),
        HighWater::Free(bytes) => {
            format!("disk: full when less than {} is free", print_size(bytes))
        }
    });
    settings.streams.iter().flat_map(stream).for_each(line);
    text
}

fn doors(listen: &Listen) -> Vec<String> {
    let native = listen.native.as_ref().map(|native| {
        let place = place(native.address, native.tls.as_ref());
        let names = tokens(native.tokens.iter().map(|token| token.name.as_str()));
        format!("native door: {place}, {names}")
    });
    let admin = Admin::summary(listen.admin.as_ref());
    let firehose = listen.firehose.as_ref().map(firehose);
    firehose.into_iter().chain(native).chain([admin]).collect()
}

fn firehose(door: &Firehose) -> String {
    let keys: Vec<_> = door.keys.iter().map(|key| key.id.as_str()).collect();
    let keys = match keys.is_empty() {
        true => "without keys".to_owned(),
        false => format!("keys: {}", keys.join(", ")),
    };
    let address = place(door.address, door.tls.as_ref());
    let (region, account) = (&door.region, &door.account);
    let made = match &door.created {
        Some(created) => {
            let endpoint = created.store().endpoint.as_deref().unwrap_or("AWS");
            let tables = created.tables().map_or(String::new(), |folder| {
                format!(", with tables from {}", folder.display())
            });
            format!("streams made over the wire deliver to {endpoint}{tables}")
        }
        None => "no streams are made over the wire".to_owned(),
    };
    format!("firehose door: {address}, region {region}, account {account}, {keys}; {made}")
}

fn stream(stream: &Stream) -> Vec<String> {
    let mut lines = vec![format!("stream {}", stream.name)];
    if let Some(former) = &stream.former_name {
        lines.push(format!("  takes over the data of {former}"));
    }
    if let Some(deaggregation) = &stream.deaggregation {
        lines.push(format!("  {}", deaggregation.meaning()));
    }
    lines.push(format!("  disk: at most {}", print_size(stream.quota)));
    lines.push(format!(
        "  batch: closes at {} or after {}",
        print_size(stream.buffering.size),
        print_span(stream.buffering.interval)
    ));
    lines.extend(stream.transform.iter().flat_map(|t| t.meaning()));
    lines.extend(stream.partitioning.iter().flat_map(partitioning::summary));
    lines.push(format!("  format: {}", format(&stream.format)));
    destination("destination", &stream.destination, &mut lines);
    lines
}

fn format(format: &Format) -> String {
    match format {
        Format::Raw(raw) => format!(
            "raw, delimiter {}, compression {}",
            if raw.newline { "newline" } else { "none" },
            raw_word(raw.compression)
        ),
        Format::Parquet(parquet) => {
            let compression = parquet_word(parquet.compression);
            let reading = reading(parquet.layout.meaning(), &parquet.schema, &parquet.json);
            format!("parquet, compression {compression}, {reading}")
        }
        Format::Orc(found) => {
            let compression = orc_word(found.compression);
            let reading = reading(orc::meaning(found.stripe_size), &found.schema, &found.json);
            format!("orc, compression {compression}, {reading}")
        }
    }
}

/// How files are laid out, and how records become their rows.
fn reading(layout: Option<String>, schema: &Schema, json: &JsonSerDe) -> String {
    let schema = match schema {
        Schema::Inferred => "inferred from the records".to_owned(),
        Schema::Declared(columns) => {
            let columns = columns.iter().map(|c| format!("{} {}", c.name, c.kind));
            columns.collect::<Vec<_>>().join(", ")
        }
    };
    let more = [layout, json.meaning()].into_iter().flatten();
    let more: String = more.map(|more| format!("{more}, ")).collect();
    format!("{more}schema: {schema}")
}

fn destination(role: &str, destination: &Destination, lines: &mut Vec<String>) {
    match destination {
        Destination::File(file) => {
            lines.push(format!("  {role}: folder {}", file.path.display()));
            prefixes(&file.prefix, errors(destination), lines);
            lines.extend(extension(file.file_extension.as_deref()));
        }
        Destination::S3(s3) => {
            bucket(role, &s3.bucket, lines);
            lines.extend(s3.storing.meaning());
            prefixes(&s3.prefix, errors(destination), lines);
            lines.extend(extension(s3.file_extension.as_deref()));
        }
        Destination::OpenSearch(search) => {
            lines.extend(opensearch::summary(search));
            if !search.backup_all {
                self::destination("failed records to", &search.backup, lines);
            }
        }
        Destination::Postgresql(postgresql) => {
            lines.extend(warehouse::summary(&postgresql.loading, "by COPY"));
            if !postgresql.backup_all {
                self::destination("failed records to", &postgresql.backup, lines);
            }
        }
        Destination::Redshift(redshift) => {
            lines.extend(warehouse::redshift_summary(redshift));
            bucket("staged in", &redshift.staging.bucket, lines);
            lines.push(format!(
                "    objects under {}",
                data(&redshift.staging.prefix)
            ));
            if !redshift.backup_all {
                self::destination("failed records to", &redshift.backup, lines);
            }
        }
    }
    if let Some(backup) = destination.backup_of_failed() {
        self::destination("failed records to", backup, lines);
    }
    if let Some(backup) = destination.backup() {
        self::destination("backup", backup, lines);
    }
}

fn bucket(role: &str, bucket: &Bucket, lines: &mut Vec<String>) {
    let Bucket {
        name,
        endpoint,
        region,
        path_style,
        access,
    } = bucket;
    let endpoint = endpoint.as_deref().unwrap_or("AWS");
    let style = match path_style {
        true => "path",
        false => "host",
    };
    lines.push(format!(
        "  {role}: bucket {name} at {endpoint}, named in the {style}, region {region}"
    ));
    lines.push(match access {
        Some(access) => format!(
            "    access key {}, its secret from {}",
            access.key_id,
            access.secret.source()
        ),
        None => "    access key: whichever the usual AWS chain finds".to_owned(),
    });
}

/// Where failed records lie in the destination itself, unless its backup takes them.
fn errors(destination: &Destination) -> Option<&ErrorPrefix> {
    let own = destination.backup_of_failed().is_none();
    own.then(|| destination.error_output_prefix())
}

fn prefixes(prefix: &Prefix, errors: Option<&ErrorPrefix>, lines: &mut Vec<String>) {
    lines.push(format!("    objects under {}", data(prefix)));
    if let Some(errors) = errors {
        lines.push(format!("    failed records under {}", errors.meaning()));
    }
    if !prefix.zone().is_utc() {
        lines.push(format!("    times of {}", prefix.zone().name()));
    }
}

fn extension(extension: Option<&str>) -> Option<String> {
    extension.map(|extension| format!("    keys of data objects end in {extension}"))
}

fn data(prefix: &Prefix) -> String {
    match prefix.is_literal() {
        true => format!("{}!{{timestamp:yyyy/MM/dd/HH}}/", prefix.as_str()),
        false => prefix.as_str().to_owned(),
    }
}
