//! What an operator orders a delivery to do (rule 30).

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::outcome::record;
use super::ways::Ways;
use super::{Delivery, blocking};
use crate::lane::Fatal;
use crate::lane::checkpoint::Entry;

/// An order.
#[derive(Debug)]
pub(in crate::stream) enum Order {
    /// Try everything again now.
    Retry,
    /// Put under the error prefix what has failed so far, or all that waits, unless the next attempt
    /// delivers it.
    Divert {
        all: bool,
        /// Told how many files, or groups of them, that are.
        reply: oneshot::Sender<u64>,
    },
    /// Forget files that an operator took elsewhere.
    Settle(Settle),
}

/// Files that an operator took elsewhere.
#[derive(Debug)]
pub(in crate::stream) struct Settle {
    /// Their ids.
    pub(in crate::stream) files: Vec<u64>,
    /// Told which of them were still there, and are settled now.
    pub(in crate::stream) reply: oneshot::Sender<Vec<u64>>,
}

impl Delivery {
    /// Does what is ordered; what has to wait until nothing is under way goes into `held`.
    pub(super) fn obey(&self, order: Order, ways: &mut Ways, held: &mut Vec<Settle>) {
        match order {
            Order::Retry => ways.try_again(Instant::now()),
            Order::Divert { all, reply } => {
                let given_up = ways.give_up(all, Instant::now());
                tracing::warn!(stream = %self.stream, "an operator diverts {given_up} files: what the next attempt does not deliver goes under the error prefix");
                // Whoever does not wait any more does not need to know.
                let _ = reply.send(given_up);
            }
            Order::Settle(settle) => held.push(settle),
        }
    }

    /// Settles what an operator took elsewhere. Nothing is under way.
    pub(super) async fn settle_elsewhere(
        &self,
        settle: Settle,
        ways: &mut Ways,
    ) -> Result<(), Fatal> {
        let mut settled = Vec::new();
        for id in settle.files {
            let Some(file) = self.checkpoint.file(id) else {
                // It was delivered meanwhile.
                continue;
            };
            let mut group = self.checkpoint.state().group(id);
            let (checkpoint, spool, forgotten) =
                (self.checkpoint.clone(), self.spool.clone(), file.clone());
            let forget = move || {
                let recorded = record(&checkpoint, Entry::Delivered { file: forgotten.id })?;
                if recorded.is_ok() {
                    spool.remove(forgotten.spool_files());
                }
                Ok(recorded)
            };
            if let Err(failure) = blocking(forget).await? {
                tracing::warn!(stream = %self.stream, "a file that was taken elsewhere was not settled: {failure}");
                break;
            }
            tracing::warn!(stream = %self.stream, key = %file.key, "an operator took a sealed file elsewhere: it counts as delivered");
            ways.forget(id);
            group.retain(|other| other.id != id);
            if let Some(next) = group.first() {
                ways.add(next);
            }
            settled.push(id);
        }
        let _ = settle.reply.send(settled);
        Ok(())
    }
}
