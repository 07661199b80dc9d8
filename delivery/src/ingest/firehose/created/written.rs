//! Reading an S3 destination as a request writes it: shapes and ranges only.

use standpipe_config::limits::MAX_EXTENSION;
use standpipe_config::settings::delivery::is_extension;

use super::configuration::{Compression, Hints};
use super::conversion::{self, Conversion};
use super::partitioned::{self, DynamicPartitioning};
use super::processing::{self, Processing};
use crate::ingest::firehose::exception::{Exception, Kind};
use crate::ingest::firehose::input::Input;

const ROLE_PATTERN: &str = r"arn:.*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+";
const BUCKET_PATTERN: &str = r"arn:.*:s3:::[\w\.\-]{1,255}";
const EXTENSION: &str = r"^$|\.[0-9a-z!\-_.*'()]+";
const ZONE: &str = r"^$|[a-zA-Z/_]+";
const COMPRESSIONS: &[&str] = &["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"];
const BACKUP_MODES: &[&str] = &["Disabled", "Enabled"];

/// What was given of an S3 destination.
#[derive(Default, Debug)]
pub(super) struct Written {
    pub(super) role: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) error_output_prefix: Option<String>,
    pub(super) hints: Option<Hints>,
    pub(super) compression: Option<Compression>,
    pub(super) processing: Option<Processing>,
    pub(super) partitioning: Option<DynamicPartitioning>,
    pub(super) conversion: Option<Conversion>,
    pub(super) time_zone: Option<String>,
    pub(super) file_extension: Option<String>,
    pub(super) backup: Backup,
}

/// What was given of source backup.
#[derive(Default, Debug)]
pub(super) struct Backup {
    pub(super) enabled: Option<bool>,
    pub(super) destination: Option<Box<Written>>,
}

/// Which members there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Those of `S3DestinationConfiguration`.
    Plain,
    /// Those of `ExtendedS3DestinationConfiguration`; the backup's member is called so.
    Extended(&'static str),
}

/// Reads a destination. `required`: whether role and bucket must be there.
pub(super) fn read(input: &mut Input, form: Form, required: bool) -> Result<Written, Exception> {
    if required {
        input.must_be_there("RoleARN");
        input.must_be_there("BucketARN");
    }
    let mut written = Written {
        role: arn(input, "RoleARN", 512, ROLE_PATTERN, is_role)?,
        bucket: arn(input, "BucketARN", 2048, BUCKET_PATTERN, is_bucket)?,
        prefix: input.text("Prefix", 0..=1024)?,
        error_output_prefix: input.text("ErrorOutputPrefix", 0..=1024)?,
        hints: hints(input)?,
        compression: compression(input)?,
        ..Written::default()
    };
    no_encryption(input)?;
    no_logging(input)?;
    if let Form::Extended(backup_name) = form {
        written.processing = input.structure("ProcessingConfiguration", processing::read)?;
        let dynamic = "DynamicPartitioningConfiguration";
        written.partitioning = input.structure(dynamic, partitioned::read)?;
        written.time_zone = time_zone(input)?;
        written.file_extension = file_extension(input)?;
        written.backup = backup(input, backup_name, required)?;
        let converted = "DataFormatConversionConfiguration";
        written.conversion = input.structure(converted, conversion::read)?;
    }
    Ok(written)
}

fn arn(
    input: &mut Input,
    name: &str,
    longest: usize,
    pattern: &str,
    is_right: fn(&str) -> bool,
) -> Result<Option<String>, Exception> {
    let text = input.text(name, 1..=longest)?;
    if text.as_deref().is_some_and(|text| !is_right(text)) {
        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
        input.broken(name, &constraint);
    }
    Ok(text)
}

fn is_role(arn: &str) -> bool {
    let Some((front, role)) = arn.split_once(":role/") else {
        return false;
    };
    let Some((front, account)) = front.rsplit_once(":iam::") else {
        return false;
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    front.starts_with("arn:") && is_account && !role.is_empty() && role.chars().all(legal)
}

fn is_bucket(arn: &str) -> bool {
    let Some((front, name)) = arn.rsplit_once(":s3:::") else {
        return false;
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    front.starts_with("arn:") && (1..=255).contains(&name.len()) && name.chars().all(legal)
}

fn hints(input: &mut Input) -> Result<Option<Hints>, Exception> {
    let read = |input: &mut Input| {
        let megabytes = input.number("SizeInMBs", 1..=128)?;
        let seconds = input.number("IntervalInSeconds", 0..=900)?;
        Ok((megabytes, seconds))
    };
    match input.structure("BufferingHints", read)? {
        None | Some((None, None)) => Ok(None),
        Some((Some(megabytes), Some(seconds))) => Ok(Some(Hints { megabytes, seconds })),
        Some(_) => {
            let message = "BufferingHints: SizeInMBs and IntervalInSeconds must be given together";
            Err(Exception::new(Kind::InvalidArgument, message))
        }
    }
}

fn compression(input: &mut Input) -> Result<Option<Compression>, Exception> {
    let word = input.one_of("CompressionFormat", COMPRESSIONS)?;
    Ok(word.map(|word| match word.as_str() {
        "ZIP" => Compression::Zip,
        "HADOOP_SNAPPY" => Compression::HadoopSnappy,
        "Snappy" => Compression::Snappy,
        "GZIP" => Compression::Gzip,
        _ => Compression::None,
    }))
}

/// Objects are as encrypted as the bucket makes them.
fn no_encryption(input: &mut Input) -> Result<(), Exception> {
    let read = |input: &mut Input| input.one_of("NoEncryptionConfig", &["NoEncryption"]);
    input.structure("EncryptionConfiguration", read).map(drop)
}

/// There is no CloudWatch here: the daemon has a log of its own.
fn no_logging(input: &mut Input) -> Result<(), Exception> {
    let read = |input: &mut Input| {
        if input.flag("Enabled")? == Some(true) {
            input.unsupported("CloudWatchLoggingOptions.Enabled");
        }
        Ok(())
    };
    input.structure("CloudWatchLoggingOptions", read).map(drop)
}

/// `""` is the service's word for none.
fn file_extension(input: &mut Input) -> Result<Option<String>, Exception> {
    let text = input.text("FileExtension", 0..=MAX_EXTENSION)?;
    let is_wrong = |text: &str| !text.is_empty() && !is_extension(text);
    if text.as_deref().is_some_and(is_wrong) {
        let constraint = format!("Member must satisfy regular expression pattern: {EXTENSION}");
        input.broken("FileExtension", &constraint);
    }
    Ok(text)
}

fn time_zone(input: &mut Input) -> Result<Option<String>, Exception> {
    let zone = input.text("CustomTimeZone", 0..=50)?;
    let legal = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_');
    if zone.as_deref().is_some_and(|zone| !zone.chars().all(legal)) {
        let constraint = format!("Member must satisfy regular expression pattern: {ZONE}");
        input.broken("CustomTimeZone", &constraint);
    }
    Ok(zone)
}

fn backup(input: &mut Input, name: &'static str, required: bool) -> Result<Backup, Exception> {
    let mode = input.one_of("S3BackupMode", BACKUP_MODES)?;
    let destination = input.structure(name, |input| read(input, Form::Plain, required))?;
    Ok(Backup {
        enabled: mode.map(|mode| mode == "Enabled"),
        destination: destination.map(Box::new),
    })
}
