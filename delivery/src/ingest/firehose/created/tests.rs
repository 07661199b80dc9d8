//! Making, changing and removing streams at a door, before real streams whose store is dead.

use serde_json::{Value, json};

use super::*;
use crate::ingest::firehose::Firehose;
use crate::ingest::firehose::input::Input;
use crate::ingest::firehose::keys::Caller;
use crate::ingest::firehose::operation::Operation;
use crate::ingest::firehose::tests::before_streams_with;

mod converted;
mod partitioned;

const STORE: &str = "{s3: {endpoint: 'http://127.0.0.1:1'}}";
const ENCRYPTED: &str = "{s3: {endpoint: 'http://127.0.0.1:1'}, disk_is_encrypted: true}";
const ROLE: &str = "arn:aws:iam::111122223333:role/fh";
const LONG: Duration = Duration::from_secs(60);

async fn ask(door: &Firehose, operation: Operation, input: Value) -> Result<Value, Exception> {
    let input = Input::read(input.to_string().as_bytes())?;
    let answer = door.other(operation, Caller::Local, input).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

async fn refused(door: &Firehose, operation: Operation, input: Value) -> (Kind, String) {
    let exception = ask(door, operation, input).await.unwrap_err();
    (exception.kind, exception.message)
}

fn bucket(more: Value) -> Value {
    let mut bucket = json!({"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake"});
    let members = bucket.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    bucket
}

fn creation(name: &str, more: Value) -> Value {
    json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": bucket(more)})
}

async fn make(door: &Firehose, name: &str, more: Value) -> Value {
    ask(door, Operation::Create, creation(name, more))
        .await
        .unwrap()
}

async fn described(door: &Firehose, name: &str) -> Result<Value, Exception> {
    let input = json!({"DeliveryStreamName": name});
    let mut answer = ask(door, Operation::Describe, input).await?;
    Ok(answer["DeliveryStreamDescription"].take())
}

fn update(name: &str, version: &str, more: Value) -> Value {
    json!({
        "DeliveryStreamName": name, "CurrentDeliveryStreamVersionId": version,
        "DestinationId": "destinationId-000000000001", "ExtendedS3DestinationUpdate": more,
    })
}

async fn until_gone(door: &Firehose, name: &str) {
    let gone = async {
        while described(door, name).await.is_ok() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}

#[tokio::test]
async fn a_stream_is_described_with_all_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let arn = "arn:aws:firehose:eu-1:111122223333:deliverystream/orders";
    let made = make(&door, "orders", json!({})).await;
    assert_eq!(made, json!({"DeliveryStreamARN": arn}));
    let mut description = described(&door, "orders").await.unwrap();
    assert!(description["CreateTimestamp"].take().as_f64().unwrap() > 1.7e9);
    let plain = json!({
        "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake", "Prefix": "",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": false},
    });
    let mut extended = plain.clone();
    extended["S3BackupMode"] = json!("Disabled");
    let expected = json!({
        "DeliveryStreamName": "orders", "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut", "VersionId": "1",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "CreateTimestamp": null, "HasMoreDestinations": false,
        "Destinations": [{
            "DestinationId": "destinationId-000000000001",
            "S3DestinationDescription": plain, "ExtendedS3DestinationDescription": extended,
        }],
    });
    assert_eq!(description, expected);
    let names = ask(&door, Operation::List, json!({})).await.unwrap();
    assert_eq!(names["DeliveryStreamNames"], json!(["orders", "web"]));
}

#[tokio::test]
async fn names_and_bodies_are_as_they_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    for compression in ["ZIP", "Snappy", "HADOOP_SNAPPY", "GZIP"] {
        let wanted = json!({"CompressionFormat": compression, "FileExtension": ".log.x",
            "CustomTimeZone": "Europe/Berlin"});
        make(&door, compression, wanted.clone()).await;
        let description = described(&door, compression).await.unwrap();
        let found = &description["Destinations"][0]["ExtendedS3DestinationDescription"];
        for (member, value) in wanted.as_object().unwrap() {
            assert_eq!(&found[member], value, "{compression}");
        }
    }
    for (wrong, says) in [
        (json!({"FileExtension": "log"}), "fileExtension"),
        (json!({"FileExtension": ".LOG"}), "fileExtension"),
        (json!({"CustomTimeZone": "+02:00"}), "customTimeZone"),
        (json!({"CustomTimeZone": "Atlantis"}), "is no time zone"),
    ] {
        let (_, why) = refused(&door, Operation::Create, creation("orders", wrong)).await;
        assert!(why.contains(says), "{says}: {why}");
    }
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    make(&door, "orders", json!({})).await;
    for name in ["orders", "web"] {
        let taken = refused(&door, Operation::Create, creation(name, json!({}))).await;
        let message = format!("Firehose {name} under accountId 111122223333 already exists");
        assert_eq!(taken, (Kind::InUse, message));
    }
}

