//! What scenes are played on: both programs on a disk, the daemon's destination there or on a
//! second disk, and what was written.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use standpipe_tests::log::Log;
use standpipe_tests::objects::{self, raw_arrived};
use standpipe_tests::power::{Disk, Lost, Mounted, Power};
use standpipe_tests::program::Environment;
use standpipe_tests::random::Random;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble};

/// Enough for anything that takes seconds on a machine that is busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Who makes a sync.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Program {
    Agent,
    Daemon,
}

impl Program {
    pub(super) fn binary(self) -> &'static str {
        match self {
            Self::Agent => "standpipe-agent",
            Self::Daemon => "standpipe-delivery",
        }
    }
}

/// How the stream `lines` is set.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// How long a batch waits.
    pub(super) interval: &'static str,
    pub(super) format: &'static str,
    /// Delivered to the second disk.
    pub(super) is_far: bool,
}

pub(super) const SOON: Setting = Setting {
    interval: "50ms",
    format: "raw: {delimiter: newline}",
    is_far: false,
};

pub(super) const LATE: Setting = Setting {
    interval: "900s",
    ..SOON
};

pub(super) const ROWS: Setting = Setting {
    format: "parquet: {schema: inferred}",
    ..SOON
};

pub(super) const FAR: Setting = Setting {
    is_far: true,
    ..SOON
};

/// Both programs and their disks.
pub(super) struct Stage {
    // Fields are dropped in this order: the programs before their disks.
    pub(super) daemon: Daemon,
    pub(super) agent: Agent,
    pub(super) near: Mounted,
    far: Mounted,
    folder: Folder,
    pub(super) ledger: Ledger,
    /// What a scene wants to see again.
    pub(super) noted: String,
    /// Lines that were minted.
    number: u64,
}

impl Stage {
    pub(super) fn new(name: &str) -> Outcome<Self> {
        let folder = Folder::new(&format!("scene-{name}"))?;
        let power = Power::default();
        let disk = |name: &str| {
            let disk = Disk::new(&power, Random::seeded(1)).calm();
            Mounted::new(disk, &folder.join(name))
        };
        let (near, far) = (disk("near")?, disk("far")?);
        std::fs::create_dir(folder.join("logs"))?;
        let daemon = Daemon::new(near.path(), &stream(&LATE, &near, &far))?;
        let flows = format!(
            "- paths: [\"{}/*.log\"]\n  stream: lines\n  parse: {{format: none}}",
            folder.join("logs").display()
        );
        let agent = Agent::new(near.path(), &daemon.url_to_be(), &flows)?;
        near.disk().sync_all();
        Ok(Self {
            daemon: daemon.log_in(folder.path()),
            agent: agent.log_in(folder.path()),
            near,
            far,
            folder,
            ledger: Ledger::new(1_000_000),
            noted: String::new(),
            number: 0,
        })
    }

    /// Removes everything; a scene that ends as it should leaves nothing to look at.
    pub(super) fn done(self) -> Outcome {
        let Self {
            daemon,
            agent,
            near,
            far,
            folder,
            ..
        } = self;
        drop((daemon, agent));
        drop((near, far));
        folder.done()
    }

    fn environment(&mut self, program: Program) -> &mut Environment {
        match program {
            Program::Agent => &mut self.agent.environment,
            Program::Daemon => &mut self.daemon.environment,
        }
    }

    /// From the next start on, until the cut.
    pub(super) fn leave_out(&mut self, program: Program, sync: &str) {
        let skipped = self
            .environment(program)
            .entry("STANDPIPE_SKIP_SYNC".into());
        let skipped = skipped.or_default();
        *skipped += ",";
        *skipped += sync;
    }

    /// Undoes that.
    pub(super) fn leave_in(&mut self, program: Program, sync: &str) {
        if let Some(skipped) = self.environment(program).get_mut("STANDPIPE_SKIP_SYNC") {
            let kept = skipped.split(',').filter(|name| *name != sync);
            *skipped = kept.collect::<Vec<_>>().join(",");
        }
    }

