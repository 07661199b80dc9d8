//! A stream's destination as an S3 destination of Firehose. A folder is described as a bucket of
//! its name; a word of ours that Firehose does not have stands there in capitals, like its own.

use serde_json::{Map, Value, json};
use standpipe_config::prefix::{ErrorPrefix, Prefix};
use standpipe_config::settings::delivery::{
    Destination, DocumentIds, Format, OpenSearchDestination, Orc, OrcCompression, Parquet,
    ParquetCompression, Raw, RawCompression, RedshiftDestination as Redshift, Rotation, Schema,
    Stream,
};

use super::DESTINATION;
use crate::ingest::firehose::names::Names;

const MIB: u64 = 1024 * 1024;

/// S3 streams have both descriptions; the older one lacks what it did not know.
pub(super) fn describe(names: &Names, stream: &Stream) -> Value {
    if let Destination::OpenSearch(found) = &stream.destination {
        return json!({
            "DestinationId": DESTINATION,
            "AmazonopensearchserviceDestinationDescription": search(names, stream, found),
        });
    }
    if let Destination::Redshift(found) = &stream.destination {
        return json!({
            "DestinationId": DESTINATION,
            "RedshiftDestinationDescription": warehouse(names, stream, found),
        });
    }
    let plain = bucket(names, stream, &stream.destination);
    let mut extended = plain.clone();
    extended.extend(additions(names, stream));
    json!({
        "DestinationId": DESTINATION,
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": extended,
    })
}

fn bucket(names: &Names, stream: &Stream, destination: &Destination) -> Map<String, Value> {
    let (bucket, prefix, errors) = place(destination);
    let compression = match &stream.format {
        Format::Raw(Raw { compression, .. }) => match compression {
            RawCompression::None => "UNCOMPRESSED",
            RawCompression::Gzip => "GZIP",
            RawCompression::Zip => "ZIP",
            RawCompression::Snappy => "Snappy",
            RawCompression::HadoopSnappy => "HADOOP_SNAPPY",
            RawCompression::Zstd => "ZSTD",
        },
        // Columns are compressed, the object is not.
        Format::Parquet(_) | Format::Orc(_) => "UNCOMPRESSED",
    };
    let buffering = stream.buffering;
    let mut members = Map::new();
    let mut member = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    member("RoleARN", json!(names.role()));
    member("BucketARN", json!(format!("arn:aws:s3:::{bucket}")));
    member("Prefix", json!(prefix.as_str()));
    if let Some(errors) = errors.as_str() {
        member("ErrorOutputPrefix", json!(errors));
    }
    member(
        "BufferingHints",
        json!({
            "SizeInMBs": buffering.size.div_ceil(MIB),
            "IntervalInSeconds": buffering.interval.as_secs(),
        }),
    );
    member("CompressionFormat", json!(compression));
    member(
        "EncryptionConfiguration",
        json!({"NoEncryptionConfig": "NoEncryption"}),
    );
    member("CloudWatchLoggingOptions", json!({"Enabled": false}));
    members
}

fn place(destination: &Destination) -> (String, &Prefix, &ErrorPrefix) {
    match destination {
        Destination::S3(s3) => (s3.bucket.name.clone(), &s3.prefix, &s3.error_output_prefix),
        Destination::File(file) => {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy();
            let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
            let name: String = name.chars().filter(legal).collect();
            let name = if name.is_empty() { "folder" } else { &name };
            (name.to_owned(), &file.prefix, &file.error_output_prefix)
        }
        Destination::OpenSearch(found) => place(&found.backup),
        Destination::Redshift(found) => {
            let s3 = &found.staging;
            (s3.bucket.name.clone(), &s3.prefix, &s3.error_output_prefix)
        }
        // Of a table the door tells where its failed records go.
        Destination::Postgresql(_) => place(destination.errors()),
    }
}

