use standpipe_config::settings::delivery::HighWater;
use tempfile::TempDir;

use super::*;
use crate::disk::DataFolder;

const QUOTA: u64 = 1024 * 1024;

struct Place {
    folder: TempDir,
    quota: Arc<Quota>,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let quota = quota(&folder);
        Self { folder, quota }
    }

    fn open(&mut self, named: &[SpoolFile]) -> Result<Arc<Spool>, SpoolError> {
        self.quota = quota(&self.folder);
        let named = Named {
            files: named.to_vec(),
            next: 7,
        };
        let lock = FolderLock::acquire(self.folder.path(), true).unwrap();
        Spool::open(&self.path(), &named, self.quota.clone(), Arc::new(lock)).map(Arc::new)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn put(&self, name: &str, size: usize) -> SpoolFile {
        fs::write(self.path().join(name), vec![0; size]).unwrap();
        SpoolFile {
            name: name.into(),
            size: size as u64,
        }
    }

    fn names(&self) -> Vec<String> {
        files_in(&self.path()).unwrap().into_keys().collect()
    }
}

fn quota(folder: &TempDir) -> Arc<Quota> {
    let folder = DataFolder::new(folder.path(), HighWater::Percent(100));
    Arc::new(Quota::new(QUOTA, Arc::new(folder)))
}

const RESERVED: u64 = QUOTA / 16;

/// DESIGN.md, after a crash: unsealed spool files are deleted.
#[test]
fn what_no_checkpoint_names_goes_at_the_start() {
    let mut place = Place::new();
    place.open(&[]).unwrap();
    let sealed = place.put("1.object", 100);
    place.put("2.rows", 50);
    place.open(std::slice::from_ref(&sealed)).unwrap();
    assert_eq!(place.names(), ["1.object", RESERVE]);
    assert_eq!(place.quota.used(), 100 + RESERVED, "counted again");
}

/// Rule 15: what the checkpoint names and is not there is said, and nothing is deleted.
#[test]
fn a_missing_or_shortened_sealed_file_is_named_and_nothing_is_deleted() {
    let mut place = Place::new();
    place.open(&[]).unwrap();
    let missing = SpoolFile {
        name: "1.object".into(),
        size: 1,
    };
    let mut shortened = place.put("2.object", 10);
    shortened.size = 11;
    place.put("3.rows", 5);
    let lost = place.open(&[missing, shortened]).unwrap_err().to_string();
    assert!(
        lost.contains("1.object") && lost.contains("2.object"),
        "{lost}"
    );
    assert!(!lost.contains("3.rows"), "{lost}");
    assert_eq!(place.names(), ["2.object", "3.rows", RESERVE]);
}

#[test]
fn an_abandoned_draft_leaves_nothing_and_a_kept_one_what_was_kept() {
    let mut place = Place::new();
    let spool = place.open(&[]).unwrap();
    let mut draft = spool.draft();
    fs::write(draft.add("1.rows".into()), b"12345").unwrap();
    draft.count(5);
    assert_eq!(place.quota.used(), 5 + RESERVED);
    drop(draft);
    assert_eq!(
        (place.names(), place.quota.used()),
        (vec![RESERVE.into()], RESERVED)
    );

    let mut draft = spool.draft();
    fs::write(draft.add("2.rows".into()), b"12345").unwrap();
    fs::write(draft.add("2.scratch".into()), b"1").unwrap();
    draft.count(6);
    let kept = SpoolFile {
        name: "2.rows".into(),
        size: 5,
    };
    let left = draft.keep(std::iter::once(&kept));
    assert_eq!(place.names(), ["2.rows", "2.scratch", RESERVE]);
    assert_eq!(place.quota.used(), 6 + RESERVED, "it is there still");
    drop(left);
    assert_eq!(place.names(), ["2.rows", RESERVE]);
    assert_eq!(place.quota.used(), 5 + RESERVED);
    spool.remove(std::iter::once(&kept));
    assert_eq!(
        (place.names(), place.quota.used()),
        (vec![RESERVE.into()], RESERVED)
    );
}

/// Rule 28: room is kept for sealing on a full disk.
#[test]
fn the_reserve_takes_real_space_that_can_be_given_up_and_kept_again() {
    use std::os::unix::fs::MetadataExt;
    let mut place = Place::new();
    let spool = place.open(&[]).unwrap();
    let blocks = fs::metadata(place.path().join(RESERVE)).unwrap().blocks();
    assert!(blocks * 512 >= RESERVED);
    assert!(spool.give_up_reserve());
    assert!(!spool.give_up_reserve());
    assert_eq!((place.names().len(), place.quota.used()), (0, 0));
    spool.keep_reserve();
    spool.keep_reserve();
    assert_eq!(place.quota.used(), RESERVED);
}

#[test]
fn the_reserve_is_no_file_that_a_checkpoint_would_have_to_name() {
    let mut place = Place::new();
    assert!(!Spool::has_files(&place.path()).unwrap());
    place.open(&[]).unwrap();
    assert!(!Spool::has_files(&place.path()).unwrap());
    place.put("1.rows", 1);
    assert!(Spool::has_files(&place.path()).unwrap());
}
