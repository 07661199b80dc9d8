//! `dataProcessingOptions`: most of them mean the same here, under their own names.

use serde_json::Value;

use super::{Notes, Object, regex, yaml};

/// What each option takes beside its name.
const OPTIONS: &[(&str, &[&str])] = &[
    ("SINGLELINE", &["parseOptions"]),
    (
        "CSVTOJSON",
        &["customFieldNames", "delimiter", "jsonFormat"],
    ),
    (
        "LOGTOJSON",
        &[
            "logFormat",
            "matchPattern",
            "customFieldNames",
            "jsonFormat",
        ],
    ),
    ("ADDMETADATA", &["metadata", "timestamp", "jsonFormat"]),
    ("ADDBRACKETS", &[]),
];

/// The line of our settings, if there are options; `None` where one cannot be converted.
pub(super) fn options(flow: &Object, notes: &mut Notes) -> Option<Option<String>> {
    let options = match flow.get("dataProcessingOptions") {
        None | Some(Value::Null) => return Some(None),
        Some(Value::Array(options)) => options,
        Some(_) => {
            notes.refuse("dataProcessingOptions", "it is no list");
            return None;
        }
    };
    let mut written = Vec::new();
    let mut complete = true;
    for (number, option) in options.iter().enumerate() {
        let place = format!("dataProcessingOptions[{number}]");
        match option.as_object().map(|option| one(option, &place, notes)) {
            Some(Some(option)) => written.extend(option.map(|option| yaml(&Value::Object(option)))),
            Some(None) => complete = false,
            None => {
                notes.refuse(&place, "it is no object");
                complete = false;
            }
        }
    }
    complete.then_some(())?;
    Some((!written.is_empty()).then(|| format!("dataProcessingOptions: [{}]", written.join(", "))))
}

/// The option in our words; `Some(None)` where it is left out, `None` where the flow cannot do
/// without it.
fn one(option: &Object, place: &str, notes: &mut Notes) -> Option<Option<Object>> {
    let name = option
        .get("optionName")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let name_at = format!("{place}.optionName");
    match name {
        "ADDEC2METADATA" => {
            notes.refuse(&name_at, "ADDEC2METADATA is left out: this agent does not ask the instance for its metadata; ADDMETADATA takes what the settings say of it");
            return Some(None);
        }
        "USINGPLUGGIN" => {
            notes.refuse(&name_at, "USINGPLUGGIN: a class of Java cannot be carried over; a transform of the daemon can do its work");
            return None;
        }
        _ => {}
    }
    let Some((_, known)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
        notes.refuse(
            &name_at,
            format!("{name:?} is no option of the Kinesis Agent that is known here"),
        );
        return None;
    };
    let mut ours = Object::new();
    ours.insert("optionName".to_owned(), name.into());
    for (key, value) in option.iter().filter(|(key, _)| *key != "optionName") {
        let at = format!("{place}.{key}");
        if !known.contains(&key.as_str()) {
            notes.say(&at, format!("ignored: {name} does not read it"));
            continue;
        }
        if let Some(value) = value_of(key, value, &at, notes)? {
            ours.insert(key.clone(), value);
        }
    }
    say_difference(name, place, notes);
    Some(Some(ours))
}

/// What our option says under a key; `Some(None)` where it says nothing.
fn value_of(key: &str, value: &Value, at: &str, notes: &mut Notes) -> Option<Option<Value>> {
    match (key, value) {
        (_, Value::Null) => Some(None),
        ("jsonFormat", Value::String(format)) if format == "PRETTYPRINT" => {
            notes.say(
                at,
                "changes: JSON is written on one line (COMPACT), as a record is one line",
            );
            Some(None)
        }
        ("matchPattern", Value::String(java)) => match regex::translated(java) {
            Ok(pattern) => Some(Some(pattern.into())),
            Err(advice) => {
                notes.refuse(at, format!("{java:?}: {advice}"));
                None
            }
        },
        // Not by its type, but by its text: "true" and true are the same to the Kinesis Agent.
        ("timestamp", value) => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_lowercase);
            Some(Some(Value::Bool(matches!(
                text.as_str(),
                "true" | "t" | "yes" | "y" | "1"
            ))))
        }
        (_, value) => Some(Some(value.clone())),
    }
}

/// What every user of an option should know.
fn say_difference(name: &str, place: &str, notes: &mut Notes) {
    match name {
        "LOGTOJSON" => notes.say(place, "changes: a line that does not match is shipped as {\"line\": …, \"parse_error\": …}; the Kinesis Agent drops it, as parse: {on_error: drop} does here"),
        "CSVTOJSON" => notes.say(place, "changes: a column in double quotes may hold the delimiter, and columns without a name are kept under rest; the Kinesis Agent cuts at every delimiter"),
        _ => {}
    }
}
