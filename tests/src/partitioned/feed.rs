//! A stream that is sent numbered records of partitions, share by share, through kills of the
//! daemon: each request under a key, so that it is stored once however often it is sent.

use super::Spread;
use crate::Daemon;

/// Records in a request.
const REQUEST: u64 = 600;

/// A stream, and what it was sent.
pub struct Feed {
    /// Its name.
    pub stream: &'static str,
    /// How its records are spread.
    pub spread: Spread,
    /// Records in a share, a multiple of those in a request.
    share: u64,
    /// Records that were acknowledged: those of the numbers below this.
    pub sent: u64,
    due: u64,
}

impl Feed {
    /// A stream that was sent nothing yet, with shares of so many requests.
    pub fn new(stream: &'static str, spread: Spread, requests: u64) -> Self {
        Self {
            stream,
            spread,
            share: requests * REQUEST,
            sent: 0,
            due: 0,
        }
    }

    /// One share more is to be sent.
    pub fn more(&mut self) {
        self.due += self.share;
    }

    /// Sends one request of what is due; whether all is sent now. Each share brings a member of its
    /// own, so that an inferred schema grows.
    pub fn send(&mut self, daemon: &Daemon) -> bool {
        if self.sent < self.due {
            let more = format!(",\"k{}\":{}", self.sent / self.share, self.sent);
            let numbers = self.sent..self.sent + REQUEST;
            let lines = numbers.map(|number| self.spread.record(number, &more) + "\n");
            let text: String = lines.collect();
            let key = self.sent.to_string();
            let answer = daemon.post_as(self.stream, &key, text.as_bytes());
            if answer.is_ok_and(|answer| answer.status == 200) {
                self.sent += REQUEST;
            }
        }
        self.sent >= self.due
    }

    /// Whether all that was sent is at its destination.
    pub fn is_delivered(&self, daemon: &Daemon) -> bool {
        let books = daemon.books(self.stream);
        books.is_ok_and(|books| books.waiting == 0 && books.accepted == self.sent)
    }
}
