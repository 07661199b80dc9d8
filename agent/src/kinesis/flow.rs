//! One flow of the Kinesis Agent as one of ours.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use standpipe_config::settings::agent;
use standpipe_config::yaml::{Problems, quoted};

use super::{Notes, Object, Target, head, keys, option, regex};

/// What the Kinesis Agent never reads, whatever the pattern says: names that end like this, in
/// any case.
const COMPRESSED: [&str; 3] = ["*.[gG][zZ]", "*.[bB][zZ]2", "*.[zZ][iI][pP]"];

/// The flows that were converted.
#[derive(Default)]
pub(super) struct Flows {
    /// Each as an item of a list in YAML.
    pub(super) written: Vec<String>,
    /// Which pattern goes into which stream: a second time the Kinesis Agent refuses to start.
    seen: Vec<(String, String)>,
}

/// What a flow becomes, while it is put together.
struct Draft {
    pattern: String,
    stream: String,
    /// Further keys, each a line.
    lines: Vec<String>,
}

impl Flows {
    /// Converts the flows of a file.
    pub(super) fn add(&mut self, object: &Object, target: &Target, notes: &mut Notes) {
        let flows: &[Value] = match object.get("flows") {
            None => &[],
            Some(Value::Array(flows)) => flows,
            Some(_) => return notes.refuse("flows", "it is no list"),
        };
        for (number, flow) in flows.iter().enumerate() {
            match flow {
                Value::Object(flow) => {
                    notes.place = format!("flows[{number}].");
                    self.add_one(flow, target, notes);
                    notes.place.clear();
                }
                _ => notes.refuse(&format!("flows[{number}]"), "it is no object"),
            }
        }
    }

    fn add_one(&mut self, flow: &Object, target: &Target, notes: &mut Notes) {
        keys::say_flow(flow, notes);
        let Some(draft) = draft(flow, target, notes) else {
            return;
        };
        let pair = (draft.pattern.clone(), draft.stream.clone());
        if self.seen.contains(&pair) {
            let why = "a flow before it has the same pattern and the same stream";
            return notes.refuse("filePattern", why);
        }
        let written = draft.written();
        if let Err(Problems(problems)) = checked(&written) {
            for problem in problems {
                let key = problem.path.trim_start_matches("flows[0].").to_owned();
                notes.refuse(&key, problem.message);
            }
            return;
        }
        self.seen.push(pair);
        self.written.push(written);
    }
}

impl Draft {
    fn written(&self) -> String {
        let exclude = COMPRESSED.map(quoted).join(", ");
        let mut text = format!(
            "  - paths: [{}]\n    exclude: [{exclude}]\n    stream: {}\n",
            quoted(&self.pattern),
            quoted(&self.stream)
        );
        for line in &self.lines {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    {line}");
        }
        text
    }
}

/// Reads a flow as our own settings are read.
fn checked(flow: &str) -> Result<(), Problems> {
    let ship = "ship: {standpipe: {url: \"http://127.0.0.1:4574\"}}";
    let text = format!("{}{ship}\nflows:\n{flow}", head());
    agent::read(&text, "the converted flow", Path::new("/")).map(|_| ())
}

fn draft(flow: &Object, target: &Target, notes: &mut Notes) -> Option<Draft> {
    let pattern = pattern(flow, notes);
    let stream = stream(flow, notes);
    let mut lines = Vec::new();
    let start = start(flow, notes);
    lines.extend(start.map(|start| format!("start: {start}")));
    let multi_line = multi_line(flow, notes);
    lines.extend(multi_line.iter().flatten().cloned());
    let header = header(flow, notes);
    lines.extend(header.iter().flatten().cloned());
    let options = option::options(flow, notes);
    lines.extend(options.iter().flatten().cloned());
    aggregated(flow, target, notes);
    let complete = start.is_some() && multi_line.is_some() && header.is_some() && options.is_some();
    complete.then_some(())?;
    Some(Draft {
        pattern: pattern?,
        stream: stream?,
        lines,
    })
}

