//! The daemon under test, in a folder of its own: settings, data, log.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::home::{Home, Kind, SOON};
use crate::trouble::{Outcome, Trouble};
use crate::wait::until;
use crate::{http, port};

const KIND: Kind = Kind {
    name: "daemon",
    binary: "standpipe-delivery",
    settings: "delivery.yaml",
    data: "data",
    log: "delivery.log",
};

/// How full the machine is that runs the tests is no matter, as long as there is some room.
const ROOM: &str = "limits: {disk: 1GiB}\n";

/// A daemon, running or not. It keeps its doors over restarts.
pub struct Daemon {
    home: Home,
    ports: (u16, u16),
    /// Settings beside doors and streams, as YAML: `limits: {…}`; at first that a
    /// gigabyte of the disk stays free. They count from the next
    /// [`configure`](Self::configure) on.
    pub more: String,
    /// More keys of the native door, such as `, tls: {…}`. They count likewise.
    pub native: String,
    /// Further doors, as YAML lines below `listen`. They count from the next
    /// [`configure`](Self::configure) on.
    pub doors: String,
}

impl Deref for Daemon {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl DerefMut for Daemon {
    fn deref_mut(&mut self) -> &mut Home {
        &mut self.home
    }
}

/// The books of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Books {
    /// Records acknowledged.
    pub accepted: u64,
    /// Records at their destination.
    pub delivered: u64,
    /// Records under the error prefix.
    pub failed: u64,
    /// Records a transform dropped.
    pub dropped: u64,
    /// Records on their way.
    pub waiting: u64,
}

impl Books {
    /// That they balance.
    pub fn balance(&self) -> Outcome {
        let Self {
            accepted,
            delivered,
            failed,
            dropped,
            waiting,
        } = *self;
        if accepted == delivered + failed + dropped + waiting {
            return Ok(());
        }
        Err(Trouble(format!("the books do not balance: {self:?}")))
    }
}

impl Daemon {
    /// Writes the settings of a daemon into `folder`; `streams` is YAML, indented or not. Not
    /// started yet.
    pub fn new(folder: &Path, streams: &str) -> Outcome<Self> {
        Self::at(folder, (port::free()?, port::free()?), streams)
    }

    /// The same at ports of the caller's choice; 0 is any free one.
    pub fn at(folder: &Path, ports: (u16, u16), streams: &str) -> Outcome<Self> {
        let daemon = Self {
            home: Home::new(KIND, folder)?,
            ports,
            more: ROOM.to_owned(),
            native: String::new(),
            doors: String::new(),
        };
        daemon.configure(streams)?;
        Ok(daemon)
    }

    /// A daemon that is ready.
    pub fn start(folder: &Path, streams: &str) -> Outcome<Self> {
        let mut daemon = Self::new(folder, streams)?;
        daemon.up()?;
        Ok(daemon)
    }

    /// The same daemon for another thread, which may ask but has no process to end.
    pub fn again(&self) -> Outcome<Self> {
        Ok(Self {
            home: self.home.again(),
            ports: self.ports,
            more: self.more.clone(),
            native: self.native.clone(),
            doors: self.doors.clone(),
        })
    }

    /// Writes other settings, which the next start reads.
    pub fn configure(&self, streams: &str) -> Outcome {
        let (native, admin) = self.ports;
        let indented: Vec<_> = streams.lines().map(|line| format!("  {line}\n")).collect();
        let text = format!(
            "data_dir: data\n{}listen:\n  native: {{address: 127.0.0.1:{native}{}}}\n  admin: {{address: 127.0.0.1:{admin}}}\n{}streams:\n{}",
            self.more,
            self.native,
            self.doors,
            indented.concat()
        );
        self.home.write(&text)
    }

    /// Writes settings that are not ours, which the next start reads. `data_dir` must be `data`
    /// beside them.
    pub fn configure_as(&self, text: &str) -> Outcome {
        self.home.write(text)
    }