    /// Does something with no sync left out: what must be well before the scene begins.
    pub(super) fn well(&mut self, act: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let (daemon, agent) = (
            std::mem::take(&mut self.daemon.environment),
            std::mem::take(&mut self.agent.environment),
        );
        act(self)?;
        self.daemon.environment = daemon;
        self.agent.environment = agent;
        Ok(())
    }

    /// Settings from the next start on.
    pub(super) fn set(&mut self, setting: Setting) -> Outcome {
        let streams = stream(&setting, &self.near, &self.far);
        self.configure(&streams)
    }

    /// The stream is no more; another is.
    pub(super) fn set_other(&mut self) -> Outcome {
        let streams = stream(&LATE, &self.near, &self.far).replace("lines:", "other:");
        self.configure(&streams)
    }

    fn configure(&mut self, streams: &str) -> Outcome {
        self.daemon.configure(streams)?;
        self.near.disk().sync_bytes_of("delivery.yaml");
        Ok(())
    }

    /// Starts the daemon and waits until it is ready.
    pub(super) fn up(&mut self) -> Outcome {
        self.daemon.up()
    }

    /// Lets a program run until it ends itself at a point, the nth time it gets there; `act` is done
    /// again and again meanwhile, and may fail.
    pub(super) fn until_death(
        &mut self,
        program: Program,
        point: &str,
        mut act: impl FnMut(&mut Self) -> Outcome,
    ) -> Outcome {
        let variable = "STANDPIPE_KILL_AT";
        self.environment(program)
            .insert(variable.into(), point.into());
        match program {
            Program::Agent => self.agent.spawn()?,
            Program::Daemon => self.daemon.spawn()?,
        }
        until(&format!("the end at {point}"), PATIENCE, || {
            let running = match program {
                Program::Agent => self.agent.program()?,
                Program::Daemon => self.daemon.program()?,
            };
            match running.ended()? {
                Some(status) if status.signal() == Some(9) => return Ok(()),
                Some(status) => return Err(Trouble(format!("it ended with {status}"))),
                None => {}
            }
            let _ = act(self);
            Err(Trouble::new("it runs"))
        })?;
        self.environment(program).remove(variable);
        Ok(())
    }

    /// New lines.
    pub(super) fn lines(&mut self, count: u64) -> Vec<String> {
        let lines = self.number..self.number + count;
        self.number += count;
        lines.map(|number| format!("line {number:06}")).collect()
    }

    /// Sends lines to the text door, which must store them.
    pub(super) fn send(&mut self, count: u64) -> Outcome {
        let lines = self.lines(count);
        self.daemon
            .post("lines", lines.join("\n").as_bytes())?
            .ok()?;
        lines
            .iter()
            .for_each(|line| self.ledger.wrote(line.as_bytes()));
        Ok(())
    }

    /// Sends one record of so many bytes. Whether it is stored may stay unknown.
    pub(super) fn send_large(&mut self, bytes: usize) -> Outcome {
        let line = format!("{} {}", self.lines(1).concat(), "x".repeat(bytes));
        self.post(&[line])
    }

    /// Sends lines of which nobody may hear again.
    pub(super) fn try_to_send(&mut self, count: u64) -> Outcome {
        let lines = self.lines(count);
        self.post(&lines)
    }

    /// The same, unless something was sent before.
    pub(super) fn try_to_send_once(&mut self, count: u64) -> Outcome {
        match self.number {
            0 => self.try_to_send(count),
            _ => Ok(()),
        }
    }

    fn post(&mut self, lines: &[String]) -> Outcome {
        // Refused at once: it was not up yet.
        self.daemon.door("native")?;
        let answer = self.daemon.post("lines", lines.join("\n").as_bytes());
        let is_stored = answer.is_ok_and(|answer| answer.status == 200);
        for line in lines {
            match is_stored {
                true => self.ledger.wrote(line.as_bytes()),
                false => self.ledger.tried(line.as_bytes()),
            }
        }
        match is_stored {
            true => Ok(()),
            false => Err(Trouble::new("it was not acknowledged")),
        }
    }

