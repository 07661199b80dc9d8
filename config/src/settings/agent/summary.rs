//! What a file means, in words, defaults included: what `check` prints when nothing is wrong.

use std::fmt::Write as _;

use super::{
    Encoding, Firehose, Flow, Journald, Log, OnError, Settings, Ship, Start, Step, Watching,
};
use crate::settings::Admin;
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
    line(Admin::summary(settings.admin.as_ref()));
    line(ship(&settings.ship));
    line(format!(
        "in flight: at most {}",
        print_size(settings.in_flight)
    ));
    settings.flows.iter().flat_map(flow).for_each(line);
    text
}

fn ship(ship: &Ship) -> String {
    let (url, token, trust) = match ship {
        Ship::Standpipe { url, token, trust } => (url, token, trust),
        Ship::Firehose(firehose) => return to_firehose(firehose),
    };
    let mut line = format!("ships to the daemon at {url}");
    line += &match token {
        Some(token) => format!(", token from {}", token.source()),
        None => ", without a token".to_owned(),
    };
    if let Some(ca) = &trust.ca {
        line += &format!(", its certificate signed by {}", ca.display());
    }
    if let Some(identity) = &trust.identity {
        line += &format!(", showing {}", identity.certificate.display());
    }
    line
}

fn to_firehose(firehose: &Firehose) -> String {
    let Firehose {
        endpoint,
        region,
        key,
        ca,
    } = firehose;
    let mut line = format!("ships at least once to Firehose at {endpoint}, region {region}");
    line += &match key {
        Some((id, secret)) => format!(", as {id}, its secret from {}", secret.source()),
        None => ", as whom the usual chain of AWS finds".to_owned(),
    };
    if let Some(ca) = ca {
        line += &format!(", its certificate signed by {}", ca.display());
    }
    line
}

fn flow(flow: &Flow) -> Vec<String> {
    let mut lines = vec![format!("flow into {}", flow.stream)];
    if let Some(journald) = &flow.journald {
        lines.extend(journal(journald, flow.start));
        return lines;
    }
    lines.extend(flow.paths.iter().map(|path| format!("  follows {path}")));
    lines.extend(flow.exclude.iter().map(|path| format!("  but not {path}")));
    let start = match flow.start {
        Start::Beginning => "at the beginning",
        Start::End => "at the end",
    };
    lines.push(format!(
        "  begins {start} of files that are there at the very first start"
    ));
    let steps: Vec<&str> = flow.parse.steps.iter().map(step).collect();
    let parse = match &steps[..] {
        [] => "the line as it is".to_owned(),
        steps => steps.join(", then "),
    };
    lines.push(format!(
        "  a record is {parse}, cut after {} bytes",
        flow.max_line
    ));
    lines.extend(shape(flow));
    lines
}

fn journal(journald: &Journald, start: Start) -> Vec<String> {
    let from = match &journald.directory {
        Some(directory) => format!("the journal in {}", directory.display()),
        None => "this machine's journal".to_owned(),
    };
    let mut lines = vec![format!("  reads {from}")];
    if !journald.units.is_empty() {
        let units = journald.units.join(", ");
        lines.push(format!("  of it what these units say: {units}"));
    }
    if !journald.matches.is_empty() {
        let fields = journald.matches.join(", ");
        lines.push(format!("  of it what has {fields}"));
    }
    lines.push(match start {
        Start::Beginning => "  begins with the oldest entry".to_owned(),
        Start::End => {
            "  begins behind the entry that is the newest at the very first start".to_owned()
        }
    });
    lines.push("  a record is the entry as JSON".to_owned());
    lines
}

fn step(step: &Step) -> &'static str {
    match step {
        Step::Line => "the line as JSON",
        Step::Combined => "Apache's log line as JSON",
        Step::Log(Log::CommonApache | Log::CombinedApache) => "Apache's log line as JSON text",
        Step::Log(Log::ApacheError) => "Apache's error as JSON text",
        Step::Log(Log::Syslog | Log::Rfc3339Syslog | Log::Rfc5424) => "syslog as JSON text",
        Step::Match(..) => "the groups of a pattern as JSON text",
        Step::Csv { .. } => "columns as JSON text",
        Step::SingleLine { .. } => "all in one line",
        Step::Metadata(_) => "the same with where it is from",
        Step::Brackets => "the same in brackets",
    }
}

/// What is said only where it is not the default.
fn shape(flow: &Flow) -> impl Iterator<Item = String> {
    let together = flow.multi_line.as_ref().map(|multi_line| {
        let wait = print_span(multi_line.wait);
        format!(
            "  a line that matches {:?} begins a record, which ends before the next one or after {wait} of silence",
            multi_line.start.as_str()
        )
    });
    let header = match flow.skip_header_lines {
        0 => None,
        1 => Some("  passes over the first line of each file".to_owned()),
        lines => Some(format!(
            "  passes over the first {lines} lines of each file"
        )),
    };
    let encoding = match flow.encoding {
        Encoding::Utf8 => None,
        Encoding::Utf16Le => Some("UTF-16, low byte first"),
        Encoding::Utf16Be => Some("UTF-16, high byte first"),
        Encoding::Latin1 => Some("Latin-1"),
    };
    let encoding = encoding.map(|name| format!("  reads {name}"));
    let unparsed = match flow.parse.on_error {
        OnError::Raw => None,
        OnError::Drop => Some("  drops what does not parse"),
        OnError::DeadLetter => Some("  what does not parse goes into data_dir/dead-letter only"),
    };
    let unparsed = unparsed.map(str::to_owned);
    let record_id = flow.parse.record_id;
    let record_id = record_id.then(|| "  each record says which line it is".to_owned());
    let polled = (flow.watch == Watching::Poll)
        .then(|| "  looks for changes several times a second".to_owned());
    let said = [together, header, encoding, unparsed, record_id, polled];
    said.into_iter().flatten()
}
