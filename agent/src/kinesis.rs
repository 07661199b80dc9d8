//! A home for users of the Kinesis Agent: its `agent.json` becomes settings of this agent.
//!
//! What means the same is carried over without a word. For each key that changes its meaning or is
//! ignored one line is said, and what cannot be carried over at all is refused with the reason: a
//! flow that would ship other records than before is worse than none. Every flow that is written
//! has been read by the reader of our own settings, so that `check` takes what comes out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use standpipe_config::yaml::quoted;

mod comments;
mod flow;
mod keys;
mod option;
mod regex;

use flow::Flows;

/// An object of JSON.
type Object = Map<String, Value>;

/// Where records go from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// To a daemon of ours, with this address of its native door.
    Standpipe(String),
    /// To Firehose, as before.
    Firehose,
}

/// What became of a configuration.
#[derive(Debug)]
pub struct Converted {
    /// Our settings; `None` where no flow is left.
    pub settings: Option<String>,
    /// One line for each key that changes its meaning, is ignored, or is refused.
    pub said: Vec<String>,
    /// A flow, or a part of one, was left out.
    pub incomplete: bool,
}

/// Why nothing can be converted.
#[derive(Debug, thiserror::Error)]
pub enum CannotConvert {
    /// The file cannot be read.
    #[error("cannot read the Kinesis Agent's settings {}: {source}", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no JSON object.
    #[error("cannot convert {}: it is no JSON object: {why}", file.display())]
    NoJson {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

/// Converts a configuration, and the flows of the files in `agent.d` beside it.
pub fn convert(file: &Path, target: &Target) -> Result<Converted, CannotConvert> {
    let top = read(file)?;
    let mut notes = Notes::new(file);
    let ship = ship(&top, target, &mut notes);
    let mut flows = Flows::default();
    flows.add(&top, target, &mut notes);
    for more in more_files(file) {
        notes.file = more.display().to_string();
        match read(&more) {
            Ok(below) => {
                keys::say_unused(&below, &mut notes);
                flows.add(&below, target, &mut notes);
            }
            Err(error) => notes.left_out(format!("{error}; its flows are left out")),
        }
    }
    let mut settings = None;
    if flows.written.is_empty() {
        notes.file = file.display().to_string();
        notes.left_out("no flow can be converted: nothing is written".to_owned());
    } else {
        let from = file.display().to_string().replace(['\n', '\r'], " ");
        settings = Some(format!(
            "# Converted from {from}\n{}{ship}flows:\n{}",
            head(),
            flows.written.concat()
        ));
    }
    Ok(Converted {
        settings,
        said: notes.said,
        incomplete: notes.incomplete,
    })
}

/// What a converted file begins with.
fn head() -> &'static str {
    "data_dir: /var/lib/standpipe-agent\nlisten: {admin: {address: 127.0.0.1:4576}}\n"
}

fn read(file: &Path) -> Result<Object, CannotConvert> {
    let text = fs::read_to_string(file).map_err(|source| CannotConvert::Unread {
        file: file.to_owned(),
        source,
    })?;
    let no_json = |why: String| CannotConvert::NoJson {
        file: file.to_owned(),
        why,
    };
    match serde_json::from_str(&comments::without(&text)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(no_json("it is another value".to_owned())),
        Err(error) => Err(no_json(error.to_string())),
    }
}

/// Every file of `agent.d` beside the settings, by name: there the Kinesis Agent looks for more
/// flows.
fn more_files(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new("")).join("agent.d");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The settings under `ship`, and what is to be said of the keys of the file itself.
fn ship(top: &Object, target: &Target, notes: &mut Notes) -> String {
    keys::say_top(top, target, notes);
    match target {
        Target::Standpipe(url) => {
            notes.say(
                "deliveryStream",
                format!("each names a stream of the Standpipe daemon at {url} now; --firehose goes on sending to Firehose"),
            );
            format!("ship:\n  standpipe: {{url: {}}}\n", quoted(url))
        }
        Target::Firehose => {
            let endpoint = top.get("firehose.endpoint").and_then(Value::as_str);
            let region = endpoint.and_then(standpipe_config::settings::agent::region_of);
            let mut keys = Vec::new();
            // Without an endpoint the Kinesis Agent sends to this region.
            if endpoint.is_none() {
                keys.push("region: us-east-1".to_owned());
                notes.say(
                    "firehose.endpoint",
                    "is not there: region us-east-1, as for the Kinesis Agent",
                );
            } else if region.is_none() {
                keys.push("region: us-east-1".to_owned());
                notes.say(
                    "firehose.endpoint",
                    "says no region: written as us-east-1, change it if it is another one",
                );
            }
            if let Some(endpoint) = endpoint {
                let url = match endpoint.contains("://") {
                    true => endpoint.to_owned(),
                    false => format!("https://{endpoint}"),
                };
                keys.push(format!("endpoint: {}", quoted(&url)));
            }
            format!("ship:\n  firehose: {{{}}}\n", keys.join(", "))
        }
    }
}

/// What is said while converting.
struct Notes {
    file: String,
    /// Where in the file: `flows[0].`, or nothing.
    place: String,
    said: Vec<String>,
    incomplete: bool,
}

impl Notes {
    fn new(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            place: String::new(),
            said: Vec::new(),
            incomplete: false,
        }
    }

    /// One line about a key.
    fn say(&mut self, key: &str, what: impl std::fmt::Display) {
        let (file, place) = (&self.file, &self.place);
        self.said.push(format!("{file}: {place}{key}: {what}"));
    }

    /// One line about a key that the conversion cannot do without.
    fn refuse(&mut self, key: &str, why: impl std::fmt::Display) {
        self.say(key, format!("refused: {why}"));
        self.incomplete = true;
    }

    fn left_out(&mut self, what: String) {
        self.said.push(format!("{}: {what}", self.file));
        self.incomplete = true;
    }
}

/// A value of JSON in YAML's flow form, on one line.
fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(yaml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(object) => {
            let pair =
                |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), yaml(value));
            let pairs: Vec<String> = object.iter().map(pair).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
