//! Filling batches: what was read, or came out of the transform, goes into the open batch, and a
//! batch that is full is sealed.

use std::sync::Arc;

use super::batch::{Batch, Files, Limit, NotTaken, Taken};
use super::shape::Shaped;
use super::{Fatal, LEAST, Work};

impl Work<'_> {
    /// Writes all of `shaped` into batches, unless the lane has to read again.
    pub(super) async fn take_all(&mut self, shaped: Shaped) -> Result<(), Fatal> {
        let end = shaped.end().unwrap_or(self.position);
        let shaped = Arc::new(shaped);
        while self.position < end && !self.lane.is_stopping() {
            if !self.take(&shaped).await? {
                break;
            }
        }
        Ok(())
    }

    /// Writes what it can of `shaped` into the open batch; `false` if the lane has to read again.
    async fn take(&mut self, shaped: &Arc<Shaped>) -> Result<bool, Fatal> {
        let (plan, spool) = (self.lane.plan.clone(), self.lane.spool.clone());
        let memory = self.lane.shares.partitions.clone();
        let (open, position, limit) = (self.batch.take(), self.position, self.limit());
        let shaped = shaped.clone();
        let write = move || {
            let files = Files {
                spool: &spool,
                plan: &plan,
                memory: &memory,
            };
            let mut batch = match open {
                Some(batch) => batch,
                None => Batch::open(&files, position).map_err(|error| NotTaken {
                    error,
                    can_seal: false,
                })?,
            };
            let taken = batch.take(&shaped, limit, &files);
            Ok((batch, taken))
        };
        match self.lane.blocking(write).await {
            Ok((batch, taken)) => {
                self.position = batch.next();
                self.batch = Some(batch);
                self.taken(taken).await
            }
            Err(refused) => self.taken(Err(refused)).await,
        }
    }

    async fn taken(&mut self, taken: Result<Taken, NotTaken>) -> Result<bool, Fatal> {
        let before = self.position;
        match taken {
            Ok(Taken::All) => return Ok(true),
            Ok(Taken::Full) => self.seal().await?,
            Err(NotTaken { error, can_seal }) if error.is_full() => {
                if can_seal {
                    self.seal().await?;
                } else {
                    let held = self.batch.as_ref().map_or(0, Batch::bytes);
                    self.shrink(&error.to_string(), held).await;
                }
            }
            Err(NotTaken { error, .. }) => return Err(Fatal(error.to_string())),
        }
        Ok(self.position == before)
    }

    /// Under pressure batches are smaller: what is being spooled lies in the journal as well,
    /// whatever a transform leaves of it.
    fn limit(&self) -> Limit {
        let quota = &self.lane.quota;
        if quota.is_pressed() {
            let size = self.size.min((quota.reach() / 8).max(LEAST));
            Limit {
                size,
                accepted: size,
            }
        } else {
            Limit {
                size: self.size,
                accepted: u64::MAX,
            }
        }
    }
}
