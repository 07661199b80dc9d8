//! What a request asks for: the last part of its `X-Amz-Target`.

use axum::http::HeaderMap;
use standpipe_config::settings::delivery::Action;

use super::exception::{Exception, Kind};

/// What stands before the operation's name.
const VERSION: &str = "Firehose_20150804.";

/// The API's operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    /// Stores one record.
    PutRecord,
    /// Stores up to 500.
    PutRecordBatch,
    /// Says what a stream is.
    Describe,
    /// Names the streams.
    List,
    /// Adds tags to a stream, or changes them.
    Tag,
    /// Takes tags off a stream.
    Untag,
    /// Names a stream's tags.
    ListTags,
    /// Makes a stream.
    Create,
    /// Changes where a stream delivers to.
    Update,
    /// Removes a stream.
    Delete,
    /// Switches encryption on.
    StartEncryption,
    /// Switches it off.
    StopEncryption,
}

const NAMES: [(Operation, &str); 12] = [
    (Operation::PutRecord, "PutRecord"),
    (Operation::PutRecordBatch, "PutRecordBatch"),
    (Operation::Describe, "DescribeDeliveryStream"),
    (Operation::List, "ListDeliveryStreams"),
    (Operation::Tag, "TagDeliveryStream"),
    (Operation::Untag, "UntagDeliveryStream"),
    (Operation::ListTags, "ListTagsForDeliveryStream"),
    (Operation::Create, "CreateDeliveryStream"),
    (Operation::Update, "UpdateDestination"),
    (Operation::Delete, "DeleteDeliveryStream"),
    (Operation::StartEncryption, "StartDeliveryStreamEncryption"),
    (Operation::StopEncryption, "StopDeliveryStreamEncryption"),
];

/// The longest body of an operation that puts no records, in bytes. As text most of it is names;
/// as a tree it may take a hundred times as much.
const SHORT_BODY: usize = 64 * 1024;

/// The longest body of one that puts records, in bytes: 4 MiB of data are 5.6 MiB of base64, and
/// escapes and white space need room.
const LONG_BODY: usize = 8 * 1024 * 1024;

/// What a body takes beside itself, at most, once it is read: offsets and the reply, or a tree.
const BESIDE_RECORDS: usize = 128 * 1024;
const TREE: usize = 100;

impl Operation {
    /// What a request's head asks for.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Exception> {
        let target = headers.get("x-amz-target");
        let target = target.map_or(&b""[..], |target| target.as_bytes());
        let name = target.strip_prefix(VERSION.as_bytes());
        let found = NAMES
            .iter()
            .find(|(_, known)| Some(known.as_bytes()) == name);
        found.map(|(operation, _)| *operation).ok_or_else(|| {
            let target = String::from_utf8_lossy(target);
            let message = format!(
                "X-Amz-Target is {target:?}, and no operation of this API ({VERSION}PutRecordBatch is one)"
            );
            Exception::new(Kind::UnknownOperation, message)
        })
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(operation, _)| *operation == self);
        found.map_or("", |(_, name)| name)
    }

    /// What a key must be allowed for it; `None`: nothing but the stream.
    pub(super) fn action(self) -> Option<Action> {
        match self {
            Self::PutRecord | Self::PutRecordBatch => Some(Action::Put),
            Self::Describe | Self::List | Self::ListTags => None,
            Self::Tag | Self::Untag | Self::Create | Self::Update | Self::Delete => {
                Some(Action::Manage)
            }
            Self::StartEncryption | Self::StopEncryption => Some(Action::Manage),
        }
    }

    /// Whether it brings records.
    pub(super) fn puts(self) -> bool {
        self.action() == Some(Action::Put)
    }

    /// The longest body, in bytes.
    pub(super) fn longest_body(self) -> usize {
        match self.puts() {
            true => LONG_BODY,
            false => SHORT_BODY,
        }
    }

    /// Bytes of memory that a request takes, whatever stands in its body.
    pub(super) fn memory(self, body: usize) -> usize {
        match self.puts() {
            true => 2 * body + BESIDE_RECORDS,
            false => TREE * body,
        }
    }
}

#[cfg(test)]
mod tests;