    /// Lets it read its settings again, and waits until it has; why it could not use them, if so.
    pub fn reload(&mut self) -> Outcome<Option<String>> {
        let before = self.reloads()?.0;
        self.program()?.hang_up()?;
        until("the settings to be read again", SOON, || {
            self.program()?.runs()?;
            match self.reloads()? {
                (count, error) if count > before => Ok(error),
                _ => Err(Trouble::new("they were not read again")),
            }
        })
    }

    fn reloads(&self) -> Outcome<(u64, Option<String>)> {
        let status = self.asked()?;
        let settings = &status["settings"];
        let error = settings["last_error"].as_str().map(str::to_owned);
        match settings["reloads"].as_u64() {
            Some(count) => Ok((count, error)),
            None => Err(Trouble(format!(
                "the status says nothing of reloads: {status}"
            ))),
        }
    }

    /// Lets it say what it says in another folder than its own.
    pub fn log_in(mut self, folder: &Path) -> Self {
        self.home.log_in(folder);
        self
    }

    /// The real address of a door: `native`, `admin`.
    pub fn door(&self, name: &str) -> Outcome<SocketAddr> {
        self.address(name)
    }

    /// Where agents ship to.
    pub fn url(&self) -> Outcome<String> {
        Ok(format!("http://{}", self.door("native")?))
    }

    /// The same before it runs, where its doors were chosen.
    pub fn url_to_be(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.0)
    }

    /// Sends text, each line a record; the answer, whatever it is.
    pub fn post(&self, stream: &str, text: &[u8]) -> Outcome<http::Answer> {
        let path = format!("/v1/streams/{stream}/records");
        http::post(
            self.door("native")?,
            &path,
            &["Content-Type: text/plain"],
            text,
        )
    }

    /// The same under an idempotency key: what is sent again is not stored again.
    pub fn post_as(&self, stream: &str, key: &str, text: &[u8]) -> Outcome<http::Answer> {
        let path = format!("/v1/streams/{stream}/records");
        let key = format!("Idempotency-Key: {key}");
        let headers = ["Content-Type: text/plain", &key];
        http::post(self.door("native")?, &path, &headers, text)
    }

    /// What it says of all.
    pub fn everything(&self) -> Outcome<Value> {
        self.asked()
    }

    /// What it says of a stream.
    pub fn status(&self, stream: &str) -> Outcome<Value> {
        let status = self.asked()?;
        match status["streams"].get(stream) {
            Some(found) => Ok(found.clone()),
            None => Err(Trouble(format!(
                "the status does not have {stream}: {status}"
            ))),
        }
    }

    /// The books of a stream.
    pub fn books(&self, stream: &str) -> Outcome<Books> {
        let status = self.status(stream)?;
        let number = |name: &str| {
            let number = status["books"][name].as_u64();
            number.ok_or_else(|| Trouble(format!("the books have no {name}: {status}")))
        };
        Ok(Books {
            accepted: number("accepted")?,
            delivered: number("delivered")?,
            failed: number("failed")?,
            dropped: number("dropped")?,
            waiting: number("waiting")?,
        })
    }

    /// Waits until so many records were accepted and none waits, and checks the balance.
    pub fn settled(&mut self, stream: &str, accepted: u64, deadline: Duration) -> Outcome<Books> {
        let what = format!("{accepted} records of {stream} to be delivered");
        until(&what, deadline, || {
            self.program()?.runs()?;
            let books = self.books(stream)?;
            books.balance()?;
            match books.waiting == 0 && books.accepted >= accepted {
                true => Ok(books),
                false => Err(Trouble(format!("the status is {}", self.status(stream)?))),
            }
        })
    }

    /// Waits until a stream's state is this.
    pub fn state(&mut self, stream: &str, state: &str) -> Outcome<Value> {
        until(&format!("{stream} to be {state}"), SOON, || {
            self.program()?.runs()?;
            let status = self.status(stream)?;
            match status["state"] == state {
                true => Ok(status),
                false => Err(Trouble(format!("its status is {status}"))),
            }
        })
    }
}
