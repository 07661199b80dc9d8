//! One life of both programs on one data folder, in which every named point is reached: several
//! files and streams, rotation, small segments, columns that come one by one, a destination that
//! refuses, one on another file system, settings that change at each start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use standpipe_tests::home::Home;
use standpipe_tests::log::Log;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, http, kills};

use super::arrived;
use crate::PATIENCE;

/// How often a life writes at most: until logs of entries were compacted (at 64 KiB) and segments
/// of the journal used again.
const STEPS: u64 = 150;

/// Lines that a log gets at a time, and between two rotations.
const AT_A_TIME: u64 = 3;
pub(super) const LINES: u64 = 20 * AT_A_TIME;

/// Bytes of a record of the text door.
const TEXT: usize = 16_000;

/// How fast it writes: a seal per step, as a rule.
const PACE: Duration = Duration::from_millis(15);

/// Which program is to end at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Victim {
    Agent,
    Daemon,
}

/// Both programs and all that they were given.
pub(super) struct Life {
    folder: Folder,
    /// On another file system, where there is one.
    far: PathBuf,
    daemon: Daemon,
    agent: Agent,
    log: Log,
    steps: u64,
    starts: u64,
    /// What was written, by stream.
    ledgers: BTreeMap<&'static str, Ledger>,
    /// A text request that nobody has acknowledged yet: its number.
    unanswered: Option<u64>,
}

/// Starts a program. One that may end before it is ready is not waited for; another one is, as it can
/// be asked to stop only when it is.
fn start(program: &mut Home, mortal: bool) -> Outcome {
    match mortal {
        true => program.spawn(),
        false => program.up(),
    }
}

impl Life {
    pub(super) fn begin(name: &str) -> Outcome<Self> {
        let folder = Folder::new(&format!("point-{name}"))?;
        std::fs::create_dir_all(folder.join("logs/many"))?;
        let far = folder.elsewhere();
        let daemon = Daemon::new(folder.path(), &streams(0, &far))?;
        let agent = Agent::new(folder.path(), &daemon.url_to_be(), &flows(&folder))?;
        let ledgers = ["plain", "rows", "refused", "far"];
        Ok(Self {
            log: Log::create(&folder.join("logs/a.log"))?,
            folder,
            far,
            daemon,
            agent,
            steps: 0,
            starts: 0,
            ledgers: ledgers.map(|name| (name, Ledger::new(1_000_000))).into(),
            unanswered: None,
        })
    }

