//! The smallest HTTP client that can talk to our doors: one request per connection, and blocking,
//! so that a test reads from top to bottom.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::trouble::{Attempting, Outcome, Trouble};

const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its header lines, in small letters.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Outcome<serde_json::Value> {
        serde_json::from_slice(&self.body).attempting(format!("read an answer as JSON: {self}"))
    }

    /// The value of a header, asked for in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The answer, if its status is 200.
    pub fn ok(self) -> Outcome<Self> {
        match self.status {
            200 => Ok(self),
            _ => Err(Trouble(format!("the answer is {self}"))),
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// GET.
pub fn get(address: SocketAddr, path: &str) -> Outcome<Answer> {
    ask(address, &format!("GET {path}"), &[], b"")
}

/// POST with header lines, such as `Content-Type: text/plain`.
pub fn post(address: SocketAddr, path: &str, headers: &[&str], body: &[u8]) -> Outcome<Answer> {
    ask(address, &format!("POST {path}"), headers, body)
}

/// A request of any method, such as `PUT /path`.
pub fn ask(address: SocketAddr, what: &str, headers: &[&str], body: &[u8]) -> Outcome<Answer> {
    let named = format!("{what} at {address}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).attempting(&named)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = format!("{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    let mut said = vec![];
    // A server may refuse before it has read everything: what it says counts more.
    let heard = stream.read_to_end(&mut said).map(|_| ());
    match read(&said) {
        Some(answer) => Ok(answer),
        None => {
            sent.and(heard).attempting(&named)?;
            Err(Trouble(format!(
                "cannot {named}: the answer breaks off: {}",
                shown(&said)
            )))
        }
    }
}

fn shown(said: &[u8]) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(&said[..said.len().min(200)])
    )
}

/// A whole answer; `None` where a part of it is missing.
fn read(said: &[u8]) -> Option<Answer> {
    let end = said.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&said[..end]).ok()?.to_ascii_lowercase();
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body = &said[end + 4..];
    let body = match header(&head, "content-length") {
        Some(length) => body.get(..length.parse().ok()?)?.to_vec(),
        None if header(&head, "transfer-encoding").is_some() => unchunk(body)?,
        None => body.to_vec(),
    };
    Some(Answer { status, head, body })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let of = |line: &'a str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim());
    head.lines().find_map(of)
}

fn unchunk(mut left: &[u8]) -> Option<Vec<u8>> {
    let mut body = vec![];
    loop {
        let end = left.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&left[..end]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(left.get(end + 2..end + 2 + size)?);
        left = left.get(end + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests;
