//! Closing batches: a batch is sealed, delivery is told, the journal lets go of its records; or the
//! batch is given up, and its records are read again.

use standpipe_config::faults;

use super::health::Part;
use super::seal::{self, SealError};
use super::{FULL_PAUSE, Fatal, HALT_PAUSE, LEAST, Work};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::spool::Draft;

impl Work<'_> {
    /// Seals the open batch.
    pub(super) async fn seal(&mut self) -> Result<(), Fatal> {
        let Some(batch) = self.batch.take() else {
            return Ok(());
        };
        let (held, lane) = (batch.bytes(), self.lane);
        let share = match lane.plan.is_encoded() {
            true => lane.shares.encoders.acquire().await.ok(),
            false => None,
        };
        let (plan, spool) = (lane.plan.clone(), lane.spool.clone());
        let checkpoint = lane.checkpoint.clone();
        let work = move || seal::seal(batch, &plan, &spool, &checkpoint);
        let sealed = lane.blocking(work).await;
        drop(share);
        match sealed {
            Ok(left) => self.sealed(left).await,
            Err(SealError::Full(why)) => self.shrink(&why, held).await,
            Err(SealError::Halt(failure)) => self.failed(&failure).await,
            Err(SealError::Fatal(why)) => return Err(Fatal(why)),
        }
        Ok(())
    }

    /// Delivery is told first: what is tidied takes time.
    async fn sealed(&mut self, left: Draft) {
        let lane = self.lane;
        lane.sealed.notify_one();
        lane.health.clear(Part::Lane);
        self.size = (self.size * 2).min(lane.plan.batch_size(lane.quota.reach()));
        let position = lane.checkpoint.state().position;
        if let Err(failure) = lane.journal.release(position).await {
            tracing::warn!(stream = %lane.plan.stream, "the journal did not release what was sealed: {failure}");
        }
        faults::reach("seal", "released");
        let spool = lane.spool.clone();
        let tidy = move || {
            drop(left);
            spool.keep_reserve();
        };
        lane.blocking(tidy).await;
    }

    /// The disk is full: gives the open batch up, which held so many bytes of records, and tries
    /// again with a smaller one (rule 28).
    pub(super) async fn shrink(&mut self, why: &str, held: u64) {
        self.give_up();
        self.size = (self.size.min(held) / 2).max(LEAST);
        let spool = self.lane.spool.clone();
        let found_room = self.lane.blocking(move || spool.give_up_reserve()).await;
        self.lane.health.worry(Part::Lane, why);
        if !found_room {
            self.lane.pause(FULL_PAUSE).await;
        }
    }

    /// An operator is needed, or the journal could not be read: again, slowly.
    pub(super) async fn failed(&mut self, failure: &Failure) {
        self.give_up();
        // Opened anew: what was missing may be there by then.
        self.shaping = None;
        if self.lane.is_stopping() {
            return;
        }
        self.lane.health.halt(Part::Lane, &failure.message);
        self.lane.pause(HALT_PAUSE).await;
    }

    fn give_up(&mut self) {
        self.batch = None;
        self.position = self.lane.checkpoint.state().position;
        if let Some(shaping) = &mut self.shaping {
            shaping.reset(self.position);
        }
    }
}
