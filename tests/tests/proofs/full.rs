//! A disk or a quota that is really full: the door closes with a message and opens again by itself,
//! nothing acknowledged is lost, and no stream closes another's door (rule 28).

use std::time::{Duration, Instant};

use standpipe_tests::mount::Mount;
use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, http, objects};

use crate::{PATIENCE, lines_arrived};

/// How long a door may stay closed while its destination works.
const CLOSED: Duration = Duration::from_secs(30);

/// How long it may take until a destination that is back is found to be back.
const FOUND: Duration = Duration::from_secs(30);

/// Bytes of one request.
const REQUEST: usize = 1024 * 1024;

/// What is written: how long, and whether it compresses.
#[derive(Clone, Copy)]
struct Records {
    bytes: usize,
    random: bool,
}

const SMALL: Records = Records {
    bytes: 1024,
    random: false,
};
const SMALL_RANDOM: Records = Records {
    random: true,
    ..SMALL
};
const LARGE: Records = Records {
    bytes: 1_000_000,
    random: false,
};
const LARGE_RANDOM: Records = Records {
    random: true,
    ..LARGE
};

/// A caller that sends records with names of their own, and knows what became of them.
struct Caller {
    records: Records,
    random: Random,
    next: u64,
    ledger: Ledger,
    accepted: u64,
    /// Since when the door is closed, and for how long it was at most.
    closed: Option<Instant>,
    longest: Duration,
    closings: u32,
}

impl Caller {
    fn new(records: Records) -> Self {
        Self {
            records,
            random: Random::new(),
            next: 0,
            ledger: Ledger::new(usize::MAX),
            accepted: 0,
            closed: None,
            longest: Duration::ZERO,
            closings: 0,
        }
    }

    /// A name and what goes with it, so that the record has its length.
    fn record(&mut self) -> (String, String) {
        let name = format!("record {:08}", self.next);
        self.next += 1;
        let length = self.records.bytes - 60;
        if !self.records.random {
            return (name, "standpipe ".repeat(length / 10));
        }
        // What stands between '0' and 'Z' needs no escape in JSON.
        let letter = |_| char::from(b'0' + self.random.below(43) as u8);
        (name, (0..length).map(letter).collect())
    }

    /// Sends one request. Whether it was accepted.
    fn send(&mut self, daemon: &Daemon, stream: &str) -> Outcome<bool> {
        let (mut names, mut body) = (vec![], String::new());
        while body.len() < REQUEST {
            let (name, filling) = self.record();
            body += &format!("{{\"line\":\"{name}\",\"filling\":\"{filling}\"}}\n");
            names.push(name);
        }
        let answer = daemon.post(stream, body.as_bytes())?;
        match answer.status {
            200 => {
                names
                    .iter()
                    .for_each(|name| self.ledger.wrote(name.as_bytes()));
                self.accepted += body.len() as u64;
                self.opened();
                Ok(true)
            }
            503 => {
                self.refused(&answer)?;
                Ok(false)
            }
            _ => Err(Trouble(format!("the answer is {answer}"))),
        }
    }

    fn opened(&mut self) {
        if let Some(since) = self.closed.take() {
            self.longest = self.longest.max(since.elapsed());
        }
    }

    /// That a refusal says what is full and when to come back.
    fn refused(&mut self, answer: &http::Answer) -> Outcome {
        if self.closed.is_none() {
            self.closed = Some(Instant::now());
            self.closings += 1;
        }
        let said = answer.json()?;
        let message = said["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("quota") || message.contains("file system"),
            "{said}"
        );
        assert!(message.contains("the door opens again"), "{said}");
        let after: u64 = answer.header("retry-after").unwrap_or_default().parse()?;
        assert!((1..=30).contains(&after), "Retry-After: {after}");
        Ok(())
    }

