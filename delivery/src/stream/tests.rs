//! Streams as a whole, with real journals and files. Every test that delivers ends by balancing
//! the books and by finding each record once, by its id.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use standpipe_config::records::{Builder, Record};
use tempfile::TempDir;

use super::*;
use crate::journal::Content;

mod damage;
mod full;
mod kills;
mod life;
mod parquet;
mod partitions;
mod refused;

const MEMORY: u64 = 64 * 1024 * 1024;

/// A data folder, a destination and a stream's settings. Dropped streams are killed.
struct World {
    dir: TempDir,
    settings: settings::Stream,
    streams: Streams,
}

/// Where objects lie, by what the test's prefixes say.
const DATA: &str = "out/data";
const ERRORS: &str = "out/errors";
const COPIES: &str = "copies";

/// Settings in which a batch seals as soon as nothing is left to read.
const RAW: &str = "
web:
  disk: {quota: 64MiB}
  buffering: {size: 1MiB, interval: 0s}
  format: {raw: {delimiter: newline, compression: none}}
  destination:
    file:
      path: DIR/out
      prefix: data/!{timestamp:yyyy}/
      error_output_prefix: errors/!{firehose:error-output-type}/
";

fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

/// The settings that a text means; `DIR` in it is the test's folder.
fn settings_of(text: &str, dir: &Path) -> settings::Stream {
    let text = text.trim().replace("DIR", dir.to_str().unwrap());
    settings::read_stream(&text).unwrap_or_else(|e| panic!("{e}"))
}

impl World {
    async fn new(text: &str) -> Self {
        let world = Self::stopped(text).await;
        world.streams.start(&world.settings).await.unwrap();
        world
    }

    /// A world in which the stream was not started.
    async fn stopped(text: &str) -> Self {
        let dir = TempDir::new().unwrap();
        Self {
            settings: settings_of(text, dir.path()),
            streams: open(dir.path()).await,
            dir,
        }
    }

    /// Kills the process, as far as that can be done in one, and opens the data folder anew.
    async fn kill(&mut self) {
        for life in self.streams.shared.streams().values() {
            if let Life::Running(running) = life {
                running.kill();
            }
        }
        let lives = std::mem::take(&mut *self.streams.shared.streams());
        for life in lives.into_values() {
            if let Life::Running(running) = life {
                let _ = running.journal.shutdown().await;
            }
        }
        self.streams = open(self.dir.path()).await;
    }

    async fn restart(&mut self) {
        self.kill().await;
        self.streams.start(&self.settings).await.unwrap();
    }

    async fn append(
        &self,
        records: impl IntoIterator<Item = String>,
    ) -> Result<Appended, AppendError> {
        let mut builder = Builder::default();
        for record in records {
            builder.push_plain(record.as_bytes());
        }
        self.streams
            .append(&self.settings.name, text(builder))
            .await
            .map(|stored| stored.appended)
    }

    /// Appends records with these ids.
    async fn ids(&self, ids: std::ops::Range<u64>) {
        self.append(ids.map(|id| format!("id {id}"))).await.unwrap();
    }

    fn status(&self) -> StreamStatus {
        self.streams.status().remove(&self.settings.name).unwrap()
    }

    /// Waits until the status is as wanted.
    async fn until(&self, wanted: impl Fn(&StreamStatus) -> bool) -> StreamStatus {
        for _ in 0..600 {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            let pause = Duration::from_millis(50);
            if let Ok(why) = tokio::time::timeout(pause, self.streams.unexpected_end()).await {
                panic!("{why}");
            }
        }
        panic!("never: {:#?}", self.status());
    }

    /// Waits until nothing waits, and balances the books.
    async fn settled(&self) -> Books {
        let status = self
            .until(|s| s.books.waiting == 0 && s.sealed_files == 0)
            .await;
        assert!(
            status.books.balance() && status.bytes.balance(),
            "{status:#?}"
        );
        status.books
    }

    /// Waits until nothing waits; each of the ids must have been delivered once, and be in the
    /// books.
    async fn each_once(&self, ids: std::ops::Range<u64>) {
        let books = self.settled().await;
        assert_eq!(self.found(DATA), once(ids.clone()), "{books:?}");
        let count = ids.end - ids.start;
        assert_eq!((books.accepted, books.delivered), (count, count));
    }

    fn path(&self, place: &str) -> PathBuf {
        self.dir.path().join(place)
    }

    /// The objects at a place.
    fn objects(&self, place: &str) -> Vec<PathBuf> {
        let mut found = files(&self.path(place));
        found.sort();
        found
    }

