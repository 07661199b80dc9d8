//! Streams of the settings as clients see them.

use std::sync::Arc;

use standpipe_config::names::Arrival;
use standpipe_config::settings::delivery::read_stream;

use super::*;
use crate::ingest::firehose::exception::Kind;
use crate::ingest::firehose::tests::before_streams;

fn names() -> Names {
    Names {
        region: "eu-1".into(),
        account: "111122223333".into(),
    }
}

fn described(settings: &str) -> Value {
    let described = Described {
        settings: Arc::new(read_stream(settings).unwrap()),
        born: Some(Arrival(1_795_000_000_123)),
        tags: Default::default(),
    };
    description(&names(), &described, true)
}

// The example of the reference, word for word.
#[test]
fn a_bucket_is_described_twice_with_all_defaults() {
    let found = described("orders: {destination: {s3: {bucket: lake}}}");
    let plain = json!({
        "RoleARN": "arn:aws:iam::111122223333:role/standpipe",
        "BucketARN": "arn:aws:s3:::lake",
        "Prefix": "",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": false},
    });
    let mut extended = plain.clone();
    extended["S3BackupMode"] = json!("Disabled");
    assert_eq!(
        found,
        json!({
            "DeliveryStreamName": "orders",
            "DeliveryStreamARN": "arn:aws:firehose:eu-1:111122223333:deliverystream/orders",
            "DeliveryStreamStatus": "ACTIVE",
            "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
            "DeliveryStreamType": "DirectPut",
            "VersionId": "1",
            "CreateTimestamp": 1_795_000_000.123,
            "Destinations": [{
                "DestinationId": "destinationId-000000000001",
                "S3DestinationDescription": plain,
                "ExtendedS3DestinationDescription": extended,
            }],
            "HasMoreDestinations": false,
        })
    );
}

#[test]
fn conversion_backup_and_compression_are_described() {
    let found = described(
        "orders: {buffering: {size: 65MiB, interval: 60s}, format: {parquet: {compression: gzip}},
          destination: {file: {path: /srv/the lake, prefix: 'a/', error_output_prefix: 'bad/',
                               backup: {s3: {bucket: all, prefix: 'raw/'}}}}}",
    );
    let extended = &found["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(extended["BucketARN"], "arn:aws:s3:::thelake");
    assert_eq!(extended["ErrorOutputPrefix"], "bad/");
    assert_eq!(extended["BufferingHints"]["SizeInMBs"], 65);
    assert_eq!(extended["S3BackupMode"], "Enabled");
    assert_eq!(
        extended["S3BackupDescription"]["BucketARN"],
        "arn:aws:s3:::all"
    );
    assert_eq!(extended["S3BackupDescription"]["Prefix"], "raw/");
    let serializer = &extended["DataFormatConversionConfiguration"]["OutputFormatConfiguration"];
    let parquet = &serializer["Serializer"]["ParquetSerDe"];
    assert_eq!(parquet["Compression"], "GZIP");
    let found =
        described("orders: {format: {orc: {compression: zlib}}, destination: {file: {path: /}}}");
    let extended = &found["Destinations"][0]["ExtendedS3DestinationDescription"];
    let serializer = &extended["DataFormatConversionConfiguration"]["OutputFormatConfiguration"];
    let orc = &serializer["Serializer"]["OrcSerDe"];
    assert_eq!(orc["Compression"], "ZLIB");
    assert_eq!(orc["StripeSizeBytes"], 64 << 20);
    let found =
        described("orders: {format: {raw: {compression: gzip}}, destination: {file: {path: /}}}");
    let plain = &found["Destinations"][0]["S3DestinationDescription"];
    assert_eq!(plain["CompressionFormat"], "GZIP");
    assert_eq!(plain["BucketARN"], "arn:aws:s3:::folder");
}

#[tokio::test]
async fn a_stream_says_when_it_was_born_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = vec![];
    for _ in 0..2 {
        let door = before_streams(folder.path(), &["web"]).await;
        let input = Input::read(br#"{"DeliveryStreamName":"web","Limit":1}"#).unwrap();
        let found = answer(&door, Caller::Local, input).await.unwrap();
        let found = &found["DeliveryStreamDescription"];
        assert_eq!(found["Destinations"].as_array().unwrap().len(), 1);
        seen.push(found["CreateTimestamp"].as_f64().unwrap());
        if let crate::ingest::store::Store::Streams(streams) = &door.store {
            streams
                .stop_all(std::time::Instant::now() + std::time::Duration::from_secs(20))
                .await;
        }
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn destinations_are_paged_and_unknown_streams_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams(folder.path(), &["web"]).await;
    let ask = async |body: &str| {
        let input = Input::read(body.as_bytes()).unwrap();
        answer(&door, Caller::Local, input).await
    };
    let body =
        format!(r#"{{"DeliveryStreamName":"web","ExclusiveStartDestinationId":"{DESTINATION}"}}"#);
    let found = ask(&body).await.unwrap();
    assert_eq!(
        found["DeliveryStreamDescription"]["Destinations"],
        json!([])
    );
    let error = ask(r#"{"DeliveryStreamName":"none"}"#).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let error = ask(r#"{"DeliveryStreamName":"web","Limit":0}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Validation);
    let error = ask(r#"{"DeliveryStreamName":"web","Verbose":true}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::InvalidArgument);
}
