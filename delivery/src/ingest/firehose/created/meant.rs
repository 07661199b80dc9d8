//! What a configuration means in the words of our settings.

use std::time::Duration;

use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{
    Buffering, Created as Settings, Destination, Format, QUOTA, Raw, RawCompression, S3Destination,
    Storing, Stream,
};

use super::configuration::{Compression, Configuration};
use super::processing::Processing;
use crate::ingest::firehose::exception::Exception;

const MIB: u64 = 1024 * 1024;

impl Configuration {
    /// The settings that a stream of this configuration runs with. Reads the table that its rows are
    /// like.
    pub(super) fn stream(
        &self,
        name: &StreamName,
        settings: &Settings,
    ) -> Result<Stream, Exception> {
        let processing = self.processing.as_ref();
        Ok(Stream {
            name: name.clone(),
            former_name: None,
            deaggregation: processing.and_then(Processing::deaggregation),
            partitioning: self.partitions()?,
            transform: None,
            quota: QUOTA,
            buffering: Buffering {
                size: self.hints.megabytes * MIB,
                interval: Duration::from_secs(self.hints.seconds),
            },
            format: self.format(settings)?,
            destination: self.destination(settings)?,
        })
    }

    fn format(&self, settings: &Settings) -> Result<Format, Exception> {
        let converted = self.conversion.as_ref();
        let converted = converted.map(|conversion| conversion.format(settings));
        if let Some(Some(format)) = converted.transpose()? {
            return Ok(format);
        }
        let processing = self.processing.as_ref();
        Ok(Format::Raw(Raw {
            newline: processing.is_some_and(Processing::appends_newline),
            compression: match self.compression {
                Compression::None => RawCompression::None,
                Compression::Gzip => RawCompression::Gzip,
                Compression::Zip => RawCompression::Zip,
                Compression::Snappy => RawCompression::Snappy,
                Compression::HadoopSnappy => RawCompression::HadoopSnappy,
            },
        }))
    }

    fn destination(&self, settings: &Settings) -> Result<Destination, Exception> {
        let (prefix, error_output_prefix) = self.prefixes()?;
        let backup = self
            .backup
            .as_ref()
            .map(|backup| backup.destination(settings));
        Ok(Destination::S3(S3Destination {
            bucket: settings.bucket(self.bucket_name()),
            storing: Storing::default(),
            prefix,
            error_output_prefix,
            file_extension: self.file_extension.clone().filter(|e| !e.is_empty()),
            backup: backup.transpose()?.map(Box::new),
            backup_failed: false,
        }))
    }
}
