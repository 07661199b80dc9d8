//! The agent with ten thousand files: what it holds and takes while nothing happens, and while ten
//! more are written to; and how long a line takes from its write until it is acknowledged.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::trouble::{Attempting, Outcome, Trouble};
use standpipe_tests::{Agent, Daemon};

use crate::table::{Sample, Table};
use crate::{Ground, cpu, far};

const STREAM: &str = "many";

/// Takes records as they are.
const SETTINGS: &str = "many:
  disk: {quota: 100GiB}
  buffering: {size: 128MiB, interval: 10s}
  destination: {file: {path: out}}
";

/// Files that nobody writes to any more.
const IDLE: u64 = 10_000;

/// Files that are written to, in turn.
const BUSY: usize = 10;

/// How long each state is looked at.
const SPAN: Duration = Duration::from_secs(20);

/// How long the agent may need to come to rest.
const REST: Duration = Duration::from_secs(6);

/// A line every so often, over all busy files.
const EVERY: Duration = Duration::from_millis(1);

/// How often the daemon is asked what it has.
const GLANCE: Duration = Duration::from_micros(500);

/// One round.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    let folder = ground.fresh("scale")?;
    let logs = folder.join("logs");
    std::fs::create_dir(&logs)?;
    for number in 0..IDLE {
        let line = format!("the only line of file {number}\n");
        std::fs::write(logs.join(format!("idle-{number}.log")), line)?;
    }
    let mut daemon = Daemon::start(&folder.join("daemon"), SETTINGS)?;
    let flow = format!(
        "- paths: [\"{}/*.log\"]\n  stream: {STREAM}\n",
        logs.display()
    );
    let mut agent = Agent::start(&folder.join("agent"), &daemon.url()?, &flow)?;
    let started = Instant::now();
    while daemon.books(STREAM)?.accepted < IDLE {
        if started.elapsed() > far() {
            return Err(Trouble::new("not every file was shipped"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(REST);
    let process = agent.program()?.id();
    let idle = watched(process, || {
        thread::sleep(SPAN);
        Ok(vec![])
    })?;
    table.add("agent, 10,000 idle files", idle);
    let busy = watched(process, || write_and_wait(&logs, &daemon))?;
    table.add(
        "the same and 10 busy ones, 1,000 lines/s; write to acknowledged",
        busy,
    );
    agent.stop(far())?;
    daemon.stop(far())?;
    Ok(std::fs::remove_dir_all(folder)?)
}

/// What a process takes meanwhile, and holds at the end.
fn watched(process: u32, act: impl FnOnce() -> Outcome<Vec<Duration>>) -> Outcome<Sample> {
    let (before, started) = (cpu::of(process)?, Instant::now());
    let waits = act()?;
    Ok(Sample {
        wall: started.elapsed(),
        cpu: cpu::of(process)? - before,
        waits,
        resident: Some(cpu::resident(process)?),
        ..Sample::default()
    })
}

/// Writes lines at an even pace; how long each took until the daemon had it on disk, which is what
/// it acknowledges.
fn write_and_wait(logs: &Path, daemon: &Daemon) -> Outcome<Vec<Duration>> {
    let before = daemon.books(STREAM)?.accepted;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let seen = scope.spawn(|| seen(daemon, before, &over));
        let written = write(logs);
        // Where writing failed, nothing is waited for.
        over.store(true, Ordering::Relaxed);
        let seen = seen
            .join()
            .map_err(|_| Trouble::new("the observer panicked"))?;
        waits(&written?, &seen?, before)
    })
}

/// When each line was written.
fn write(logs: &Path) -> Outcome<Vec<Instant>> {
    let open = |number| {
        let path = logs.join(format!("busy-{number}.log"));
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        opened.attempting(format!("open {}", path.display()))
    };
    let mut files: Vec<File> = (0..BUSY).map(open).collect::<Outcome<_>>()?;
    let started = Instant::now();
    let mut written = vec![];
    while started.elapsed() < SPAN {
        let number = written.len();
        let due = started + EVERY * number as u32;
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            thread::sleep(early);
        }
        let line =
            format!("line {number} of many, about as long as a line of a log is: 127.0.0.1\n");
        files[number % BUSY].write_all(line.as_bytes())?;
        written.push(Instant::now());
    }
    Ok(written)
}

/// When the daemon had how many records, until it has had all for a while.
fn seen(daemon: &Daemon, before: u64, over: &AtomicBool) -> Outcome<Vec<(u64, Instant)>> {
    let mut seen = vec![(before, Instant::now())];
    loop {
        let accepted = daemon.books(STREAM)?.accepted;
        let now = Instant::now();
        let last = seen.last().copied().unwrap_or((before, now));
        if accepted > last.0 {
            seen.push((accepted, now));
        } else if over.load(Ordering::Relaxed) && now - last.1 > REST {
            return Ok(seen);
        }
        thread::sleep(GLANCE);
    }
}

fn waits(written: &[Instant], seen: &[(u64, Instant)], before: u64) -> Outcome<Vec<Duration>> {
    let mut seen = seen.iter().peekable();
    let mut waits = vec![];
    // Lines of different files may overtake each other; as many have arrived as are counted.
    for (number, wrote) in (before + 1..).zip(written) {
        while seen.peek().is_some_and(|(accepted, _)| *accepted < number) {
            seen.next();
        }
        let Some((_, arrived)) = seen.peek() else {
            return Err(Trouble(format!("line {number} never arrived")));
        };
        waits.push(arrived.saturating_duration_since(*wrote));
    }
    Ok(waits)
}
