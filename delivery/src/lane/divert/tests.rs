use std::fs;

use standpipe_config::files::FolderLock;
use standpipe_config::names::{Arrival, Run};
use standpipe_config::settings::delivery::HighWater;
use tempfile::TempDir;

use super::*;
use crate::destination::Target;
use crate::disk::{DataFolder, Quota};
use crate::lane::batch::RowsFile;
use crate::lane::checkpoint::Seal;
use crate::record::Row;
use crate::record::rows::Shape;
use crate::spool::Named;

const LANE: LaneId = LaneId([1; 16]);

struct World {
    folder: TempDir,
    spool: Arc<Spool>,
    checkpoint: Checkpoint,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let data = DataFolder::new(folder.path(), HighWater::Percent(100));
        let quota = Arc::new(Quota::new(1 << 30, Arc::new(data)));
        let nothing = Named {
            files: Vec::new(),
            next: 1,
        };
        let lock = Arc::new(FolderLock::acquire(folder.path(), true).unwrap());
        let spool = Spool::open(&folder.path().join("spool"), &nothing, quota, lock).unwrap();
        let checkpoint = Checkpoint::begin(folder.path(), LANE).unwrap();
        Self {
            spool: Arc::new(spool),
            checkpoint,
            folder,
        }
    }

    /// A sealed file of these rows (position and index) that goes elsewhere if it is refused.
    fn sealed(&self, rows: &[(u64, u32)]) -> Arc<SealedFile> {
        let mut draft = self.spool.draft();
        let mut file = RowsFile::create(&self.spool, &mut draft, Shape::PLAIN).unwrap();
        for (position, index) in rows {
            let text = format!("{position}.{index}");
            let row = Row {
                run: Run([2; 8]),
                position: *position,
                index: *index,
                arrival: Arrival(7),
                stage: crate::record::Stage::Accepted,
                part: None,
                redriven: None,
                bytes: text.as_bytes(),
            };
            file.writer.append(&row).unwrap();
        }
        let written = file.finish().unwrap();
        let records = rows.last().map_or(0, |(last, _)| last + 1);
        let folder = |name: &str| Target::File {
            path: self.folder.path().join(name),
        };
        let file = SealedFile {
            id: written.id,
            role: Role::Data,
            target: folder("out"),
            key: "key".into(),
            refused_key: Some("errors/key".into()),
            refused_target: Some(folder("elsewhere")),
            seal: 1,
            counts: Counts {
                records,
                bytes: 3 * rows.len() as u64,
            },
            rows: written.rows,
            first: 0,
            last: records,
            run: Run([2; 8]),
            oldest: Arrival(7),
            object: written.data.clone(),
            hash: String::new(),
            encoding: Some("gzip".into()),
            kept: vec![written.data, written.index],
            attempts: Attempts::default(),
        };
        let id = file.id;
        drop(draft.keep(file.spool_files()));
        let seal = Seal {
            number: 1,
            position: records,
            dropped: Counts::default(),
            files: vec![file],
        };
        self.checkpoint.record(Entry::Sealed(seal)).unwrap();
        self.checkpoint.file(id).unwrap()
    }

    fn divert(&self, file: &SealedFile, refused: Refused) -> Arc<SealedFile> {
        divert(file, LANE, (refused, 3), &self.spool, &self.checkpoint).unwrap();
        let state = self.checkpoint.state();
        state.files.values().next().unwrap().clone()
    }

    /// Which records an error file holds, with code and number of attempts.
    fn lines(&self, file: &SealedFile) -> Vec<(String, String, u64)> {
        let text = fs::read_to_string(self.spool.path(&file.object.name)).unwrap();
        let line = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = line["standpipe"]["id"].as_str().unwrap();
            let id = id.splitn(3, '-').nth(2).unwrap().to_owned();
            let code = line["errorCode"].as_str().unwrap().to_owned();
            (id, code, line["attemptsMade"].as_u64().unwrap())
        };
        text.lines().map(line).collect()
    }
}

/// Rules 18 and 34: the rows that are refused become an error file elsewhere, the others are
/// delivered, and each record is in the books once, a record of which a part failed as failed.
#[test]
fn rows_that_are_refused_leave_the_others_delivered() {
    let world = World::new();
    let file = world.sealed(&[(0, 0), (1, 0), (1, 1), (2, 0), (3, 0)]);
    let mut rows = Rejections::default();
    rows.add(4, "400", "no number");
    rows.add(2, "413", "too large");
    let added = world.divert(&file, Refused::Rows(rows));
    let expected = [("1-1", "413", 3), ("3-0", "400", 3)];
    let expected = expected.map(|(id, code, n)| (id.to_owned(), code.to_owned(), n));
    assert_eq!(world.lines(&added), expected);
    assert_eq!((added.counts.records, added.rows), (2, 2));
    assert_eq!(added.key, "errors/key");
    assert_eq!(Some(&added.target), file.refused_target.as_ref());
    assert_eq!(added.role, Role::Error("delivery-failed".into()));
    assert!(!world.spool.path(&file.object.name).exists());

    let id = added.id;
    world
        .checkpoint
        .record(Entry::Delivered { file: id })
        .unwrap();
    let settled = world.checkpoint.state().settled.clone();
    assert_eq!(settled.delivered.records, 2);
    assert_eq!(settled.failed["delivery-failed"].records, 2);
    assert_eq!(
        settled.delivered.bytes + settled.failed["delivery-failed"].bytes,
        15
    );
    assert_eq!(settled.objects, 2);
}

#[test]
fn a_file_that_is_refused_row_by_row_or_as_a_whole_delivers_nothing() {
    let mut rows = Rejections::default();
    (0..3).for_each(|row| rows.add(row, "400", "no"));
    let whole = Refused::Whole {
        code: "400",
        message: "no".into(),
    };
    for refused in [Refused::Rows(rows), whole] {
        let world = World::new();
        let file = world.sealed(&[(0, 0), (1, 0), (2, 0)]);
        let added = world.divert(&file, refused);
        assert_eq!(added.counts, file.counts);
        assert_eq!(world.lines(&added).len(), 3);
        let settled = world.checkpoint.state().settled.clone();
        assert_eq!((settled.delivered, settled.objects), (Counts::default(), 0));
    }
}
