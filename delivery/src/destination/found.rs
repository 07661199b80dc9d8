//! What lies at a destination that keeps objects: listed, read and moved aside, for what failed once
//! and is to be put back (rule 27).

use std::fs::File;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::AnyDestination;
use super::file::found as folder;
use crate::failure::Failure;

/// Objects that are listed at once, at most.
pub const PAGE: usize = 1000;

/// An object's bytes, piece by piece.
pub enum Reading {
    /// From a file.
    File(Option<File>),
    /// From object storage.
    S3(BoxStream<'static, Result<Bytes, Failure>>),
}

impl AnyDestination {
    /// The keys of at most [`PAGE`] objects that begin with `start` and come after `after`, in their
    /// order; none behind the last one.
    pub async fn list(&self, start: &str, after: &str) -> Result<Vec<String>, Failure> {
        match self {
            Self::File(folder) => folder.list(start, after).await,
            Self::S3(bucket) => bucket.list(start, after).await,
            Self::OpenSearch(_) | Self::Postgresql(_) | Self::Redshift(_) => Err(no_objects()),
        }
    }

    /// Begins to read an object; `None` if it is not there.
    pub async fn read(&self, key: &str) -> Result<Option<Reading>, Failure> {
        match self {
            Self::File(folder) => Ok(folder.read(key).await?.map(|f| Reading::File(Some(f)))),
            Self::S3(bucket) => Ok(bucket.read(key).await?.map(Reading::S3)),
            Self::OpenSearch(_) | Self::Postgresql(_) | Self::Redshift(_) => Err(no_objects()),
        }
    }

    /// Gives an object another key. Done already is fine. Not synced: where a power cut undoes it,
    /// the object lies where it was.
    pub async fn move_aside(&self, from: &str, to: &str) -> Result<(), Failure> {
        match self {
            Self::File(folder) => folder.move_aside(from, to).await,
            Self::S3(bucket) => bucket.move_aside(from, to).await,
            Self::OpenSearch(_) | Self::Postgresql(_) | Self::Redshift(_) => Err(no_objects()),
        }
    }
}

fn no_objects() -> Failure {
    Failure::halt("no objects lie there: failed records go to the backup of such a destination")
}

impl Reading {
    /// The next piece; `None` behind the last one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::S3(stream) => stream.next().await.transpose(),
            Self::File(place) => {
                let Some(file) = place.take() else {
                    return Ok(None);
                };
                let (file, piece) = folder::piece(file).await?;
                *place = (!piece.is_empty()).then_some(file);
                Ok(Some(piece).filter(|piece| !piece.is_empty()))
            }
        }
    }
}
