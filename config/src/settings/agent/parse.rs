//! What a record becomes: our own formats, and the Kinesis Agent's options under their own names.

use super::Pattern;
use super::tables::{OPTION, PARSE};
use crate::yaml::{At, Fields, Value};

/// What is done to a line, step by step, before it is a record.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Parse {
    /// In this order. None: the line is the record.
    pub steps: Vec<Step>,
    /// What becomes of a line that does not parse.
    pub on_error: OnError,
    /// Each record says which line of which file it is, so that a reader knows repeats.
    pub record_id: bool,
}

impl Parse {
    /// One step, and what does not parse is kept.
    pub fn by(step: Step) -> Self {
        Self {
            steps: vec![step],
            ..Self::default()
        }
    }
}

/// What becomes of a line that does not parse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnError {
    /// `{"line": …, "parse_error": …}`
    #[default]
    Raw,
    /// Nothing. Its bytes count as excluded.
    Drop,
    /// A line of a file of the agent's own, durably, and nothing else. Its bytes count as excluded.
    DeadLetter,
}

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// `{"line": …}`
    Line,
    /// Apache's common and combined formats as JSON, with numbers and with the time in UTC.
    Combined,
    /// A well-known format as JSON, all values text as they stand in the line (`LOGTOJSON`).
    Log(Log),
    /// A pattern that must match the whole line, and the name of each of its groups
    /// (`LOGTOJSON` with `matchPattern`).
    Match(Pattern, Vec<String>),
    /// Columns with these names (`CSVTOJSON`).
    Csv {
        /// What each column is called.
        names: Vec<String>,
        /// What stands between two.
        delimiter: u8,
    },
    /// Lines of an event become one (`SINGLELINE`).
    SingleLine {
        /// White space at both ends of each is left out.
        trim: bool,
        /// `\n`, as two characters, between them.
        escape: bool,
    },
    /// `{"ts": …, "metadata": …, "data": …}` (`ADDMETADATA`).
    Metadata(Metadata),
    /// `{` and `}` around it (`ADDBRACKETS`).
    Brackets,
}

/// Formats that `LOGTOJSON` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// `COMMONAPACHELOG`
    CommonApache,
    /// `COMBINEDAPACHELOG`
    CombinedApache,
    /// `APACHEERRORLOG`
    ApacheError,
    /// `SYSLOG`, RFC 3164: `Jun 14 15:16:01 host program[1]: message`
    Syslog,
    /// `RFC3339SYSLOG`: the same with another time.
    Rfc3339Syslog,
    /// `RFC5424`
    Rfc5424,
}

/// What `ADDMETADATA` adds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Metadata {
    /// What the settings say, as JSON without its closing brace; `{` if nothing.
    pub object: String,
    /// The time when the line was read, beside it.
    pub timestamp: bool,
    /// The file's path, among it.
    pub file: bool,
    /// The machine's name, among it.
    pub host: bool,
    /// Where the line begins in the file, in bytes, among it.
    pub offset: bool,
    /// The time when the line was read, among it.
    pub time: bool,
}

/// The reader of `parse` and `dataProcessingOptions` of a flow.
pub(super) fn parse(flow: &Fields<'_>) -> Option<Parse> {
    let options = flow.optional("dataProcessingOptions", options);
    let (own, on_error, record_id) = flow.under("parse", &PARSE, |fields| {
        let format = fields.read("format", |at| at.choice(&FORMATS));
        let on_error = fields.read("on_error", |at| {
            at.choice(&[
                ("raw", OnError::Raw),
                ("drop", OnError::Drop),
                ("dead-letter", OnError::DeadLetter),
            ])
        });
        let record_id = fields.read("record_id", |at| at.flag());
        Some((format?, on_error?, record_id?))
    })?;
    let options = options?.unwrap_or_default();
    let own = own.step();
    if own.is_some() && !options.is_empty() {
        flow.at
            .problem("conflict: found parse.format and dataProcessingOptions, only one is allowed");
        return None;
    }
    Some(Parse {
        steps: own.into_iter().chain(options).collect(),
        on_error,
        record_id,
    })
}

#[derive(Clone, Copy)]
enum Format {
    None,
    Line,
    Combined,
    Log(Log),
}

