//! Both programs are killed at random while logs grow and rotate: every line arrives once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::log::Log;
use standpipe_tests::random::Random;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, objects};

use crate::{PATIENCE, lines_arrived, parquet, raw, raw_arrived};

const LINES: u64 = 200_000;
const KILLS: u32 = 50;
const ROTATIONS: u64 = 5;
/// How long the logs go on being written.
const SPAN: Duration = Duration::from_secs(50);
/// How long a program lives at most before it is killed.
const LIFE: u64 = 1_200;
const MAX_LINE: usize = 1_000_000;

/// What one writer does: its file, and which lines it writes.
struct Writer {
    name: &'static str,
    lines: u64,
    random: Random,
}

impl Writer {
    /// Writes its lines over the span, rotates, leaves some last lines without an end.
    fn write(mut self, mut log: Log) -> Outcome<Ledger> {
        let mut ledger = Ledger::new(MAX_LINE);
        let start = Instant::now();
        for number in 0..self.lines {
            let line = self.line(number);
            ledger.wrote(line.as_bytes());
            let rotates = number % (self.lines / ROTATIONS) == self.lines / ROTATIONS - 1;
            let unfinished = rotates && self.random.once_in(2);
            log.write(line.as_bytes())?;
            log.write(if unfinished { b"" } else { b"\n" })?;
            if rotates {
                log.rotate()?;
            }
            let due = SPAN.mul_f64(number as f64 / self.lines as f64);
            if let Some(early) = due
                .checked_sub(start.elapsed())
                .filter(|e| e.as_millis() > 5)
            {
                thread::sleep(early);
            }
        }
        assert!(u64::from(log.rotations()) >= ROTATIONS);
        Ok(ledger)
    }

    /// A numbered line of 1 byte to 2 MiB; those of a few bytes have no room for their number.
    fn line(&mut self, number: u64) -> String {
        let id = format!("{}-{number:07}", self.name);
        let length = match self.random.below(20_000) {
            0 => 1 + self.random.below(2 * 1024 * 1024) as usize,
            1..10 => self.random.below(200_000) as usize,
            10..300 => return "x".repeat(1 + self.random.below(6) as usize),
            _ => self.random.below(250) as usize,
        };
        let mut line = id.clone();
        while line.len() < length {
            line += &format!(" {id}@{}", line.len());
        }
        line.truncate(length.max(id.len()));
        line
    }
}

/// Starts a program and kills it, again and again, until told to stop and often enough.
fn kill_often(
    writing: &AtomicBool,
    mut random: Random,
    mut once: impl FnMut(Duration) -> Outcome,
) -> Outcome<u32> {
    let mut kills = 0;
    while writing.load(Ordering::Relaxed) || kills < KILLS {
        once(Duration::from_millis(random.below(LIFE)))?;
        kills += 1;
    }
    Ok(kills)
}

fn kill_daemon(daemon: &mut Daemon, life: Duration) -> Outcome {
    daemon.spawn()?;
    thread::sleep(life);
    daemon.program()?.runs()?;
    daemon.kill()
}

fn kill_agent(agent: &mut Agent, life: Duration) -> Outcome {
    agent.spawn()?;
    thread::sleep(life);
    agent.program()?.runs()?;
    agent.kill()
}

/// Both programs, set up and not running; logs `a` and `b` feed one stream each, `c` feeds both
/// (rule 8).
fn set_up(folder: &Folder) -> Outcome<(Daemon, Agent)> {
    let streams = raw("plain", "1s") + &parquet("rows", "1s", "inferred");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    let flow = |file: &str, stream: &str, format: &str| {
        let logs = folder.join("logs");
        let logs = logs.display();
        format!(
            "- paths: [\"{logs}/{file}.log*\"]\n  stream: {stream}\n  parse: {{format: {format}}}"
        )
    };
    let flows = [
        flow("a", "plain", "none"),
        flow("b", "rows", "line"),
        flow("c", "plain", "none"),
        flow("c", "rows", "line"),
    ];
    let agent = Agent::new(folder.path(), &daemon.url()?, &flows.join("\n"))?;
    daemon.kill()?;
    Ok((daemon, agent))
}

/// Writes the three logs while both programs are killed; what each log's writer wrote.
fn write_and_kill(folder: &Folder, daemon: &mut Daemon, agent: &mut Agent) -> Outcome<[Ledger; 3]> {
    let mut random = Random::new();
    std::fs::create_dir(folder.join("logs"))?;
    let writing = &AtomicBool::new(true);
    let (written, kills) = thread::scope(|scope| {
        let writers = ["a", "b", "c"].map(|name| {
            let log = Log::create(&folder.join(&format!("logs/{name}.log")));
            let writer = Writer {
                name,
                lines: LINES / 3 + 1,
                random: random.fork(),
            };
            scope.spawn(move || writer.write(log?))
        });
        let (one, other) = (random.fork(), random.fork());
        let killers = [
            scope.spawn(move || kill_often(writing, one, |life| kill_daemon(daemon, life))),
            scope.spawn(move || kill_often(writing, other, |life| kill_agent(agent, life))),
        ];
        let written = writers.map(joined);
        writing.store(false, Ordering::Relaxed);
        (written, killers.map(joined))
    });
    let [daemon_kills, agent_kills] = kills;
    println!(
        "the daemon was killed {} times, the agent {} times",
        daemon_kills?, agent_kills?
    );
    let [a, b, c] = written;
    Ok([a?, b?, c?])
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    let failed = |_| Err(Trouble::new("a thread of the test failed"));
    thread.join().unwrap_or_else(failed)
}

#[test]
fn every_line_arrives_once_through_fifty_kills_of_each_program() -> Outcome {
    let folder = Folder::new("kills")?;
    let (mut daemon, mut agent) = set_up(&folder)?;
    let [mut plain, mut rows, both] = write_and_kill(&folder, &mut daemon, &mut agent)?;
    both.copy_into(&mut plain);
    both.copy_into(&mut rows);

    daemon.up()?;
    agent.up()?;
    for (stream, ledger) in [("plain", &plain), ("rows", &rows)] {
        let books = daemon.settled(stream, ledger.written(), PATIENCE)?;
        let expected = (ledger.written(), ledger.written());
        let seen = (books.accepted, books.delivered);
        assert_eq!(seen, expected, "{stream}: {books:?}");
    }
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out/plain"), &mut plain)?;
    plain.settle()?;
    lines_arrived(&folder.join("out/rows"), &mut rows)?;
    rows.settle()?;
    nothing_failed(&folder)?;
    folder.done()
}

fn nothing_failed(folder: &Folder) -> Outcome {
    match objects::below(&folder.join("out/errors"))?.first() {
        None => Ok(()),
        Some(path) => Err(Trouble(format!("{} should not be there", path.display()))),
    }
}