    /// Runs both programs until `victim` has ended at `point`, the nth time it gets there. `false`
    /// if all was written and delivered before.
    pub(super) fn kill_at(&mut self, victim: Victim, point: &str, nth: u64) -> Outcome<bool> {
        self.spawn(Some((victim, &format!("{point}:{nth}"))))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.has_died(victim, point)? {
                return Ok(true);
            }
            if self.steps < STEPS {
                self.write()?;
            } else if self.is_quiet() {
                return Ok(false);
            }
            std::thread::sleep(PACE);
        }
        Err(Trouble(format!("neither {point} nor the end was reached")))
    }

    /// Writes a little everywhere.
    fn write(&mut self) -> Outcome {
        let step = self.steps;
        self.steps += 1;
        for number in AT_A_TIME * step..AT_A_TIME * (step + 1) {
            let line = format!(
                "{{\"line\":\"a {number:06}\",\"k{}\":{number}}}",
                number / 15
            );
            self.log.write(line.as_bytes())?;
            self.log.write(b"\n")?;
            self.wrote("plain", &line);
            self.wrote("rows", &format!("a {number:06}"));
        }
        if (AT_A_TIME * (step + 1)).is_multiple_of(LINES) {
            self.log.rotate()?;
        }
        let small = format!("m{step:04} {:06}", 0);
        let path = self.folder.join(&format!("logs/many/{step:04}.log"));
        Log::create(&path)?.write(format!("{small}\n").as_bytes())?;
        self.wrote("refused", &small);
        self.wrote("far", &small);
        if self.unanswered.is_none() {
            self.unanswered = Some(step);
            self.wrote("plain", &text(step));
        }
        self.post();
        Ok(())
    }

    fn wrote(&mut self, stream: &'static str, record: &str) {
        let ledger = self.ledgers.entry(stream);
        ledger
            .or_insert_with(|| Ledger::new(1_000_000))
            .wrote(record.as_bytes());
    }

    /// Sends the text that nobody has acknowledged yet; the same under the same key, until it is
    /// (rule 10). Whether it is now.
    fn post(&mut self) -> bool {
        let (Some(number), Ok(door)) = (self.unanswered, self.daemon.door("native")) else {
            return self.unanswered.is_none();
        };
        let headers = [
            "Content-Type: text/plain",
            &format!("Idempotency-Key: {number}"),
        ];
        let path = "/v1/streams/plain/records";
        let answer = http::post(door, path, &headers, text(number).as_bytes());
        if answer.is_ok_and(|answer| answer.status == 200) {
            self.unanswered = None;
        }
        self.unanswered.is_none()
    }

    /// Starts what does not run, with other settings for the daemon.
    fn spawn(&mut self, fault: Option<(Victim, &str)>) -> Outcome {
        let runs = |program: Outcome<&mut standpipe_tests::program::Program>| {
            program.is_ok_and(|program| program.runs().is_ok())
        };
        // The victim starts anew, so that it hears of its fault; so does who did not come to the point
        // of an earlier one, and would end there when it is stopped.
        let killed = fault.map(|(victim, _)| victim);
        let daemon = killed == Some(Victim::Daemon) || !self.daemon.environment.is_empty();
        let agent = killed == Some(Victim::Agent) || !self.agent.environment.is_empty();
        if daemon && runs(self.daemon.program()) {
            self.daemon.kill()?;
        }
        if agent && runs(self.agent.program()) {
            self.agent.kill()?;
        }
        self.daemon.environment.clear();
        self.agent.environment.clear();
        if let Some((victim, order)) = fault {
            let environment = match victim {
                Victim::Agent => &mut self.agent.environment,
                Victim::Daemon => &mut self.daemon.environment,
            };
            environment.insert("STANDPIPE_KILL_AT".into(), order.into());
        }
        if !runs(self.daemon.program()) {
            self.starts += 1;
            self.daemon.configure(&streams(self.starts, &self.far))?;
            start(&mut self.daemon, fault.is_some())?;
        }
        if !runs(self.agent.program()) {
            start(&mut self.agent, fault.is_some())?;
        }
        Ok(())
    }

    /// Whether the victim has ended, which it may only at the point.
    fn has_died(&mut self, victim: Victim, point: &str) -> Outcome<bool> {
        let (program, other) = match victim {
            Victim::Agent => (self.agent.program()?, self.daemon.program()?),
            Victim::Daemon => (self.daemon.program()?, self.agent.program()?),
        };
        other.runs()?;
        kills::ended_at(program, point)
    }

    /// Whether everything written so far is delivered.
    fn is_quiet(&mut self) -> bool {
        let posted = self.post();
        let mut all = self.ledgers.iter();
        posted
            && all.all(|(stream, ledger)| {
                let books = self.daemon.books(stream);
                books.is_ok_and(|books| books.waiting == 0 && books.accepted >= ledger.written())
            })
    }

    /// Lets both programs finish without faults, and holds what arrived against what was written.
    pub(super) fn settle(mut self) -> Outcome {
        self.spawn(None)?;
        until(
            "the last text to be acknowledged",
            PATIENCE,
            || match self.post() {
                true => Ok(()),
                false => Err(Trouble::new("it was not")),
            },
        )?;
        for (stream, ledger) in &self.ledgers {
            let written = ledger.written();
            let books = self.daemon.settled(stream, written, PATIENCE)?;
            assert_eq!(books.accepted, written, "{stream}: {books:?}");
            let failed = if *stream == "refused" { written } else { 0 };
            assert_eq!(books.failed, failed, "{stream}: {books:?}");
        }
        for (program, code) in [
            ("agent", self.agent.stop(PATIENCE)?),
            ("daemon", self.daemon.stop(PATIENCE)?),
        ] {
            assert_eq!(code, 0, "the {program} stopped with {code}");
        }
        arrived::all(&self.folder, &self.far, &mut self.ledgers)?;
        if self.far != self.folder.join("out") {
            std::fs::remove_dir_all(&self.far)?;
        }
        self.folder.done()
    }
}

/// The record of a text request.
fn text(number: u64) -> String {
    format!("t {number:06} {}", "x".repeat(TEXT))
}

/// All streams; other settings at each start.
fn streams(start: u64, far: &std::path::Path) -> String {
    let size = 1 + start % 2;
    let far = far.display();
    // No file system has names of 300 bytes.
    let long = "x".repeat(300);
    let stream = |name: &str, format: &str, destination: &str| {
        format!(
            "{name}:
  disk: {{quota: 8MiB}}
  buffering: {{size: {size}MiB, interval: 0s}}
  format: {{{format}}}
  destination: {{file: {{{destination}}}}}
"
        )
    };
    let raw = "raw: {delimiter: newline}";
    [
        stream("plain", raw, "path: out, prefix: plain/"),
        stream(
            "rows",
            "parquet: {schema: inferred}",
            "path: out, prefix: rows/",
        ),
        stream(
            "refused",
            raw,
            &format!("path: out, prefix: {long}/, error_output_prefix: errors/"),
        ),
        stream("far", raw, &format!("path: \"{far}\", prefix: far/")),
    ]
    .concat()
}

/// What the agent follows: a log that feeds two streams (rule 8), and many small ones that do.
fn flows(folder: &Folder) -> String {
    let logs = folder.join("logs");
    let logs = logs.display();
    let flow = |file: &str, stream: &str| {
        format!("- paths: [\"{logs}/{file}\"]\n  stream: {stream}\n  parse: {{format: none}}\n")
    };
    [
        flow("a.log*", "plain"),
        flow("a.log*", "rows"),
        flow("many/*.log", "refused"),
        flow("many/*.log", "far"),
    ]
    .concat()
}
