//! Where a stream that was made over the wire delivers to, in the service's words: what of it this
//! server does, with the service's defaults. What it does not do is refused by its name.

use serde::{Deserialize, Serialize};
use standpipe_config::prefix::{ErrorPrefix, Prefix, Zone};
use standpipe_config::settings::delivery::Partitioning;

use super::conversion::Conversion;
use super::partitioned::{self, DynamicPartitioning};
use super::processing::Processing;
use super::written::{Backup, Written};
use crate::ingest::firehose::exception::{Exception, Kind};

/// An S3 destination, all defaults filled in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Configuration {
    /// `RoleARN`: kept to be shown; who may write is for the daemon's settings to say.
    pub(super) role: String,
    /// `BucketARN`
    pub(super) bucket: String,
    /// `Prefix`
    pub(super) prefix: String,
    /// `ErrorOutputPrefix`
    pub(super) error_output_prefix: Option<String>,
    /// `BufferingHints`
    pub(super) hints: Hints,
    /// `CompressionFormat`
    pub(super) compression: Compression,
    /// `ProcessingConfiguration`, where it was given.
    pub(super) processing: Option<Processing>,
    /// `DynamicPartitioningConfiguration`, where it was given.
    #[serde(default)]
    pub(super) partitioning: Option<DynamicPartitioning>,
    /// `DataFormatConversionConfiguration`, where it was given.
    #[serde(default)]
    pub(super) conversion: Option<Conversion>,
    /// `CustomTimeZone`, where it was given.
    pub(super) time_zone: Option<String>,
    /// `FileExtension`, where it was given; `""` is the service's word for none.
    #[serde(default)]
    pub(super) file_extension: Option<String>,
    /// `S3BackupConfiguration`, where `S3BackupMode` is `Enabled`.
    pub(super) backup: Option<Box<Configuration>>,
}

/// `BufferingHints`, both or neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Hints {
    /// `SizeInMBs`
    pub(super) megabytes: u64,
    /// `IntervalInSeconds`
    pub(super) seconds: u64,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            megabytes: 5,
            seconds: 300,
        }
    }
}

impl Hints {
    /// With partitions the size is the least that tools for the service let pass, and with rows its
    /// default.
    fn by_default(
        partitioning: Option<DynamicPartitioning>,
        conversion: Option<&Conversion>,
    ) -> Self {
        let hints = Self::default();
        let has_rows = conversion.is_some_and(|found| found.enabled);
        let megabytes = match partitioning.is_some_and(|found| found.enabled) {
            _ if has_rows => 128,
            true => 64,
            false => hints.megabytes,
        };
        Self { megabytes, ..hints }
    }
}

/// `CompressionFormat`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) enum Compression {
    /// `UNCOMPRESSED`
    #[default]
    #[serde(rename = "UNCOMPRESSED")]
    None,
    /// `GZIP`
    #[serde(rename = "GZIP")]
    Gzip,
    /// `ZIP`
    #[serde(rename = "ZIP")]
    Zip,
    /// `Snappy`
    #[serde(rename = "Snappy")]
    Snappy,
    /// `HADOOP_SNAPPY`
    #[serde(rename = "HADOOP_SNAPPY")]
    HadoopSnappy,
}

impl Configuration {
    /// What a request says, over what held before; without that, over the service's defaults.
    pub(super) fn over(before: Option<Self>, written: Written) -> Result<Self, Exception> {
        let partitioning = match &before {
            None => written.partitioning,
            Some(before) => DynamicPartitioning::over(before.partitioning, written.partitioning)?,
        };
        let hints = written.hints.or(before.as_ref().map(|before| before.hints));
        let hints =
            hints.unwrap_or_else(|| Hints::by_default(partitioning, written.conversion.as_ref()));
        let backup = backup(before.as_ref(), written.backup, hints)?;
        let before = before.unwrap_or_default();
        let error_output_prefix = written.error_output_prefix.or(before.error_output_prefix);
        let new = Self {
            role: written.role.unwrap_or(before.role),
            bucket: written.bucket.unwrap_or(before.bucket),
            prefix: written.prefix.unwrap_or(before.prefix),
            error_output_prefix: error_output_prefix.filter(|prefix| !prefix.is_empty()),
            hints,
            compression: written.compression.unwrap_or(before.compression),
            processing: written.processing.or(before.processing),
            partitioning,
            conversion: written.conversion.or(before.conversion),
            time_zone: written.time_zone.or(before.time_zone),
            file_extension: written.file_extension.or(before.file_extension),
            backup,
        };
        new.check()?;
        Ok(new)
    }

