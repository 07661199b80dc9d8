//! `DescribeDeliveryStream`: a stream of the settings in the shape in which AWS fills it, defaults
//! included, so that whoever reads it finds what he expects.

use serde_json::{Value, json};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::Stream;

use super::Firehose;
use super::exception::Exception;
use super::input::Input;
use super::keys::Caller;
use super::names::Names;
use super::operation::Operation;
use crate::stream::Described;

mod destination;

/// The one destination of a stream. Firehose's own ids look so.
pub(super) const DESTINATION: &str = "destinationId-000000000001";

/// Streams of the settings have one version: what changes them is a restart.
const VERSION: &str = "1";

pub(super) async fn answer(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    // There is one destination: no limit cuts it off.
    input.number("Limit", 1..=10_000)?;
    let after = input.text("ExclusiveStartDestinationId", 1..=100)?;
    let stream = door.stream((Operation::Describe, caller), stream, input)?;
    let with_destination = after.is_none_or(|after| after.as_str() < DESTINATION);
    if let Some(made) = door
        .created
        .describe(&door.names, &stream, with_destination)
    {
        return Ok(json!({"DeliveryStreamDescription": made}));
    }
    let described = door.store.describe(&stream).await;
    let described = described.map_err(|why| door.names.not_described(&stream, why))?;
    Ok(json!({
        "DeliveryStreamDescription": description(&door.names, &described, with_destination)
    }))
}

fn description(names: &Names, described: &Described, with_destination: bool) -> Value {
    let stream: &Stream = &described.settings;
    let name: &StreamName = &stream.name;
    let destinations = match with_destination {
        true => vec![destination::describe(names, stream)],
        false => vec![],
    };
    let mut description = json!({
        "DeliveryStreamName": name,
        "DeliveryStreamARN": names.arn(name),
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": VERSION,
        "Destinations": destinations,
        "HasMoreDestinations": false,
    });
    if let Some(born) = described.born {
        // Seconds, with a fraction.
        description["CreateTimestamp"] = json!(born.0 as f64 / 1000.0);
    }
    description
}

#[cfg(test)]
mod tests;
