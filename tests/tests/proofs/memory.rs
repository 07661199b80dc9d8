//! Memory is bounded by settings: not by what waits, nor by what callers send.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_tests::seen::Seen;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, http, objects};

use crate::PATIENCE;

pub(crate) const MIB: u64 = 1024 * 1024;

/// What the daemon may take: `limits.memory`, and what the process itself is.
pub(crate) const MOST: u64 = 300 * MIB;

pub(crate) const SETTINGS: &str = "limits: {memory: 256MiB, disk: 1GiB}\n";

/// Bytes of one request.
const REQUEST: usize = 2 * 1024 * 1024;

/// The backlog, in bytes of records: 2 GiB with `--full`.
fn backlog() -> u64 {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => 2048 * MIB,
        None => 256 * MIB,
    }
}

/// A stream with Firehose's largest batches and room for all.
fn stream(format: &str) -> String {
    format!(
        "web:
  disk: {{quota: 20GiB}}
  buffering: {{size: 64MiB, interval: 60s}}
  format: {{{format}}}
  destination: {{file: {{path: down/out, prefix: web/}}}}
"
    )
}

/// Sends numbered records of about a kilobyte until so many bytes are accepted; how many records.
pub(crate) fn send(daemon: &Daemon, bytes: u64, record: fn(u64) -> String) -> Outcome<u64> {
    let (mut sent, mut number) = (0, 0);
    while sent < bytes {
        let mut body = String::with_capacity(REQUEST + 2048);
        while body.len() < REQUEST {
            body += &record(number);
            number += 1;
        }
        daemon.post("web", body.as_bytes())?.ok()?;
        sent += body.len() as u64;
    }
    Ok(number)
}

/// As a log would have it: some of it compresses.
pub(crate) fn record(number: u64) -> String {
    let mut state = number;
    let mut random = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(number | 1);
        state >> 20
    };
    let mut line = format!("{{\"number\":{number},\"status\":{}", 200 + random() % 300);
    for key in ["path", "agent", "referer", "session", "trace"] {
        line += &format!(
            ",\"{key}\":\"/standpipe/{key}/{:x}/{:x}/{:x}/of/the/hydrant/{:x}/{:x}/{:x}/{:x}\"",
            random(),
            random(),
            random(),
            random(),
            random(),
            random(),
            random()
        );
    }
    line + "}\n"
}

