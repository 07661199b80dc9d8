//! A door that is busy for a while, or whose answers get lost: an HTTP proxy in front of the native
//! door. Whole requests pass or do not; nothing is cut within.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::http;
use crate::listener::Listener;
use crate::trouble::{Outcome, Trouble};

/// Header lines that are between two neighbours only.
const OWN: [&str; 3] = ["host:", "connection:", "content-length:"];

const BUSY: &[u8] = br#"{"error":"busy","message":"the test closed the gate"}"#;

/// Stands before a door. It is open at first.
pub struct Gate {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    door: SocketAddr,
    /// By how many it was closed and not opened again.
    closed: AtomicU64,
    /// So many replies to come do not reach who asked.
    swallow: AtomicU64,
    refused: AtomicU64,
    swallowed: AtomicU64,
}

/// A request as it came.
struct Request {
    /// `POST /path`.
    what: String,
    headers: Vec<String>,
    body: Vec<u8>,
    /// The client waits for the connection's end.
    is_last: bool,
}

impl Gate {
    /// A gate before `door`.
    pub fn start(door: SocketAddr) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            door,
            closed: AtomicU64::new(0),
            swallow: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            swallowed: AtomicU64::new(0),
        });
        let own = shared.clone();
        let listener = Listener::start(move |client| {
            let own = own.clone();
            // A connection that breaks is what this is for.
            thread::spawn(move || drop(own.serve(&client)));
        })?;
        Ok(Self { listener, shared })
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// Every request is answered with 503 from now on.
    pub fn close(&self) {
        self.shared.closed.fetch_add(1, Ordering::SeqCst);
    }

    /// Undoes one [`close`](Self::close).
    pub fn open(&self) {
        self.shared.closed.fetch_sub(1, Ordering::SeqCst);
    }

    /// Closes it for a time. Does not wait.
    pub fn close_for(&self, time: Duration) {
        self.close();
        let shared = self.shared.clone();
        thread::spawn(move || {
            thread::sleep(time);
            shared.closed.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Whether requests pass.
    pub fn is_open(&self) -> bool {
        self.shared.closed.load(Ordering::SeqCst) == 0
    }

    /// So many requests to come pass, are answered, and nobody hears the answer.
    pub fn swallow(&self, replies: u64) {
        self.shared.swallow.fetch_add(replies, Ordering::SeqCst);
    }

    /// How many requests were refused, and how many replies were swallowed.
    pub fn faults(&self) -> (u64, u64) {
        let count = |faults: &AtomicU64| faults.load(Ordering::SeqCst);
        (count(&self.shared.refused), count(&self.shared.swallowed))
    }
}

impl Shared {
    fn serve(&self, mut client: &TcpStream) -> Outcome {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut is_last = false;
        while !is_last && let Some(request) = request(&mut reader)? {
            is_last = request.is_last;
            if self.closed.load(Ordering::SeqCst) > 0 {
                self.refused.fetch_add(1, Ordering::SeqCst);
                client.write_all(&answer(503, "", BUSY))?;
                continue;
            }
            let headers: Vec<&str> = request.headers.iter().map(String::as_str).collect();
            let said = http::ask(self.door, &request.what, &headers, &request.body)?;
            let left = |left: u64| left.checked_sub(1);
            let swallow = |count: &AtomicU64| {
                let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
                count.fetch_update(set, fetch, left).is_ok()
            };
            if said.status == 200 && swallow(&self.swallow) {
                self.swallowed.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            let after = said.header("retry-after").map(str::to_owned);
            let after = after.map(|after| format!("Retry-After: {after}\r\n"));
            let whole = answer(said.status, &after.unwrap_or_default(), &said.body);
            client.write_all(&whole)?;
        }
        Ok(())
    }
}

fn answer(status: u16, more: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The next request of a connection; `None` where it ended.
fn request(reader: &mut impl BufRead) -> Outcome<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split(' ');
    let what = format!(
        "{} {}",
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default()
    );
    let (mut headers, mut length, mut is_last) = (vec![], 0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(Trouble::new("a request breaks off"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let small = line.to_ascii_lowercase();
        if let Some(value) = small.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        is_last |= small == "connection: close";
        if !OWN.iter().any(|own| small.starts_with(own)) {
            headers.push(line.to_owned());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request {
        what,
        headers,
        body,
        is_last,
    }))
}

#[cfg(test)]
mod tests;
