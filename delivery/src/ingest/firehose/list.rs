//! `ListDeliveryStreams`: names, in alphabetical order, a page at a time.

use serde_json::{Value, json};
use standpipe_config::names::StreamName;

use super::Firehose;
use super::exception::Exception;
use super::input::Input;
use super::keys::Caller;

/// Names of a page unless the caller says otherwise.
const USUAL: u64 = 10;

/// Names of a page, at most.
const MOST: u64 = 10_000;

/// Where records come from. Here they are put.
const TYPES: [&str; 4] = [
    "DirectPut",
    "KinesisStreamAsSource",
    "MSKAsSource",
    "DatabaseAsSource",
];

pub(super) fn answer(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let limit = input.number("Limit", 1..=MOST)?.unwrap_or(USUAL);
    let kind = input.one_of("DeliveryStreamType", &TYPES)?;
    let after = input.stream_name("ExclusiveStartDeliveryStreamName")?;
    input.finish()?;
    let mut names = door.store.names();
    names.extend(door.created.deleting());
    names.sort();
    let names = names.iter().filter(|name| door.keys.opens(caller, name));
    let names: Vec<&StreamName> = names
        .filter(|_| kind.as_deref().is_none_or(|kind| kind == TYPES[0]))
        .filter(|name| after.as_ref().is_none_or(|after| *name > after))
        .collect();
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(json!({
        "DeliveryStreamNames": names.iter().take(page).collect::<Vec<_>>(),
        "HasMoreDeliveryStreams": names.len() > page,
    }))
}
