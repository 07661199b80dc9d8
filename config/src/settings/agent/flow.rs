//! The reader of flows.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use globset::GlobBuilder;

use super::pattern::pattern;
use super::tables::{FLOW, MULTI_LINE};
use super::{Encoding, Flow, Journald, MultiLine, Watching, journald, parse};
use crate::limits::{DEFAULT_MAX_LINE, MAX_RECORD};
use crate::names::StreamName;
use crate::settings::values;
use crate::yaml::{At, Fields};

/// How long an event may wait for its end.
const WAIT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(3600);

/// More lines than that are no header.
const MOST_HEADER_LINES: u64 = 1_000_000;

const _: () = assert!(DEFAULT_MAX_LINE / 2 * 2 <= MAX_RECORD);

/// Which paths go into which stream so far. Progress is kept per source and stream (rule 8), so
/// the same files cannot feed the same stream twice.
#[derive(Default)]
pub(super) struct Seen(Vec<(String, StreamName)>);

pub(super) fn flows(at: &At<'_>, seen: &mut Seen) -> Option<Vec<Flow>> {
    let items = at.items()?;
    let flows: Vec<_> = items.iter().map(|at| flow(at, seen)).collect();
    flows.into_iter().collect()
}

fn flow(at: &At<'_>, seen: &mut Seen) -> Option<Flow> {
    let fields = at.fields(&FLOW)?;
    if fields.has("journald") {
        let flow = journald::flow(&fields)?;
        let name = flow.journald.as_ref().map(Journald::name);
        check_seen(at, name.as_slice(), &flow.stream, seen);
        return Some(flow);
    }
    let paths = fields.read("paths", |at| patterns(at, path_pattern));
    let exclude = fields.optional("exclude", |at| patterns(at, exclude_pattern));
    let stream = fields.read("stream", values::stream_name);
    let start = fields.read("start", journald::start);
    let parse = parse::parse(&fields);
    let encoding = fields.read("encoding", encoding);
    let max_line = max_line(&fields, encoding.unwrap_or(Encoding::Utf8));
    let multi_line = fields.optional("multi_line", multi_line);
    let skip_header_lines = fields.read("skip_header_lines", |at| at.count(0..=MOST_HEADER_LINES));
    let watch = fields.read("watch", watch);
    if let (Some(paths), Some(stream)) = (&paths, &stream) {
        check_seen(at, paths, stream, seen);
    }
    Some(Flow {
        paths: paths?,
        exclude: exclude?.unwrap_or_default(),
        stream: stream?,
        start: start?,
        parse: parse?,
        max_line: max_line?,
        multi_line: multi_line?,
        skip_header_lines: skip_header_lines?,
        encoding: encoding?,
        watch: watch?,
        journald: None,
    })
}

fn watch(at: &At<'_>) -> Option<Watching> {
    at.choice(&[("auto", Watching::Auto), ("poll", Watching::Poll)])
}

fn encoding(at: &At<'_>) -> Option<Encoding> {
    at.choice(&[
        ("utf-8", Encoding::Utf8),
        ("utf-16le", Encoding::Utf16Le),
        ("utf-16be", Encoding::Utf16Be),
        ("latin-1", Encoding::Latin1),
    ])
}

/// What grows when it becomes UTF-8 must fit in a record all the same (rule 9).
fn max_line(fields: &Fields<'_>, encoding: Encoding) -> Option<usize> {
    let most = match encoding {
        Encoding::Utf8 => DEFAULT_MAX_LINE,
        Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Latin1 => DEFAULT_MAX_LINE / 2,
    };
    let least = if encoding == Encoding::Utf8 { 1 } else { 8 };
    let read = |at: &At<'_>| at.size(least..=most as u64);
    let size = fields.read_or("max_line", &most.to_string(), read)?;
    Some(size as usize)
}

fn multi_line(at: &At<'_>) -> Option<MultiLine> {
    let fields = at.fields(&MULTI_LINE)?;
    let start = fields.read("start", pattern);
    let wait = fields.read("wait", |at| at.span(WAIT));
    Some(MultiLine {
        start: start?,
        wait: wait?,
    })
}

fn check_seen(at: &At<'_>, paths: &[String], stream: &StreamName, seen: &mut Seen) {
    for path in paths {
        let pair = (path.clone(), stream.clone());
        if seen.0.contains(&pair) {
            at.problem(format!(
                "conflict: {path:?} feeds the stream {stream} already"
            ));
        }
        seen.0.push(pair);
    }
}

/// A list of patterns, not empty.
fn patterns(at: &At<'_>, read: fn(&At<'_>) -> Option<String>) -> Option<Vec<String>> {
    let items = at.items()?;
    if items.is_empty() {
        at.wrong_type("a list of at least one pattern");
        return None;
    }
    let patterns: Vec<_> = items.iter().map(read).collect();
    patterns.into_iter().collect()
}

fn path_pattern(at: &At<'_>) -> Option<String> {
    let pattern = absolute(at, &at.filled("a pattern of paths")?)?;
    check_glob(at, pattern)
}

/// What contains no slash is meant for the file name; `**/` for any folder.
fn exclude_pattern(at: &At<'_>) -> Option<String> {
    let text = at.filled("a pattern of paths or of file names")?;
    let pattern = match text.contains('/') && !text.starts_with("**") {
        true => absolute(at, &text)?,
        false => text,
    };
    check_glob(at, pattern)
}

/// The pattern from the root on, without `.` and `..`, as the paths that it is compared with.
fn absolute(at: &At<'_>, pattern: &str) -> Option<String> {
    let Some(folder) = at.folder().to_str() else {
        at.problem("the folder of this file is not UTF-8: write an absolute path");
        return None;
    };
    let folder = match Path::new(pattern).is_absolute() {
        true => String::new(),
        false => globset::escape(folder),
    };
    let mut plain = PathBuf::new();
    for part in Path::new(&folder).join(pattern).components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain.to_str().map(str::to_owned)
}

fn check_glob(at: &At<'_>, pattern: String) -> Option<String> {
    let built = GlobBuilder::new(&pattern).literal_separator(true).build();
    if let Err(error) = &built {
        at.problem(format!(
            "found {}, which is no pattern: {}",
            at.found(),
            error.kind()
        ));
    }
    built.ok().map(|_| pattern)
}
