//! Callers who mean no good: each is answered or hung up on, memory stays flat, the books balance.
//!
//! What was found worth keeping lies in `tests/fuzz/corpus`; here it is changed at random and sent
//! to the running daemon, and given to the readers themselves. `tests/fuzz` looks for more.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use standpipe_tests::random::Random;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, http, wait};

use crate::{PATIENCE, daemon, raw};

const MIB: usize = 1024 * 1024;

/// What the daemon may take: `limits.memory`, and what the process itself is.
const MOST: u64 = 300 * MIB as u64;

/// How long changed requests are sent.
fn time() -> Duration {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => Duration::from_secs(600),
        None => Duration::from_secs(15),
    }
}

/// What is kept of one kind: bodies (`put`), heads (`head`).
fn corpus(kind: &str) -> Outcome<Vec<Vec<u8>>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let folder = folder.join(kind);
    let mut paths = vec![];
    for entry in std::fs::read_dir(&folder).attempting(format!("list {}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.iter().map(|path| Ok(std::fs::read(path)?)).collect()
}

/// A text with some bytes changed, doubled, taken out or put in.
fn changed(random: &mut Random, text: &[u8]) -> Vec<u8> {
    const MARKS: &[u8] = b"{}[]:,\"\\= /+aD0-1e.\0\xff\r\n;";
    let mut bytes = text.to_vec();
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        let mark = *random.one_of(MARKS);
        match random.below(5) {
            0 => bytes.insert(at, mark),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 if at < bytes.len() => bytes[at] = mark,
            3 => bytes.truncate(at),
            _ => {
                let end = (at + random.below(200) as usize).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// Sends all of it and nothing more; an answer, or a connection that was closed.
fn send(door: SocketAddr, bytes: &[u8]) -> Outcome {
    let mut stream = TcpStream::connect(door).attempting("connect to the door")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut heard = vec![];
    let done = stream
        .write_all(bytes)
        .and_then(|()| stream.shutdown(Shutdown::Write))
        .and_then(|()| stream.read_to_end(&mut heard));
    match done {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            let sent = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
            Err(Trouble(format!("neither answered nor closed: {sent:?}")))
        }
        _ => Ok(()),
    }
}

fn request(operation: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: Firehose_20150804.{operation}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn put(daemon: &Daemon) -> Outcome<http::Answer> {
    let body = br#"{"DeliveryStreamName":"web","Record":{"Data":"c3RpbGwgaGVyZQ=="}}"#;
    let target = "X-Amz-Target: Firehose_20150804.PutRecord";
    http::post(daemon.door("firehose")?, "/", &[target], body)
}

/// The largest resident memory that the daemon ever had.
fn peak(daemon: &mut Daemon) -> Outcome<u64> {
    let path = format!("/proc/{}/status", daemon.program()?.id());
    let status = std::fs::read_to_string(path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes = kilobytes.ok_or_else(|| Trouble::new("no VmHWM"))?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// Bodies that would become large, deep or slow if somebody believed them.
fn monsters() -> Outcome<Vec<(&'static str, Vec<u8>)>> {
    let stream = r#"{"DeliveryStreamName":"web","#;
    let wrap = |start: &str, unit: &str, size: usize, end: &str| {
        [start, &unit.repeat(size / unit.len()), end]
            .concat()
            .into_bytes()
    };
    let mut bomb = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    for _ in 0..256 {
        bomb.write_all(&vec![b' '; MIB])?;
    }
    let batch = format!("{stream}\"Records\":[");
    Ok(vec![
        ("PutRecordBatch", wrap("", "[", 8 * MIB, "")),
        ("PutRecordBatch", wrap("", "{\"a\":", 8 * MIB, "1")),
        ("PutRecordBatch", wrap(&batch, "{},", 7 * MIB, "{}]}")),
        ("PutRecordBatch", wrap(&batch, "null,", 7 * MIB, "null]}")),
        (
            "PutRecordBatch",
            wrap(&batch, "{\"Data\":\"\"},", 7 * MIB, "null]}"),
        ),
        (
            "PutRecordBatch",
            wrap(&format!("{stream}\"X\":"), "9", 7 * MIB, "}"),
        ),
        (
            "PutRecord",
            wrap(
                &format!("{stream}\"Record\":{{\"Data\":\""),
                "\\u0041",
                7 * MIB,
                "\"}}",
            ),
        ),
        (
            "PutRecord",
            wrap(
                &format!("{stream}\"Record\":{{\"Data\":\""),
                "?",
                7 * MIB,
                "\"}}",
            ),
        ),
        (
            "PutRecord",
            wrap("{\"DeliveryStreamName\":\"", "w", 7 * MIB, "\"}"),
        ),
        ("PutRecord", bomb.finish()?),
        (
            "TagDeliveryStream",
            wrap(&format!("{stream}\"Tags\":["), "{\"\":0},", 60_000, "{}]}"),
        ),
        ("DescribeDeliveryStream", wrap("", "[", 60_000, "")),
        ("ListDeliveryStreams", wrap("{\"Limit\":", "9", 60_000, "}")),
    ])
}

fn all_monsters(door: SocketAddr) -> Outcome {
    let monsters = monsters()?;
    std::thread::scope(|scope| {
        let sends = |number: usize| {
            let monsters = &monsters;
            scope.spawn(move || {
                let mut each = monsters.iter().cycle().skip(number).take(monsters.len());
                each.try_for_each(|(operation, body)| send(door, &request(operation, body)))
            })
        };
        let all: Vec<_> = (0..8).map(sends).collect();
        all.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => Err(Trouble::new("a sender panicked")),
        })
    })
}

/// Callers that send their heads a byte at a time until they are hung up on.
fn slow_heads(door: SocketAddr) -> Outcome {
    let mut open = vec![];
    for _ in 0..300 {
        let mut stream = TcpStream::connect(door)?;
        stream.set_nonblocking(true)?;
        let _ = stream.write_all(b"POST / HTTP/1.1\r\nX: ");
        open.push(stream);
    }
    let begun = Instant::now();
    while !open.is_empty() {
        if begun.elapsed() > PATIENCE {
            let left = open.len();
            return Err(Trouble(format!("{left} slow callers were not hung up on")));
        }
        std::thread::sleep(Duration::from_millis(500));
        open.retain_mut(|stream| {
            let writes = stream.write_all(b"z").is_ok();
            let mut heard = [0; 512];
            writes && matches!(stream.read(&mut heard), Err(error) if error.kind() == ErrorKind::WouldBlock)
        });
    }
    Ok(())
}

/// Callers that announce much, send a part of it, and wait.
fn slow_bodies(door: SocketAddr) -> Outcome<Vec<TcpStream>> {
    let whole = request("PutRecordBatch", &vec![b' '; 8 * MIB]);
    let begin = |_| {
        let mut stream = TcpStream::connect(door)?;
        stream.set_write_timeout(Some(Duration::from_millis(200)))?;
        // One whose turn has not come is not read.
        let _ = stream.write_all(&whole[..whole.len() / 2]);
        Ok(stream)
    };
    (0..64).map(begin).collect()
}

#[test]
fn hostile_requests_are_answered_or_closed_and_memory_stays_flat() -> Outcome {
    let folder = Folder::new("firehose-hostile")?;
    let (mut daemon, _) = daemon(folder.path(), &raw("web", ""), "")?;
    daemon.more = "limits: {memory: 256MiB, disk: 1GiB}\n".into();
    daemon.configure(&raw("web", ""))?;
    daemon.up()?;
    let door = daemon.door("firehose")?;
    all_monsters(door)?;
    println!(
        "VmHWM after monsters: {} MiB",
        peak(&mut daemon)? / MIB as u64
    );
    let slow = std::thread::spawn(move || slow_heads(door));
    let sent = changed_requests(door)?;
    println!(
        "{sent} changed requests; VmHWM {} MiB",
        peak(&mut daemon)? / MIB as u64
    );
    match slow.join() {
        Ok(done) => done?,
        Err(_) => return Err(Trouble::new("the slow callers panicked")),
    }
    let slow = slow_bodies(door)?;
    wait::until("the door to serve again", PATIENCE, || put(&daemon)?.ok())?;
    drop(slow);
    let most = peak(&mut daemon)?;
    println!("VmHWM at the end: {} MiB", most / MIB as u64);
    assert!(most < MOST, "VmHWM is {most}");
    daemon.settled("web", 1, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

fn changed_requests(door: SocketAddr) -> Outcome<u64> {
    let (bodies, heads) = (corpus("put")?, corpus("head")?);
    let (mut random, end, mut sent) = (Random::new(), Instant::now() + time(), 0);
    while Instant::now() < end {
        let bytes = match random.below(3) {
            0 => {
                let head = random.one_of(&heads).clone();
                changed(&mut random, &head)
            }
            1 => {
                let body = random.one_of(&bodies).clone();
                changed(&mut random, &request("PutRecordBatch", &body))
            }
            _ => {
                let body = random.one_of(&bodies).clone();
                let body = changed(&mut random, &body);
                let operation = *random.one_of(&["PutRecord", "PutRecordBatch"]);
                request(operation, &body)
            }
        };
        send(door, &bytes)?;
        sent += 1;
    }
    Ok(sent)
}

/// The readers themselves, which is a thousand times as quick.
#[cfg(feature = "faults")]
#[test]
fn what_is_kept_and_its_changes_make_no_reader_panic() -> Outcome {
    use standpipe_delivery::ingest::firehose::hostile;
    let (bodies, heads) = (corpus("put")?, corpus("head")?);
    let mut random = Random::new();
    for _ in 0..50_000 {
        let body = random.one_of(&bodies).clone();
        hostile::put(&changed(&mut random, &body));
        let head = random.one_of(&heads).clone();
        hostile::head(&changed(&mut random, &head));
    }
    Ok(())
}
