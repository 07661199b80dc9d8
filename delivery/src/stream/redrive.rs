//! Redrive: what failed is put back once its cause is gone, each record once, under its own name
//! (rule 27).
//!
//! An error object is read line by line. Lines that are wanted go into the journal in batches. A batch
//! is named in the ledger first, with a number; the journal remembers the number of the last batch
//! that it stored. So of any two moments in between, one tells after a crash whether the batch is in,
//! and nothing is put back twice. When all lines of an object were put back it is moved aside.
//!
//! It runs beside everything else, one redrive of a stream at a time, and stops when nobody listens
//! any more.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use standpipe_config::names::StreamName;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::running::Running;
use super::targets::Current;
use super::{AppendError, Streams};
use crate::failure::Failure;
use crate::lane::Stop;
use ledger::Ledger;
use place::Place;
use sweep::Sweep;

pub use selection::Selection;
pub use summary::Summary;

mod batch;
mod ledger;
mod lines;
mod place;
mod ranges;
mod selection;
mod summary;
mod sweep;

/// What a redrive says while it runs. The last thing is how it ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// So far.
    Progress(Counts),
    /// All that was wanted is done.
    Done(Counts),
    /// What lies under the error prefix.
    Errors(Summary),
    /// It ended before that, and why. What was put back so far is in the counts.
    Failed {
        /// Why.
        message: String,
        /// What was done until then.
        counts: Counts,
    },
}

/// What a redrive did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Error objects read.
    pub objects: u64,
    /// Records put back; in a dry run those that would be.
    pub redriven: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Objects moved aside, all of whose records were put back.
    pub moved: u64,
    /// Records that were not selected.
    pub left: u64,
    /// Lines that were put back by an earlier redrive.
    pub earlier: u64,
    /// Lines that are no error lines of this stream's lane: of another daemon, or another program.
    pub foreign: u64,
    /// Objects that are left for a later redrive, because their delivery is not noted yet.
    pub undelivered: u64,
}

/// Why nothing of a stream can be put back now.
#[derive(Debug, thiserror::Error)]
pub enum NotRedriven {
    /// There is no such stream, or its door is closed.
    #[error(transparent)]
    Stream(#[from] AppendError),
    /// Another redrive of it runs.
    #[error("a redrive of {0} is under way: wait for its end")]
    Busy(StreamName),
    /// Its error prefix cannot be asked.
    #[error(transparent)]
    Place(#[from] Failure),
}

/// The ledger of a stream once it was needed, and with its lock the right to redrive.
pub(super) type Desk = Arc<tokio::sync::Mutex<Option<Ledger>>>;

impl Streams {
    /// Puts the selected records that failed back into a stream; says how that goes.
    pub fn redrive(
        &self,
        name: &StreamName,
        selection: Selection,
    ) -> Result<Receiver<Said>, NotRedriven> {
        self.sweep(name, Some(selection))
    }

    /// Looks at what lies under a stream's error prefix and was not put back.
    pub fn errors(&self, name: &StreamName) -> Result<Receiver<Said>, NotRedriven> {
        self.sweep(name, None)
    }

    fn sweep(
        &self,
        name: &StreamName,
        selection: Option<Selection>,
    ) -> Result<Receiver<Said>, NotRedriven> {
        let running = self.door(name)?;
        let place = self.error_place(name)?;
        let desk = running.redrives.clone().try_lock_owned();
        let desk = desk.map_err(|_| NotRedriven::Busy(name.clone()))?;
        let (says, said) = channel(16);
        // A task of its own: a caller who hangs up must not leave a batch of unknown outcome.
        tokio::spawn(async move {
            let sweep = Sweep::new(running, place, says);
            match selection {
                Some(selection) => sweep.redrive(desk, selection).await,
                None => sweep.errors(desk).await,
            }
        });
        Ok(said)
    }

    fn error_place(&self, name: &StreamName) -> Result<Place, NotRedriven> {
        let settings = self.shared.settings().get(name).cloned();
        let settings = settings.ok_or_else(|| AppendError::NoSuchStream {
            existing: self.names(),
        })?;
        let destination = &settings.destination;
        let target = crate::destination::Target::of(destination.errors());
        let current = Current::of(destination);
        let names = [Some(settings.name.clone()), settings.former_name.clone()];
        Ok(Place {
            objects: self.shared.around.targets.open(&target, &current)?,
            prefix: destination.error_output_prefix().clone(),
            names: names.into_iter().flatten().collect(),
        })
    }
}

/// What a sweep tells, as long as somebody listens.
pub(super) struct Teller(Sender<Said>);

impl Teller {
    /// Tells; whether somebody listens.
    async fn tell(&self, said: Said) -> bool {
        self.0.send(said).await.is_ok()
    }
}

impl Running {
    /// Whether it is to end.
    fn is_stopping(&self) -> bool {
        *self.lane_stop.borrow() != Stop::No
    }
}
