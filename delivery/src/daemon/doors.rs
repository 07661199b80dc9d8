//! The doors while they are open.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use standpipe_config::process::door::{Bounds, CannotOpen, Door};
use standpipe_config::tls::Tls;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Doors that close together.
#[derive(Debug, Default)]
pub(super) struct Doors {
    addresses: BTreeMap<&'static str, SocketAddr>,
    closing: CancellationToken,
    /// One task per door, which ends when its last request is answered. Dropped, callers are
    /// hung up on.
    serving: JoinSet<&'static str>,
}

impl Doors {
    /// Opens a door and lets callers in.
    pub(super) async fn open(
        &mut self,
        name: &'static str,
        address: SocketAddr,
        tls: Option<Tls>,
        router: Router,
    ) -> Result<(), CannotOpen> {
        let door = Door::open(name, address, tls, Bounds::default()).await?;
        self.addresses.insert(name, door.address());
        let closing = self.closing.clone().cancelled_owned();
        self.serving.spawn(async move {
            door.serve(router, closing).await;
            name
        });
        Ok(())
    }

    /// Where they listen.
    pub(super) fn addresses(&self) -> &BTreeMap<&'static str, SocketAddr> {
        &self.addresses
    }

    /// Waits for a door that ends before it was told to.
    pub(super) async fn unexpected_end(&mut self) -> String {
        match self.serving.join_next().await {
            Some(Ok(name)) => format!("the {name} door closed"),
            Some(Err(error)) => format!("a door: {error}"),
            // There is none that could end.
            None => std::future::pending().await,
        }
    }

    /// Closes them and answers what is in hand, until the deadline. Says whether all was answered.
    pub(super) async fn close(mut self, deadline: Instant) -> bool {
        self.closing.cancel();
        let answered = async { while self.serving.join_next().await.is_some() {} };
        tokio::time::timeout_at(deadline.into(), answered)
            .await
            .is_ok()
    }
}

#[cfg(test)]
mod tests;
