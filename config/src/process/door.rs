//! A door: a listener that speaks HTTP/1, with bounds that hold whatever its callers do.
//!
//! Bounded are the connections, the size of a request's head and the time it may take, which is
//! also how long a kept connection may stay silent. What a body may take is for the handlers to
//! say. At the end the listener closes first, requests in hand are answered, and callers that
//! never said anything are not waited for. With TLS the same holds, the handshake included.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service;

use crate::faults;
use crate::tls::{Tls, Wrong};
use renewal::Renewal;

mod handshake;
mod renewal;

/// How many connections a door serves at once; more wait in the kernel's queue.
pub const CONNECTIONS: usize = 512;

/// How long a request's head may take, and how long a kept connection may stay silent.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

// Per connection: its read buffer and so the longest head. Not part of any permit, so small.
const BUFFER: usize = 64 * 1024;
// How long accepting rests when the process has no file descriptors left.
const REST: Duration = Duration::from_millis(200);

/// What a door allows its callers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// How long a request's head may take.
    pub head_timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            head_timeout: HEAD_TIMEOUT,
        }
    }
}

/// An open door that answers nobody yet: callers wait.
#[derive(Debug)]
pub struct Door {
    name: &'static str,
    listener: TcpListener,
    address: SocketAddr,
    /// How it speaks TLS; `None`: it does not.
    tls: Option<Renewal>,
    bounds: Bounds,
}

/// Why a door does not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the {name} door at {address}: {why}")]
pub struct CannotOpen {
    name: &'static str,
    address: SocketAddr,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("{source}; {}", advice(.source))]
    System {
        #[from]
        source: io::Error,
    },
    #[error("its `tls` names a file that {0}")]
    Tls(#[from] Wrong),
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process listens there: stop it, or choose another address (`ss -ltnp` shows which)"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: choose one that `ip address` shows"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for root: choose a higher one, or give the service CAP_NET_BIND_SERVICE"
        }
        _ => "choose another address under `listen`",
    }
}

/// Whether a peer is on this machine.
pub fn is_local(peer: &SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

impl Door {
    /// Listens at `address`; port 0 takes a free one. `name` is its word under `listen`.
    pub async fn open(
        name: &'static str,
        address: SocketAddr,
        tls: Option<Tls>,
        bounds: Bounds,
    ) -> Result<Self, CannotOpen> {
        let opened = Self::try_open(name, address, tls, bounds).await;
        opened.map_err(|why| CannotOpen { name, address, why })
    }

    async fn try_open(
        name: &'static str,
        address: SocketAddr,
        tls: Option<Tls>,
        bounds: Bounds,
    ) -> Result<Self, Why> {
        let tls = match tls {
            Some(tls) => Some(Renewal::begin(name, tls).await?),
            None => None,
        };
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let how = if tls.is_some() { " with TLS" } else { "" };
        tracing::info!(door = name, "listening on {address}{how}");
        Ok(Self {
            name,
            listener,
            address,
            tls,
            bounds,
        })
    }

    /// Its word under `listen`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers callers until `closing`, then closes the listener and returns when the requests in
    /// hand are answered. Dropping the future hangs up on them.
    pub async fn serve(mut self, router: Router, closing: impl Future<Output = ()>) {
        let (close, closed) = watch::channel(());
        let renewal = self.tls.take();
        let mut serving = Serving {
            slots: Arc::new(Semaphore::new(self.bounds.connections)),
            tls: renewal.as_ref().map(Renewal::current),
            door: self,
            router,
            connections: JoinSet::new(),
            closed,
        };
        tokio::select! {
            () = closing => {}
            () = serving.accept_all() => {}
            () = renewal::keep(renewal) => {}
        }
        let Serving {
            door,
            mut connections,
            ..
        } = serving;
        drop(door);
        let _ = close.send(());
        while connections.join_next().await.is_some() {}
    }
}

struct Serving {
    door: Door,
    router: Router,
    /// What TLS is spoken with now.
    tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    /// One permit per connection, held by its task.
    slots: Arc<Semaphore>,
    /// The connections. Dropped, they are hung up on.
    connections: JoinSet<()>,
    /// Changes when the door closes.
    closed: watch::Receiver<()>,
}

impl Serving {
    /// Ends only if the semaphore were closed, which nobody does.
    async fn accept_all(&mut self) {
        while let Ok(slot) = self.slots.clone().acquire_owned().await {
            match self.door.listener.accept().await {
                Ok((stream, peer)) => self.connect(stream, peer, slot),
                Err(error) => self.rest(&error).await,
            }
            while self.connections.try_join_next().is_some() {}
        }
    }

    async fn rest(&self, error: &io::Error) {
        let door = self.door.name;
        tracing::warn!(door, %error, "cannot accept a connection; trying on (is LimitNOFILE too low?)");
        tokio::time::sleep(REST).await;
    }

    fn connect(&mut self, stream: TcpStream, peer: SocketAddr, slot: OwnedSemaphorePermit) {
        // Replies are small and final; waiting for more of them only adds latency.
        let _ = stream.set_nodelay(true);
        let caller = Caller {
            peer,
            router: self.router.clone(),
            spoke: Arc::default(),
        };
        let (head_timeout, closed) = (self.door.bounds.head_timeout, self.closed.clone());
        let tls = self.tls.as_ref().map(|tls| tls.borrow().clone());
        self.connections.spawn(async move {
            match tls {
                None => converse(stream, caller, head_timeout, closed).await,
                Some(tls) => converse_by(tls, stream, caller, head_timeout, closed).await,
            }
            drop(slot);
        });
    }
}

#[derive(Clone)]
struct Caller {
    peer: SocketAddr,
    router: Router,
    /// Whether a request has come. A caller that never spoke is not waited for at the end.
    spoke: Arc<AtomicBool>,
}

/// Begins TLS, and converses in it.
async fn converse_by(
    tls: Arc<ServerConfig>,
    stream: TcpStream,
    caller: Caller,
    head_timeout: Duration,
    mut closed: watch::Receiver<()>,
) {
    let begun = tokio::select! {
        begun = handshake::begin(stream, tls, head_timeout) => begun,
        // Who asked nothing yet is not waited for.
        _ = closed.changed() => return,
    };
    let peer = caller.peer;
    match begun {
        Ok(stream) => converse(stream, caller, head_timeout, closed).await,
        Err(error) => tracing::debug!(%peer, %error, "no TLS with a caller"),
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: Caller,
    head_timeout: Duration,
    mut closed: watch::Receiver<()>,
) {
    let spoke = caller.spoke.clone();
    let peer = caller.peer;
    let service = service_fn(move |request| caller.clone().answer(request));
    // Half-closed callers (`nc -N`) get their answer too.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(BUFFER)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closed.changed() => {
            if !spoke.load(Ordering::Relaxed) {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

impl Caller {
    fn answer(
        mut self,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> impl Future<Output = Result<axum::response::Response, std::convert::Infallible>> {
        faults::answers();
        self.spoke.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.router.call(request)
    }
}

#[cfg(test)]
mod tests;
