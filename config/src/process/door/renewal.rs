//! Certificates that are renewed while a door is open: its files are looked at now and then, and
//! what they hold is used from the next connection on.
//!
//! Files that cannot be used change nothing: callers go on with what was there before. That is
//! said once, and only when a second look finds the same, because certificate and key are
//! written one after the other.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::UnixTime;
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};

use crate::tls::{Tls, Written, Wrong};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Keeps what a door speaks TLS with up to date.
#[derive(Debug)]
pub(super) struct Renewal {
    door: &'static str,
    tls: Tls,
    /// What the files held when they could be used last.
    used: Written,
    current: watch::Sender<Arc<ServerConfig>>,
    trouble: Option<Trouble>,
}

/// Files that cannot be used.
#[derive(Debug)]
struct Trouble {
    why: Wrong,
    said: bool,
}

impl Renewal {
    /// Reads the files for the first time.
    pub(super) async fn begin(door: &'static str, tls: Tls) -> Result<Self, Wrong> {
        let (used, config) = look(tls.clone()).await?;
        Ok(Self {
            door,
            tls,
            used,
            current: watch::Sender::new(config),
            trouble: None,
        })
    }

    /// What a connection that begins now speaks TLS with.
    pub(super) fn current(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.current.subscribe()
    }

    async fn look_again(&mut self) {
        match look(self.tls.clone()).await {
            Ok((written, config)) => self.renew(written, config),
            Err(why) => self.complain(why),
        }
    }

    fn renew(&mut self, written: Written, config: Arc<ServerConfig>) {
        let door = self.door;
        if self.trouble.take().is_some_and(|trouble| trouble.said) {
            tracing::info!(door, "the files of `tls` can be used again");
        }
        if written == self.used {
            return;
        }
        if let Some(worry) = written.pair.worry(UnixTime::now()) {
            tracing::warn!(door, "the new certificate {worry}");
        }
        tracing::info!(door, "the certificate was renewed");
        self.used = written;
        self.current.send_replace(config);
    }

    fn complain(&mut self, why: Wrong) {
        match &mut self.trouble {
            Some(trouble) if trouble.why == why => {
                if !trouble.said {
                    trouble.said = true;
                    let door = self.door;
                    tracing::error!(
                        door,
                        "`tls` names a file that {why}; the door goes on with what it held before"
                    );
                }
            }
            _ => self.trouble = Some(Trouble { why, said: false }),
        }
    }
}

/// Looks at the files for as long as the door is open. Never ends.
pub(super) async fn keep(renewal: Option<Renewal>) {
    let Some(mut renewal) = renewal else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(EVERY).await;
        renewal.look_again().await;
    }
}

async fn look(tls: Tls) -> Result<(Written, Arc<ServerConfig>), Wrong> {
    let looked = spawn_blocking(move || {
        let written = tls.read()?;
        let config = written.server()?;
        Ok((written, config))
    });
    match looked.await.map_err(JoinError::try_into_panic) {
        Ok(found) => found,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The process ends.
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
