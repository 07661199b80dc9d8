//! Reading what is sent: ranges of a sealed file, which must be what was sealed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;

use super::{Object, hex};
use crate::failure::Failure;

/// Bytes of the sealed file. Blocks.
pub(super) fn range(object: &Object, range: Range<u64>) -> Result<Bytes, Failure> {
    let path = &object.path;
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(range.start))?;
        file.read_exact(&mut bytes)
    });
    match read {
        Ok(()) => Ok(bytes.into()),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(damaged(object)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Failure::halt(format!(
            "the sealed file {} is gone, although it was not delivered: restore it",
            path.display()
        ))),
        Err(e) => Err(Failure::retry(format!(
            "cannot read the sealed file {}: {e}",
            path.display()
        ))),
    }
}

/// That what was read is what was sealed.
pub(super) fn check(object: &Object, hash: ring::digest::Context) -> Result<(), Failure> {
    match hex(hash.finish().as_ref()) == object.hash {
        true => Ok(()),
        false => Err(damaged(object)),
    }
}

fn damaged(object: &Object) -> Failure {
    Failure::halt(format!(
        "the sealed file {} is damaged: its content does not have the hash it was sealed with; restore it",
        object.path.display()
    ))
}
