//! What a lane must know of its stream to make batches and seal them.

use std::path::PathBuf;

use standpipe_config::names::{LaneId, StreamName};
use standpipe_config::prefix::{ErrorPrefix, Prefix};
use standpipe_config::settings::delivery::{
    Buffering, Destination, Format, Partitioning, Raw, RawCompression, Transform,
};

use crate::destination::Target;
use crate::format;
use crate::format::parquet::Columnar;
use crate::record::rows::Shape;

/// How source backup is written: records as they came, a line each.
const BACKUP: Format = Format::Raw(Raw {
    newline: true,
    compression: RawCompression::None,
});

/// What a lane must know of its stream.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name, part of object names.
    pub stream: StreamName,
    /// Its version, part of object names.
    pub version: u64,
    /// The lane.
    pub lane: LaneId,
    /// When a batch closes.
    pub buffering: Buffering,
    /// What changes records on their way.
    pub transform: Option<Transform>,
    /// How records are told apart, each partition with objects of its own.
    pub partitioning: Option<Partitioning>,
    /// How objects are written.
    pub format: Format,
    /// Where they go.
    pub destination: Destination,
    /// The stream's folder.
    pub folder: PathBuf,
}

/// A place for objects, with the prefix that leads there.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// Where.
    pub target: Target,
    /// What keys begin with, where objects have keys.
    pub prefix: Option<&'a Prefix>,
}

/// A place for records that failed, with the prefix that leads there.
#[derive(Clone, Debug)]
pub struct ErrorPlace<'a> {
    /// Where.
    pub target: Target,
    /// What keys begin with.
    pub prefix: &'a ErrorPrefix,
}

impl Plan {
    /// Where data objects go.
    pub fn place(&self) -> Place<'_> {
        place(&self.destination)
    }

    /// Where records go that failed.
    pub fn errors(&self) -> ErrorPlace<'_> {
        ErrorPlace {
            target: Target::of(self.destination.errors()),
            prefix: self.destination.error_output_prefix(),
        }
    }

    /// Where copies go, with source backup.
    pub fn backup(&self) -> Option<Place<'_>> {
        self.destination.backup().map(place)
    }

    /// Whether rows are encoded at the seal, and not delivered as they were spooled.
    pub fn is_encoded(&self) -> bool {
        Columnar::of(&self.format).is_some()
    }

    /// Where an inferred schema is kept.
    pub fn schema_path(&self) -> PathBuf {
        self.folder.join("schema.json")
    }

    /// How the rows of a batch are written.
    pub fn shape(&self) -> Shape {
        format::shape(&self.format)
    }

    /// Bytes of rows at which a batch closes. With partitions the hint holds for each file, and a
    /// batch that its interval does not close takes an eighth of the quota, as it lies in journal
    /// and spool.
    pub fn batch_size(&self, quota: u64) -> u64 {
        match self.partitioning {
            None => self.buffering.size,
            Some(_) => self.buffering.size.max(quota / 8),
        }
    }

    /// Whether the rows of a partition are spooled as lines, and so are its object already; else
    /// they are written into it at the seal.
    pub fn spools_lines(&self) -> bool {
        match self.format {
            Format::Parquet(_) | Format::Orc(_) => false,
            Format::Raw(raw) => raw.newline && raw.compression == RawCompression::None,
        }
    }

    /// How copies are written.
    pub fn backup_shape(&self) -> Shape {
        format::shape(&BACKUP)
    }

    /// What keys of data objects end in.
    pub fn suffix(&self) -> &str {
        let named = self.destination.file_extension();
        named.unwrap_or(format::suffix(&self.format))
    }

    /// What keys of copies end in.
    pub fn backup_suffix(&self) -> &str {
        let named = self.destination.backup();
        let named = named.and_then(Destination::file_extension);
        named.unwrap_or(format::suffix(&BACKUP))
    }
}

fn place(destination: &Destination) -> Place<'_> {
    Place {
        target: Target::of(destination),
        prefix: destination.prefix(),
    }
}
