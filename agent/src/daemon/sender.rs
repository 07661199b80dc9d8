//! One stream's shipping: one request on its way, the next one read, split and compressed
//! meanwhile; the same one again until it is answered.

use std::io;
use std::sync::Arc;

use standpipe_config::faults;
use standpipe_config::names::StreamName;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::follow::Asking;
use crate::ship::backoff::{Backoff, LONGEST, spread};
use crate::ship::client::Trouble;
use crate::ship::packer::Packer;
use crate::ship::receiver::{Packed, Receiver};
use crate::tail::Settled;

/// A stream's sender.
pub(super) struct Sender {
    pub(super) stream: usize,
    pub(super) name: StreamName,
    pub(super) asking: Asking,
    pub(super) receiver: Arc<Receiver>,
    /// Turns true when it is time to stop.
    pub(super) stop: watch::Receiver<bool>,
}

fn cannot_pack(error: &io::Error) {
    tracing::error!(%error, "cannot make a request ready: nothing more is shipped until a restart");
}

/// A request, ready to be sent.
struct Prepared {
    id: u64,
    generation: u64,
    packed: Packed,
}

/// What is worth saying once, and once more when it is over.
#[derive(Default)]
struct Said {
    failing: bool,
}

impl Sender {
    /// Ships until told to stop. What is on its way then is waited for.
    pub(super) async fn run(mut self) {
        let mut generation = 0;
        let mut said = Said::default();
        let Ok(packer) = Packer::new().inspect_err(cannot_pack) else {
            return;
        };
        let mut next = self.prepare(packer);
        loop {
            let prepared = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => break,
                prepared = &mut next => prepared,
            };
            let Ok(Some((mut prepared, packer))) = prepared else {
                return;
            };
            next = self.prepare(packer);
            if prepared.generation != generation {
                continue;
            }
            match self.deliver(&mut prepared, &mut said).await {
                Some(settled) => generation = settled.generation,
                None => break,
            }
        }
        next.abort();
    }

    /// Gets the next request ready, beside everything else.
    fn prepare(&self, mut packer: Packer) -> JoinHandle<Option<(Prepared, Packer)>> {
        let (asking, stream, receiver) = (self.asking.clone(), self.stream, self.receiver.clone());
        tokio::spawn(async move {
            let request = asking.want(stream, packer.spent()).await?;
            let (id, generation) = (request.id, request.generation);
            let pack = move || {
                let packed = receiver.pack(request, &mut packer)?;
                Ok::<_, io::Error>((packed, packer))
            };
            let packed = tokio::task::spawn_blocking(pack).await.ok()?;
            let (packed, packer) = packed.inspect_err(cannot_pack).ok()?;
            let prepared = Prepared {
                id,
                generation,
                packed,
            };
            Some((prepared, packer))
        })
    }

    /// Sends one request until it is answered or refused. `None`: told to stop before.
    async fn deliver(&mut self, prepared: &mut Prepared, said: &mut Said) -> Option<Settled> {
        let mut backoff = Backoff::default();
        loop {
            faults::reach("ship", "sending");
            let before = prepared.packed.left();
            match self.receiver.send(&self.name, &mut prepared.packed).await {
                Ok(reply) => {
                    faults::reach("ship", "answered");
                    said.well(&self.name);
                    let settled = self
                        .asking
                        .answered(self.stream, prepared.id, reply)
                        .await?;
                    if !settled.moved {
                        self.rest(LONGEST).await?;
                    }
                    return Some(settled);
                }
                Err(Trouble::Refused(why)) => return self.halve(&why, said).await,
                Err(trouble) => {
                    said.badly(&self.name, &trouble);
                    if prepared.packed.left() < before {
                        // It goes on, if slowly.
                        backoff = Backoff::default();
                    }
                    let wait = match trouble {
                        Trouble::Passing { after, .. } => backoff.wait(after),
                        Trouble::Operator(_) | Trouble::Refused(_) => LONGEST,
                    };
                    self.rest(spread(wait)).await?;
                }
            }
        }
    }

    async fn halve(&mut self, why: &str, said: &mut Said) -> Option<Settled> {
        let settled = self.asking.refused(self.stream).await?;
        if settled.moved {
            tracing::warn!(stream = %self.name, why, "a request was refused; it is sent again in halves");
        } else {
            said.badly(&self.name, &Trouble::Refused(why.to_owned()));
            self.rest(LONGEST).await?;
        }
        Some(settled)
    }

    /// Waits. `None`: told to stop.
    async fn rest(&mut self, time: std::time::Duration) -> Option<()> {
        tokio::select! {
            () = tokio::time::sleep(time) => Some(()),
            _ = self.stop.wait_for(|stop| *stop) => None,
        }
    }
}

impl Said {
    fn badly(&mut self, stream: &StreamName, trouble: &Trouble) {
        if std::mem::replace(&mut self.failing, true) {
            tracing::debug!(%stream, %trouble, "still not shipping");
            return;
        }
        match trouble {
            Trouble::Passing { .. } => {
                tracing::warn!(%stream, %trouble, "cannot ship; trying again until it works, the files keep what waits");
            }
            Trouble::Refused(_) | Trouble::Operator(_) => {
                tracing::error!(%stream, %trouble, "cannot ship, and it will not pass by itself; trying again slowly, nothing is skipped");
            }
        }
    }

    fn well(&mut self, stream: &StreamName) {
        if std::mem::take(&mut self.failing) {
            tracing::info!(%stream, "shipping again");
        }
    }
}
