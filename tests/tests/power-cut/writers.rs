//! Who gives records while the power comes and goes: logs that the agent follows, and clients of
//! the text door, one that repeats what was not answered and one that does not.
//!
//! The logs lie on a disk that keeps its power: what an application did not sync of its own log is
//! not ours to save.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use standpipe_tests::log::Log;
use standpipe_tests::random::Random;
use standpipe_tests::{Ledger, Outcome, Trouble, http};

const MAX_LINE: usize = 1_000_000;

/// How long everybody pauses between two writes or requests.
const PAUSE: Duration = Duration::from_millis(15);

/// A log is rotated after about so many writes.
const ROTATES: u64 = 400;

/// What one thread wrote.
type Writing = JoinHandle<Outcome<Ledger>>;

/// Everybody who writes, until told to stop.
pub(crate) struct Writers {
    writing: Arc<AtomicBool>,
    plain: Vec<Writing>,
    rows: Vec<Writing>,
}

/// What was written to each stream.
pub(crate) struct Written {
    pub(crate) plain: Ledger,
    pub(crate) rows: Ledger,
}

impl Writers {
    /// Begins to write logs in a folder, and to send to a door.
    pub(crate) fn start(logs: &Path, door: SocketAddr, random: &mut Random) -> Outcome<Self> {
        std::fs::create_dir(logs)?;
        let writing = Arc::new(AtomicBool::new(true));
        let mut writer = |name: &'static str| Writer {
            name,
            door,
            random: random.fork(),
            writing: writing.clone(),
            ledger: Ledger::new(MAX_LINE),
            number: 0,
        };
        let [a, b, c, d] = ["a", "b", "keyed", "bold"].map(&mut writer);
        let (log_a, log_b) = (logs.join("a.log"), logs.join("b.log"));
        let (log_a, log_b) = (Log::create(&log_a)?, Log::create(&log_b)?);
        Ok(Self {
            plain: vec![
                thread::spawn(move || a.follow(log_a)),
                thread::spawn(move || c.insist()),
                thread::spawn(move || d.try_once()),
            ],
            rows: vec![thread::spawn(move || b.follow(log_b))],
            writing,
        })
    }

    /// Stops; what was written. The door must be open, so that who insists can end.
    pub(crate) fn finish(self) -> Outcome<Written> {
        self.writing.store(false, Ordering::Relaxed);
        let together = |all: Vec<Writing>| -> Outcome<Ledger> {
            let mut ledger = Ledger::new(MAX_LINE);
            for one in all {
                let ended = one.join();
                let failed = |_| Err(Trouble::new("a thread of the test failed"));
                ended.unwrap_or_else(failed)?.copy_into(&mut ledger);
            }
            Ok(ledger)
        };
        Ok(Written {
            plain: together(self.plain)?,
            rows: together(self.rows)?,
        })
    }
}

struct Writer {
    name: &'static str,
    door: SocketAddr,
    random: Random,
    writing: Arc<AtomicBool>,
    ledger: Ledger,
    number: u64,
}

impl Writer {
    fn goes_on(&self) -> bool {
        thread::sleep(PAUSE);
        self.writing.load(Ordering::Relaxed)
    }

    /// Some lines, each with a number of its own.
    fn lines(&mut self) -> Vec<String> {
        let count = 1 + self.random.below(20);
        (0..count).map(|_| self.line()).collect()
    }

    fn line(&mut self) -> String {
        self.number += 1;
        let line = format!("{}-{:07} ", self.name, self.number);
        let more = match self.random.below(1_000) {
            0 => self.random.below(60_000),
            _ => self.random.below(250),
        };
        line + &"lorem ipsum dolor sit amet ".repeat(more as usize / 27)
    }

    /// Writes a log that rotates.
    fn follow(mut self, mut log: Log) -> Outcome<Ledger> {
        while self.goes_on() {
            let lines = self.lines();
            log.write((lines.join("\n") + "\n").as_bytes())?;
            lines
                .iter()
                .for_each(|line| self.ledger.wrote(line.as_bytes()));
            if self.random.once_in(ROTATES) {
                log.rotate()?;
            }
        }
        Ok(self.ledger)
    }

    /// Sends with an `Idempotency-Key`, the same again until there is an answer (rule 10).
    fn insist(mut self) -> Outcome<Ledger> {
        while self.goes_on() {
            let lines = self.lines();
            let key = format!("Idempotency-Key: {}-{}", self.name, self.number);
            while !self.is_stored(&lines, &[&key])? {
                thread::sleep(PAUSE);
            }
            lines
                .iter()
                .for_each(|line| self.ledger.wrote(line.as_bytes()));
        }
        Ok(self.ledger)
    }

    fn is_stored(&self, lines: &[String], headers: &[&str]) -> Outcome<bool> {
        match self.send(lines, headers) {
            Ok(answer) if answer.status == 200 => {
                let accepted = &answer.json()?["accepted"];
                match *accepted == lines.len() {
                    true => Ok(true),
                    false => Err(Trouble(format!("{} lines, and {answer}", lines.len()))),
                }
            }
            _ => Ok(false),
        }
    }

    /// Sends once: what was not answered is there once or not, what was refused is not.
    fn try_once(mut self) -> Outcome<Ledger> {
        while self.goes_on() {
            let lines = self.lines();
            match self.send(&lines, &[]) {
                Ok(answer) if answer.status == 200 => {
                    lines
                        .iter()
                        .for_each(|line| self.ledger.wrote(line.as_bytes()));
                }
                Ok(answer) if answer.status == 503 => {}
                // No answer, or one that says that nobody knows.
                _ => lines
                    .iter()
                    .for_each(|line| self.ledger.tried(line.as_bytes())),
            }
        }
        Ok(self.ledger)
    }

    fn send(&self, lines: &[String], headers: &[&str]) -> Outcome<http::Answer> {
        let headers = [&["Content-Type: text/plain"], headers].concat();
        let text = lines.join("\n");
        http::post(
            self.door,
            "/v1/streams/plain/records",
            &headers,
            text.as_bytes(),
        )
    }
}
