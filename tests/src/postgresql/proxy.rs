//! A network before a PostgreSQL server that loses just what it is told to: a COMMIT, or the reply
//! to one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::listener::Listener;
use crate::trouble::Outcome;

/// The message that is waited for, as it stands in a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

/// What happens to a COMMIT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It never gets to the server: the connection ends before.
    Unsent,
    /// The server does it, and its reply is lost.
    ReplyLost,
    /// The same, and nothing passes any more until the network is restored.
    ReplyLostAndGone,
    /// The client hears nothing more at once, while the server is still at it.
    HungUp,
}

/// Stands before a server.
pub struct Proxy {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    /// What is to happen to the next commits, the last first.
    faults: Mutex<Vec<Fault>>,
    met: AtomicU64,
    down: AtomicBool,
}

impl Proxy {
    /// A network without faults as yet.
    pub fn start(server: SocketAddr) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            server,
            faults: Mutex::default(),
            met: AtomicU64::default(),
            down: AtomicBool::default(),
        });
        let own = shared.clone();
        let listener = Listener::start(move |client| own.accept(client))?;
        Ok(Self { listener, shared })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The next COMMIT meets this fault.
    pub fn command(&self, fault: Fault) {
        self.shared.faults().insert(0, fault);
    }

    /// How many faults were met.
    pub fn met(&self) -> u64 {
        self.shared.met.load(Ordering::SeqCst)
    }

    /// Whether nothing passes any more. Connections that are there end when something is sent.
    pub fn cut_off(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }
}

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, client: TcpStream) {
        if self.down.load(Ordering::SeqCst) {
            return;
        }
        let own = self.clone();
        // A connection that breaks is what this is for.
        thread::spawn(move || drop(own.carry(&client)));
    }

    fn carry(&self, client: &TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        // Whether replies are lost from now on.
        let deaf = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                if self.requests(client, &server, &deaf).is_err() || !deaf.load(Ordering::SeqCst) {
                    hang_up(&[client, &server]);
                }
            });
            replies(&server, client, &deaf);
            hang_up(&[client, &server]);
        });
        Ok(())
    }

    /// Carries what the client says, until it hangs up or a fault is met.
    fn requests(
        &self,
        mut client: &TcpStream,
        mut server: &TcpStream,
        deaf: &AtomicBool,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = client.read(&mut buffer)?;
            if count == 0 || self.down.load(Ordering::SeqCst) {
                return Ok(());
            }
            let said = &buffer[..count];
            let is_commit = said.windows(COMMIT.len()).any(|part| part == COMMIT);
            let fault = if is_commit { self.faults().pop() } else { None };
            if let Some(fault) = fault {
                self.met.fetch_add(1, Ordering::SeqCst);
                if fault == Fault::Unsent {
                    return Ok(());
                }
                deaf.store(true, Ordering::SeqCst);
                if fault == Fault::ReplyLostAndGone {
                    self.down.store(true, Ordering::SeqCst);
                }
                server.write_all(said)?;
                if fault == Fault::HungUp {
                    client.shutdown(Shutdown::Both)?;
                }
                return Ok(());
            }
            server.write_all(said)?;
        }
    }
}

/// Carries replies; one that is to be lost ends the connection, when it is there.
fn replies(mut server: &TcpStream, mut client: &TcpStream, deaf: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if deaf.load(Ordering::SeqCst) || client.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn hang_up(both: &[&TcpStream]) {
    for side in both {
        let _ = side.shutdown(Shutdown::Both);
    }
}