#[tokio::test]
async fn without_a_place_to_deliver_to_no_stream_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], "null").await;
    let (kind, why) = refused(&door, Operation::Create, creation("orders", json!({}))).await;
    assert_eq!(kind, Kind::InvalidArgument);
    assert!(why.contains("name listen.firehose.created"), "{why}");
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let arn = "arn:aws:kms:eu-1:111122223333:key/k";
    let inside = [
        (json!({"Novelty": 1}), "Novelty"),
        (
            json!({"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": arn}}}),
            "KMSEncryptionConfig",
        ),
        (
            json!({"CloudWatchLoggingOptions": {"Enabled": true, "LogGroupName": "g"}}),
            "CloudWatchLoggingOptions",
        ),
        (
            json!({"DataFormatConversionConfiguration": {"Enabled": true}}),
            "SchemaConfiguration must be specified",
        ),
        (
            json!({"ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Lambda"}]}}),
            "Lambda",
        ),
        (
            json!({"BufferingHints": {"SizeInMBs": 5}}),
            "must be given together",
        ),
        (json!({"Prefix": "!{timestamp:yyyy}/"}), "ErrorOutputPrefix"),
        (json!({"BucketARN": "arn:aws:s3:::x"}), "BucketARN"),
        (
            json!({"S3BackupMode": "Enabled"}),
            "S3BackupConfiguration must be provided",
        ),
        (
            json!({"S3BackupMode": "Enabled", "S3BackupConfiguration":
                bucket(json!({"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60}}))}),
            "S3BackupConfiguration.BufferingHints",
        ),
    ];
    for (more, part) in inside {
        let (kind, why) = refused(&door, Operation::Create, creation("a", more)).await;
        assert_eq!(kind, Kind::InvalidArgument, "{why}");
        assert!(why.contains(part), "{part}: {why}");
    }
    let beside = [
        (
            "KinesisStreamSourceConfiguration",
            "KinesisSourceStreamConfig is only applicable",
        ),
        (
            "HttpEndpointDestinationConfiguration",
            "Exactly one destination",
        ),
        ("MSKSourceConfiguration", "MSKSourceConfiguration"),
    ];
    for (member, part) in beside {
        let mut input = creation("a", json!({}));
        input[member] = json!({});
        let (kind, why) = refused(&door, Operation::Create, input).await;
        assert_eq!(kind, Kind::InvalidArgument, "{why}");
        assert!(why.contains(part), "{part}: {why}");
    }
    let other = json!({"DeliveryStreamName": "a", "SplunkDestinationConfiguration": {}});
    let (_, why) = refused(&door, Operation::Create, other).await;
    assert!(
        why.contains("SplunkDestinationConfiguration is not supported"),
        "{why}"
    );
}

#[tokio::test]
async fn wrong_shapes_are_told_all_at_once_in_the_services_words() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let wrong = json!({"DeliveryStreamName": "a b", "ExtendedS3DestinationConfiguration": {
        "RoleARN": "role", "CompressionFormat": "SNAPPY",
        "BufferingHints": {"SizeInMBs": 0, "IntervalInSeconds": 901}}});
    let (kind, why) = refused(&door, Operation::Create, wrong).await;
    assert_eq!(kind, Kind::Validation);
    assert!(why.starts_with("6 validation errors detected: "), "{why}");
    for place in [
        "'deliveryStreamName'",
        "'extendedS3DestinationConfiguration.roleARN'",
        "'extendedS3DestinationConfiguration.bucketARN'",
        "'extendedS3DestinationConfiguration.compressionFormat'",
        "'extendedS3DestinationConfiguration.bufferingHints.sizeInMBs'",
        "'extendedS3DestinationConfiguration.bufferingHints.intervalInSeconds'",
        "[ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]",
    ] {
        assert!(why.contains(place), "{place}: {why}");
    }
}

#[tokio::test]
async fn an_update_merges_and_needs_the_version_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    make(
        &door,
        "orders",
        json!({"Prefix": "a/", "CompressionFormat": "GZIP"}),
    )
    .await;
    let hints = json!({"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60}});
    let changed = ask(&door, Operation::Update, update("orders", "1", hints)).await;
    assert_eq!(changed.unwrap(), json!({}));
    let description = described(&door, "orders").await.unwrap();
    assert_eq!(description["VersionId"], "2");
    assert!(description["LastUpdateTimestamp"].is_f64());
    let s3 = &description["Destinations"][0]["S3DestinationDescription"];
    let kept = (
        &s3["Prefix"],
        &s3["CompressionFormat"],
        &s3["BufferingHints"]["SizeInMBs"],
    );
    assert_eq!(kept, (&json!("a/"), &json!("GZIP"), &json!(64)));

    let stale = refused(&door, Operation::Update, update("orders", "1", json!({}))).await;
    let message = "Cannot update firehose: orders since the current version id: 2 and specified version id: 1 do not match";
    assert_eq!(stale, (Kind::ConcurrentModification, message.to_owned()));
    let mut elsewhere = update("orders", "2", json!({}));
    elsewhere["DestinationId"] = json!("destinationId-000000000009");
    let (_, why) = refused(&door, Operation::Update, elsewhere).await;
    assert_eq!(why, "Destination Id destinationId-000000000009 not found");
    let (kind, _) = refused(&door, Operation::Update, update("none", "1", json!({}))).await;
    assert_eq!(kind, Kind::NotFound);
}

#[tokio::test]
async fn source_backup_is_switched_on_and_never_off() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    make(&door, "orders", json!({})).await;
    let on =
        json!({"S3BackupMode": "Enabled", "S3BackupUpdate": bucket(json!({"Prefix": "all/"}))});
    let on = ask(&door, Operation::Update, update("orders", "1", on)).await;
    on.unwrap();
    let description = described(&door, "orders").await.unwrap();
    let s3 = &description["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(s3["S3BackupMode"], "Enabled");
    assert_eq!(s3["S3BackupDescription"]["Prefix"], "all/");
    let off = update("orders", "2", json!({"S3BackupMode": "Disabled"}));
    let (_, why) = refused(&door, Operation::Update, off).await;
    assert_eq!(why, "Disabling S3 backup is not currently supported.");
}

#[tokio::test]
async fn a_stream_of_the_settings_is_not_changed_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], ENCRYPTED).await;
    let name = json!({"DeliveryStreamName": "web"});
    let mut encryption = name.clone();
    encryption["DeliveryStreamEncryptionConfigurationInput"] = json!({"KeyType": "AWS_OWNED_CMK"});
    for (operation, input) in [
        (Operation::Update, update("web", "1", json!({}))),
        (Operation::Delete, name.clone()),
        (Operation::StartEncryption, encryption),
        (Operation::StopEncryption, name),
    ] {
        let (kind, why) = refused(&door, operation, input).await;
        assert_eq!(kind, Kind::InvalidArgument, "{why}");
        assert!(
            why.contains("stands in the settings of this server"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_deleted_stream_goes_and_its_name_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    make(&door, "orders", json!({})).await;
    let name = json!({"DeliveryStreamName": "orders"});
    ask(&door, Operation::Delete, name.clone()).await.unwrap();
    until_gone(&door, "orders").await;
    let (kind, _) = refused(&door, Operation::Delete, name).await;
    assert_eq!(kind, Kind::NotFound);
    assert!(
        std::fs::read_dir(folder.path().join("data/created"))
            .unwrap()
            .next()
            .is_none()
    );
    make(&door, "orders", json!({})).await;
}

#[tokio::test]
async fn encryption_is_what_the_operator_says_of_the_disk() {
    let plain = tempfile::tempdir().unwrap();
    let door = before_streams_with(plain.path(), &["web"], STORE).await;
    make(&door, "orders", json!({})).await;
    let owned = json!({"DeliveryStreamName": "orders",
        "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}});
    let (kind, why) = refused(&door, Operation::StartEncryption, owned.clone()).await;
    assert_eq!(kind, Kind::InvalidArgument);
    assert!(why.contains("disk_is_encrypted"), "{why}");

    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], ENCRYPTED).await;
    make(&door, "orders", json!({})).await;
    ask(&door, Operation::StartEncryption, owned).await.unwrap();
    let status = described(&door, "orders").await.unwrap();
    let status = &status["DeliveryStreamEncryptionConfiguration"];
    assert_eq!(
        *status,
        json!({"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"})
    );
    assert!(door.created.is_encrypted(&"orders".parse().unwrap()));
    let name = json!({"DeliveryStreamName": "orders"});
    ask(&door, Operation::StopEncryption, name).await.unwrap();
    let status = described(&door, "orders").await.unwrap();
    assert_eq!(
        status["DeliveryStreamEncryptionConfiguration"]["Status"],
        "DISABLED"
    );
    let own = json!({"DeliveryStreamName": "orders",
        "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "CUSTOMER_MANAGED_CMK"}});
    let (_, why) = refused(&door, Operation::StartEncryption, own).await;
    assert!(why.contains("CUSTOMER_MANAGED_CMK"), "{why}");
}

#[tokio::test]
async fn what_was_made_is_there_after_a_restart_and_the_settings_win() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let door = before_streams_with(folder.path(), &["web"], STORE).await;
        let mut input = creation("orders", json!({"Prefix": "o/"}));
        input["Tags"] = json!([{"Key": "team", "Value": "web"}]);
        ask(&door, Operation::Create, input).await.unwrap();
        make(&door, "other", json!({})).await;
        let changed = update("orders", "1", json!({"CompressionFormat": "GZIP"}));
        ask(&door, Operation::Update, changed).await.unwrap();
        let before = described(&door, "orders").await.unwrap();
        let soon = std::time::Instant::now() + LONG;
        door.created.shared.streams.stop_all(soon).await;
        before
    };
    let door = before_streams_with(folder.path(), &["web", "other"], STORE).await;
    assert_eq!(described(&door, "orders").await.unwrap(), before);
    let name = json!({"DeliveryStreamName": "orders"});
    let tags = ask(&door, Operation::ListTags, name).await.unwrap();
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "web"}]));
    let (_, why) = refused(&door, Operation::Update, update("other", "1", json!({}))).await;
    assert!(why.contains("stands in the settings"), "{why}");
}