/// A cluster, in the words that Firehose has for one.
fn search(names: &Names, stream: &Stream, found: &OpenSearchDestination) -> Value {
    let rotation = match found.rotation {
        Rotation::None => "NoRotation",
        Rotation::Hour => "OneHour",
        Rotation::Day => "OneDay",
        Rotation::Week => "OneWeek",
        Rotation::IsoWeek => "ISO_WEEK",
        Rotation::Month => "OneMonth",
    };
    let ids = match found.ids {
        DocumentIds::Position => "FIREHOSE_DEFAULT",
        DocumentIds::Field(_) => "FIELD",
        DocumentIds::None => "NO_DOCUMENT_ID",
    };
    let backup = match found.backup_all {
        true => "AllDocuments",
        false => "FailedDocumentsOnly",
    };
    let bucket = bucket(names, stream, &found.backup);
    json!({
        "RoleARN": names.role(),
        "ClusterEndpoint": found.nodes.first(),
        "IndexName": found.index,
        "TypeName": "",
        "IndexRotationPeriod": rotation,
        "BufferingHints": bucket.get("BufferingHints"),
        "RetryOptions": {"DurationInSeconds": found.retry.as_secs()},
        "S3BackupMode": backup,
        "S3DestinationDescription": bucket,
        "CloudWatchLoggingOptions": {"Enabled": false},
        "DocumentIdOptions": {"DefaultDocumentIdFormat": ids},
    })
}

/// A table of Redshift, in the words that Firehose has for one.
fn warehouse(names: &Names, stream: &Stream, found: &Redshift) -> Value {
    let loading = &found.loading;
    let server = &loading.server;
    let table = match &loading.table.schema {
        Some(schema) => format!("{schema}.{}", loading.table.name),
        None => loading.table.name.clone(),
    };
    let mut members = json!({
        "RoleARN": names.role(),
        "ClusterJDBCURL": format!(
            "jdbc:redshift://{}:{}/{}",
            server.host, server.port, server.database
        ),
        "CopyCommand": {
            "DataTableName": table,
            "DataTableColumns": loading.columns.join(","),
            "CopyOptions": found.options.to_string(),
        },
        "Username": server.user,
        "RetryOptions": {"DurationInSeconds": loading.retry.as_secs()},
        "S3DestinationDescription": bucket(names, stream, &stream.destination),
        "S3BackupMode": if found.backup_all { "Enabled" } else { "Disabled" },
        "CloudWatchLoggingOptions": {"Enabled": false},
    });
    if found.backup_all {
        members["S3BackupDescription"] = json!(bucket(names, stream, &found.backup));
    }
    members
}

/// What only the newer description has.
fn additions(names: &Names, stream: &Stream) -> Map<String, Value> {
    let mut members = Map::new();
    let backup = stream.destination.backup();
    let mode = if backup.is_some() {
        "Enabled"
    } else {
        "Disabled"
    };
    members.insert("S3BackupMode".to_owned(), json!(mode));
    if let Some(backup) = backup {
        let description = bucket(names, stream, backup);
        members.insert("S3BackupDescription".to_owned(), json!(description));
    }
    if let Some(prefix) = stream.destination.prefix().filter(|p| !p.zone().is_utc()) {
        members.insert("CustomTimeZone".to_owned(), json!(prefix.zone().name()));
    }
    if let Some(extension) = stream.destination.file_extension() {
        members.insert("FileExtension".to_owned(), json!(extension));
    }
    if let Some(conversion) = conversion(&stream.format) {
        members.insert("DataFormatConversionConfiguration".to_owned(), conversion);
    }
    members
}

fn conversion(format: &Format) -> Option<Value> {
    let (serializer, schema) = match format {
        Format::Raw(_) => return None,
        Format::Parquet(parquet) => (parquet_serializer(parquet), &parquet.schema),
        Format::Orc(orc) => (orc_serializer(orc), &orc.schema),
    };
    let schema = match schema {
        Schema::Inferred => "inferred",
        Schema::Declared(_) => "declared",
    };
    Some(json!({
        "Enabled": true,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": serializer},
        "SchemaConfiguration": {"TableName": schema},
    }))
}

fn orc_serializer(orc: &Orc) -> Value {
    let compression = match orc.compression {
        OrcCompression::None => "NONE",
        OrcCompression::Zlib => "ZLIB",
        OrcCompression::Snappy => "SNAPPY",
        OrcCompression::Zstd => "ZSTD",
    };
    json!({"OrcSerDe": {"Compression": compression, "StripeSizeBytes": orc.stripe_size}})
}

fn parquet_serializer(parquet: &Parquet) -> Value {
    let compression = match parquet.compression {
        ParquetCompression::None => "UNCOMPRESSED",
        ParquetCompression::Snappy => "SNAPPY",
        ParquetCompression::Gzip => "GZIP",
        ParquetCompression::Zstd => "ZSTD",
        ParquetCompression::Lz4 => "LZ4",
    };
    json!({"ParquetSerDe": {"Compression": compression}})
}
