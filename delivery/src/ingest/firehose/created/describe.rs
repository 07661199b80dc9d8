//! A stream that was made over the wire, described as its maker wrote it, defaults filled in.

use serde_json::{Map, Value, json};
use standpipe_config::names::{Arrival, StreamName};

use super::Created;
use super::configuration::{Compression, Configuration};
use super::definition::Definition;
use crate::ingest::firehose::describe::DESTINATION;
use crate::ingest::firehose::names::Names;

impl Created {
    /// The description of a stream, if it was made over the wire.
    pub(in crate::ingest::firehose) fn describe(
        &self,
        names: &Names,
        name: &StreamName,
        with_destination: bool,
    ) -> Option<Value> {
        let kept = self.definition(name)?;
        let destinations = match with_destination {
            true => vec![destination(&kept.configuration)],
            false => vec![],
        };
        let encryption = match self.is_encrypted(name) {
            true => json!({"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}),
            false => json!({"Status": "DISABLED"}),
        };
        let mut description = json!({
            "DeliveryStreamName": name,
            "DeliveryStreamARN": names.arn(name),
            "DeliveryStreamStatus": status(&kept),
            "DeliveryStreamEncryptionConfiguration": encryption,
            "DeliveryStreamType": "DirectPut",
            "VersionId": kept.version.to_string(),
            "CreateTimestamp": seconds(kept.born),
            "Destinations": destinations,
            "HasMoreDestinations": false,
        });
        if let Some(updated) = kept.updated {
            description["LastUpdateTimestamp"] = seconds(updated);
        }
        Some(description)
    }
}

fn status(kept: &Definition) -> &'static str {
    match kept.deleting {
        true => "DELETING",
        false => "ACTIVE",
    }
}

/// Seconds since 1970, with a fraction.
fn seconds(time: Arrival) -> Value {
    json!(time.0 as f64 / 1000.0)
}

/// S3 streams have both descriptions; the older one lacks what it did not know.
fn destination(configuration: &Configuration) -> Value {
    let plain = plain(configuration);
    let mut extended = plain.clone();
    let mut member = |name: &str, value: Value| drop(extended.insert(name.to_owned(), value));
    match &configuration.backup {
        None => member("S3BackupMode", json!("Disabled")),
        Some(backup) => {
            member("S3BackupMode", json!("Enabled"));
            member("S3BackupDescription", json!(self::plain(backup)));
        }
    }
    if let Some(processing) = &configuration.processing {
        member("ProcessingConfiguration", processing.described());
    }
    if let Some(partitioning) = configuration.partitioning {
        let described = partitioning.described();
        member("DynamicPartitioningConfiguration", described);
    }
    if let Some(conversion) = &configuration.conversion {
        let described = conversion.described();
        member("DataFormatConversionConfiguration", described);
    }
    if let Some(zone) = &configuration.time_zone {
        member("CustomTimeZone", json!(zone));
    }
    let extension = configuration.file_extension.as_deref();
    if let Some(extension) = extension.filter(|extension| !extension.is_empty()) {
        member("FileExtension", json!(extension));
    }
    json!({
        "DestinationId": DESTINATION,
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": extended,
    })
}

fn plain(configuration: &Configuration) -> Map<String, Value> {
    let compression = match configuration.compression {
        Compression::None => "UNCOMPRESSED",
        Compression::Gzip => "GZIP",
        Compression::Zip => "ZIP",
        Compression::Snappy => "Snappy",
        Compression::HadoopSnappy => "HADOOP_SNAPPY",
    };
    let mut members = Map::new();
    let mut member = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    member("RoleARN", json!(configuration.role));
    member("BucketARN", json!(configuration.bucket));
    member("Prefix", json!(configuration.prefix));
    if let Some(errors) = &configuration.error_output_prefix {
        member("ErrorOutputPrefix", json!(errors));
    }
    let hints = configuration.hints;
    member(
        "BufferingHints",
        json!({"SizeInMBs": hints.megabytes, "IntervalInSeconds": hints.seconds}),
    );
    member("CompressionFormat", json!(compression));
    member(
        "EncryptionConfiguration",
        json!({"NoEncryptionConfig": "NoEncryption"}),
    );
    member("CloudWatchLoggingOptions", json!({"Enabled": false}));
    members
}