/// A folder, taken as it is, and a pattern of names in it.
fn pattern(flow: &Object, notes: &mut Notes) -> Option<String> {
    let Some(pattern) = flow.get("filePattern").and_then(Value::as_str) else {
        notes.refuse("filePattern", "it is missing, or no text");
        return None;
    };
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    if !pattern.starts_with('/') || name.is_empty() {
        notes.refuse(
            "filePattern",
            format!("{pattern:?} is no absolute path of files"),
        );
        return None;
    }
    Some(format!("{}/{name}", globset::escape(folder)))
}

fn stream(flow: &Object, notes: &mut Notes) -> Option<String> {
    // The Kinesis Agent looks for this one first.
    if let Some(stream) = flow.get("deliveryStream") {
        if flow.contains_key("kinesisStream") {
            let why = "ignored: deliveryStream comes first, for the Kinesis Agent too";
            notes.say("kinesisStream", why);
        }
        let stream = text(stream);
        if stream.is_none() {
            notes.refuse("deliveryStream", "it is no text");
        }
        return stream;
    }
    match flow.contains_key("kinesisStream") {
        true => notes.refuse(
            "kinesisStream",
            "this agent does not send to Kinesis Data Streams; to have these files in a stream of Standpipe or Firehose, write deliveryStream in its place and convert again",
        ),
        false => notes.refuse("deliveryStream", "it is missing"),
    }
    None
}

fn start(flow: &Object, notes: &mut Notes) -> Option<&'static str> {
    match flow.get("initialPosition") {
        None | Some(Value::Null) => Some("end"),
        Some(Value::String(position)) if position == "END_OF_FILE" => Some("end"),
        Some(Value::String(position)) if position == "START_OF_FILE" => {
            notes.say("initialPosition", "changes: at the very first start every file that matches is read from its beginning, rotated ones too (start: beginning)");
            Some("beginning")
        }
        Some(other) => {
            let why = format!("{other} is neither START_OF_FILE nor END_OF_FILE");
            notes.refuse("initialPosition", why);
            None
        }
    }
}

/// A line of our settings, if one is needed; `None` where the flow cannot be converted.
type Line = Option<Option<String>>;

fn multi_line(flow: &Object, notes: &mut Notes) -> Line {
    let java = match flow.get("multiLineStartPattern") {
        None | Some(Value::Null) => return Some(None),
        Some(Value::String(java)) if java.is_empty() => return Some(None),
        Some(Value::String(java)) => java,
        Some(_) => {
            notes.refuse("multiLineStartPattern", "it is no text");
            return None;
        }
    };
    match regex::translated(java) {
        Ok(pattern) => {
            let start = regex::at_the_beginning(&pattern);
            notes.say("multiLineStartPattern", "changes: the last record of a file is shipped when nothing was written for 5 s (multi_line.wait); the Kinesis Agent waits for the next one");
            Some(Some(format!("multi_line: {{start: {}}}", quoted(&start))))
        }
        Err(advice) => {
            notes.refuse("multiLineStartPattern", format!("{java:?}: {advice}"));
            None
        }
    }
}

fn header(flow: &Object, notes: &mut Notes) -> Line {
    let Some(value) = flow.get("skipHeaderLines").filter(|value| !value.is_null()) else {
        return Some(None);
    };
    match number(value) {
        Some(..=0) => Some(None),
        Some(lines) => Some(Some(format!("skip_header_lines: {lines}"))),
        None => {
            notes.refuse("skipHeaderLines", format!("{value} is no whole number"));
            None
        }
    }
}

fn aggregated(flow: &Object, target: &Target, notes: &mut Notes) {
    let Some(value) = flow.get("aggregatedRecordSizeBytes") else {
        return;
    };
    if number(value) != Some(0) {
        notes.say("aggregatedRecordSizeBytes", match target {
            Target::Standpipe(_) => "ignored: each line stays a record; they travel together anyway",
            Target::Firehose => "changes: each line is a record of Firehose, which Amazon bills as at least 5 KiB; none are put together",
        });
    }
}

/// A text, or what the Kinesis Agent takes for one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, which may be written as text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}
