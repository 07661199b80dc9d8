//! A running program of ours: start it, kill it, ask it to stop.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;

/// Variables that a program is started with, beside those of this process.
pub type Environment = BTreeMap<String, String>;

/// A process of ours. Killed when dropped.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program; what it says is appended to the log.
    pub fn start(program: &Path, arguments: &[&str], log: &Path) -> Outcome<Self> {
        Self::start_with(program, arguments, &Environment::default(), log)
    }

    /// The same, with variables added to its environment.
    pub fn start_with(
        program: &Path,
        arguments: &[&str],
        environment: &Environment,
        log: &Path,
    ) -> Outcome<Self> {
        let name = program.file_name().unwrap_or(program.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let said = append(log)?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .attempting(format!("start {name}"))?;
        Ok(Self {
            name,
            child,
            log: log.to_owned(),
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where what it says is kept.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) -> Outcome {
        self.child
            .kill()
            .attempting(format!("kill {}", self.name))?;
        self.child
            .wait()
            .attempting(format!("wait for {}", self.name))?;
        Ok(())
    }

    /// SIGTERM. Does not wait.
    pub fn terminate(&self) -> Outcome {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .attempting(format!("terminate {}", self.name))
    }

    /// SIGHUP. Does not wait.
    pub fn hang_up(&self) -> Outcome {
        kill_process(Pid::from_child(&self.child), Signal::HUP)
            .attempting(format!("send SIGHUP to {}", self.name))
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        self.child
            .try_wait()
            .attempting(format!("wait for {}", self.name))
    }

    /// The exit code, when it has ended by itself.
    pub fn exit_code(&mut self, deadline: Duration) -> Outcome<i32> {
        let what = format!("the end of {}", self.name);
        let status = until(&what, deadline, || {
            self.ended()?.ok_or_else(|| Trouble::new("it runs on"))
        })?;
        let code = status.code();
        code.ok_or_else(|| Trouble(format!("{} ended with {status}", self.name)))
    }

    /// That it runs; else its end is told with the last it said.
    pub fn runs(&mut self) -> Outcome {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(Trouble(format!(
                "{} has ended with {status}; the last it said:\n{}",
                self.name,
                last_lines(&self.log, 12)
            ))),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended long ago, which is fine.
        let _ = self.kill();
    }
}

fn append(log: &Path) -> Outcome<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .attempting(format!("open {}", log.display()))
}

/// The last lines of a text file, or why they cannot be had.
pub fn last_lines(path: &Path, count: usize) -> String {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let lines: Vec<_> = text.lines().collect();
            lines[lines.len().saturating_sub(count)..].join("\n")
        }
        Err(error) => format!("(nothing: {}: {error})", path.display()),
    }
}
