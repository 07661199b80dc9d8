//! The steps of the Kinesis Agent's options, each from bytes to bytes.

use regex::bytes::CaptureLocations;
use standpipe_config::settings::agent::{Log, Metadata, Pattern, Step};

use super::{Origin, Why, apache_error, combined, csv, json, syslog};

/// A step with what it needs to be quick.
#[derive(Debug)]
pub(super) enum Work {
    /// Without anything.
    Plain(Step),
    /// Names as `"name":`, in JSON.
    Csv(Vec<Vec<u8>>, u8),
    Match(Pattern, Vec<Vec<u8>>, CaptureLocations),
    Metadata(Metadata, String),
}

impl Work {
    pub(super) fn new(step: &Step, host: &str) -> Self {
        match step {
            Step::Csv { names, delimiter } => Self::Csv(keys(names), *delimiter),
            Step::Match(pattern, names) => {
                Self::Match(pattern.clone(), keys(names), pattern.capture_locations())
            }
            Step::Metadata(metadata) => Self::Metadata(metadata.clone(), host.to_owned()),
            other => Self::Plain(other.clone()),
        }
    }

    /// Whether what it writes is one JSON value.
    pub(super) fn gives_json(&self) -> bool {
        !matches!(self, Self::Plain(Step::SingleLine { .. } | Step::Brackets))
    }

    /// Appends what the record becomes.
    pub(super) fn run(
        &mut self,
        record: &[u8],
        is_json: bool,
        origin: &Origin<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Why> {
        match self {
            Self::Csv(keys, delimiter) => csv::write(record, keys, *delimiter, out),
            Self::Match(pattern, keys, places) => groups(record, pattern, keys, places, out),
            Self::Metadata(metadata, host) => {
                wrap(record, is_json, (metadata, host), origin, out);
                Ok(())
            }
            Self::Plain(Step::Log(log)) => write_log(*log, record, out),
            Self::Plain(Step::Combined) => {
                let valid = combined::parse(record)?.write(out);
                json::end_object(valid, out);
                Ok(())
            }
            Self::Plain(Step::SingleLine { trim, escape }) => {
                single_line(record, *trim, *escape, out);
                Ok(())
            }
            Self::Plain(Step::Brackets) => {
                out.push(b'{');
                out.extend_from_slice(record);
                out.push(b'}');
                Ok(())
            }
            Self::Plain(_) => {
                super::write_line(&super::whole(record), None, out);
                Ok(())
            }
        }
    }
}

fn keys(names: &[String]) -> Vec<Vec<u8>> {
    let key = |name: &String| {
        let mut key = Vec::new();
        json::string(name.as_bytes(), &mut key);
        key.push(b':');
        key
    };
    names.iter().map(key).collect()
}

fn write_log(log: Log, record: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    match log {
        Log::CommonApache => {
            let fields = combined::parse(record)?;
            if fields.is_common() {
                let valid = fields.write_kinesis(false, out);
                json::end_object(valid, out);
                return Ok(());
            }
            Err("it has more fields than the common format: COMBINEDAPACHELOG keeps them")
        }
        Log::CombinedApache => {
            let valid = combined::parse(record)?.write_kinesis(true, out);
            json::end_object(valid, out);
            Ok(())
        }
        Log::ApacheError => apache_error::write(record, out),
        Log::Syslog => syslog::write(record, syslog::Time::Rfc3164, out),
        Log::Rfc3339Syslog => syslog::write(record, syslog::Time::Rfc3339, out),
        Log::Rfc5424 => syslog::write_rfc5424(record, out),
    }
}

/// Each group under its name; null where it took no part in the match.
fn groups(
    record: &[u8],
    pattern: &Pattern,
    keys: &[Vec<u8>],
    places: &mut CaptureLocations,
    out: &mut Vec<u8>,
) -> Result<(), Why> {
    if pattern.captures_read(places, record).is_none() {
        return Err("it does not match matchPattern");
    }
    let mut valid = true;
    for (place, key) in keys.iter().enumerate() {
        out.push(if place == 0 { b'{' } else { b',' });
        out.extend_from_slice(key);
        match places.get(place + 1) {
            Some((from, to)) => valid &= json::string(&record[from..to], out),
            None => out.extend_from_slice(b"null"),
        }
    }
    json::end_object(valid, out);
    Ok(())
}

/// `{"ts": …, "metadata": {…}, "data": …}`
fn wrap(
    record: &[u8],
    is_json: bool,
    (metadata, host): (&Metadata, &str),
    origin: &Origin<'_>,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    if metadata.timestamp {
        out.extend_from_slice(b"\"ts\":");
        json::string(origin.time.as_bytes(), out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"metadata\":");
    out.extend_from_slice(metadata.object.as_bytes());
    let mut first = metadata.object.len() == 1;
    let mut key = |name: &str, out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.extend_from_slice(name.as_bytes());
    };
    if metadata.file {
        key("\"file\":", out);
        json::string(origin.path, out);
    }
    if metadata.host {
        key("\"host\":", out);
        json::string(host.as_bytes(), out);
    }
    if metadata.offset {
        key("\"offset\":", out);
        json::number(origin.offset, out);
    }
    if metadata.time {
        key("\"time\":", out);
        json::string(origin.time.as_bytes(), out);
    }
    out.extend_from_slice(b"},\"data\":");
    let valid = match is_json {
        true => {
            out.extend_from_slice(record);
            true
        }
        false => json::string(record, out),
    };
    json::end_object(valid, out);
}

/// Lines as one: each without white space around it if `trim`, with `\n` between them if `escape`.
fn single_line(record: &[u8], trim: bool, escape: bool, out: &mut Vec<u8>) {
    for (place, line) in record.split(|byte| *byte == b'\n').enumerate() {
        if place > 0 && escape {
            out.extend_from_slice(b"\\n");
        }
        let ended = line.strip_suffix(b"\r").unwrap_or(line);
        out.extend_from_slice(if trim { line.trim_ascii() } else { ended });
    }
}

#[cfg(test)]
mod tests;
