//! A server that hears everything and does nothing: whatever speaks HTTP is told to come back, and
//! whatever speaks PostgreSQL is asked for its password and told so too.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use standpipe_tests::Outcome;
use standpipe_tests::listener::Listener;

/// How long it listens to somebody who says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

const COME_BACK: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy";

/// AuthenticationCleartextPassword.
const PASSWORD_WANTED: &[u8] = b"R\0\0\0\x08\0\0\0\x03";

/// ErrorResponse: too many connections.
const TOO_MANY: &[u8] = b"E\0\0\0\x21SFATAL\0C53300\0Mtoo many now\0\0";

/// The server.
pub(crate) struct Server {
    pub(crate) listener: Listener,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    pub(crate) fn start() -> Outcome<Self> {
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let ear = heard.clone();
        let listener = Listener::start(move |caller| {
            let ear = ear.clone();
            thread::spawn(move || answer(caller, &ear));
        })?;
        Ok(Self { listener, heard })
    }

    /// Whether somebody said this, in plain.
    pub(crate) fn heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    }
}

/// Whoever hangs up is not missed.
fn answer(mut caller: TcpStream, ear: &Mutex<Vec<u8>>) -> Option<()> {
    caller.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut buffer = [0; 64 * 1024];
    let mut listen = |caller: &mut TcpStream| {
        let count = caller.read(&mut buffer).ok()?;
        let mut heard = ear.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(&buffer[..count]);
        Some(buffer[..count].to_vec())
    };
    let first = listen(&mut caller)?;
    if first.first() == Some(&0) {
        caller.write_all(PASSWORD_WANTED).ok()?;
        listen(&mut caller)?;
        return caller.write_all(TOO_MANY).ok();
    }
    caller.write_all(COME_BACK).ok()?;
    // Its body is heard too: whoever is cut off while he speaks says that, and not what he was told.
    while !listen(&mut caller)?.is_empty() {}
    Some(())
}
