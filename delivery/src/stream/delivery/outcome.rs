//! What follows from an attempt: a delivered file leaves the checkpoint, what is refused for good
//! becomes an error file (rule 18), the rest stays.

use std::sync::Arc;

use standpipe_config::faults;

use super::{Delivery, blocking};
use crate::destination::Outcome;
use crate::failure::{Failure, Verdict};
use crate::lane::Fatal;
use crate::lane::checkpoint::{Checkpoint, Entry, Role, SealedFile};
use crate::lane::divert::{Refused, divert};
use crate::lane::seal::SealError;

/// The code of the lines of a file that is refused as a whole.
const REFUSED: &str = "Standpipe.ObjectRefused";

impl Delivery {
    /// What is to be done about a file that is there, as a whole or in part; `Ok` inside: it is
    /// done.
    pub(super) async fn settle(
        &self,
        file: Arc<SealedFile>,
        outcome: Outcome,
        tries: u32,
    ) -> Result<Result<(), Failure>, Fatal> {
        match outcome {
            Outcome::Delivered => self.delivered(file).await,
            Outcome::Rejected(rows) => self.divert(file, Refused::Rows(rows), tries).await,
        }
    }

    /// What is to be done about a file that failed for the nth time, and was given up by an operator
    /// or not; `Ok` inside if it was diverted.
    pub(super) async fn failed(
        &self,
        file: Arc<SealedFile>,
        failure: Failure,
        (tries, given_up): (u32, bool),
    ) -> Result<Result<(), Failure>, Fatal> {
        let Failure { verdict, message } = failure;
        let verdict = match verdict {
            Verdict::Halt if given_up && file.role == Role::Data => Verdict::Divert,
            other => other,
        };
        let verdict = match (verdict, &file.role) {
            (Verdict::Divert, Role::Data) => {
                let code = REFUSED;
                return self
                    .divert(file, Refused::Whole { code, message }, tries)
                    .await;
            }
            // An error file is never diverted again, and a copy never: both are kept.
            (Verdict::Divert, Role::Error(_)) => Verdict::Retry,
            (Verdict::Divert, Role::Backup) => Verdict::Halt,
            (other, _) => other,
        };
        Ok(Err(Failure { verdict, message }))
    }

    /// A delivered file leaves the checkpoint, and then the disk.
    async fn delivered(&self, file: Arc<SealedFile>) -> Result<Result<(), Failure>, Fatal> {
        let (checkpoint, spool) = (self.checkpoint.clone(), self.spool.clone());
        faults::reach("delivery", "delivered");
        let forget = move || {
            let recorded = record(&checkpoint, Entry::Delivered { file: file.id })?;
            if recorded.is_ok() {
                faults::reach("delivery", "forgotten");
                spool.remove(file.spool_files());
                faults::reach("delivery", "removed");
            }
            Ok(recorded)
        };
        blocking(forget).await
    }

    async fn divert(
        &self,
        file: Arc<SealedFile>,
        refused: Refused,
        tries: u32,
    ) -> Result<Result<(), Failure>, Fatal> {
        tracing::warn!(key = %file.key, "{refused}; these records go under the error prefix");
        let (checkpoint, spool, lane) = (self.checkpoint.clone(), self.spool.clone(), self.lane);
        let work = move || match divert(&file, lane, (refused, tries), &spool, &checkpoint) {
            Ok(()) => Ok(Ok(())),
            Err(SealError::Full(why)) => Ok(Err(Failure::retry(why))),
            Err(SealError::Halt(failure)) => Ok(Err(failure)),
            Err(SealError::Fatal(why)) => Err(Fatal(why)),
        };
        blocking(work).await
    }
}

/// Records an entry. On a full disk the file is tried again later; after any other failure what is
/// on disk is unknown.
pub(super) fn record(checkpoint: &Checkpoint, entry: Entry) -> Result<Result<(), Failure>, Fatal> {
    match checkpoint.record(entry) {
        Ok(()) => Ok(Ok(())),
        Err(error) if error.is_full() => Ok(Err(Failure::retry(error.to_string()))),
        Err(error) => Err(Fatal(error.to_string())),
    }
}