const FORMATS: [(&str, Format); 6] = [
    ("none", Format::None),
    ("line", Format::Line),
    ("combined", Format::Combined),
    ("apache_error", Format::Log(Log::ApacheError)),
    ("syslog", Format::Log(Log::Syslog)),
    ("rfc5424", Format::Log(Log::Rfc5424)),
];

impl Format {
    fn step(self) -> Option<Step> {
        match self {
            Self::None => None,
            Self::Line => Some(Step::Line),
            Self::Combined => Some(Step::Combined),
            Self::Log(log) => Some(Step::Log(log)),
        }
    }
}

fn options(at: &At<'_>) -> Option<Vec<Step>> {
    let items = at.items()?;
    let steps: Vec<_> = items.iter().map(option).collect();
    steps.into_iter().collect()
}

#[derive(Clone, Copy)]
enum Name {
    SingleLine,
    Csv,
    Log,
    Metadata,
    Brackets,
}

/// The Kinesis Agent's names, its keys, and what is done with them.
fn option(at: &At<'_>) -> Option<Step> {
    let fields = at.fields(&OPTION)?;
    let name = fields.read("optionName", |at| {
        at.choice(&[
            ("SINGLELINE", Name::SingleLine),
            ("CSVTOJSON", Name::Csv),
            ("LOGTOJSON", Name::Log),
            ("ADDMETADATA", Name::Metadata),
            ("ADDBRACKETS", Name::Brackets),
        ])
    })?;
    let own: &[&str] = match name {
        Name::SingleLine => &["parseOptions"],
        Name::Csv => &["customFieldNames", "delimiter", "jsonFormat"],
        Name::Log => &[
            "logFormat",
            "matchPattern",
            "customFieldNames",
            "jsonFormat",
        ],
        Name::Metadata => &["metadata", "timestamp", "add", "jsonFormat"],
        Name::Brackets => &[],
    };
    let keys = OPTION.keys.iter().map(|key| key.name);
    for key in keys.filter(|key| *key != "optionName" && !own.contains(key)) {
        if fields.given(key) {
            fields
                .at
                .problem(format!("{key} means nothing to this option"));
            return None;
        }
    }
    fields.optional("jsonFormat", json_format)?;
    match name {
        Name::SingleLine => single_line(&fields),
        Name::Csv => csv(&fields),
        Name::Log => log(&fields),
        Name::Metadata => metadata(&fields).map(Step::Metadata),
        Name::Brackets => Some(Step::Brackets),
    }
}

fn json_format(at: &At<'_>) -> Option<()> {
    if at.written() == Some("PRETTYPRINT") {
        at.problem("PRETTYPRINT is not possible: a record is one line; write COMPACT");
        return None;
    }
    at.choice(&[("COMPACT", ())])
}

fn single_line(fields: &Fields<'_>) -> Option<Step> {
    let words = fields.optional("parseOptions", |at| {
        let word = |at: &At<'_>| at.choice(&[("NO_TRIM", true), ("ESCAPE_NEW_LINE", false)]);
        let words: Vec<_> = at.items()?.iter().map(word).collect();
        words.into_iter().collect::<Option<Vec<bool>>>()
    });
    let words = words?.unwrap_or_default();
    Some(Step::SingleLine {
        trim: !words.contains(&true),
        escape: words.contains(&false),
    })
}

fn csv(fields: &Fields<'_>) -> Option<Step> {
    let names = fields.read("customFieldNames", names);
    let delimiter = fields.read("delimiter", delimiter);
    Some(Step::Csv {
        names: names?,
        delimiter: delimiter?,
    })
}

/// The Kinesis Agent takes a regular expression here; those that mean one character are understood.
fn delimiter(at: &At<'_>) -> Option<u8> {
    let allowed = "one character, or \\t; other regular expressions are not possible";
    let text = at.filled(allowed)?;
    let plain = match text.as_str() {
        "\\t" => "\t",
        other => other.strip_prefix('\\').unwrap_or(other),
    };
    match plain.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => {
            at.wrong_type(allowed);
            None
        }
    }
}

