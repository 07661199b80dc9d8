//! A real PostgreSQL server in a folder of its own: started, crashed, started again, asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::program::{Environment, Program};
use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;
use crate::{components, port};

pub mod proxy;

/// How long the server may take to start or to end.
const SOON: Duration = Duration::from_secs(120);

/// Who owns the server and its tables.
pub const USER: &str = "standpipe";

/// Whom the system runs a server as, which refuses to be run by root.
const OWNER: &str = "postgres";

/// A server. Ended when dropped.
pub struct Postgresql {
    programs: PathBuf,
    folder: TempDir,
    log: PathBuf,
    port: u16,
    options: Vec<String>,
    program: Option<Program>,
}

impl Postgresql {
    /// Starts an empty one whose log lies in `folder`; `None` where PostgreSQL is not there, which
    /// is noted as skipped.
    pub fn start(folder: &Path) -> Outcome<Option<Self>> {
        let Some(mut server) = Self::new(folder)? else {
            return Ok(None);
        };
        server.up()?;
        Ok(Some(server))
    }

    /// One that does not run yet.
    pub fn new(folder: &Path) -> Outcome<Option<Self>> {
        let Some(programs) = components::find("PostgreSQL", "STANDPIPE_POSTGRESQL")? else {
            return Ok(None);
        };
        // Not below `folder`: its owner must be able to get there.
        let own = tempfile::Builder::new()
            .prefix("standpipe-postgresql-")
            .tempdir()?;
        let server = Self {
            programs,
            folder: own,
            log: folder.join("postgresql.log"),
            port: port::free()?,
            options: Vec::new(),
            program: None,
        };
        if is_root() {
            run(Command::new("chown").arg(OWNER).arg(server.folder.path()))?;
        }
        let initdb = server.command("initdb");
        let data = server.data().display().to_string();
        let arguments = ["-D", &data, "-U", USER, "-A", "trust", "-E", "UTF8"];
        run(Command::new(&initdb[0]).args(&initdb[1..]).args(arguments))?;
        Ok(Some(server))
    }

    /// Where its tables, settings and certificates lie.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file into [`data`](Self::data) that only its owner may read.
    pub fn write(&self, name: &str, text: &str) -> Outcome {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.data().join(name);
        std::fs::write(&path, text).attempting(format!("write {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        match is_root() {
            true => run(Command::new("chown").arg(OWNER).arg(&path)).map(drop),
            false => Ok(()),
        }
    }

    /// Adds a setting for the next start: `ssl=on`.
    pub fn set(&mut self, setting: &str) {
        self.options.push(setting.to_owned());
    }

    /// Starts it, and waits until it answers.
    pub fn up(&mut self) -> Outcome {
        let mut command = self.command("postgres");
        let (data, sockets) = (self.data(), self.folder.path());
        command.extend(["-D".into(), data.display().to_string()]);
        command.extend(["-p".into(), self.port.to_string()]);
        command.extend(["-k".into(), sockets.display().to_string()]);
        command.extend(["-c".into(), "listen_addresses=127.0.0.1".into()]);
        for option in &self.options {
            command.extend(["-c".into(), option.clone()]);
        }
        let arguments: Vec<_> = command[1..].iter().map(String::as_str).collect();
        let none = Environment::default();
        let program = Program::start_with(Path::new(&command[0]), &arguments, &none, &self.log)?;
        self.program = Some(program);
        until("PostgreSQL to answer", SOON, || {
            if let Some(program) = &mut self.program {
                program.runs()?;
            }
            self.ask("SELECT 1").map(drop)
        })
    }

    /// Ends it at once, as a crash would: it recovers at its next start.
    pub fn crash(&mut self) -> Outcome {
        let Some(mut program) = self.program.take() else {
            return Ok(());
        };
        let id = Pid::from_raw(program.id() as i32).ok_or(Trouble::new("it has no process"))?;
        kill_process(id, Signal::QUIT).attempting("end PostgreSQL")?;
        until("the end of PostgreSQL", SOON, || {
            let ended = program.ended()?;
            ended.map(drop).ok_or(Trouble::new("it runs on"))
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Runs SQL; the rows of its answer, columns with | between them.
    pub fn ask(&self, sql: &str) -> Outcome<Vec<String>> {
        let said = self.psql(&["-c", sql])?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Runs SQL whose answer is one number.
    pub fn count(&self, sql: &str) -> Outcome<u64> {
        let said = self.ask(sql)?;
        let number = said.first().and_then(|row| row.parse().ok());
        number.ok_or_else(|| Trouble(format!("{sql} answers {said:?}")))
    }

    /// Runs `psql` with arguments.
    pub fn psql(&self, arguments: &[&str]) -> Outcome<String> {
        let port = self.port.to_string();
        let usual = ["-h", "127.0.0.1", "-p", &port, "-U", USER, "-d", "postgres"];
        let strict = ["-XAtq", "-v", "ON_ERROR_STOP=1"];
        let psql = self.programs.join("psql");
        run(Command::new(psql).args(usual).args(strict).args(arguments))
    }

    /// The beginning of the command that runs a program of the server's as its owner.
    fn command(&self, program: &str) -> Vec<String> {
        let program = self.programs.join(program).display().to_string();
        if !is_root() {
            return vec![program];
        }
        // Takes the place of its own process, so that what we end is the server.
        let owner = [
            format!("--reuid={OWNER}"),
            format!("--regid={OWNER}"),
            "--init-groups".to_owned(),
        ];
        let before = std::iter::once("setpriv".to_owned()).chain(owner);
        before.chain([program]).collect()
    }
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        // It may have ended long ago, which is fine.
        let _ = self.crash();
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command to its end; what it said.
fn run(command: &mut Command) -> Outcome<String> {
    let what = format!("run {command:?}");
    // A folder that everyone may stand in.
    let ended = command.current_dir("/").output().attempting(&what)?;
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    match ended.status.success() {
        true => Ok(said),
        false => Err(Trouble(format!(
            "cannot {what}: {said}{}",
            String::from_utf8_lossy(&ended.stderr)
        ))),
    }
}
