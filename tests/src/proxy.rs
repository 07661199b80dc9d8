//! A network that lies: a TCP proxy that cuts connections in the middle of requests, swallows and
//! delays replies after the server has acted, and is gone for a while.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::listener::Listener;
use crate::random::Random;
use crate::trouble::Outcome;

/// How bad a network is.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    /// Of a hundred connections so many meet a fault.
    pub faulty: u64,
    /// How much passes at most before a connection meets its fault, in bytes.
    pub grace: u64,
    /// How long replies are held back at most.
    pub delay: Duration,
}

impl Temper {
    /// No connection lasts.
    pub const WILD: Self = Self {
        faulty: 100,
        grace: 256 * 1024,
        delay: Duration::ZERO,
    };
}

/// Stands before a server; faults are on until [`heal`](Self::heal).
pub struct Proxy {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    temper: Temper,
    lying: AtomicBool,
    down: AtomicBool,
    cut: AtomicU64,
    swallowed: AtomicU64,
}

/// What happens to a connection.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// Both sides are hung up on when so many bytes have gone to the server.
    Cut(u64),
    /// The request goes through; the reply that follows so many bytes does not.
    Swallow(u64),
}

impl Proxy {
    /// A lying network before `server`.
    pub fn start(server: SocketAddr, random: Random) -> Outcome<Self> {
        Self::with(server, random, Temper::WILD)
    }

    /// The same, as bad as the caller wants it.
    pub fn with(server: SocketAddr, mut random: Random, temper: Temper) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            server,
            temper,
            lying: AtomicBool::new(true),
            down: AtomicBool::new(false),
            cut: AtomicU64::new(0),
            swallowed: AtomicU64::new(0),
        });
        let own = shared.clone();
        let listener = Listener::start(move |client| own.accept(client, &mut random))?;
        Ok(Self { listener, shared })
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// Nothing passes any more.
    pub fn cut_off(&self) {
        self.shared.down.store(true, Ordering::Relaxed);
    }

    /// It passes again.
    pub fn restore(&self) {
        self.shared.down.store(false, Ordering::Relaxed);
    }

    /// No further faults.
    pub fn heal(&self) {
        self.shared.lying.store(false, Ordering::Relaxed);
    }

    /// How many requests were cut, and how many replies were swallowed.
    pub fn faults(&self) -> (u64, u64) {
        let count = |faults: &AtomicU64| faults.load(Ordering::Relaxed);
        (count(&self.shared.cut), count(&self.shared.swallowed))
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, client: TcpStream, random: &mut Random) {
        if self.down.load(Ordering::Relaxed) {
            return;
        }
        let fault = self.fault(random);
        let delay = random.below(self.temper.delay.as_millis() as u64 + 1);
        let own = self.clone();
        // A connection that breaks is what this is for.
        thread::spawn(move || drop(own.carry(&client, fault, Duration::from_millis(delay))));
    }

    fn fault(&self, random: &mut Random) -> Fault {
        let after = random.below(self.temper.grace);
        let kind = random.below(3);
        let spared = random.below(100) >= self.temper.faulty;
        match kind {
            _ if spared || !self.lying.load(Ordering::Relaxed) => Fault::None,
            0 => Fault::Cut(after),
            _ => Fault::Swallow(after),
        }
    }

    /// Carries bytes both ways until a side closes or the fault is due.
    fn carry(&self, client: &TcpStream, fault: Fault, delay: Duration) -> std::io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        let sent = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let due = pump(client, &server, |count| {
                    let sent = sent.fetch_add(count, Ordering::Relaxed) + count;
                    self.down.load(Ordering::Relaxed)
                        || matches!(fault, Fault::Cut(after) if sent > after)
                });
                if due {
                    self.cut.fetch_add(1, Ordering::Relaxed);
                    hang_up(client, &server);
                }
                let _ = server.shutdown(Shutdown::Write);
            });
            let due = pump(&server, client, |_| {
                thread::sleep(delay);
                let sent = sent.load(Ordering::Relaxed);
                self.down.load(Ordering::Relaxed)
                    || matches!(fault, Fault::Swallow(after) if sent > after)
            });
            if due {
                self.swallowed.fetch_add(1, Ordering::Relaxed);
            }
            hang_up(client, &server);
        });
        Ok(())
    }
}

/// Copies until the end, or until `is_due` says stop before what was just read is passed on.
fn pump(mut from: &TcpStream, mut to: &TcpStream, mut is_due: impl FnMut(u64) -> bool) -> bool {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) if is_due(count as u64) => return true,
            Ok(count) => {
                if to.write_all(&buffer[..count]).is_err() {
                    return false;
                }
            }
        }
    }
}

fn hang_up(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests;
