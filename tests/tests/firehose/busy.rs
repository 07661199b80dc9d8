//! A Firehose that is busy: it stands before the real door, refuses calls, takes records only in
//! part, cuts connections and loses replies, and counts what that comes to.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use standpipe_tests::listener::Listener;
use standpipe_tests::random::Random;
use standpipe_tests::{Outcome, Trouble, http, signed};

/// How long the door may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happened to calls, and to records.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Met {
    /// Calls that were refused as a whole: 503, or 400 for throttling.
    pub(crate) refused: u64,
    /// Calls of which some records were not taken.
    pub(crate) partial: u64,
    /// Calls that were cut before the door saw them.
    pub(crate) cut: u64,
    /// Calls that the door took, and whose sender did not learn it.
    pub(crate) lost: u64,
    /// The records of those: each comes once more.
    pub(crate) repeats: u64,
}

/// What happens to a call.
#[derive(Clone, Copy)]
enum Fate {
    Good,
    Busy,
    Throttled,
    Partial,
    Cut,
    ReplyLost,
}

/// One of each kind, and as much that is well.
const FATES: [Fate; 9] = [
    Fate::Good,
    Fate::Busy,
    Fate::Good,
    Fate::Throttled,
    Fate::Partial,
    Fate::Good,
    Fate::Cut,
    Fate::ReplyLost,
    Fate::Partial,
];

/// Stands before the door.
pub(crate) struct Busy {
    pub(crate) listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    door: SocketAddr,
    /// What it signs with where it changes a call.
    secret: &'static str,
    state: Mutex<State>,
}

struct State {
    random: Random,
    /// Fates that come before the next ones are drawn.
    deck: Vec<Fate>,
    met: Met,
}

impl Busy {
    /// Before the door; where it must change a call, it signs as `BUSY` with this secret.
    pub(crate) fn start(door: SocketAddr, secret: &'static str) -> Outcome<Self> {
        let state = State {
            random: Random::new(),
            deck: vec![],
            met: Met::default(),
        };
        let shared = Arc::new(Shared {
            door,
            secret,
            state: Mutex::new(state),
        });
        let own = shared.clone();
        let listener = Listener::start(move |client| {
            let own = own.clone();
            // A connection that breaks is what this is for.
            thread::spawn(move || drop(own.serve(client)));
        })?;
        Ok(Self { listener, shared })
    }

    /// What happened so far.
    pub(crate) fn met(&self) -> Met {
        self.shared.state().met
    }
}

/// A request as it came.
struct Call {
    head: String,
    body: Vec<u8>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: TcpStream) -> Outcome {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut writer = client;
        while let Some(call) = Call::read(&mut reader)? {
            let fate = self.state().draw();
            match fate {
                Fate::Cut => {
                    self.state().met.cut += 1;
                    return Ok(());
                }
                Fate::Busy | Fate::Throttled => {
                    self.state().met.refused += 1;
                    let (status, name) = match fate {
                        Fate::Busy => (503, "ServiceUnavailableException"),
                        _ => (400, "ThrottlingException"),
                    };
                    let body = json!({"__type": name, "message": "Slow down."});
                    answer(&mut writer, status, body.to_string().as_bytes())?;
                }
                Fate::Partial => {
                    let (status, body) = self.in_part(&call)?;
                    answer(&mut writer, status, &body)?;
                }
                Fate::Good | Fate::ReplyLost => {
                    let (status, body) = self.pass_on(&call)?;
                    if matches!(fate, Fate::ReplyLost) && status == 200 {
                        let mut state = self.state();
                        state.met.lost += 1;
                        state.met.repeats += call.records()?.len() as u64;
                        return Ok(());
                    }
                    answer(&mut writer, status, &body)?;
                }
            }
        }
        Ok(())
    }

    /// The door gets the call byte by byte as it came, with the signature of whoever made it.
    fn pass_on(&self, call: &Call) -> Outcome<(u16, Vec<u8>)> {
        let mut door = TcpStream::connect(self.door)?;
        door.set_read_timeout(Some(PATIENCE))?;
        door.write_all(call.head.as_bytes())?;
        door.write_all(&call.body)?;
        let mut reader = BufReader::new(door);
        let reply = Call::read(&mut reader)?;
        let reply = reply.ok_or_else(|| Trouble::new("the door does not answer"))?;
        let status = reply.head.split(' ').nth(1).unwrap_or_default().parse()?;
        Ok((status, reply.body))
    }

    /// The door gets some of the records; of the others it is said that they failed.
    fn in_part(&self, call: &Call) -> Outcome<(u16, Vec<u8>)> {
        let records = call.records()?;
        let taken: Vec<bool> = {
            let mut state = self.state();
            records.iter().map(|_| state.random.once_in(2)).collect()
        };
        let some = records.iter().zip(&taken).filter(|(_, taken)| **taken);
        let some: Vec<&Value> = some.map(|(record, _)| record).collect();
        if !some.is_empty() {
            let stream = call.json()?["DeliveryStreamName"].clone();
            let body = json!({"DeliveryStreamName": stream, "Records": some}).to_string();
            let host = self.door.to_string();
            let key = ("BUSY", self.secret);
            let headers = signed::headers(&host, "PutRecordBatch", key, body.as_bytes());
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let answer = http::post(self.door, "/", &headers, body.as_bytes())?;
            if answer.status != 200 || answer.json()?["FailedPutCount"] != 0 {
                return Err(Trouble(format!("the door took only a part: {answer}")));
            }
        }
        let each: Vec<Value> = taken
            .iter()
            .map(|taken| match taken {
                true => json!({"RecordId": "x"}),
                false => json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}),
            })
            .collect();
        let failed = records.len() - some.len();
        self.state().met.partial += u64::from(failed > 0);
        let body = json!({"FailedPutCount": failed, "Encrypted": false, "RequestResponses": each});
        Ok((200, body.to_string().into_bytes()))
    }
}

impl State {
    fn draw(&mut self) -> Fate {
        if self.deck.is_empty() {
            self.deck.extend(FATES);
        }
        let place = self.random.below(self.deck.len() as u64) as usize;
        self.deck.swap_remove(place)
    }
}

impl Call {
    fn read(reader: &mut impl BufRead) -> Outcome<Option<Self>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(None);
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.split("\r\ncontent-length:").nth(1);
        let length = length.and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        Ok(Some(Self { head, body }))
    }

    fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    fn records(&self) -> Outcome<Vec<Value>> {
        let records = self.json()?["Records"].as_array().cloned();
        records.ok_or_else(|| Trouble::new("a call has no records"))
    }
}

fn answer(writer: &mut TcpStream, status: u16, body: &[u8]) -> Outcome {
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    writer.write_all(head.as_bytes())?;
    writer.write_all(body)?;
    Ok(())
}
