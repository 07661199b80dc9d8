//! The operations that make, change and remove streams, as they come in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::written::{self, Form, Written};
use super::{Change, Created, New};
use crate::ingest::firehose::Firehose;
use crate::ingest::firehose::exception::{Exception, Kind};
use crate::ingest::firehose::input::Input;
use crate::ingest::firehose::keys::Caller;
use crate::ingest::firehose::operation::Operation;
use crate::ingest::firehose::tags;

const DIRECT: &str = "DirectPut";
const TYPES: [&str; 4] = [
    DIRECT,
    "KinesisStreamAsSource",
    "MSKAsSource",
    "DatabaseAsSource",
];

const KEY_TYPES: [&str; 2] = ["AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"];

/// What the members of S3 destinations end in, and what the backup is called inside.
const CONFIGURATION: (&str, &str) = ("Configuration", "S3BackupConfiguration");
const UPDATE: (&str, &str) = ("Update", "S3BackupUpdate");

pub(in crate::ingest::firehose) async fn create(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    let kind = input.one_of("DeliveryStreamType", &TYPES)?;
    let other = kind.filter(|kind| kind != DIRECT && TYPES.contains(&kind.as_str()));
    if let Some(kind) = other {
        input.unsupported(&format!("DeliveryStreamType {kind}"));
    }
    let source = |input: &mut Input| input.number("ThroughputHintInMBs", 1..=100);
    input.structure("DirectPutSourceConfiguration", source)?;
    let written = destination(&mut input, CONFIGURATION)?;
    let tags = read_tags(&mut input)?;
    let encryption = "DeliveryStreamEncryptionConfigurationInput";
    let encrypted = input.structure(encryption, encryption_input)?;
    input.check_shape()?;
    if input
        .left()
        .any(|name| name == "KinesisStreamSourceConfiguration")
    {
        let message =
            "KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type";
        return Err(Exception::new(Kind::InvalidArgument, message));
    }
    let written = only_destination(&input, written, "configuration")?;
    let stream = door.stream((Operation::Create, caller), stream, input)?;
    if encrypted.is_some() {
        door.created.check_encryption()?;
    }
    let new = New {
        written,
        tags,
        encrypted: encrypted.is_some(),
    };
    let arn = door.names.arn(&stream);
    door.created.create(&door.names, stream, new).await?;
    Ok(json!({"DeliveryStreamARN": arn}))
}

pub(in crate::ingest::firehose) async fn update(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    input.must_be_there("CurrentDeliveryStreamVersionId");
    let version = input.text("CurrentDeliveryStreamVersionId", 1..=50)?;
    input.must_be_there("DestinationId");
    let id = input.text("DestinationId", 1..=100)?;
    let written = destination(&mut input, UPDATE)?;
    input.check_shape()?;
    let written = only_destination(&input, written, "update")?;
    let stream = door.stream((Operation::Update, caller), stream, input)?;
    let change = Change {
        written,
        version: version.unwrap_or_default(),
        destination: id.unwrap_or_default(),
    };
    door.created.update(&door.names, &stream, change).await?;
    Ok(json!({}))
}

pub(in crate::ingest::firehose) async fn delete(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    // There are no grants of keys that could be in the way.
    input.flag("AllowForceDelete")?;
    let stream = door.stream((Operation::Delete, caller), stream, input)?;
    door.created.delete(&door.names, &stream).await?;
    Ok(json!({}))
}

pub(in crate::ingest::firehose) async fn start_encryption(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    let member = "DeliveryStreamEncryptionConfigurationInput";
    input.structure(member, encryption_input)?;
    let stream = door.stream((Operation::StartEncryption, caller), stream, input)?;
    door.created.check_encryption()?;
    door.created.encrypt(&door.names, &stream, true).await?;
    Ok(json!({}))
}

pub(in crate::ingest::firehose) async fn stop_encryption(
    door: &Firehose,
    caller: Caller,
    mut input: Input,
) -> Result<Value, Exception> {
    let stream = input.stream()?;
    let stream = door.stream((Operation::StopEncryption, caller), stream, input)?;
    door.created.encrypt(&door.names, &stream, false).await?;
    Ok(json!({}))
}

/// The S3 destinations that were given, one by rights.
fn destination(
    input: &mut Input,
    (ending, backup): (&str, &'static str),
) -> Result<Vec<Written>, Exception> {
    let required = ending == CONFIGURATION.0;
    let plain = format!("S3Destination{ending}");
    let extended = format!("ExtendedS3Destination{ending}");
    let plain = input.structure(&plain, |input| written::read(input, Form::Plain, required))?;
    let extended = input.structure(&extended, |input| {
        written::read(input, Form::Extended(backup), required)
    })?;
    Ok(plain.into_iter().chain(extended).collect())
}

/// One destination there must be. One of another kind was left in the input, which refuses it by
/// its name later.
fn only_destination(
    input: &Input,
    written: Vec<Written>,
    what: &str,
) -> Result<Written, Exception> {
    let others = input.left().filter(|name| name.contains("Destination"));
    if written.len() + others.count() == 1 {
        return Ok(written.into_iter().next().unwrap_or_default());
    }
    let message = format!("Exactly one destination {what} is supported for a Firehose");
    Err(Exception::new(Kind::InvalidArgument, message))
}

fn read_tags(input: &mut Input) -> Result<BTreeMap<String, String>, Exception> {
    let given = input.list("Tags", 1..=tags::MOST)?.unwrap_or_default();
    given
        .into_iter()
        .enumerate()
        .map(|(i, tag)| tags::read_tag(input, i + 1, tag))
        .collect()
}

/// Keys are for whoever encrypts the disk to keep.
fn encryption_input(input: &mut Input) -> Result<(), Exception> {
    input.must_be_there("KeyType");
    let kind = input.one_of("KeyType", &KEY_TYPES)?;
    if kind.as_deref() == Some(KEY_TYPES[1]) {
        input.unsupported("KeyType CUSTOMER_MANAGED_CMK");
    }
    Ok(())
}

impl Created {
    /// What is not encrypted must not be called so.
    fn check_encryption(&self) -> Result<(), Exception> {
        if self.disk_is_encrypted() {
            return Ok(());
        }
        let message = "this server encrypts nothing itself: if its disk is encrypted, its operator says so by listen.firehose.created.disk_is_encrypted";
        Err(Exception::new(Kind::InvalidArgument, message))
    }
}
