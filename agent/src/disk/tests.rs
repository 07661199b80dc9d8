use std::fs;
use std::io::Write;

use tempfile::TempDir;

use super::*;

#[test]
fn a_deleted_file_stays_readable_and_shows_no_links() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, "hello").unwrap();
    let disk = Disk::real();
    let handle = disk.open(&path).unwrap();
    let seen = disk.look(&path).unwrap();
    assert_eq!(handle.look().unwrap(), seen);
    assert_eq!((seen.size, seen.links, seen.kind), (5, 1, Kind::File));
    fs::remove_file(&path).unwrap();
    assert_eq!(handle.look().unwrap().links, 0);
    let mut out = b"> ".to_vec();
    handle.read(1, 100, &mut out).unwrap();
    assert_eq!(out, b"> ello");
}

#[test]
fn a_new_file_on_an_old_inode_is_told_apart_by_its_birth() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.log");
    let disk = Disk::real();
    let mut births = std::collections::BTreeSet::new();
    for _ in 0..20 {
        fs::write(&path, "x").unwrap();
        let seen = disk.look(&path).unwrap();
        assert!(births.insert((seen.inode, seen.birth)) || seen.birth == 0);
        fs::remove_file(&path).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_listing_tells_kinds_and_an_open_never_waits_for_a_pipe() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::File::create(folder.path().join("f"))
        .unwrap()
        .write_all(b"x")
        .unwrap();
    std::os::unix::fs::symlink("f", folder.path().join("l")).unwrap();
    let pipe = folder.path().join("p");
    rustix::fs::mknodat(
        CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let disk = Disk::real();
    let mut names = disk.list(folder.path()).unwrap();
    names.sort_by(|a, b| a.name.cmp(&b.name));
    let kinds: Vec<Kind> = names.iter().map(|name| name.kind).collect();
    assert_eq!(kinds, [Kind::File, Kind::Link, Kind::Other, Kind::Folder]);
    assert_eq!(disk.look(&pipe).unwrap().kind, Kind::Other);
    disk.open(&pipe).unwrap();
}
