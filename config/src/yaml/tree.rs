//! A YAML text as a tree of nodes that know where they stand.
//!
//! Values are not interpreted here: a scalar keeps the text of the source (`0123` stays `0123`,
//! `1e3` stays `1e3`) and whether YAML would read it as something other than text. What it means
//! is the reader's to say.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{Location, Spanned};

use super::problem::Place;

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins. For an alias: where it is used.
    pub place: Place,
}

/// What a node is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// One value.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values, in order.
    Map(Vec<(Node, Node)>),
}

/// One value, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar {
    /// As in the source; quotes and escapes are undone.
    pub text: String,
    /// It stands without quotes and looks like a boolean or a number.
    pub typed: bool,
}

/// Why a text is no tree.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) message: String,
    pub(super) place: Option<Place>,
}

impl Node {
    /// Reads a text. An empty one is [`Value::Null`].
    pub(super) fn parse(text: &str) -> Result<Self, NotYaml> {
        let options = serde_yaml::options! {
            duplicate_keys: DuplicateKeyPolicy::Error,
            strict_booleans: true,
            non_finite_float_policy: serde_yaml::options::NonFiniteFloatPolicy::PassThrough,
            with_snippet: false,
        };
        serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options)
            .map(|raw| node(raw, text))
            .map_err(|error| NotYaml {
                message: message(&error),
                place: error.location().map(place),
            })
    }
}

/// The parser's message without its own way of naming the place, and without advice for the
/// programmer.
fn message(error: &serde_yaml::Error) -> String {
    let error = error.without_snippet();
    let text = error.to_string();
    let text = text
        .rfind(" at line ")
        .map_or(text.as_str(), |at| &text[..at]);
    if text.starts_with("multiple YAML documents") {
        return "more than one document".to_owned();
    }
    if text == "alias references unknown anchor" {
        return format!("{text} (a text that begins with * needs quotes)");
    }
    let duplicate = text.strip_prefix("duplicate mapping key: ");
    match duplicate.map(|key| key.rsplit_once(", set ").map_or(key, |(key, _)| key)) {
        Some(key) => format!("the key {key:?} is there twice"),
        None => text.to_owned(),
    }
}

fn place(location: Location) -> Place {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    Place {
        line: location.line() as usize,
        column: location.column() as usize,
        start,
        end: start + span.byte_len().unwrap_or_default() as usize,
    }
}

/// What the parser sees, before scalars get their text back.
enum Raw {
    Null,
    Typed,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, source: &str) -> Node {
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar(Scalar { text, typed: false }),
        Raw::Typed => {
            let place = place(raw.defined);
            let text = source.get(place.start..place.end).unwrap_or_default();
            Value::Scalar(Scalar {
                text: text.trim().to_owned(),
                typed: true,
            })
        }
        Raw::List(list) => Value::List(list.into_iter().map(|raw| node(raw, source)).collect()),
        Raw::Map(pairs) => Value::Map(
            pairs
                .into_iter()
                .map(|(key, value)| (node(key, source), node(value, source)))
                .collect(),
        ),
    };
    Node {
        value,
        place: place(raw.referenced),
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Raw::Map(pairs))
    }
}