    /// The lines of all objects at a place, and how often each is there.
    fn found(&self, place: &str) -> BTreeMap<String, u32> {
        let mut lines = BTreeMap::new();
        for object in self.objects(place) {
            for line in fs::read_to_string(object).unwrap().lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
        lines
    }

    /// The lines of all error objects, and the records in them, with how often each is there.
    fn failed(&self) -> (Vec<serde_json::Value>, BTreeMap<String, u32>) {
        let mut lines = Vec::new();
        let mut records = BTreeMap::new();
        for line in self.found(ERRORS).into_keys() {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            let raw = line["rawData"].as_str().unwrap();
            let raw = base64_simd::STANDARD.decode_to_vec(raw).unwrap();
            *records.entry(String::from_utf8(raw).unwrap()).or_default() += 1;
            lines.push(line);
        }
        (lines, records)
    }

    fn folder(&self) -> PathBuf {
        self.path("data/streams").join(self.settings.name.as_str())
    }
}

async fn open(dir: &Path) -> Streams {
    let resources = Resources {
        data_dir: dir.join("data"),
        high_water: HighWater::Percent(100),
        memory: MEMORY,
        threads: Threads::here(),
    };
    Streams::open(resources).await.unwrap()
}

fn text(builder: Builder) -> Append {
    Append {
        permit: None,
        content: Content::Text(builder.finish()),
        idempotency_key: None,
    }
}

fn once(ids: impl IntoIterator<Item = u64>) -> BTreeMap<String, u32> {
    ids.into_iter().map(|id| (format!("id {id}"), 1)).collect()
}

/// All files below a folder, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn records_become_objects_in_the_order_in_which_they_came() {
    let world = World::new(RAW).await;
    world.ids(0..500).await;
    world.ids(500..1000).await;
    world.each_once(0..1000).await;
    for object in world.objects(DATA) {
        let text = fs::read_to_string(object).unwrap();
        let ids = text.lines().map(|line| line["id ".len()..].parse::<u64>());
        let ids: Vec<u64> = ids.collect::<Result<_, _>>().unwrap();
        let in_order = ids.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(in_order, "{ids:?}");
    }
}

#[tokio::test]
async fn an_object_is_called_as_firehose_calls_it() {
    let world = World::new(&RAW.replace("compression: none", "compression: gzip")).await;
    world.ids(0..3).await;
    world.settled().await;
    let objects = world.objects(DATA);
    let name = objects[0].file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("web-1-20") && name.ends_with(".gz"),
        "{name}"
    );
    assert_eq!(
        name.len(),
        "web-1-yyyy-MM-dd-HH-mm-ss-.gz".len() + 36,
        "{name}"
    );
}

#[tokio::test]
async fn a_full_batch_seals_at_the_row_that_fills_it() {
    let world = World::new(&RAW.replace("interval: 0s", "interval: 900s")).await;
    let record = |id: u64| format!("{id:0100}");
    for part in 0..30 {
        world
            .append((0..1000).map(|id| record(1000 * part + id)))
            .await
            .unwrap();
    }
    let status = world.until(|s| s.objects_delivered == 2).await;
    let rows = (1024 * 1024_u64).div_ceil(100);
    assert_eq!(status.books.delivered, 2 * rows);
    assert_eq!(status.books.waiting, 30_000 - 2 * rows);
    assert!(status.books.balance(), "{status:#?}");
    assert_eq!(status.waiting_bytes, 100 * status.books.waiting);
}

/// Rule 21: a batch ages from its first read.
#[tokio::test]
async fn a_batch_that_is_not_full_seals_at_its_age() {
    let world = World::new(&RAW.replace("interval: 0s", "interval: 1s")).await;
    world.ids(0..10).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.status().books.waiting, 10);
    world.ids(10..20).await;
    world.each_once(0..20).await;
    assert_eq!(world.objects(DATA).len(), 1);
}

/// A line that was cut lies whole in one object, though the batch was full in its middle.
#[tokio::test]
async fn a_seal_does_not_cut_a_line_again() {
    let world = World::new(RAW).await;
    let mut builder = Builder::default();
    for number in 0..4 {
        let part = standpipe_config::records::Part {
            number,
            last: number == 3,
        };
        builder.push(Record {
            bytes: &vec![b'x'; 500_000],
            part: Some(part),
            unterminated: false,
        });
    }
    let appended = world
        .streams
        .append(&world.settings.name, text(builder))
        .await;
    assert_eq!(appended.unwrap().appended.accepted, 4);
    world.settled().await;
    let objects = world.objects(DATA);
    assert_eq!(objects.len(), 1);
    assert_eq!(fs::metadata(&objects[0]).unwrap().len(), 2_000_001);
}

/// Rule 23: copies are delivered beside, and are in no book but their own.
#[tokio::test]
async fn source_backup_delivers_every_record_once_more_and_counts_it_apart() {
    let world = World::new(&with_backup("DIR/copies")).await;
    world.ids(0..100).await;
    world.each_once(0..100).await;
    let status = world.until(|s| s.backup.unwrap().sealed_files == 0).await;
    assert_eq!(world.found(COPIES), once(0..100));
    let backup = status.backup.unwrap();
    assert_eq!((backup.delivered, backup.waiting), (100, 0));
}

/// The settings with source backup into a folder.
fn with_backup(path: &str) -> String {
    format!("{RAW}      backup: {{file: {{path: {path}, prefix: c/}}}}\n")
}
