//! Thousands of open partitions: bounded memory, no open files, every row in its file.

use std::collections::BTreeMap;
use std::fs;

use standpipe_config::files::FolderLock;
use standpipe_config::names::{LaneId, Run};
use standpipe_config::settings::delivery::{HighWater, read_stream};
use tempfile::TempDir;

use super::*;
use crate::disk::{DataFolder, Quota};
use crate::lane::partition::PartitionName;
use crate::lane::partition::Placing;
use crate::record::Stage;
use crate::record::rows::RowsReader;
use crate::spool::Named;

struct World {
    folder: TempDir,
    spool: Arc<Spool>,
    draft: Draft,
    plan: Plan,
    partitions: Partitions,
}

impl World {
    fn new(max_open: u32, memory: &Arc<PartitionMemory>) -> Self {
        let folder = TempDir::new().unwrap();
        let data = DataFolder::new(folder.path(), HighWater::Percent(100));
        let quota = Arc::new(Quota::new(1 << 30, Arc::new(data)));
        let lock = Arc::new(FolderLock::acquire(folder.path(), true).unwrap());
        let nothing = Named::default();
        let spool = Spool::open(&folder.path().join("spool"), &nothing, quota, lock).unwrap();
        let spool = Arc::new(spool);
        let text = format!(
            "s: {{buffering: {{size: 1MiB}}, partitioning: {{keys: {{k: .k}}, max_open: {max_open}}}, destination: {{file: {{path: /o, prefix: \"!{{partitionKeyFromQuery:k}}/\", error_output_prefix: \"!{{firehose:error-output-type}}/\"}}}}}}"
        );
        let settings = read_stream(&text).unwrap_or_else(|e| panic!("{e}"));
        let plan = Plan {
            stream: settings.name,
            version: 1,
            lane: LaneId([1; 16]),
            buffering: settings.buffering,
            transform: None,
            partitioning: settings.partitioning,
            format: settings.format,
            destination: settings.destination,
            folder: folder.path().to_owned(),
        };
        Self {
            draft: spool.draft(),
            partitions: Partitions::new(memory, &plan.stream),
            folder,
            spool,
            plan,
        }
    }

    fn add(&mut self, position: u64, key: &str, text: &str) -> Result<(), Unplaced> {
        let bytes = format!("{{\"k\":\"{key}\",\"text\":\"{text}\"}}");
        let row = Row {
            run: Run([2; 8]),
            position,
            index: 0,
            arrival: Arrival(7),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes: bytes.as_bytes(),
        };
        let placing = Placing::of(&self.plan).unwrap();
        let placed = placing.place(row.bytes, None)?;
        let name = self.partitions.open(&placed, &row, &self.plan)?;
        let files = (&*self.spool, &mut self.draft);
        let named = (name.clone(), placed.time);
        self.partitions
            .append(named, (&row, &row), &self.plan, files);
        self.partitions.tidy(&name, &self.plan).unwrap();
        Ok(())
    }

    /// Positions by key, as the files have them, and how many files of each key there are.
    fn close(self) -> BTreeMap<String, (usize, Vec<u64>)> {
        let mut found: BTreeMap<_, (usize, Vec<u64>)> = BTreeMap::new();
        for file in self.partitions.into_files() {
            let PartitionName { values, .. } = &*file.name;
            let of_key = found.entry(values[0].clone()).or_default();
            of_key.0 += 1;
            let (data, index) = (self.spool.path(&file.data), self.spool.path(&file.index));
            file.rows.close().unwrap();
            let mut rows = RowsReader::open(&data, &index).unwrap();
            while let Some(row) = rows.next_row().unwrap() {
                of_key.1.push(row.position);
            }
        }
        found
    }
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_thousand_partitions_stay_within_their_memory() {
    let memory = Arc::new(PartitionMemory::new(256 * 1024));
    let mut world = World::new(1000, &memory);
    let text = "x".repeat(100);
    let before = open_files();
    for position in 0..20_000 {
        world
            .add(position, &format!("key {}", position % 1000), &text)
            .unwrap();
        assert!(
            world.partitions.memory <= 256 * 1024,
            "{}",
            world.partitions.memory
        );
    }
    // Other tests of this process open files too, but not hundreds.
    assert!(open_files() < before + 300, "{before} {}", open_files());
    assert!(world.partitions.disk > 1_000_000);
    let held: usize = world
        .partitions
        .open
        .values()
        .flatten()
        .map(|f| f.rows.memory())
        .sum();
    assert_eq!(world.partitions.memory, held);
    let found = world.close();
    assert_eq!(found.len(), 1000);
    for (key, (files, positions)) in found {
        let first: u64 = key["key ".len()..].parse().unwrap();
        let expected: Vec<_> = (0..20).map(|round| first + 1000 * round).collect();
        assert_eq!((files, positions), (1, expected), "{key}");
    }
}

/// The hint holds for each file: hot partitions get full objects, and cold ones are not cut.
#[test]
fn a_file_that_is_full_is_followed_by_the_next() {
    let memory = Arc::new(PartitionMemory::new(1024 * 1024));
    let mut world = World::new(2, &memory);
    let text = "x".repeat(100_000);
    for position in 0..25 {
        world.add(position, "hot", &text).unwrap();
    }
    world.add(25, "cold", "x").unwrap();
    let found = world.close();
    assert_eq!(found["hot"], (3, (0..25).collect()));
    assert_eq!(found["cold"], (1, vec![25]));
}

#[test]
fn one_partition_too_many_is_not_opened() {
    let memory = Arc::new(PartitionMemory::new(1024 * 1024));
    let mut world = World::new(2, &memory);
    world.add(0, "a", "x").unwrap();
    world.add(1, "b", "x").unwrap();
    let why = world.add(2, "c", "x").unwrap_err();
    assert_eq!((why.at, why.code), (FailedAt::Open, TOO_MANY));
    world.add(3, "a", "x").unwrap();
    assert_eq!(world.close().len(), 2);
}

/// Rule 20.
#[test]
fn a_value_that_makes_no_key_opens_nothing() {
    let memory = Arc::new(PartitionMemory::new(1024 * 1024));
    let mut world = World::new(9, &memory);
    for wrong in ["..", "a/../b", "a//b", "/a", ".", "\\n", &"x".repeat(600)] {
        let why = world.add(0, wrong, "x").unwrap_err();
        assert_eq!(
            (why.at, why.code),
            (FailedAt::Keys, "Standpipe.InvalidKey"),
            "{wrong}"
        );
    }
    for fine in ["a/b", "a b", "ü", "..."] {
        world.add(1, fine, "x").unwrap();
    }
    assert!(world.folder.path().exists());
    assert_eq!(world.close().len(), 4);
}

#[test]
fn batches_share_the_memory() {
    let memory = Arc::new(PartitionMemory::new(1000));
    let stream = "s".parse().unwrap();
    let first = Partitions::new(&memory, &stream);
    assert_eq!(first.held.bytes(), 1000);
    let second = Partitions::new(&memory, &stream);
    assert_eq!((first.held.bytes(), second.held.bytes()), (500, 500));
    drop(first);
    assert_eq!(second.held.bytes(), 1000);
}
