//! What an operator can do to a stream that runs (rule 30): pause it, flush it, and lead it out of a
//! halt.

use std::sync::Arc;
use std::time::Duration;

use standpipe_config::files::FileError;
use standpipe_config::names::StreamName;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::delivery::orders::{Order, Settle};
use super::registry::Life;
use super::running::Running;
use super::{LOOK, StartError, Streams, blocking, paused};
use crate::lane::levers::Levers;
use crate::lane::mishap;

/// How long a flush is waited for.
const FLUSH: Duration = Duration::from_secs(60);

/// The operator's end of a running stream.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) levers: Arc<Levers>,
    pub(super) paused: watch::Sender<bool>,
    pub(super) orders: mpsc::Sender<Order>,
    /// The lane was not started, because it took the process down.
    pub(super) is_barred: bool,
}

/// Why an order was not obeyed.
#[derive(Debug, thiserror::Error)]
pub enum NotObeyed {
    /// There is no such stream.
    #[error("there is no stream {name}; there are: {existing}")]
    NoSuchStream {
        /// What was asked for.
        name: StreamName,
        /// Those that there are.
        existing: String,
    },
    /// It could not be opened, so it has nothing that could obey.
    #[error("the stream {0} could not be opened: {1}")]
    Damaged(StreamName, String),
    /// It ended meanwhile.
    #[error("the stream {0} is just being stopped or started: try again")]
    Gone(StreamName),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be started anew.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What a flush came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flushed {
    /// Everything before this position was to be sealed.
    pub wanted: u64,
    /// What is sealed.
    pub sealed: u64,
    /// Sealed files that wait for their delivery.
    pub files: u64,
}

impl Streams {
    /// Lets a stream deliver nothing until it is told to go on, also over restarts. It goes on
    /// taking records and sealing batches, as long as its quota lasts.
    pub async fn pause(&self, name: &StreamName, pauses: bool) -> Result<(), NotObeyed> {
        let life = self.living(name)?;
        let folder = self.shared.folders.of(name);
        blocking(move || paused::note(&folder, pauses)).await?;
        if let Life::Running(running) = life {
            running.control.paused.send_replace(pauses);
        }
        tracing::info!(stream = %name, "{}", if pauses { "paused" } else { "goes on" });
        Ok(())
    }

    /// Seals what a stream has accepted so far, without waiting for size or age.
    pub async fn flush(&self, name: &StreamName) -> Result<Flushed, NotObeyed> {
        let running = self.running(name)?;
        let wanted = running.journal.end();
        running.control.levers.flush_to(wanted);
        let deadline = Instant::now() + FLUSH;
        loop {
            let (sealed, files) = running.sealed();
            if sealed >= wanted || Instant::now() >= deadline || running.is_halted() {
                return Ok(Flushed {
                    wanted,
                    sealed,
                    files,
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tries again, now, whatever a stream waits for or is halted by.
    pub async fn retry(&self, name: &StreamName) -> Result<(), NotObeyed> {
        tracing::info!(stream = %name, "an operator lets it try again");
        match self.living(name)? {
            Life::Running(running) if !running.control.is_barred => {
                running.control.levers.try_again();
                let sent = running.control.orders.send(Order::Retry).await;
                sent.map_err(|_| NotObeyed::Gone(name.clone()))
            }
            life => self.open_again(name, &life).await,
        }
    }

    /// A stream that could not be opened, or whose lane is barred: from its beginning.
    async fn open_again(&self, name: &StreamName, life: &Life) -> Result<(), NotObeyed> {
        let folder = self.shared.folders.of(name);
        blocking(move || mishap::forget(&folder)).await?;
        let drains = match life {
            Life::Running(running) => running.drains,
            Life::Halted(halted) => halted.drains,
            Life::Stopped => false,
        };
        let settings = self.shared.settings().get(name).cloned();
        match settings.filter(|_| !drains) {
            Some(settings) => Ok(self.restart(&settings).await?),
            None => {
                self.remove(name).await;
                Ok(())
            }
        }
    }

    /// Puts under the error prefix what has failed so far, or all that waits in the spool, unless
    /// the next attempt delivers it. How many files or groups that are.
    pub async fn divert(&self, name: &StreamName, all: bool) -> Result<u64, NotObeyed> {
        self.ordered(name, |reply| Order::Divert { all, reply })
            .await
    }

    /// Forgets sealed files that an operator took elsewhere; they count as delivered. Which of them
    /// were still there.
    pub async fn settle(&self, name: &StreamName, files: Vec<u64>) -> Result<Vec<u64>, NotObeyed> {
        self.ordered(name, |reply| Order::Settle(Settle { files, reply }))
            .await
    }

    async fn ordered<T>(
        &self,
        name: &StreamName,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Result<T, NotObeyed> {
        let running = self.running(name)?;
        let (reply, answer) = oneshot::channel();
        let gone = || NotObeyed::Gone(name.clone());
        let sent = running.control.orders.send(order(reply)).await;
        sent.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    fn running(&self, name: &StreamName) -> Result<Arc<Running>, NotObeyed> {
        match self.living(name)? {
            Life::Running(running) => Ok(running),
            Life::Halted(halted) => {
                let why = halted.damage.message.clone();
                Err(NotObeyed::Damaged(name.clone(), why))
            }
            Life::Stopped => Err(NotObeyed::Gone(name.clone())),
        }
    }

    fn living(&self, name: &StreamName) -> Result<Life, NotObeyed> {
        match self.shared.life(name) {
            Some(Life::Stopped) => Err(NotObeyed::Gone(name.clone())),
            Some(life) => Ok(life),
            None => {
                let streams = self.shared.streams();
                let existing: Vec<_> = streams.keys().map(StreamName::as_str).collect();
                Err(NotObeyed::NoSuchStream {
                    name: name.clone(),
                    existing: existing.join(", "),
                })
            }
        }
    }
}