fn log(fields: &Fields<'_>) -> Option<Step> {
    let format = fields.optional("logFormat", |at| {
        at.choice(&[
            ("COMMONAPACHELOG", Log::CommonApache),
            ("COMBINEDAPACHELOG", Log::CombinedApache),
            ("APACHEERRORLOG", Log::ApacheError),
            ("SYSLOG", Log::Syslog),
            ("RFC3339SYSLOG", Log::Rfc3339Syslog),
            ("RFC5424", Log::Rfc5424),
        ])
    })?;
    let pattern = fields.optional("matchPattern", whole_line)?;
    let names = fields.optional("customFieldNames", names)?;
    match (format, pattern, names) {
        (_, Some(pattern), names) => matching(fields, pattern, names),
        (_, None, Some(_)) => {
            let why = "customFieldNames needs a matchPattern whose groups it names";
            fields.at.problem(why);
            None
        }
        (Some(format), None, None) => Some(Step::Log(format)),
        (None, None, None) => {
            fields.missing("logFormat");
            None
        }
    }
}

/// As the Kinesis Agent does: what does not match as a whole does not match.
fn whole_line(at: &At<'_>) -> Option<Pattern> {
    super::pattern::pattern(at)?;
    Pattern::new(&format!("\\A(?:{})\\z", at.written()?)).ok()
}

fn matching(fields: &Fields<'_>, pattern: Pattern, names: Option<Vec<String>>) -> Option<Step> {
    let groups = pattern.captures_len() - 1;
    let named: Vec<String> = match names {
        Some(names) => names,
        None => pattern
            .capture_names()
            .flatten()
            .map(str::to_owned)
            .collect(),
    };
    if groups == 0 || named.len() != groups {
        fields.at.problem(format!(
            "matchPattern has {groups} groups, and {} names: each group needs one, by customFieldNames or as (?<name>…); (?:…) is no group",
            named.len()
        ));
        return None;
    }
    Some(Step::Match(pattern, named))
}

fn names(at: &At<'_>) -> Option<Vec<String>> {
    let items = at.items()?;
    let mut names: Vec<String> = Vec::new();
    for item in &items {
        let name = item.filled("the name of a field")?;
        if names.contains(&name) {
            item.problem(format!("{name:?} is the name of a field before it"));
            return None;
        }
        names.push(name);
    }
    if names.is_empty() {
        at.wrong_type("a list of names of fields");
        return None;
    }
    Some(names)
}

fn metadata(fields: &Fields<'_>) -> Option<Metadata> {
    let object = fields.optional("metadata", object);
    let timestamp = fields.read("timestamp", truth);
    let added = fields.optional("add", |at| {
        let word = |at: &At<'_>| at.choice(&[("file", 0), ("host", 1), ("offset", 2), ("time", 3)]);
        let words: Vec<_> = at.items()?.iter().map(word).collect();
        words.into_iter().collect::<Option<Vec<usize>>>()
    });
    let added = added?.unwrap_or_default();
    let mut object = object?.unwrap_or_else(|| "{}".to_owned());
    object.pop();
    Some(Metadata {
        object,
        timestamp: timestamp?,
        file: added.contains(&0),
        host: added.contains(&1),
        offset: added.contains(&2),
        time: added.contains(&3),
    })
}

/// The Kinesis Agent takes its booleans as text too.
fn truth(at: &At<'_>) -> Option<bool> {
    at.choice(&[("true", true), ("false", false)])
}

/// A mapping as a JSON object.
fn object(at: &At<'_>) -> Option<String> {
    let value = json(at.value());
    if !value.is_object() {
        at.wrong_type("a mapping");
        return None;
    }
    Some(value.to_string())
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar(scalar) if scalar.typed => {
            serde_json::from_str(&scalar.text).unwrap_or_else(|_| scalar.text.clone().into())
        }
        Value::Scalar(scalar) => scalar.text.clone().into(),
        Value::List(items) => items.iter().map(|node| json(&node.value)).collect(),
        Value::Map(pairs) => {
            let pair = |(key, value): &(crate::yaml::Node, crate::yaml::Node)| {
                let name = match &key.value {
                    Value::Scalar(scalar) => scalar.text.clone(),
                    _ => String::new(),
                };
                (name, json(&value.value))
            };
            serde_json::Value::Object(pairs.iter().map(pair).collect())
        }
    }
}

#[cfg(test)]
mod tests;