    /// Sends until the door stays closed for some seconds, or so much went in that it never will:
    /// what compresses to nothing finds room for a long time.
    fn fill(&mut self, daemon: &mut Daemon, stream: &str) -> Outcome {
        let is_long = |since: Instant| since.elapsed() > Duration::from_secs(3);
        while !self.closed.is_some_and(is_long) && self.accepted < 300_000_000 {
            daemon.program()?.runs()?;
            if !self.send(daemon, stream)? {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        println!(
            "{} MB accepted until it was full",
            self.accepted / 1_000_000
        );
        Ok(())
    }

    /// Sends until it is let in.
    fn wait(&mut self, daemon: &mut Daemon, stream: &str, most: Duration) -> Outcome {
        let begun = Instant::now();
        while !self.send(daemon, stream)? {
            daemon.program()?.runs()?;
            if begun.elapsed() > most {
                let status = daemon.status(stream)?;
                return Err(Trouble(format!("the door stays closed: {status}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("open again after {:?}", begun.elapsed());
        self.longest = Duration::ZERO;
        Ok(())
    }

    /// Sends until so many bytes are accepted, through closed doors, none of which may stay so.
    fn send_bytes(&mut self, daemon: &mut Daemon, stream: &str, bytes: u64) -> Outcome {
        while self.accepted < bytes {
            daemon.program()?.runs()?;
            if self.send(daemon, stream)? {
                continue;
            }
            if self.closed.is_some_and(|since| since.elapsed() > CLOSED) {
                let status = daemon.status(stream)?;
                return Err(Trouble(format!("the door stays closed: {status}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        println!(
            "{} MB accepted, the door closed {} times, in this time for {:?} at most",
            self.accepted / 1_000_000,
            self.closings,
            self.longest
        );
        Ok(())
    }
}

/// A stream whose hints never seal it: 128 MiB, 900 s.
fn patient(name: &str, quota: &str, format: &str, out: &str) -> String {
    stream(name, quota, format, out, "900s")
}

fn stream(name: &str, quota: &str, format: &str, out: &str, interval: &str) -> String {
    format!(
        "{name}:
  disk: {{quota: {quota}}}
  buffering: {{size: 128MiB, interval: {interval}}}
  format: {{{format}}}
  destination: {{file: {{path: {out}, prefix: {name}/, error_output_prefix: errors/}}}}
"
    )
}

const RAW: &str = "raw: {delimiter: newline}";
const GZIP: &str = "raw: {delimiter: newline, compression: gzip}";
const PARQUET: &str = "parquet: {schema: inferred}";

/// Fills the disk while the destination is down; then the door must open by itself, and stay usable
/// for far more than fits. In the end what arrived is held against what was acknowledged.
fn fill(
    daemon: &mut Daemon,
    folder: &Folder,
    quota: &str,
    format: &str,
    records: Records,
) -> Outcome {
    daemon.configure(&patient("web", quota, format, "out"))?;
    std::fs::write(folder.join("out"), b"")?;
    daemon.up()?;
    let mut caller = Caller::new(records);
    caller.fill(daemon, "web")?;
    std::fs::remove_file(folder.join("out"))?;
    caller.wait(daemon, "web", FOUND)?;
    let more = caller.accepted + 100_000_000;
    caller.send_bytes(daemon, "web", more)?;
    let code = daemon.stop(PATIENCE)?;
    assert!(matches!(code, 0 | 3), "{code}");
    daemon.configure(&stream("web", quota, format, "out", "1s"))?;
    daemon.up()?;
    let written = caller.ledger.written();
    let books = daemon.settled("web", written, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (written, written));
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    arrived(folder, format, &mut caller.ledger)?;
    caller.ledger.settle()
}

fn arrived(folder: &Folder, format: &str, ledger: &mut Ledger) -> Outcome {
    let out = folder.join("out/web");
    if format == PARQUET {
        return lines_arrived(&out, ledger);
    }
    for path in objects::below(&out)? {
        for row in objects::json_lines(&path)? {
            ledger.arrived(row["line"].as_str().unwrap_or_default().as_bytes());
        }
    }
    Ok(())
}

/// On a file system in memory of 48 MiB, with no quota that would be reached before.
fn fill_disk(name: &str, format: &str, records: Records) -> Outcome {
    let folder = Folder::new(name)?;
    let mut daemon = Daemon::new(folder.path(), RAW)?;
    let Some(_mount) = Mount::tmpfs(&daemon.data(), "48m")? else {
        return folder.done();
    };
    daemon.more = "allow_tmpfs: true\n".into();
    fill(&mut daemon, &folder, "10GiB", format, records)?;
    drop(daemon);
    drop(_mount);
    folder.done()
}

#[test]
fn a_full_disk_opens_again_raw_small_records() -> Outcome {
    fill_disk("full-raw-small", RAW, SMALL)
}

#[test]
fn a_full_disk_opens_again_gzip_small_random_records() -> Outcome {
    fill_disk("full-gzip-small", GZIP, SMALL_RANDOM)
}

#[test]
fn a_full_disk_opens_again_gzip_large_records() -> Outcome {
    fill_disk("full-gzip-large", GZIP, LARGE)
}

#[test]
fn a_full_disk_opens_again_raw_large_random_records() -> Outcome {
    fill_disk("full-raw-large", RAW, LARGE_RANDOM)
}

#[test]
fn a_full_disk_opens_again_parquet_small_records() -> Outcome {
    fill_disk("full-parquet-small", PARQUET, SMALL)
}

#[test]
fn a_full_disk_opens_again_parquet_small_random_records() -> Outcome {
    fill_disk("full-parquet-random", PARQUET, SMALL_RANDOM)
}

#[test]
fn a_full_disk_opens_again_parquet_large_random_records() -> Outcome {
    fill_disk("full-parquet-large", PARQUET, LARGE_RANDOM)
}

#[test]
fn a_full_disk_opens_again_on_ext4() -> Outcome {
    let folder = Folder::new("full-ext4")?;
    let mut daemon = Daemon::new(folder.path(), RAW)?;
    let Some(mount) = Mount::ext4(&daemon.data(), 64 << 20)? else {
        return folder.done();
    };
    // To the last block: the file system itself says that it is full.
    daemon.more = "limits: {disk: 100%}\n".into();
    fill(&mut daemon, &folder, "10GiB", RAW, SMALL)?;
    drop(daemon);
    drop(mount);
    folder.done()
}

#[test]
fn a_full_quota_opens_again_on_a_large_disk() -> Outcome {
    for (format, records) in [(RAW, SMALL_RANDOM), (PARQUET, LARGE)] {
        let folder = Folder::new("full-quota")?;
        let mut daemon = Daemon::new(folder.path(), RAW)?;
        fill(&mut daemon, &folder, "32MiB", format, records)?;
        folder.done()?;
    }
    Ok(())
}

/// Both streams lie on one small disk, on which their quotas fit. One cannot deliver.
#[test]
fn a_dead_destination_closes_its_own_door_only() -> Outcome {
    let folder = Folder::new("full-dead")?;
    let dead = patient("dead", "18MiB", RAW, "blocked/out");
    let mut daemon = Daemon::new(folder.path(), &dead)?;
    let Some(mount) = Mount::tmpfs(&daemon.data(), "48m")? else {
        return folder.done();
    };
    std::fs::write(folder.join("blocked"), b"")?;
    daemon.more = "allow_tmpfs: true\n".into();
    let alive = |interval| stream("alive", "18MiB", RAW, "out", interval);
    daemon.configure(&(dead + &alive("900s")))?;
    daemon.up()?;
    let mut waiting = Caller::new(SMALL);
    while waiting.send(&daemon, "dead")? {}
    let mut caller = Caller::new(SMALL);
    for _ in 0..100 {
        let sent = caller.accepted + 1_000_000;
        caller.send_bytes(&mut daemon, "alive", sent)?;
        if waiting.send(&daemon, "dead")? {
            // Its last segment may have had room for one more.
            println!("the dead stream took one more");
        }
    }
    assert!(!waiting.send(&daemon, "dead")?, "the quota is not kept");
    daemon.stop(PATIENCE)?;
    std::fs::remove_file(folder.join("blocked"))?;
    let dead = stream("dead", "18MiB", RAW, "blocked/out", "1s");
    daemon.configure(&(dead + &alive("1s")))?;
    daemon.up()?;
    for (stream, caller) in [("alive", &caller), ("dead", &waiting)] {
        let written = caller.ledger.written();
        let books = daemon.settled(stream, written, PATIENCE)?;
        assert_eq!((books.accepted, books.delivered), (written, written));
    }
    drop(daemon);
    drop(mount);
    folder.done()
}
