//! The two runs: on a log of our own that rotates, and on the user's files.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

use standpipe_tests::access;
use standpipe_tests::daemon::Books;
use standpipe_tests::log::Log;
use standpipe_tests::random::Random;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, objects};

use crate::given::{Given, MAX_LINE};
use crate::progress::{Counts, Progress};
use crate::report;

const LINES: u64 = 150_000;
const LINES_PER_FILE: u64 = 20_000;
const LINES_AT_ONCE: u64 = 500;
const BETWEEN: Duration = Duration::from_millis(20);

const SOON: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// The streams: of access logs, and of everything else.
pub(crate) const ACCESS: &str = "web-access";
/// See [`ACCESS`].
pub(crate) const OTHER: &str = "lines";

fn stream(name: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 8MiB, interval: 2s}}
  format: {{parquet: {{compression: zstd, schema: inferred}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

/// Writes an access log that rotates, beside the agent that follows it.
pub(crate) fn on_a_log_that_rotates(folder: &Path) -> Outcome {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).attempting(format!("create {}", logs.display()))?;
    let path = logs.join("access.log");
    let mut log = Log::create(&path)?;
    let mut daemon = Daemon::at(folder, (0, 0), &stream(ACCESS))?;
    daemon.up()?;
    let pattern = serde_json::Value::from(format!("{}*", path.display()));
    let flow = format!("- paths: [{pattern}]\n  stream: {ACCESS}\n  parse: {{format: combined}}");
    let mut agent = Agent::at(folder, 0, &daemon.url()?, &flow)?;
    agent.up()?;
    eprintln!(
        "Agent and daemon run. An access log grows and rotates in {}",
        logs.display()
    );

    let written = AtomicU64::new(0);
    let mut progress = Progress::new();
    let counts = thread::scope(|scope| {
        let writer = scope.spawn(|| write(&mut log, &written));
        let counts = watch(&mut progress, SOON, || {
            agent.program()?.runs()?;
            counts(
                folder,
                &mut daemon,
                &[ACCESS],
                written.load(Ordering::Relaxed),
            )
        });
        writer
            .join()
            .map_err(|_| Trouble::new("the log's writer failed"))??;
        counts
    })?;
    agent.stop(STOP)?;
    stop(&mut daemon)?;
    let rotations = log.rotations();
    report::tell(
        folder,
        &[ACCESS],
        counts.lines..=counts.lines,
        &format!(" (the log was rotated {rotations} times meanwhile)"),
    )
}

fn write(log: &mut Log, written: &AtomicU64) -> Outcome {
    let mut random = Random::seeded(std::process::id().into());
    let mut lines = vec![];
    for number in 1..=LINES {
        access::line(&mut random, &jiff::Zoned::now(), &mut lines);
        if number % LINES_AT_ONCE == 0 || number == LINES {
            log.write(&lines)?;
            lines.clear();
            written.store(number, Ordering::Relaxed);
            thread::sleep(BETWEEN);
        }
        if number % LINES_PER_FILE == 0 {
            log.rotate()?;
        }
    }
    Ok(())
}

/// Shows counts until all lines are delivered. Gives up when nothing moves for `patience`.
fn watch(
    progress: &mut Progress,
    patience: Duration,
    mut ask: impl FnMut() -> Outcome<Counts>,
) -> Outcome<Counts> {
    let all = |counts: &Counts| counts.lines >= LINES && counts.delivered >= counts.lines;
    let mut last = Counts::default();
    loop {
        let before = (last.lines, last.accepted, last.delivered);
        last = until("the next lines to arrive", patience, || {
            let counts = ask()?;
            progress.show(&counts);
            match all(&counts) || before != (counts.lines, counts.accepted, counts.delivered) {
                true => Ok(counts),
                false => Err(Trouble(format!(
                    "{} of {} lines were delivered",
                    counts.delivered, counts.lines
                ))),
            }
        })?;
        if all(&last) {
            progress.end(&last);
            return Ok(last);
        }
    }
}

fn counts(folder: &Path, daemon: &mut Daemon, streams: &[&str], lines: u64) -> Outcome<Counts> {
    daemon.program()?.runs()?;
    let mut counts = Counts {
        lines,
        ..Counts::default()
    };
    for stream in streams {
        let Books {
            accepted,
            delivered,
            failed,
            ..
        } = daemon.books(stream)?;
        counts.accepted += accepted;
        counts.delivered += delivered + failed;
    }
    counts.files = objects::below(&folder.join("out"))?.len();
    Ok(counts)
}

/// Lets the agent read the user's files to their ends, once.
pub(crate) fn on_files(folder: &Path, files: &[Given]) -> Outcome {
    let fewest = lines(files)?;
    let mut streams: Vec<_> = files.iter().map(stream_of).collect();
    streams.sort_unstable();
    streams.dedup();
    let settings: String = streams.iter().map(|name| stream(name)).collect();
    let mut daemon = Daemon::at(folder, (0, 0), &settings)?;
    daemon.up()?;
    let flows: Vec<_> = files.iter().map(flow).collect();
    let mut agent = Agent::at(folder, 0, &daemon.url()?, &flows.join("\n"))?;
    eprintln!(
        "The agent reads {} lines of {} files to their ends.",
        fewest,
        files.len()
    );

    agent.spawn_once()?;
    let mut progress = Progress::new();
    let code = loop {
        progress.show(&counts(folder, &mut daemon, &streams, fewest)?);
        match agent.program()?.ended()? {
            Some(status) => break status.code(),
            None => thread::sleep(BETWEEN),
        }
    };
    if code != Some(0) {
        return Err(Trouble(format!(
            "the agent ended with {code:?} before everything was acknowledged"
        )));
    }
    for stream in &streams {
        daemon.settled(stream, 0, SOON)?;
    }
    progress.end(&counts(folder, &mut daemon, &streams, fewest)?);
    stop(&mut daemon)?;
    let most = lines(files)?;
    report::tell(folder, &streams, fewest..=most, "")
}

/// How many lines there are now. A file that is still written has more a moment later.
fn lines(files: &[Given]) -> Outcome<u64> {
    files.iter().map(Given::lines).sum()
}

fn stream_of(file: &Given) -> &'static str {
    if file.combined { ACCESS } else { OTHER }
}

fn flow(file: &Given) -> String {
    let format = if file.combined { "combined" } else { "line" };
    let pattern = serde_json::Value::from(file.pattern());
    let stream = stream_of(file);
    format!(
        "- paths: [{pattern}]\n  stream: {stream}\n  parse: {{format: {format}}}\n  max_line: {MAX_LINE}"
    )
}

fn stop(daemon: &mut Daemon) -> Outcome {
    match daemon.stop(STOP)? {
        0 => Ok(()),
        code => Err(Trouble(format!(
            "the daemon was asked to stop and ended with {code}"
        ))),
    }
}
