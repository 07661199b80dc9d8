//! The daemon ends at each named point from the read of the journal to the checkpoint after an
//! upload, while the store fails: each record is in exactly one object of the real store, under its
//! own key, no object is partial, and no upload is left.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_tests::partitioned::{Feed, Found, Spread};
use standpipe_tests::random::Random;
use standpipe_tests::s3::commanded::{Commanded, Fault};
use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, Contents, KEY_ID, SECRET};
use standpipe_tests::seen::Seen;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, kills, objects};

const PATIENCE: Duration = Duration::from_secs(180);

/// Those that only a folder has.
const OF_FOLDERS: [&str; 2] = ["delivery.copied", "delivery.placed"];

/// What a store does wrong.
const FAULTS: [Fault; 4] = [
    Fault::Answer(500, "InternalError"),
    Fault::Silent(Duration::from_secs(2)),
    Fault::ReplyLost,
    Fault::Slow(Duration::from_secs(1)),
];

/// Which requests meet it: those for objects, and not those that ask whether there may be any.
const REQUESTS: [(&str, &str); 8] = [
    ("PUT", "/parts/c"),
    ("HEAD", "/parts/c"),
    ("PUT", "/large/2"),
    ("HEAD", "/large/2"),
    ("POST", "/large/2"),
    ("DELETE", "/large/2"),
    ("GET", "uploads"),
    ("PUT", "partNumber=2"),
];

/// Faults of a life, and how many requests each meets at most.
const AT_ONCE: u64 = 4;
const ROW: u64 = 4;

/// Bytes of a line of what goes up in parts, and how many of them fill an object.
const LINE: u64 = 1009;
const LINES: u64 = (10 * 1024 * 1024_u64).div_ceil(LINE);

/// A stream of small objects in partitions, and one of objects that go up in parts.
fn streams(url: &str) -> String {
    let stream = |name: &str, more: &str, prefix: &str| {
        format!(
            "{name}:
  disk: {{quota: 512MiB}}
  {more}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: \"{name}/{prefix}\"
      error_output_prefix: \"errors/{name}/!{{firehose:error-output-type}}/\"
      endpoint: \"{url}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
"
        )
    };
    let parts = "buffering: {size: 1MiB, interval: 1s}
  partitioning: {keys: {customer: .customer}, event_time: {query: .time}, max_open: 1000}
  format: {parquet: {schema: inferred}}";
    let prefix = "!{partitionKeyFromQuery:customer}/!{timestamp:yyyy-MM-dd}/";
    stream("parts", parts, prefix) + &stream("large", "buffering: {size: 10MiB, interval: 15m}", "")
}

/// Everything that a daemon is killed between.
struct World {
    folder: Folder,
    server: Server,
    store: Commanded,
    daemon: Daemon,
    parts: Feed,
    /// Objects of the stream `large` that were sent, and that are to be.
    large: (u64, u64),
    random: Random,
}

impl World {
    /// `None` where there is no server.
    fn new(make: Make, name: &str) -> Outcome<Option<Self>> {
        let folder = Folder::new(name)?;
        let Some(server) = Server::start(make, folder.path())? else {
            folder.done()?;
            return Ok(None);
        };
        std::fs::write(folder.join("secret"), SECRET)?;
        let store = Commanded::before(server.address())?;
        let url = format!("http://{}", store.address());
        let daemon = Daemon::new(folder.path(), &streams(&url))?;
        let spread = Spread {
            customers: 60,
            days: 2,
        };
        Ok(Some(Self {
            folder,
            server,
            store,
            daemon,
            parts: Feed::new("parts", spread, 1),
            large: (0, 0),
            random: Random::new(),
        }))
    }

    /// Ends the daemon at a point, amid faults that are drawn anew.
    fn end_at(&mut self, point: &str) -> Outcome {
        for tried in 0..kills::TRIES {
            if self.kill_at(point, tried)? {
                return Ok(());
            }
        }
        Err(Trouble(format!("{point} was not reached")))
    }

    fn kill_at(&mut self, point: &str, tried: u64) -> Outcome<bool> {
        // Those that earlier lives did not meet would all meet the next object in parts.
        self.store.heal();
        for _ in 0..AT_ONCE {
            let fault = *self.random.one_of(&FAULTS);
            let (method, part) = *self.random.one_of(&REQUESTS);
            let row = 1 + self.random.below(ROW);
            self.store.command(method, part, fault, row as u32);
        }
        let at = (point, kills::nth(point, tried, &mut self.random));
        self.parts.more();
        if point.starts_with("s3.") || self.random.once_in(3) {
            self.large.1 += 1;
        }
        let (parts, large) = (&mut self.parts, &mut self.large);
        kills::kill_at(&mut self.daemon, at, |daemon| {
            let sent = parts.send(daemon) & send_large(large, daemon);
            sent && parts.is_delivered(daemon) && is_delivered(*large, daemon)
        })
    }

