//! A server that hears everything, does nothing, and repeats what it was told: whatever speaks HTTP is
//! told to come back, with its own headers, and whatever speaks PostgreSQL is asked for its password and
//! told so too, with the password.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use standpipe_tests::Outcome;
use standpipe_tests::listener::Listener;

/// How long it listens to somebody who says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The headers that have secrets in them: they are repeated first, as messages are cut somewhere.
const TELLING: [&str; 2] = ["customer-key:", "authorization:"];

/// In the path of a call of a function, which is refused and not told to come back.
const FUNCTION: &str = "/functions/";

/// Whether the index is there is asked so, and the answer has no body that could say something.
const INDEX: &str = "HEAD /a-";

const IS_THERE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// AuthenticationCleartextPassword.
const PASSWORD_WANTED: &[u8] = b"R\0\0\0\x08\0\0\0\x03";

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
        self.all().contains(text)
    }

    /// The signatures of all requests, of version 4.
    pub(crate) fn signatures(&self) -> Vec<String> {
        let all = self.all();
        let signatures = all.split("Signature=").skip(1);
        signatures
            .map(|from| from.chars().take_while(char::is_ascii_hexdigit).collect())
            .filter(|signature: &String| signature.len() == 64)
            .collect()
    }

    fn all(&self) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&heard).into_owned()
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
        let password = listen(&mut caller)?;
        return caller.write_all(&too_many(&password)).ok();
    }
    caller.write_all(come_back(&first).as_bytes()).ok()?;
    // Its body is heard too: whoever is cut off while he speaks says that, and not what he was told.
    while !listen(&mut caller)?.is_empty() {}
    Some(())
}

/// What is said to a request that begins so.
fn come_back(request: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    if request.starts_with(INDEX) {
        return IS_THERE.to_owned();
    }
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.lines();
    let status = match lines.next().unwrap_or_default().contains(FUNCTION) {
        true => "400 Bad Request",
        false => "503 Service Unavailable",
    };
    // The signature is the last of several parts.
    let backwards = |line: &str| line.rsplit(", ").collect::<Vec<_>>().join(", ");
    let mut headers: Vec<_> = lines.map(backwards).collect();
    headers.sort_by_key(|line| {
        let line = line.to_ascii_lowercase();
        let place = TELLING.iter().position(|telling| line.contains(telling));
        place.unwrap_or(TELLING.len())
    });
    let body = format!("busy, and you said {}", headers.join(" and "));
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// ErrorResponse: too many connections. The password's message begins with its kind and its length.
fn too_many(password: &[u8]) -> Vec<u8> {
    let password = password.get(5..).unwrap_or_default();
    let mut fields = b"SFATAL\0C53300\0Mtoo many now, and you said ".to_vec();
    fields.extend_from_slice(password.strip_suffix(b"\0").unwrap_or(password));
    fields.extend_from_slice(b"\0\0");
    let length = (fields.len() as u32 + 4).to_be_bytes();
    [b"E".as_slice(), &length, &fields].concat()
}
