//! A server in this process that says what a test tells it to, reply by reply, and remembers what
//! it was asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is said to one request; `None`: the connection is closed instead.
pub(super) type Says = Option<(u16, String)>;

/// What was asked: the head, and the body.
pub(super) type Asked = (String, Vec<u8>);

#[derive(Clone)]
pub(super) struct StandIn {
    pub(super) url: String,
    says: Arc<Mutex<VecDeque<Says>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// Says these, in order; then nothing more. Its threads end with the test's process.
    pub(super) fn saying(says: impl IntoIterator<Item = Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stand_in = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            says: Arc::new(Mutex::new(says.into_iter().collect())),
            asked: Arc::default(),
        };
        let own = stand_in.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let own = own.clone();
                std::thread::spawn(move || own.talk(connection.unwrap()));
            }
        });
        stand_in
    }

    /// What it was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn talk(&self, connection: TcpStream) {
        let mut reader = BufReader::new(connection.try_clone().unwrap());
        let mut writer = connection;
        while let Some(asked) = request(&mut reader) {
            self.asked.lock().unwrap().push(asked);
            let Some(Some((status, body))) = self.says.lock().unwrap().pop_front() else {
                return;
            };
            let length = body.len();
            let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = writer.write_all(reply.as_bytes());
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A reply with this status and body.
pub(super) fn says(status: u16, body: &str) -> Says {
    Some((status, body.to_owned()))
}
