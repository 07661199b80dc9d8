//! `TagDeliveryStream`, `UntagDeliveryStream`, `ListTagsForDeliveryStream`. Tags mean nothing to
//! us; they are kept, durably, for those to whom they do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Firehose;
use super::exception::{Exception, Kind};
use super::input::{Input, serialization, text_of};
use super::keys::Caller;
use super::operation::Operation;

/// Tags of a stream, at most, and of one call.
pub(super) const MOST: usize = 50;

/// The longest key and the longest value, in characters.
const LONGEST: (usize, usize) = (128, 256);

const KEY_PATTERN: &str = r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$";
const VALUE_PATTERN: &str = r"^[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$";

pub(super) async fn add(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    input.must_be_there("Tags");
    let given = input.list("Tags", 1..=MOST)?.unwrap_or_default();
    let tags = given
        .into_iter()
        .enumerate()
        .map(|(i, tag)| read_tag(&mut input, i + 1, tag))
        .collect::<Result<Vec<_>, _>>()?;
    let stream = door.stream((Operation::Tag, caller), stream, input)?;
    let change = move |kept: &mut BTreeMap<String, String>| {
        kept.extend(tags);
        match kept.len() {
            0..=MOST => Ok(()),
            _ => Err(Exception::new(
                Kind::LimitExceeded,
                format!("a stream has at most {MOST} tags"),
            )),
        }
    };
    let changed = door.store.change_tags(&stream, change).await;
    changed.map_err(|why| door.names.not_described(&stream, why))??;
    Ok(json!({}))
}

pub(super) async fn remove(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    input.must_be_there("TagKeys");
    let given = input.list("TagKeys", 1..=MOST)?.unwrap_or_default();
    let mut keys = Vec::new();
    for (i, key) in given.into_iter().enumerate() {
        let place = format!("TagKeys.{}.member", i + 1);
        let key = text_of(&place, key)?;
        check_key(&mut input, &place, &key);
        keys.push(key);
    }
    let stream = door.stream((Operation::Untag, caller), stream, input)?;
    let change = move |kept: &mut BTreeMap<String, String>| {
        keys.iter().for_each(|key| drop(kept.remove(key)));
        Ok::<(), Exception>(())
    };
    let changed = door.store.change_tags(&stream, change).await;
    changed.map_err(|why| door.names.not_described(&stream, why))??;
    Ok(json!({}))
}

pub(super) async fn list(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    let limit = input.number("Limit", 1..=MOST as u64)?;
    let limit = limit.map_or(MOST, |limit| limit as usize);
    let after = input.text("ExclusiveStartTagKey", 1..=LONGEST.0)?;
    let stream = door.stream((Operation::ListTags, caller), stream, input)?;
    let described = door.store.describe(&stream).await;
    let described = described.map_err(|why| door.names.not_described(&stream, why))?;
    let tags: Vec<_> = described
        .tags
        .iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after))
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({
        "HasMoreTags": tags.len() > limit,
        "Tags": tags.into_iter().take(limit).collect::<Vec<_>>(),
    }))
}

/// Reads `{"Key": …, "Value": …}`; a tag may lack its value.
pub(super) fn read_tag(
    input: &mut Input,
    number: usize,
    tag: Value,
) -> Result<(String, String), Exception> {
    let place = format!("Tags.{number}.member");
    let Value::Object(mut members) = tag else {
        return Err(serialization(&format!("{place} is not an object")));
    };
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => text_of(&format!("{place}.{name}"), value).map(Some),
    };
    let (key, value) = (text("Key")?, text("Value")?.unwrap_or_default());
    if let Some((name, _)) = members.iter().next() {
        let message = format!("{place}.{name} is not supported by this server: leave it out");
        return Err(Exception::new(Kind::InvalidArgument, message));
    }
    let key_place = format!("{place}.key");
    match &key {
        Some(key) => check_key(input, &key_place, key),
        None => input.broken(&key_place, "Member must not be null"),
    }
    let value_place = format!("{place}.value");
    if value.chars().count() > LONGEST.1 {
        let most = LONGEST.1;
        input.broken(
            &value_place,
            &format!("Member must have length less than or equal to {most}"),
        );
    } else if !value.chars().all(is_legal) {
        input.broken(
            &value_place,
            &format!("Member must satisfy regular expression pattern: {VALUE_PATTERN}"),
        );
    }
    Ok((key.unwrap_or_default(), value))
}

fn check_key(input: &mut Input, place: &str, key: &str) {
    let characters = key.chars().count();
    let constraint = if characters == 0 {
        "Member must have length greater than or equal to 1".to_owned()
    } else if characters > LONGEST.0 {
        format!(
            "Member must have length less than or equal to {}",
            LONGEST.0
        )
    } else if key.starts_with("aws:") || !key.chars().all(is_legal) {
        format!("Member must satisfy regular expression pattern: {KEY_PATTERN}")
    } else {
        return;
    };
    input.broken(place, &constraint);
}

/// Letters, numbers, white space between words, and some marks.
fn is_legal(c: char) -> bool {
    let is_space = c.is_whitespace() && !c.is_control();
    c.is_alphabetic() || c.is_numeric() || is_space || "_.:/=+-@%".contains(c)
}

#[cfg(test)]
mod tests;
