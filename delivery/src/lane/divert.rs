//! What a destination refuses for good becomes one more sealed file, under the error prefix
//! (rule 18).

use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::names::LaneId;

use super::checkpoint::{Attempts, Checkpoint, Entry, Role, SealedFile};
use super::failed::{ErrorFile, Lines, Reason};
use super::seal::{SealError, rows_of, unknown};
use crate::destination::content_hash;
use crate::failure::Failure;
use crate::spool::Spool;

/// Puts an error file with the rows of `file` in its place; durable on return. Blocks.
pub fn divert(
    file: &SealedFile,
    lane: LaneId,
    reason: &Reason<'_>,
    spool: &Arc<Spool>,
    checkpoint: &Checkpoint,
) -> Result<(), SealError> {
    let Some(key) = file.refused_key.clone() else {
        return Err(SealError::Halt(Failure::halt(format!(
            "{} refuses {}, and no name can be given to an error object for it: {}",
            file.target, file.key, reason.message
        ))));
    };
    let mut draft = spool.draft();
    let mut errors = ErrorFile::create(spool, &mut draft, lane, Lines::Refusal)?;
    errors.add_all(&mut rows_of(spool, &file.kept)?, reason)?;
    let written = errors.file.finish()?;
    spool.sync()?;
    faults::reach("divert", "synced");
    let added = SealedFile {
        id: written.id,
        role: Role::Error(file.target.error_type().to_owned()),
        key,
        refused_key: None,
        rows: written.rows,
        hash: content_hash(&spool.path(&written.data.name))?,
        object: written.data.clone(),
        kept: vec![written.data, written.index],
        attempts: Attempts::default(),
        ..file.clone()
    };
    let entry = Entry::Diverted {
        file: file.id,
        added: added.clone(),
    };
    match checkpoint.record(entry) {
        Ok(()) => {
            faults::reach("divert", "recorded");
            draft.keep(added.spool_files());
            spool.remove(file.spool_files());
            Ok(())
        }
        Err(error) if error.is_full() => Err(SealError::Full(error.to_string())),
        Err(error) => {
            draft.leave();
            Err(unknown(&error))
        }
    }
}
