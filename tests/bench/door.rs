//! The doors: callers who send the next body when the one before is on disk, beside programs
//! that append the same bytes to files of their own and sync them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_tests::Daemon;
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

use crate::data::{BATCH, bodies};
use crate::table::{Sample, Table};
use crate::{Ground, cpu, far, firehose};

/// How many callers there are.
const CALLERS: [usize; 3] = [1, 8, 64];

/// What the daemon calls the threads on which lanes run.
const LANE: &str = "lane";

pub(crate) const STREAM: &str = "raw";

/// Records leave as they came, so that nothing but the door and the journal is dear.
const SETTINGS: &str = "raw:
  disk: {quota: 100GiB}
  buffering: {size: 128MiB, interval: 1s}
  destination: {file: {path: out}}
";

/// One round.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    let bodies = bodies(&ground.text);
    if bodies.is_empty() {
        return Err(Trouble::new(
            "the log to repeat is too short: 512 KB are needed for a request body",
        ));
    }
    for callers in CALLERS {
        let work = Work {
            callers,
            bodies: &bodies,
            count: (ground.log.bytes / bodies[0].len() as u64) as usize,
        };
        let folder = ground.fresh("door")?;
        table.add(
            &format!("append + fdatasync, {callers} at once"),
            work.append(&folder)?,
        );
        work.send(&folder, "native", table)?;
        std::fs::remove_dir_all(folder)?;
        let folder = ground.fresh("door")?;
        work.send(&folder, "firehose", table)?;
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// What is to be made durable.
struct Work<'a> {
    callers: usize,
    bodies: &'a [Vec<u8>],
    /// How many bodies, all callers together.
    count: usize,
}

impl Work<'_> {
    /// Each caller at once does its share of the work: `begin` once, and what it gives per body.
    fn share_out<T>(
        &self,
        begin: impl Fn(usize) -> Outcome<T> + Sync,
        each: impl Fn(&mut T, usize) -> Outcome + Sync,
    ) -> Outcome<Sample> {
        let started = Instant::now();
        let waits = std::thread::scope(|scope| {
            let caller = |number: usize| {
                let (begin, each) = (&begin, &each);
                scope.spawn(move || {
                    let mut own = begin(number)?;
                    let mut waits = vec![];
                    for turn in (number..self.count).step_by(self.callers) {
                        let sent = Instant::now();
                        each(&mut own, turn % self.bodies.len())?;
                        waits.push(sent.elapsed());
                    }
                    Ok(waits)
                })
            };
            let all: Vec<_> = (0..self.callers).map(caller).collect();
            let all = all.into_iter().map(|thread| match thread.join() {
                Ok(waits) => waits,
                Err(_) => Err(Trouble::new("a caller panicked")),
            });
            all.collect::<Outcome<Vec<Vec<Duration>>>>()
        })?;
        let turns = 0..self.count;
        Ok(Sample {
            bytes: turns
                .map(|turn| self.bodies[turn % self.bodies.len()].len() as u64)
                .sum(),
            wall: started.elapsed(),
            cpu: Duration::ZERO,
            waits: waits.concat(),
            ..Sample::default()
        })
    }

    fn append(&self, folder: &Path) -> Outcome<Sample> {
        let before = cpu::own()?;
        let path = |number: usize| folder.join(format!("plain-{number}"));
        let sample = self.share_out(
            |number| File::create(path(number)).attempting("create a file to append to"),
            |file, body| {
                let body = &self.bodies[body];
                Ok(file.write_all(body).and_then(|()| file.sync_data())?)
            },
        )?;
        let cpu = cpu::own()? - before;
        for number in 0..self.callers {
            std::fs::remove_file(path(number))?;
        }
        Ok(Sample { cpu, ..sample })
    }

    /// Two rows: up to the last acknowledgement, with the processor time of door and journal, and
    /// until all of it is delivered, with that of the whole daemon.
    fn send(&self, folder: &Path, door: &str, table: &mut Table) -> Outcome {
        let mut daemon = Daemon::new(folder, SETTINGS)?;
        std::fs::write(folder.join("secret"), firehose::SECRET)?;
        let keys = firehose::keys();
        daemon.doors = format!("  firehose: {{address: \"127.0.0.1:0\", {keys}}}\n");
        daemon.configure(SETTINGS)?;
        daemon.up()?;
        let address = daemon.door(door)?;
        let request = match door {
            "native" => native,
            _ => firehose::request,
        };
        let requests: Vec<_> = self.bodies.iter().map(|body| request(body)).collect();
        let process = daemon.program()?.id();
        let (before, started) = (cpu::of(process)?, Instant::now());
        let sample = self.share_out(
            |_| Caller::connect(address),
            |caller, body| caller.post(&requests[body]),
        )?;
        let (bytes, callers) = (sample.bytes, self.callers);
        // Without the lane, which reads the journal back meanwhile: the next row has all of it.
        let cpu = cpu::of(process)? - before - cpu::of_threads(process, LANE)?;
        table.add(
            &format!("{door} door, {callers} at once"),
            Sample { cpu, ..sample },
        );
        daemon.settled(STREAM, (self.count * BATCH) as u64, far())?;
        let delivered = Sample {
            bytes,
            wall: started.elapsed(),
            cpu: cpu::of(process)? - before,
            waits: vec![],
            ..Sample::default()
        };
        table.add(
            &format!("  and delivered to a folder, {callers} at once ({door})"),
            delivered,
        );
        daemon.stop(far()).map(drop)
    }
}

/// A request of the native door.
fn native(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/streams/{STREAM}/records HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A connection that is kept.
struct Caller {
    stream: BufReader<TcpStream>,
}

impl Caller {
    fn connect(door: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(door).attempting(format!("connect to {door}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(far()))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request and waits until it is acknowledged.
    fn post(&mut self, request: &[u8]) -> Outcome {
        self.stream.get_mut().write_all(request)?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let start = head.len();
            self.stream.read_line(&mut head)?;
            let line = head[start..].trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        match head.starts_with("HTTP/1.1 200") {
            true => Ok(()),
            false => Err(Trouble(format!("{head}{}", String::from_utf8_lossy(&body)))),
        }
    }
}
