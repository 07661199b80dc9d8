//! How JSON records are read for a declared schema: as Firehose's two deserializers do, with their
//! options by their names.

use std::collections::BTreeMap;

use crate::yaml::{At, Fields, Key, Table, Value, quoted};

/// Which of Firehose's deserializers.
#[derive(Clone, PartialEq, Debug)]
pub enum JsonSerDe {
    /// It coerces: `OpenXJsonSerDe`.
    OpenX(OpenXJson),
    /// It refuses: `HiveJsonSerDe`.
    Hive(HiveJson),
}

/// Options of the OpenX deserializer.
#[derive(Clone, PartialEq, Debug)]
pub struct OpenXJson {
    /// Whether the case of keys does not matter.
    pub case_insensitive: bool,
    /// Whether a dot in a key is an underscore in the name of its column.
    pub dots_are_underscores: bool,
    /// Keys of columns that are called otherwise: by the name of the column.
    pub keys: BTreeMap<String, String>,
}

/// Options of the Hive deserializer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HiveJson {
    /// Patterns of timestamps, the first that fits counts; empty: as `java.sql.Timestamp` reads them.
    pub timestamp_formats: Vec<String>,
}

impl Default for OpenXJson {
    fn default() -> Self {
        Self {
            case_insensitive: true,
            dots_are_underscores: false,
            keys: BTreeMap::new(),
        }
    }
}

impl Default for JsonSerDe {
    fn default() -> Self {
        Self::OpenX(OpenXJson::default())
    }
}

pub(super) const JSON: Key = Key::new(
    "json",
    "How records are read for a declared schema: which of Firehose's deserializers.",
    "openx",
    "openx, hive, or a mapping of one of them to its options",
);

pub(super) static SERDE: Table = Table {
    path: "streams.*.format.parquet.json",
    keys: &[
        Key::new("openx", "It coerces.", "none", "a mapping"),
        Key::new("hive", "It refuses.", "none", "a mapping"),
    ],
};

pub(super) static OPENX: Table = Table {
    path: "streams.*.format.parquet.json.openx",
    keys: &[
        Key::new(
            "case_insensitive",
            "Whether the case of keys does not matter.",
            "true",
            "true or false",
        ),
        Key::new(
            "convert_dots_in_json_keys_to_underscores",
            "Whether a dot in a key is an underscore in the name of its column.",
            "false",
            "true or false",
        ),
        Key::new(
            "column_to_json_key_mappings",
            "The keys of columns that are called otherwise.",
            "none",
            "a mapping of names of columns to keys",
        ),
    ],
};

pub(super) static HIVE: Table = Table {
    path: "streams.*.format.parquet.json.hive",
    keys: &[Key::new(
        "timestamp_formats",
        "Patterns of timestamps; the first that fits counts.",
        "yyyy-[m]m-[d]d hh:mm:ss[.f…]",
        "a list of patterns such as yyyy-MM-dd'T'HH:mm:ss, or millis",
    )],
};

/// Letters of a timestamp pattern that are understood.
const LETTERS: &str = "yMdHhmsSaZE";

/// Reads it.
pub(super) fn read(at: &At<'_>) -> Option<JsonSerDe> {
    if let Value::Scalar(_) = at.value() {
        return Some(match at.choice(&[("openx", true), ("hive", false)])? {
            true => JsonSerDe::default(),
            false => JsonSerDe::Hive(HiveJson::default()),
        });
    }
    let (key, at) = at.fields(&SERDE)?.only()?;
    match key.name {
        "hive" => hive(&at.fields(&HIVE)?).map(JsonSerDe::Hive),
        _ => openx(&at.fields(&OPENX)?).map(JsonSerDe::OpenX),
    }
}

fn openx(fields: &Fields<'_>) -> Option<OpenXJson> {
    let case_insensitive = fields.read("case_insensitive", |at| at.flag());
    let dots = fields.read("convert_dots_in_json_keys_to_underscores", |at| at.flag());
    let keys = fields.optional("column_to_json_key_mappings", |at| {
        let pairs = at.entries()?;
        let pair = |(column, key): &(At<'_>, At<'_>)| {
            Some((column.filled("a column")?, key.filled("a JSON key")?))
        };
        pairs.iter().map(pair).collect()
    });
    Some(OpenXJson {
        case_insensitive: case_insensitive?,
        dots_are_underscores: dots?,
        keys: keys?.unwrap_or_default(),
    })
}

fn hive(fields: &Fields<'_>) -> Option<HiveJson> {
    let formats = fields.optional("timestamp_formats", |at| {
        at.items()?.iter().map(pattern).collect()
    });
    Some(HiveJson {
        timestamp_formats: formats?.unwrap_or_default(),
    })
}

fn pattern(at: &At<'_>) -> Option<String> {
    let text = at.filled("a pattern such as yyyy-MM-dd'T'HH:mm:ss, or millis")?;
    match check_timestamp_format(&text) {
        Ok(()) => Some(text),
        Err(why) => {
            at.problem(why);
            None
        }
    }
}

/// Whether timestamps can be read by a pattern; `Err` says what of it is not understood.
pub fn check_timestamp_format(text: &str) -> Result<(), String> {
    if text == "millis" {
        return Ok(());
    }
    let outside: String = text.split('\'').step_by(2).collect();
    let unknown = |c: &char| c.is_ascii_alphabetic() && !LETTERS.contains(*c);
    if let Some(letter) = outside.chars().find(unknown) {
        return Err(format!(
            "the letter {letter:?} of the pattern {text:?} is not understood: {LETTERS} are, other letters stand in single quotes"
        ));
    }
    match text.matches('\'').count() % 2 {
        0 => Ok(()),
        _ => Err(format!("a quote of the pattern {text:?} does not end")),
    }
}

impl JsonSerDe {
    /// As it stands in the settings.
    pub(super) fn written(&self) -> String {
        match self {
            Self::OpenX(openx) => {
                let keys = openx.keys.iter();
                let keys: Vec<_> = keys
                    .map(|(column, key)| format!("{}: {}", quoted(column), quoted(key)))
                    .collect();
                format!(
                    "{{openx: {{case_insensitive: {}, convert_dots_in_json_keys_to_underscores: {}, column_to_json_key_mappings: {{{}}}}}}}",
                    openx.case_insensitive,
                    openx.dots_are_underscores,
                    keys.join(", ")
                )
            }
            Self::Hive(hive) => {
                let formats = hive.timestamp_formats.iter();
                let formats: Vec<_> = formats.map(|text| quoted(text)).collect();
                format!("{{hive: {{timestamp_formats: [{}]}}}}", formats.join(", "))
            }
        }
    }

    /// What it means, where it is not what holds without it.
    pub(super) fn meaning(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        Some(match self {
            Self::OpenX(openx) => {
                let case = match openx.case_insensitive {
                    true => "whatever their case",
                    false => "by their case",
                };
                let dots = match openx.dots_are_underscores {
                    true => ", dots as underscores",
                    false => "",
                };
                let keys = openx.keys.iter();
                let keys: String = keys
                    .map(|(column, key)| format!(", {column} from {key}"))
                    .collect();
                format!("keys {case}{dots}{keys}")
            }
            Self::Hive(hive) if hive.timestamp_formats.is_empty() => "read as Hive does".to_owned(),
            Self::Hive(hive) => format!(
                "read as Hive does, timestamps as {}",
                hive.timestamp_formats.join(" or ")
            ),
        })
    }
}
