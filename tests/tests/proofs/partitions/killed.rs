//! The daemon ends at each named point from the read of the journal to the checkpoint after an
//! object's delivery, with hundreds of partitions open: each record lies in exactly one object,
//! under its own key, or under the error prefix.

use std::path::{Path, PathBuf};
use std::time::Instant;

use standpipe_tests::partitioned::{Feed, Found, Spread};
use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, kills};

use crate::PATIENCE;

/// A daemon that is killed again and again.
struct World {
    folder: Folder,
    /// On another file system, where there is one.
    far: PathBuf,
    daemon: Daemon,
    feeds: [Feed; 2],
}

impl World {
    fn new() -> Outcome<Self> {
        let folder = Folder::new("partitions-killed")?;
        let far = folder.elsewhere();
        let daemon = Daemon::new(folder.path(), &streams(&far))?;
        // On a file system without a journal each new file costs more the more were removed lately:
        // CI has fewer partitions.
        let (many, few, days) = match kills::rounds() {
            1 => (50, 10, 4),
            _ => (100, 20, 5),
        };
        let lines = Spread {
            customers: many,
            days,
        };
        let rows = Spread {
            customers: few,
            days,
        };
        let feeds = [Feed::new("lines", lines, 5), Feed::new("rows", rows, 2)];
        Ok(Self {
            folder,
            far,
            daemon,
            feeds,
        })
    }

    /// Ends the daemon at a point, with further records.
    fn end_at(&mut self, point: &str, random: &mut Random) -> Outcome {
        for tried in 0..kills::TRIES {
            let at = (point, kills::nth(point, tried, random));
            let feeds = &mut self.feeds;
            feeds.iter_mut().for_each(Feed::more);
            let is_there = kills::kill_at(&mut self.daemon, at, |daemon| {
                let sent = feeds.iter_mut().map(|feed| feed.send(daemon));
                let sent = sent.fold(true, |all, is_sent| all & is_sent);
                sent && feeds.iter().all(|feed| feed.is_delivered(daemon))
            })?;
            if is_there {
                return Ok(());
            }
        }
        Err(Trouble(format!("{point} was not reached")))
    }

    /// Lets the daemon finish, and looks at every object.
    fn settle(mut self) -> Outcome {
        self.daemon.environment.clear();
        self.daemon.up()?;
        for feed in &mut self.feeds {
            let start = Instant::now();
            while !feed.send(&self.daemon) {
                assert!(start.elapsed() < PATIENCE, "{} takes nothing", feed.stream);
            }
            let books = self.daemon.settled(feed.stream, feed.sent, PATIENCE)?;
            let failed = feed.spread.homeless(feed.sent);
            let seen = (books.accepted, books.delivered, books.failed);
            let expected = (feed.sent, feed.sent - failed, failed);
            assert_eq!(seen, expected, "{}: {books:?}", feed.stream);
        }
        assert_eq!(self.daemon.stop(PATIENCE)?, 0);
        let [lines, rows] = &self.feeds;
        each_in_its_place(&self.folder.join("out"), lines)?;
        each_in_its_place(&self.far, rows)?;
        std::fs::remove_dir_all(&self.far)?;
        self.folder.done()
    }
}

/// That each record of a stream lies once below a folder, where it belongs.
fn each_in_its_place(out: &Path, feed: &Feed) -> Outcome {
    let mut found = Found::new(feed.spread);
    found.data(&out.join(feed.stream))?;
    found.errors(
        &out.join("errors")
            .join(feed.stream)
            .join("processing-failed"),
    )?;
    println!(
        "{}: {} records in {} objects",
        feed.stream, feed.sent, found.objects
    );
    found.settle(feed.sent)
}

/// Lines beside the spool, and rows, for which the schema grows, on another file system.
fn streams(far: &Path) -> String {
    let stream = |name: &str, format: &str, out: &str| {
        format!(
            "{name}:
  disk: {{quota: 256MiB}}
  buffering: {{size: 1MiB, interval: 300ms}}
  partitioning:
    keys: {{customer: .customer}}
    event_time: {{query: .time}}
    max_open: 1000
  format: {{{format}}}
  destination:
    file:
      path: \"{out}\"
      prefix: \"{name}/!{{partitionKeyFromQuery:customer}}/!{{timestamp:yyyy-MM-dd}}/\"
      error_output_prefix: \"errors/{name}/!{{firehose:error-output-type}}/\"
"
        )
    };
    let far = far.to_string_lossy();
    stream(
        "lines",
        "raw: {delimiter: newline, compression: gzip}",
        "out",
    ) + &stream("rows", "parquet: {schema: inferred}", &far)
}

#[test]
fn each_record_lies_once_under_its_key_wherever_the_daemon_is_killed() -> Outcome {
    let mut random = Random::new();
    let points = kills::on_the_way(&[])?;
    let mut world = World::new()?;
    for round in 0..kills::rounds() {
        for point in &points {
            let begun = Instant::now();
            let ended = world.end_at(point, &mut random);
            ended.map_err(|trouble| trouble.during(&format!("round {round}")))?;
            println!("killed at {point} after {:?}", begun.elapsed());
        }
    }
    world.settle()
}