    fn check(&self) -> Result<(), Exception> {
        self.partitions()?;
        let name = self.bucket_name();
        if !(3..=63).contains(&name.len()) || name.contains("..") {
            let message = format!("BucketARN {} names no bucket", self.bucket);
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        if self.has_rows() && self.compression != Compression::None {
            let message = "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled: the serializer compresses";
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        let Some(backup) = &self.backup else {
            return Ok(());
        };
        backup.check()?;
        // The copies are sealed together with what they are copies of.
        if backup.hints != self.hints {
            let message = "S3BackupConfiguration.BufferingHints must be those of the destination: other ones are not supported by this server";
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        if backup.compression != Compression::None {
            let message = "S3BackupConfiguration.CompressionFormat other than UNCOMPRESSED is not supported by this server";
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        Ok(())
    }

    /// Both prefixes, as they are evaluated.
    pub(super) fn prefixes(&self) -> Result<(Prefix, ErrorPrefix), Exception> {
        let wrong = |member: &str, why: String| {
            Exception::new(Kind::InvalidArgument, format!("{member}: {why}"))
        };
        let prefix = Prefix::parse(&self.prefix).map_err(|e| wrong("Prefix", e.0))?;
        let prefix = match self.time_zone.as_deref().filter(|zone| !zone.is_empty()) {
            Some(zone) => {
                let zone = Zone::named(zone).map_err(|e| wrong("CustomTimeZone", e.0))?;
                prefix.in_zone(zone)
            }
            None => prefix,
        };
        let errors = ErrorPrefix::parse(self.error_output_prefix.as_deref(), &prefix);
        let errors = errors.map_err(|e| wrong("ErrorOutputPrefix", e.0))?;
        Ok((prefix, errors))
    }

    /// The bucket without `arn:aws:s3:::`.
    pub(super) fn bucket_name(&self) -> &str {
        self.bucket.rsplit(':').next().unwrap_or_default()
    }

    /// Whether records become rows.
    pub(super) fn has_rows(&self) -> bool {
        self.conversion.as_ref().is_some_and(|found| found.enabled)
    }

    /// How records are told apart, where Dynamic Partitioning is on.
    pub(super) fn partitions(&self) -> Result<Option<Partitioning>, Exception> {
        let (prefix, _) = self.prefixes()?;
        let program = self.processing.as_ref().and_then(Processing::extraction);
        if !self.partitioning.is_some_and(|found| found.enabled) {
            return partitioned::check_absent(&prefix, program).map(|()| None);
        }
        if self.hints.seconds == 0 {
            let message =
                "BufferingHints.IntervalInSeconds 0 is not possible with Dynamic Partitioning";
            return Err(Exception::new(Kind::InvalidArgument, message));
        }
        partitioned::meant(&prefix, program).map(Some)
    }
}

impl Default for Configuration {
    /// The service's defaults; role and bucket have none.
    fn default() -> Self {
        Self {
            role: String::new(),
            bucket: String::new(),
            prefix: String::new(),
            error_output_prefix: None,
            hints: Hints::default(),
            compression: Compression::default(),
            processing: None,
            partitioning: None,
            conversion: None,
            time_zone: None,
            file_extension: None,
            backup: None,
        }
    }
}

/// Source backup can be switched on, and never off again. Where it is, and says no hints, it has
/// those of the destination.
fn backup(
    before: Option<&Configuration>,
    written: Backup,
    hints: Hints,
) -> Result<Option<Box<Configuration>>, Exception> {
    let wrong = |message: &str| Err(Exception::new(Kind::InvalidArgument, message));
    let before = before.and_then(|before| before.backup.as_deref());
    let enabled = match (before, written.enabled) {
        (Some(_), Some(false)) => return wrong("Disabling S3 backup is not currently supported."),
        (before, enabled) => enabled.unwrap_or(before.is_some()),
    };
    match (enabled, written.destination) {
        (false, None) => Ok(None),
        (false, Some(_)) => {
            wrong("S3BackupConfiguration is only applicable with S3BackupMode Enabled")
        }
        (true, None) if before.is_none() => {
            wrong("S3BackupConfiguration must be provided with S3BackupMode Enabled")
        }
        (true, destination) => {
            let mut destination = destination.map(|written| *written).unwrap_or_default();
            if before.is_none() && (destination.role.is_none() || destination.bucket.is_none()) {
                return wrong("S3BackupConfiguration needs RoleARN and BucketARN");
            }
            if before.is_none() {
                destination.hints.get_or_insert(hints);
            }
            let backup = Configuration::over(before.cloned(), destination)?;
            Ok(Some(Box::new(backup)))
        }
    }
}
