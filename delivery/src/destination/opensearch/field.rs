//! A field of a record that says what its document is called, or where it lies.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The value of a field at the top of a JSON object, as text; `None` where it is not there or null.
/// `Err`: why it cannot be told.
pub(super) fn find(json: &[u8], name: &str) -> Result<Option<String>, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let wrong = |e: serde_json::Error| format!("it is no JSON object: {e}");
    let value = Field(name).deserialize(&mut reader).map_err(wrong)?;
    reader.end().map_err(wrong)?;
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(format!("the field {name} is neither text nor a number")),
    }
}

struct Field<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<Value>, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            match key == self.0 {
                true => found = Some(map.next_value()?),
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// Whether bytes are one JSON object.
pub(super) fn is_object(json: &[u8]) -> bool {
    find(json, "").is_ok() || matches!(serde_json::from_slice(json), Ok(Value::Object(_)))
}
