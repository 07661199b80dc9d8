//! What agent and daemon under test have in common: a program with a folder of its own, in which lie
//! its settings, its data and what it says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::program::{Environment, Program};
use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;
use crate::{binaries, http};

/// How long anything may take that should take a second.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Which program it is, and what its files are called.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// As people call it.
    pub(crate) name: &'static str,
    pub(crate) binary: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) data: &'static str,
    pub(crate) log: &'static str,
}

/// A program's place, and the program where it runs.
pub struct Home {
    kind: Kind,
    folder: PathBuf,
    log: PathBuf,
    program: Option<Program>,
    /// Variables that the next start adds to its environment: faults to come.
    pub environment: Environment,
    /// A command that the next start runs, and that runs the program in its own place.
    pub through: Vec<String>,
}

impl Home {
    /// Creates the folder.
    pub(crate) fn new(kind: Kind, folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder).attempting(format!("create {}", folder.display()))?;
        Ok(Self {
            kind,
            folder: folder.to_owned(),
            log: folder.join(kind.log),
            program: None,
            environment: Environment::default(),
            through: vec![],
        })
    }

    /// The same place for another thread, which may ask but has no process to end.
    pub(crate) fn again(&self) -> Self {
        Self {
            kind: self.kind,
            folder: self.folder.clone(),
            log: self.log.clone(),
            program: None,
            environment: Environment::default(),
            through: vec![],
        }
    }

    /// Writes other settings, which the next start reads.
    pub(crate) fn write(&self, settings: &str) -> Outcome {
        let what = format!("write the {}'s settings", self.kind.name);
        std::fs::write(self.settings(), settings).attempting(what)
    }

    /// Lets it say what it says in another folder than its own.
    pub(crate) fn log_in(&mut self, folder: &Path) {
        self.log = folder.join(self.kind.log);
    }

    /// The file of its settings.
    pub fn settings(&self) -> PathBuf {
        self.folder.join(self.kind.settings)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join(self.kind.data)
    }

    /// What it says.
    pub fn log(&self) -> PathBuf {
        self.log.clone()
    }

    /// Starts it. Does not wait.
    pub fn spawn(&mut self) -> Outcome {
        self.spawn_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn spawn_with(&mut self, more: &[&str]) -> Outcome {
        // What a killed one left says nothing about the next.
        let _ = std::fs::remove_file(self.data().join("doors.json"));
        let settings = self.settings().to_string_lossy().into_owned();
        let program = binaries::find(self.kind.binary)?;
        let name = program.to_string_lossy().into_owned();
        let through = self.through.iter().map(String::as_str);
        let command: Vec<&str> = through.chain([name.as_str()]).collect();
        let arguments = [&command[1..], &["run", "--config", &settings], more].concat();
        self.program = Some(Program::start_with(
            Path::new(command[0]),
            &arguments,
            &self.environment,
            &self.log,
        )?);
        Ok(())
    }

    /// Starts it and waits until it is ready.
    pub fn up(&mut self) -> Outcome {
        self.spawn()?;
        until(&format!("the {} to be ready", self.kind.name), SOON, || {
            self.program()?.runs()?;
            http::get(self.address("admin")?, "/ready")?.ok()
        })?;
        Ok(())
    }

    /// The running process.
    pub fn program(&mut self) -> Outcome<&mut Program> {
        let why = format!("the {} was not started", self.kind.name);
        self.program.as_mut().ok_or(Trouble(why))
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

    /// The real address of a door: `native`, `admin`.
    pub(crate) fn address(&self, door: &str) -> Outcome<SocketAddr> {
        let path = self.data().join("doors.json");
        let text = std::fs::read(&path).attempting(format!("read {}", path.display()))?;
        let doors: Value = serde_json::from_slice(&text)?;
        let address = doors[door].as_str().unwrap_or_default();
        address
            .parse()
            .attempting(format!("find the door {door} in {doors}"))
    }

    /// Its whole status.
    pub(crate) fn asked(&self) -> Outcome<Value> {
        http::get(self.address("admin")?, "/status")?.ok()?.json()
    }
}