    /// Lets the daemon finish with a store that is well, and looks at every object.
    fn settle(mut self) -> Outcome {
        self.store.heal();
        self.daemon.environment.clear();
        self.daemon.up()?;
        let (parts, large, daemon) = (&mut self.parts, &mut self.large, &self.daemon);
        until("all to be taken", PATIENCE, || {
            match parts.send(daemon) & send_large(large, daemon) {
                true => Ok(()),
                false => Err(Trouble::new("it is not")),
            }
        })?;
        let (sent, failed) = (self.parts.sent, self.parts.spread.homeless(self.parts.sent));
        let books = self.daemon.settled("parts", sent, PATIENCE)?;
        let seen = (books.accepted, books.delivered, books.failed);
        assert_eq!(seen, (sent, sent - failed, failed), "{books:?}");
        let lines = self.large.0 * LINES;
        let books = self.daemon.settled("large", lines, PATIENCE)?;
        assert_eq!((books.accepted, books.delivered), (lines, lines));
        assert_eq!(self.daemon.stop(PATIENCE)?, 0);
        self.look()?;
        self.folder.done()
    }

    fn look(&self) -> Outcome {
        let contents = Contents::at(self.server.address())?;
        let left = contents.uploads(self.server.address())?;
        let uploads = left.matches("<UploadId>").count();
        assert_eq!(uploads, 0, "uploads are left: {left}");
        let found = self.folder.join("found");
        contents.download(&found)?;
        let mut parts = Found::new(self.parts.spread);
        parts.data(&found.join("parts"))?;
        parts.errors(&found.join("errors/parts/processing-failed"))?;
        parts.settle(self.parts.sent)?;
        let large = whole(&found.join("large"), self.large.0)?;
        let errors = objects::below(&found.join("errors"))?.len() as u64;
        println!("{} objects in partitions, {large} in parts", parts.objects);
        let all = objects::below(&found)?.len() as u64;
        assert_eq!(
            all,
            parts.objects + large + errors,
            "there is something else"
        );
        Ok(())
    }
}

/// Sends the next object's lines; whether all are sent.
fn send_large((sent, due): &mut (u64, u64), daemon: &Daemon) -> bool {
    if sent < due {
        let numbers = *sent * LINES..(*sent + 1) * LINES;
        let lines = numbers.map(|number| format!("{number:08} {}\n", "x".repeat(1000)));
        let text: String = lines.collect();
        let answer = daemon.post_as("large", &sent.to_string(), text.as_bytes());
        if answer.is_ok_and(|answer| answer.status == 200) {
            *sent += 1;
        }
    }
    sent >= due
}

fn is_delivered((sent, _): (u64, u64), daemon: &Daemon) -> bool {
    let books = daemon.books("large");
    books.is_ok_and(|books| books.waiting == 0 && books.accepted == sent * LINES)
}

/// That so many objects lie below a folder, each whole, and each line once; how many.
fn whole(below: &Path, count: u64) -> Outcome<u64> {
    let mut seen = Seen::default();
    let found = objects::below(below)?;
    for path in &found {
        let lines = objects::lines(path)?;
        assert_eq!(lines.len() as u64, LINES, "{} is partial", path.display());
        for line in lines {
            seen.add(std::str::from_utf8(&line[..8])?.parse()?);
        }
    }
    assert_eq!(found.len() as u64, count);
    seen.settle(count * LINES)?;
    Ok(count)
}

/// What the kills at one point were like.
#[derive(Default)]
struct Kills {
    took: Vec<Duration>,
    /// How many requests met each fault meanwhile.
    met: BTreeMap<&'static str, u64>,
}

impl Kills {
    fn add(
        &mut self,
        took: Duration,
        before: &BTreeMap<&str, u64>,
        after: BTreeMap<&'static str, u64>,
    ) {
        self.took.push(took);
        for (fault, count) in after {
            let met = count - before.get(fault).copied().unwrap_or_default();
            *self.met.entry(fault).or_default() += met;
        }
    }

    fn told(&mut self, point: &str) -> String {
        self.took.sort();
        let count = self.took.len();
        let [middle, last] = [count / 2, count - 1].map(|at| self.took[at].as_secs_f64());
        let met = self
            .met
            .iter()
            .map(|(fault, count)| format!("{count} {fault}"));
        let met: Vec<_> = met.collect();
        format!(
            "{point}: {count} kills, {middle:.1} s in the middle, {last:.1} s at most; met {}",
            met.join(", ")
        )
    }
}

/// Ends the daemon at each point, round by round.
fn wherever_the_daemon_is_killed(make: Make, name: &str) -> Outcome {
    let Some(mut world) = World::new(make, name)? else {
        return Ok(());
    };
    let mut points = kills::on_the_way(&["s3."])?;
    points.retain(|point| !OF_FOLDERS.contains(&point.as_str()));
    let mut table = BTreeMap::<&str, Kills>::new();
    for round in 0..kills::rounds() {
        for point in &points {
            let (begun, before) = (Instant::now(), world.store.met());
            let ended = world.end_at(point);
            ended.map_err(|trouble| trouble.during(&format!("round {round}")))?;
            let took = begun.elapsed();
            println!("killed at {point} after {took:?}");
            let kills = table.entry(point).or_default();
            kills.add(took, &before, world.store.met());
        }
    }
    for (point, kills) in &mut table {
        println!("{}", kills.told(point));
    }
    world.settle()
}

#[test]
fn each_record_is_in_one_object_of_minio_wherever_the_daemon_is_killed() -> Outcome {
    wherever_the_daemon_is_killed(Make::MinIo, "s3-matrix-minio")
}

#[test]
fn each_record_is_in_one_object_of_versity_wherever_the_daemon_is_killed() -> Outcome {
    wherever_the_daemon_is_killed(Make::Versity, "s3-matrix-versity")
}
