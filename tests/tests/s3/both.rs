//! Both programs against real servers: every line is in exactly one object, while the object store
//! is cut off for half a minute, replies are lost after the write succeeded, and both programs are
//! killed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::log::Log;
use standpipe_tests::proxy::{Proxy, Temper};
use standpipe_tests::random::Random;
use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, Contents, KEY_ID, SECRET};
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, objects};

const LINES: u64 = 200_000;
const ROTATIONS: u64 = 5;
/// How long the log goes on being written.
const SPAN: Duration = Duration::from_secs(60);
/// When the object store is cut off, and for how long.
const CUT_AT: Duration = Duration::from_secs(15);
const CUT_FOR: Duration = Duration::from_secs(30);
/// Enough to send everything on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(240);

/// Every second connection meets a fault, within some parts.
const UNKIND: Temper = Temper {
    faulty: 50,
    grace: 4 * 1024 * 1024,
    delay: Duration::from_millis(20),
};

/// A stream of raw objects, which are larger than a part, and one of Parquet files.
fn streams(url: &str) -> String {
    let stream = |name: &str, buffering: &str, format: &str| {
        format!(
            "{name}:
  buffering: {{{buffering}}}
  format: {{{format}}}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: {name}/
      error_output_prefix: errors/{name}/
      endpoint: \"{url}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
"
        )
    };
    stream(
        "plain",
        "size: 64MiB, interval: 9s",
        "raw: {delimiter: newline}",
    ) + &stream(
        "rows",
        "size: 1MiB, interval: 1s",
        "parquet: {compression: zstd}",
    )
}

/// Writes numbered lines over the span, and rotates.
fn write(mut log: Log, mut random: Random) -> Outcome<Ledger> {
    let mut ledger = Ledger::new(1_000_000);
    let start = Instant::now();
    for number in 0..LINES {
        // Little of it repeats, so that objects are as large as what is in them.
        let mut line = format!("line {number:07}");
        for _ in 0..random.below(30) {
            line += &format!(" {:016x}", random.below(u64::MAX));
        }
        ledger.wrote(line.as_bytes());
        log.write(format!("{line}\n").as_bytes())?;
        if number % (LINES / ROTATIONS) == LINES / ROTATIONS - 1 {
            log.rotate()?;
        }
        let due = SPAN.mul_f64(number as f64 / LINES as f64);
        if let Some(early) = due
            .checked_sub(start.elapsed())
            .filter(|e| e.as_millis() > 5)
        {
            thread::sleep(early);
        }
    }
    Ok(ledger)
}

/// Kills each program now and then, and has both run at the end. A batch of nine seconds must be
/// able to fill between two kills of the daemon.
fn kill_both(
    writing: &AtomicBool,
    (daemon, agent): (&mut Daemon, &mut Agent),
    mut random: Random,
) -> Outcome<(u32, u32)> {
    let mut kills = (0, 0);
    while writing.load(Ordering::Relaxed) {
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(2_000 + random.below(4_000)));
            agent.kill()?;
            agent.spawn()?;
            kills.1 += 1;
        }
        daemon.kill()?;
        daemon.spawn()?;
        kills.0 += 1;
    }
    Ok(kills)
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    let failed = |_| Err(Trouble::new("a thread of the test failed"));
    thread.join().unwrap_or_else(failed)
}

fn every_line_is_in_exactly_one_object(make: Make, name: &str) -> Outcome {
    let folder = Folder::new(name)?;
    let Some(server) = Server::start(make, folder.path())? else {
        return folder.done();
    };
    let mut random = Random::new();
    let proxy = Proxy::with(server.address(), random.fork(), UNKIND)?;
    std::fs::write(folder.join("secret"), SECRET)?;
    std::fs::create_dir(folder.join("logs"))?;
    let log = Log::create(&folder.join("logs/a.log"))?;
    let mut daemon = Daemon::start(folder.path(), &streams(&proxy.url()))?;
    let flow = |stream: &str, format: &str| {
        let path = folder.join("logs/a.log*");
        let path = path.display();
        format!("- paths: [\"{path}\"]\n  stream: {stream}\n  parse: {{format: {format}}}\n")
    };
    let flows = flow("plain", "none") + &flow("rows", "line");
    let mut agent = Agent::start(folder.path(), &daemon.url()?, &flows)?;

    let writing = &AtomicBool::new(true);
    let (ledger, kills) = thread::scope(|scope| {
        let (write_with, kill_with) = (random.fork(), random.fork());
        let writer = scope.spawn(move || write(log, write_with));
        let programs = (&mut daemon, &mut agent);
        let killer = scope.spawn(move || kill_both(writing, programs, kill_with));
        scope.spawn(|| {
            thread::sleep(CUT_AT);
            proxy.cut_off();
            thread::sleep(CUT_FOR);
            proxy.restore();
        });
        let ledger = joined(writer);
        writing.store(false, Ordering::Relaxed);
        (ledger, joined(killer))
    });
    let (ledger, kills) = (ledger?, kills?);
    println!(
        "the daemon was killed {} times, the agent {} times",
        kills.0, kills.1
    );
    for stream in ["plain", "rows"] {
        let books = daemon.settled(stream, LINES, PATIENCE)?;
        assert_eq!(
            (books.accepted, books.delivered),
            (LINES, LINES),
            "{stream}: {books:?}"
        );
    }
    let (cut, swallowed) = proxy.faults();
    println!("{cut} requests were cut, {swallowed} replies lost");
    // Few long connections meet few faults: which kind is chance, and `faults` shows each.
    assert!(cut + swallowed > 0, "the network was too kind");
    proxy.heal();
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    Contents::at(server.address())?.download(&folder.join("found"))?;
    each_line_once(&folder.join("found"), ledger)?;
    folder.done()
}

/// Reads both streams' objects back: each holds every line once, and nothing else is there.
fn each_line_once(found: &Path, mut plain: Ledger) -> Outcome {
    let mut rows = Ledger::new(1_000_000);
    plain.copy_into(&mut rows);
    let mut largest = 0;
    for path in objects::below(found)? {
        let stream = path.strip_prefix(found).unwrap_or(&path);
        if stream.starts_with("plain") {
            largest = largest.max(std::fs::metadata(&path)?.len());
            objects::lines(&path)?
                .iter()
                .for_each(|line| plain.arrived(line));
        } else if stream.starts_with("rows") {
            for row in objects::rows(&path)? {
                rows.arrived(row["line"].as_str().unwrap_or("(no line)").as_bytes());
            }
        } else {
            return Err(Trouble(format!("{} should not be there", path.display())));
        }
    }
    println!("the largest object has {largest} bytes");
    assert!(largest > crate::PART as u64, "no object went up in parts");
    plain.settle()?;
    rows.settle()
}

#[test]
fn every_line_is_in_exactly_one_object_of_minio() -> Outcome {
    every_line_is_in_exactly_one_object(Make::MinIo, "s3-both-minio")
}

#[test]
fn every_line_is_in_exactly_one_object_of_versity() -> Outcome {
    every_line_is_in_exactly_one_object(Make::Versity, "s3-both-versity")
}