/// The largest resident memory that a process ever had.
pub(crate) fn peak(daemon: &mut Daemon) -> Outcome<u64> {
    let path = format!("/proc/{}/status", daemon.program()?.id());
    let status = std::fs::read_to_string(path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes = kilobytes.ok_or_else(|| Trouble::new("no VmHWM"))?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// Fills the stream while its destination is down, lets it deliver, and looks at every record.
fn backlog_of(name: &str, format: &str, numbers: fn(&Path, &mut Seen) -> Outcome) -> Outcome {
    let folder = Folder::new(name)?;
    let mut daemon = Daemon::new(folder.path(), &stream(format))?;
    daemon.more = SETTINGS.into();
    daemon.configure(&stream(format))?;
    std::fs::write(folder.join("down"), b"")?;
    daemon.up()?;
    let begun = Instant::now();
    let count = send(&daemon, backlog(), record)?;
    let sent = begun.elapsed();
    let books = daemon.books("web")?;
    assert_eq!((books.accepted, books.waiting), (count, count));
    std::fs::remove_file(folder.join("down"))?;
    let patience = PATIENCE.max(Duration::from_secs(backlog() / MIB));
    let books = daemon.settled("web", count, patience)?;
    assert_eq!((books.accepted, books.delivered), (count, count));
    let peak = peak(&mut daemon)?;
    println!(
        "{name}: {} MiB in {sent:?}, delivered after {:?}; VmHWM {} MiB",
        backlog() / MIB,
        begun.elapsed(),
        peak / MIB
    );
    assert!(peak < MOST, "VmHWM is {peak}");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    let mut seen = Seen::default();
    for path in objects::below(&folder.join("down/out"))? {
        numbers(&path, &mut seen)?;
    }
    seen.settle(count)?;
    folder.done()
}

fn numbers_of_lines(path: &Path, seen: &mut Seen) -> Outcome {
    let file = std::fs::File::open(path)?;
    for line in BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines() {
        let line = line?;
        let number = line
            .strip_prefix("{\"number\":")
            .and_then(|l| l.split(',').next());
        seen.add(number.unwrap_or_default().parse()?);
    }
    Ok(())
}

fn numbers_of_rows(path: &Path, seen: &mut Seen) -> Outcome {
    objects::each_integer(path, "number", |number| seen.add(number as u64))
}

#[test]
fn a_backlog_does_not_grow_the_memory_gzip() -> Outcome {
    let format = "raw: {delimiter: newline, compression: gzip}";
    backlog_of("backlog-gzip", format, numbers_of_lines)
}

#[test]
fn a_backlog_does_not_grow_the_memory_parquet() -> Outcome {
    backlog_of(
        "backlog-parquet",
        "parquet: {schema: inferred}",
        numbers_of_rows,
    )
}

/// What inflates to far more than it is, in many requests at once.
fn bombs(daemon: &Daemon) -> Outcome {
    let door = daemon.door("native")?;
    let mut bomb = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    for _ in 0..512 {
        bomb.write_all(&vec![b'x'; MIB as usize])?;
    }
    let bomb = bomb.finish()?;
    let headers = ["Content-Type: text/plain", "Content-Encoding: gzip"];
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let answer = http::post(door, "/v1/streams/web/records", &headers, &bomb);
                let status = answer.map_or(0, |answer| answer.status);
                assert!(matches!(status, 413 | 503), "{status}");
            });
        }
    });
    Ok(())
}

/// Callers that announce much, send half of it, and wait.
fn slow(daemon: &Daemon, callers: usize) -> Outcome<Vec<TcpStream>> {
    let door = daemon.door("native")?;
    let announced = 16 * MIB;
    let head = format!(
        "POST /v1/streams/web/records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {announced}\r\n\r\n"
    );
    let part = vec![b'y'; announced as usize / 2];
    let mut open = vec![];
    for _ in 0..callers {
        let mut stream = TcpStream::connect(door)?;
        stream.set_write_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(head.as_bytes())?;
        // One whose turn has not come is not read.
        let _ = stream.write_all(&part);
        open.push(stream);
    }
    Ok(open)
}

/// Connections that say nothing, or never end their headers.
fn many(daemon: &Daemon) -> Outcome<Vec<TcpStream>> {
    let door = daemon.door("native")?;
    let mut open = vec![];
    for number in 0..500 {
        let mut stream = TcpStream::connect(door)?;
        if number % 2 == 0 {
            let _ = stream.write_all(b"POST /v1/streams/web/records HTTP/1.1\r\nX: ");
            let _ = stream.write_all(&[b'z'; 4096]);
        }
        open.push(stream);
    }
    Ok(open)
}

/// Rule 29.
#[test]
fn hostile_callers_do_not_grow_the_memory() -> Outcome {
    let folder = Folder::new("hostile")?;
    let mut daemon = Daemon::new(folder.path(), "")?;
    daemon.more = SETTINGS.into();
    daemon.configure(&stream("raw: {delimiter: newline}"))?;
    daemon.up()?;
    bombs(&daemon)?;
    println!("VmHWM after bombs: {} MiB", peak(&mut daemon)? / MIB);
    let slow = slow(&daemon, 64)?;
    println!("VmHWM with slow callers: {} MiB", peak(&mut daemon)? / MIB);
    let many = many(&daemon)?;
    let hung = peak(&mut daemon)?;
    println!("VmHWM with many connections: {} MiB", hung / MIB);
    assert!(hung < MOST, "VmHWM is {hung}");
    drop((slow, many));
    standpipe_tests::wait::until("the door to serve again", PATIENCE, || {
        daemon.post("web", b"still here")?.ok()
    })?;
    let books = daemon.books("web")?;
    assert_eq!(books.accepted, 1, "{books:?}");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