    /// Sends lines, which become an object of their own.
    pub(super) fn deliver(&mut self, count: u64) -> Outcome {
        self.send(count)?;
        self.delivered()
    }

    /// Waits until nothing waits.
    pub(super) fn delivered(&mut self) -> Outcome {
        self.daemon.settled("lines", 0, PATIENCE).map(drop)
    }

    /// A log with lines, which the agent follows.
    pub(super) fn log(&mut self, name: &str, count: u64) -> Outcome {
        let lines = self.lines(count);
        let mut log = Log::create(&self.folder.join(&format!("logs/{name}.log")))?;
        log.write((lines.join("\n") + "\n").as_bytes())?;
        lines
            .iter()
            .for_each(|line| self.ledger.wrote(line.as_bytes()));
        Ok(())
    }

    /// Waits until the agent has shipped all that there is.
    pub(super) fn shipped(&mut self) -> Outcome {
        let written = self.ledger.written();
        until("all to be shipped", PATIENCE, || {
            let accepted = self.daemon.books("lines")?.accepted;
            let status = self.agent.status()?;
            match accepted >= written && status["bytes"]["waiting"] == 0 {
                true => Ok(()),
                false => Err(Trouble(format!("{accepted} of {written} lines, {status}"))),
            }
        })
    }

    /// Kills what runs.
    pub(super) fn kill(&mut self) -> Outcome {
        if self.daemon.program().is_ok() {
            self.daemon.kill()?;
        }
        if self.agent.program().is_ok() {
            self.agent.kill()?;
        }
        Ok(())
    }

    /// Kills what runs and cuts the power. What comes after leaves no sync out.
    pub(super) fn cut(&mut self, lost: Lost) -> Outcome {
        self.kill()?;
        for disk in [&mut self.near, &mut self.far] {
            disk.take_away()?;
            disk.disk().cut_losing(lost);
        }
        self.near.bring_back()?;
        self.far.bring_back()?;
        self.daemon.environment.clear();
        self.agent.environment.clear();
        Ok(())
    }

    /// Where the objects of the stream are.
    pub(super) fn out(&self) -> [PathBuf; 2] {
        [&self.near, &self.far].map(|disk| disk.path().join("out/lines"))
    }

    /// Where the daemon keeps what the stream holds.
    pub(super) fn stream_folder(&self) -> PathBuf {
        self.daemon.data().join("streams/lines")
    }

    /// That each line is there once.
    pub(super) fn compare(&mut self) -> Outcome {
        for out in self.out() {
            raw_arrived(&out, &mut self.ledger)?;
        }
        self.ledger.settle()
    }

    /// The Parquet files.
    pub(super) fn parquet(&self) -> Outcome<Vec<PathBuf>> {
        let [near, far] = self.out();
        Ok([objects::below(&near)?, objects::below(&far)?].concat())
    }

    /// That no stream is halted.
    pub(super) fn runs_well(&mut self) -> Outcome {
        self.daemon.program()?.runs()?;
        let status = self.daemon.everything()?;
        match status.to_string().contains("\"halted\"") {
            true => Err(Trouble(format!("the status is {status}"))),
            false => Ok(()),
        }
    }

    /// Waits for something while no stream is halted.
    pub(super) fn wait(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&mut Self) -> Outcome,
    ) -> Outcome {
        let mut halted = None;
        until(what, PATIENCE, || {
            if let Err(trouble) = self.runs_well() {
                halted = Some(trouble);
                return Ok(());
            }
            ask(self)
        })?;
        halted.map_or(Ok(()), Err)
    }
}

fn stream(setting: &Setting, near: &Mounted, far: &Mounted) -> String {
    let disk = if setting.is_far { far } else { near };
    format!(
        "lines:
  disk: {{quota: 4MiB}}
  buffering: {{size: 1MiB, interval: {}}}
  format: {{{}}}
  destination: {{file: {{path: \"{}\", prefix: lines/, error_output_prefix: errors/}}}}
",
        setting.interval,
        setting.format,
        disk.path().join("out").display()
    )
}
