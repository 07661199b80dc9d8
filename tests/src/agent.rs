//! The agent under test, in a folder of its own: settings, progress, log.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::program::{Environment, Program};
use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;
use crate::{binaries, http, port};

const SOON: Duration = Duration::from_secs(60);

/// An agent, running or not.
pub struct Agent {
    folder: PathBuf,
    log: PathBuf,
    port: u16,
    program: Option<Program>,
    /// Variables that the next start adds to its environment: faults to come.
    pub environment: Environment,
}

impl Agent {
    /// Writes the settings of an agent into `folder`; `flows` is YAML, a list. Not started yet.
    pub fn new(folder: &Path, url: &str, flows: &str) -> Outcome<Self> {
        Self::at(folder, port::free()?, url, flows)
    }

    /// The same at an admin port of the caller's choice; 0 is any free one.
    pub fn at(folder: &Path, port: u16, url: &str, flows: &str) -> Outcome<Self> {
        let agent = Self {
            folder: folder.to_owned(),
            log: folder.join("agent.log"),
            port,
            program: None,
            environment: Environment::default(),
        };
        std::fs::create_dir_all(folder).attempting(format!("create {}", folder.display()))?;
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
            "data_dir: agent-data\nlisten: {{admin: {{address: 127.0.0.1:{}}}}}\nship:\n  standpipe: {{url: \"{url}\"}}\nflows:\n{}",
            self.port,
            indented.concat()
        );
        std::fs::write(self.settings(), text).attempting("write the agent's settings")
    }

    /// The file of its settings.
    pub fn settings(&self) -> PathBuf {
        self.folder.join("agent.yaml")
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("agent-data")
    }

    /// Lets it say what it says in another folder than its own.
    pub fn log_in(mut self, folder: &Path) -> Self {
        self.log = folder.join("agent.log");
        self
    }

    /// What it says.
    pub fn log(&self) -> PathBuf {
        self.log.clone()
    }

    /// Starts it. Does not wait.
    pub fn spawn(&mut self) -> Outcome {
        self.spawn_with(&[])
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

    fn spawn_with(&mut self, more: &[&str]) -> Outcome {
        let _ = std::fs::remove_file(self.data().join("doors.json"));
        let settings = self.settings().to_string_lossy().into_owned();
        let arguments = [&["run", "--config", &settings], more].concat();
        let program = binaries::find("standpipe-agent")?;
        self.program = Some(Program::start_with(
            &program,
            &arguments,
            &self.environment,
            &self.log(),
        )?);
        Ok(())
    }

    /// Starts it and waits until it is ready.
    pub fn up(&mut self) -> Outcome {
        self.spawn()?;
        until("the agent to be ready", SOON, || {
            self.program()?.runs()?;
            http::get(self.door()?, "/ready")?.ok()
        })?;
        Ok(())
    }

    /// The running process.
    pub fn program(&mut self) -> Outcome<&mut Program> {
        self.program
            .as_mut()
            .ok_or_else(|| Trouble::new("the agent was not started"))
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Outcome {
        self.program()?.kill()?;
        self.program = None;
        Ok(())
    }

    /// SIGTERM; the exit code.
    pub fn stop(&mut self, deadline: Duration) -> Outcome<i32> {
        let program = self.program()?;
        program.terminate()?;
        program.exit_code(deadline)
    }

    /// The real address of its admin door.
    pub fn door(&self) -> Outcome<SocketAddr> {
        let path = self.data().join("doors.json");
        let text = std::fs::read(&path).attempting(format!("read {}", path.display()))?;
        let doors: Value = serde_json::from_slice(&text)?;
        let address = doors["admin"].as_str().unwrap_or_default();
        address
            .parse()
            .attempting(format!("find the admin door in {doors}"))
    }

    /// What it says of itself.
    pub fn status(&self) -> Outcome<Value> {
        http::get(self.door()?, "/status")?.ok()?.json()
    }
}
