//! The agent under test, in a folder of its own: settings, progress, log.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::home::{Home, Kind};
use crate::port;
use crate::trouble::Outcome;

const KIND: Kind = Kind {
    name: "agent",
    binary: "standpipe-agent",
    settings: "agent.yaml",
    data: "agent-data",
    log: "agent.log",
};

/// An agent, running or not.
pub struct Agent {
    home: Home,
    port: u16,
    /// More keys of where it ships to, such as `, ca: FILE`. They count from the next
    /// [`configure`](Self::configure) on.
    pub ship: String,
}

impl Deref for Agent {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl DerefMut for Agent {
    fn deref_mut(&mut self) -> &mut Home {
        &mut self.home
    }
}

impl Agent {
    /// Writes the settings of an agent into `folder`; `flows` is YAML, a list. Not started yet.
    pub fn new(folder: &Path, url: &str, flows: &str) -> Outcome<Self> {
        Self::at(folder, port::free()?, url, flows)
    }

    /// The same at an admin port of the caller's choice; 0 is any free one.
    pub fn at(folder: &Path, port: u16, url: &str, flows: &str) -> Outcome<Self> {
        let agent = Self {
            home: Home::new(KIND, folder)?,
            port,
            ship: String::new(),
        };
        agent.configure(url, flows)?;
        Ok(agent)
    }

    /// An agent that is ready.
    pub fn start(folder: &Path, url: &str, flows: &str) -> Outcome<Self> {
        let mut agent = Self::new(folder, url, flows)?;
        agent.up()?;
        Ok(agent)
    }

    /// Writes other settings, which the next start reads.
    pub fn configure(&self, url: &str, flows: &str) -> Outcome {
        let indented: Vec<_> = flows.lines().map(|line| format!("  {line}\n")).collect();
        let text = format!(
            "data_dir: agent-data\nlisten: {{admin: {{address: 127.0.0.1:{}}}}}\nship:\n  standpipe: {{url: \"{url}\"{}}}\nflows:\n{}",
            self.port,
            self.ship,
            indented.concat()
        );
        self.home.write(&text)
    }

    /// Writes settings that are not ours, which the next start reads. `data_dir` must be
    /// `agent-data` beside them.
    pub fn configure_as(&self, text: &str) -> Outcome {
        self.home.write(text)
    }

    /// Lets it say what it says in another folder than its own.
    pub fn log_in(mut self, folder: &Path) -> Self {
        self.home.log_in(folder);
        self
    }

    /// Lets it read to the end of its files, ship, and end. Does not wait.
    pub fn spawn_once(&mut self) -> Outcome {
        self.spawn_with(&["--once"])
    }

    /// The same, and waits; the exit code.
    pub fn once(&mut self, deadline: Duration) -> Outcome<i32> {
        self.spawn_once()?;
        self.program()?.exit_code(deadline)
    }

    /// The real address of its admin door.
    pub fn door(&self) -> Outcome<SocketAddr> {
        self.address("admin")
    }

    /// What it says of itself.
    pub fn status(&self) -> Outcome<Value> {
        self.asked()
    }
}
