use std::io::Write;
use std::os::unix::fs::MetadataExt;

use super::*;

fn on_disk(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().blocks() * 512
}

#[test]
fn a_reserve_takes_its_space_at_once_and_gives_back_what_it_did_not_need() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let mut reserve = Reserve::create(&path).unwrap();
    reserve.grow(3 * STEP + 1).unwrap();
    if reserve.bytes() == 0 {
        return; // a file system that cannot allocate ahead
    }
    assert_eq!(reserve.bytes(), 4 * STEP);
    assert!(on_disk(&path) >= 4 * STEP);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    reserve.file().write_all(b"twelve bytes").unwrap();
    reserve.finish(6).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"twelve");
    assert!(on_disk(&path) < STEP);
}

#[test]
fn a_reserve_that_is_large_enough_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut reserve = Reserve::create(&folder.path().join("x")).unwrap();
    reserve.grow(10).unwrap();
    let before = reserve.bytes();
    reserve.grow(STEP).unwrap();
    assert_eq!(reserve.bytes(), before);
}

/// `/dev/full` cannot allocate, and says so in a way of its own.
#[test]
fn what_cannot_allocate_is_used_all_the_same() {
    let mut reserve = Reserve::create(Path::new("/dev/full")).unwrap();
    reserve.grow(1).unwrap();
    assert_eq!(reserve.bytes(), 0);
}
