//! One connection: what the client asks goes to the server, but for what only Redshift knows.

use std::net::TcpStream;
use std::sync::atomic::Ordering;

use super::copy::{Copy, Refused};
use super::wire::Message;
use super::{LoadError, Shared, lock};
use crate::trouble::{Outcome, Trouble};

/// What asks for TLS, which is not to be had, in the first message.
const TLS: u32 = 80_877_103;

/// What Redshift's grammar does not have.
const UNKNOWN: &[&str] = &[
    "SAVEPOINT",
    "SET CONSTRAINTS",
    " EXCLUSIVE MODE",
    "ON CONFLICT",
    "IDLE_IN_TRANSACTION_SESSION_TIMEOUT",
    "STANDARD_CONFORMING_STRINGS",
    "FROM STDIN",
];

pub(super) struct Session<'a> {
    pub(super) shared: &'a Shared,
    client: &'a TcpStream,
    server: &'a TcpStream,
    /// Rows of the last COPY.
    last_copy: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(shared: &'a Shared, client: &'a TcpStream, server: &'a TcpStream) -> Self {
        Self {
            shared,
            client,
            server,
            last_copy: 0,
        }
    }

    pub(super) fn run(&mut self) -> Outcome {
        if !self.begin()? {
            return Ok(());
        }
        while let Some(message) = Message::read(self.client, false)? {
            match message.kind {
                b'Q' => self.query(&message.query())?,
                b'X' => return Ok(message.write(self.server)?),
                other => {
                    return Err(Trouble(format!(
                        "only simple queries are known, not {other}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Lets the client in; `false`: it went away.
    fn begin(&self) -> Outcome<bool> {
        let Some(mut first) = Message::read(self.client, true)? else {
            return Ok(false);
        };
        if first.body.get(..4) == Some(&TLS.to_be_bytes()) {
            std::io::Write::write_all(&mut &*self.client, b"N")?;
            match Message::read(self.client, true)? {
                Some(next) => first = next,
                None => return Ok(false),
            }
        }
        first.write(self.server)?;
        while let Some(message) = Message::read(self.server, false)? {
            message.write(self.client)?;
            match (message.kind, message.body.get(..4)) {
                (b'Z', _) => return Ok(true),
                (b'E', _) => return Ok(false),
                // A password, in one form or another.
                (b'R', Some([0, 0, 0, 3 | 5 | 10 | 11])) => {
                    let Some(answer) = Message::read(self.client, false)? else {
                        return Ok(false);
                    };
                    answer.write(self.server)?;
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn query(&mut self, sql: &str) -> Outcome {
        let shouted = sql.to_uppercase();
        if let Some(word) = UNKNOWN.iter().find(|word| shouted.contains(**word)) {
            return self.refuse("42601", &format!("syntax error at or near \"{word}\""));
        }
        if shouted.starts_with("COPY ") {
            return self.copy(sql);
        }
        match sql {
            "SELECT pg_last_copy_count()" => self.pass(&format!("SELECT {}", self.last_copy)),
            _ if shouted.contains("SYS_LOAD_ERROR_DETAIL") => self.errors(sql),
            _ => self.pass(sql),
        }
    }

    fn copy(&mut self, sql: &str) -> Outcome {
        lock(&self.shared.copies).push(sql.to_owned());
        if self.shared.repeats.load(Ordering::SeqCst) {
            let words = format!("S3ServiceException:Access Denied,Status 403 for {sql}");
            return self.refuse("XX000", &words);
        }
        let loaded = Copy::parse(sql).and_then(|copy| self.load(&copy));
        let hangs_up = |left: u64| left.checked_sub(1);
        let (hang_ups, all) = (&self.shared.hang_ups, Ordering::SeqCst);
        match loaded {
            Ok(_) if hang_ups.fetch_update(all, all, hangs_up).is_ok() => {
                Err(Trouble::new("hung up, as commanded"))
            }
            Ok(rows) => {
                self.last_copy = rows;
                Message::text(b'C', "COPY").write(self.client)?;
                // The status of its transaction, as the server sees it.
                let ready = self.ask("SELECT 1")?.into_iter().find(|m| m.kind == b'Z');
                Ok(ready
                    .ok_or(Trouble::new("no end of an answer"))?
                    .write(self.client)?)
            }
            Err(Refused::Code(code, message)) => self.refuse(code, &message),
            // The server has refused too, so that the transaction is at an end already.
            Err(Refused::Here(error)) => {
                error.write(self.client)?;
                let status = Message {
                    kind: b'Z',
                    body: b"E".to_vec(),
                };
                Ok(status.write(self.client)?)
            }
            Err(Refused::Broken(trouble)) => Err(trouble),
        }
    }

    /// The load errors of a file, as Redshift keeps them: beyond transactions.
    fn errors(&self, sql: &str) -> Outcome {
        let file = sql.split('\'').nth(1).unwrap_or_default();
        let errors = lock(&self.shared.errors);
        let found = errors.iter().rev().find(|error| error.file == file);
        let text = |text: &str| format!("$text${text}$text$");
        let answer = match found {
            Some(LoadError {
                column, message, ..
            }) => format!("SELECT {}, {}", text(column), text(message)),
            None => "SELECT '', '' WHERE false".to_owned(),
        };
        drop(errors);
        self.pass(&answer)
    }

    /// Asks the server, and hands its answer on.
    fn pass(&self, sql: &str) -> Outcome {
        for message in self.ask(sql)? {
            message.write(self.client)?;
        }
        Ok(())
    }

    /// Lets the server refuse, with these words: that ends a transaction as it should.
    fn refuse(&self, code: &str, message: &str) -> Outcome {
        self.pass(&format!(
            "DO $do$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = $text${message}$text$; END $do$"
        ))
    }

    /// Asks the server; all of its answer.
    pub(super) fn ask(&self, sql: &str) -> Outcome<Vec<Message>> {
        Message::text(b'Q', sql).write(self.server)?;
        self.answer(b'Z')
    }

    /// Says something to the server that has no answer of its own.
    pub(super) fn tell(&self, kind: u8, body: &[u8]) -> Outcome {
        let body = body.to_vec();
        Ok(Message { kind, body }.write(self.server)?)
    }

    /// What the server says, up to a message of this type, or to the end of an answer.
    pub(super) fn answer(&self, until: u8) -> Outcome<Vec<Message>> {
        let mut answer = Vec::new();
        loop {
            let message = Message::read(self.server, false)?;
            let message = message.ok_or(Trouble::new("the server has hung up"))?;
            let kind = message.kind;
            answer.push(message);
            if kind == until || kind == b'Z' {
                return Ok(answer);
            }
        }
    }
}
