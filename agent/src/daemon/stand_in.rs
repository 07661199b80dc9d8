//! A daemon in this process that misbehaves on demand: rule 3 behind a socket, with busy times,
//! lost requests and lost replies.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::tail::simulator::Daemon;

/// What happens to a request for records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    /// All is well.
    Good,
    /// It is taken, and the connection is cut before the reply.
    ReplyLost,
    /// The connection is cut before it is taken.
    Cut,
    /// A refusal with this status.
    Status(u16),
    /// A reply that is nonsense.
    Nonsense,
    /// A reply with an answer missing.
    TooFew,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) streams: BTreeMap<String, Daemon>,
    /// What happens to the next requests; then all is well.
    pub(crate) moods: VecDeque<Mood>,
    /// Compressed bodies longer than this are refused with 413.
    pub(crate) most: Option<usize>,
    pub(crate) requests: usize,
    pub(crate) heads: Vec<String>,
}

/// The stand-in. Its threads end with the test's process.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stand_in = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let state = stand_in.state.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let state = state.clone();
                std::thread::spawn(move || talk(connection.unwrap(), &state));
            }
        });
        stand_in
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn moods(&self, moods: &[Mood]) {
        self.state().moods.extend(moods);
    }

    /// Whole lines that arrived in a stream, each with how often.
    pub(crate) fn lines(&self, stream: &str) -> BTreeMap<Vec<u8>, usize> {
        self.state()
            .streams
            .get(stream)
            .map(Daemon::lines)
            .unwrap_or_default()
    }
}

fn talk(connection: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut writer = connection;
    while let Some((head, body)) = request(&mut reader) {
        match reply(&head, body, &mut state.lock().unwrap()) {
            Some((status, body)) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nretry-after: 0\r\n\r\n"
                );
                let _ = writer.write_all(&[head.as_bytes(), &body].concat());
            }
            None => return,
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn reply(head: &str, body: Vec<u8>, state: &mut State) -> Option<(u16, Vec<u8>)> {
    let path = head.split(' ').nth(1).unwrap();
    let stream = path.split('/').nth(3).unwrap().to_owned();
    state.heads.push(head.to_owned());
    if head.starts_with("GET") {
        let held = state.streams.entry(stream).or_default().held();
        return Some((200, serde_json::to_vec(&held).unwrap()));
    }
    state.requests += 1;
    if state.most.is_some_and(|most| body.len() > most) {
        return Some((
            413,
            br#"{"error":"too_large","message":"too large"}"#.to_vec(),
        ));
    }
    let mood = state.moods.pop_front().unwrap_or(Mood::Good);
    let refusal = br#"{"error":"busy","message":"not now"}"#.to_vec();
    match mood {
        Mood::Cut => return None,
        Mood::Status(status) => return Some((status, refusal)),
        Mood::Nonsense => return Some((200, b"<html>".to_vec())),
        Mood::Good | Mood::ReplyLost | Mood::TooFew => {}
    }
    let body = zstd::decode_all(&body[..]).unwrap();
    let mut said = state.streams.entry(stream).or_default().take(body);
    if mood == Mood::TooFew {
        said.answers.pop();
    }
    (mood != Mood::ReplyLost).then(|| (200, serde_json::to_vec(&said).unwrap()))
}
