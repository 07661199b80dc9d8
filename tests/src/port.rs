//! Ports for programs that must be found at the same place after a restart.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::{Outcome, Trouble};

// Below the range from which the system takes ports for outgoing connections: no client of
// ours can sit on a port while its server is down.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of loopback that nobody listens on.
pub fn free() -> Outcome<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id() % 2_000) as u16 * 10;
    for _ in 0..COUNT {
        let place = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(own) % COUNT;
        if TcpListener::bind(("127.0.0.1", FIRST + place)).is_ok() {
            return Ok(FIRST + place);
        }
    }
    Err(Trouble::new("no port of loopback is free"))
}
