use std::collections::BTreeSet;

use super::*;

fn disk() -> Disk {
    Disk::new(&Power::default(), Random::seeded(7))
}

fn name(text: &str) -> &OsStr {
    OsStr::new(text)
}

/// The files of the topmost folder after a cut, by chance, each with its bytes.
fn outcomes(disk: &Disk) -> BTreeSet<String> {
    let once = |seed| {
        let mut disk = disk.clone();
        disk.random = Random::seeded(seed);
        disk.cut();
        shown(&disk, ROOT)
    };
    (0..300).map(once).collect()
}

fn shown(disk: &Disk, folder: u64) -> String {
    let each = disk.list(folder).unwrap().into_iter().map(|(inode, name)| {
        let held = match disk.attributes(inode).unwrap().kind {
            Kind::File => String::from_utf8(disk.read(inode, 0, 1000).unwrap()).unwrap(),
            Kind::Folder => format!("({})", shown(disk, inode)),
        };
        format!("{}={held}", name.display())
    });
    each.collect::<Vec<_>>().join(" ")
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|text| text.to_string()).collect()
}

/// A file with bytes, nothing of it synced.
fn file(disk: &mut Disk, folder: u64, called: &str, bytes: &[u8]) -> u64 {
    let inode = disk.create(folder, name(called), Kind::File).unwrap();
    disk.write(inode, 0, bytes).unwrap();
    inode
}

#[test]
fn a_synced_file_whose_folder_was_not_may_have_no_name() {
    let mut disk = disk();
    let inode = file(&mut disk, ROOT, "a", b"x");
    disk.sync(inode).unwrap();
    assert_eq!(outcomes(&disk), set(&["", "a=x"]));
    disk.sync_folder(ROOT).unwrap();
    assert_eq!(outcomes(&disk), set(&["a=x"]));
}

#[test]
fn a_synced_name_whose_file_was_not_may_be_empty() {
    let mut disk = disk();
    file(&mut disk, ROOT, "a", b"x");
    disk.sync_folder(ROOT).unwrap();
    let seen = outcomes(&disk);
    assert!(seen.contains("a=") && seen.contains("a=x"), "{seen:?}");
    assert!(!seen.contains(""), "{seen:?}");
}

#[test]
fn a_synced_folder_needs_its_own_name_in_the_folder_above() {
    let mut disk = disk();
    let folder = disk.create(ROOT, name("f"), Kind::Folder).unwrap();
    let inode = file(&mut disk, folder, "a", b"x");
    disk.sync(inode).unwrap();
    disk.sync_folder(folder).unwrap();
    assert_eq!(outcomes(&disk), set(&["", "f=(a=x)"]));
    disk.sync_folder(ROOT).unwrap();
    assert_eq!(outcomes(&disk), set(&["f=(a=x)"]));
}

#[test]
fn a_link_is_a_second_name_and_outlives_the_first() {
    let mut disk = disk();
    let inode = file(&mut disk, ROOT, "a", b"x");
    disk.sync_all();
    disk.link(inode, ROOT, name("b")).unwrap();
    assert_eq!(outcomes(&disk), set(&["a=x", "a=x b=x"]));
    assert_eq!(disk.attributes(inode).unwrap().names, 2);
    disk.remove(ROOT, name("a")).unwrap();
    assert_eq!(disk.attributes(inode).unwrap().names, 1);
    assert_eq!(outcomes(&disk), set(&["", "a=x", "b=x", "a=x b=x"]));
    disk.sync_folder(ROOT).unwrap();
    disk.cut();
    assert_eq!(shown(&disk, ROOT), "b=x");
}

#[test]
fn what_has_no_name_is_forgotten_at_the_cut_and_not_before() {
    let mut disk = disk();
    let inode = file(&mut disk, ROOT, "a", b"x");
    disk.remove(ROOT, name("a")).unwrap();
    disk.sync_folder(ROOT).unwrap();
    assert_eq!(disk.read(inode, 0, 9).unwrap(), b"x");
    assert_eq!(disk.left_over.len(), 0, "nothing of it was durable");
    disk.cut();
    assert_eq!(disk.read(inode, 0, 9), Err(Errno::NOENT));
}

#[test]
fn names_are_refused_as_elsewhere() {
    let mut disk = disk();
    let folder = disk.create(ROOT, name("f"), Kind::Folder).unwrap();
    let inode = file(&mut disk, folder, "a", b"x");
    file(&mut disk, folder, "b", b"y");
    let create = disk.create(folder, name("a"), Kind::File);
    assert_eq!(create, Err(Errno::EXIST));
    assert_eq!(disk.link(inode, folder, name("b")), Err(Errno::EXIST));
    assert_eq!(disk.remove(ROOT, name("f")), Err(Errno::NOTEMPTY));
    assert_eq!(disk.remove(folder, name("c")), Err(Errno::NOENT));
    let onto = disk.rename(folder, name("a"), name("b"), false);
    assert_eq!(onto, Err(Errno::EXIST));
    disk.rename(folder, name("a"), name("b"), true).unwrap();
    assert_eq!(shown(&disk, ROOT), "f=(b=x)");
    assert_eq!(disk.sync_folder(inode), Err(Errno::NOTDIR));
    assert_eq!(disk.write(folder, 0, b"x"), Err(Errno::ISDIR));
}

/// A change that the power cut meets is told to nobody, and done or not.
#[test]
fn the_power_goes_at_a_change_and_comes_back() {
    let mut done = 0;
    for seed in 0..50 {
        let power = Power::default();
        let mut disk = Disk::new(&power, Random::seeded(seed));
        let inode = file(&mut disk, ROOT, "a", b"x");
        disk.sync_all();
        power.on(Some(1));
        disk.write(inode, 0, b"z").unwrap();
        assert!(power.is_on());
        assert_eq!(disk.sync(inode), Err(Errno::IO));
        assert!(!power.is_on());
        assert_eq!(disk.read(inode, 0, 1), Err(Errno::IO));
        assert_eq!(disk.sync(inode), Err(Errno::IO));
        power.on(None);
        let seen = outcomes(&disk);
        done += u64::from(seen == set(&["a=z"]));
        assert!(seen.contains("a=z"), "{seen:?}");
        disk.sync(inode).unwrap();
    }
    assert!((10..40).contains(&done), "{done} of 50 syncs were done");
}

/// Two disks of one supply go off together.
#[test]
fn one_power_may_serve_several_disks() {
    let power = Power::default();
    let mut disks = [1, 2].map(|seed| Disk::new(&power, Random::seeded(seed)));
    power.on(Some(2));
    let mut create = |which: usize| disks[which].create(ROOT, name("a"), Kind::File);
    create(0).unwrap();
    create(1).unwrap();
    assert_eq!(create(0), Err(Errno::IO));
    assert_eq!(create(1), Err(Errno::IO));
    assert_eq!(power.changes(), 3);
}

#[test]
fn what_a_removed_file_leaves_is_remembered() {
    let mut disk = disk();
    let inode = file(&mut disk, ROOT, "a", &[1; 100_000]);
    disk.sync(inode).unwrap();
    for _ in 0..20 {
        disk.link(inode, ROOT, name("b")).unwrap();
        disk.remove(ROOT, name("b")).unwrap();
    }
    assert_eq!(disk.left_over.len(), 0, "it has a name still");
    disk.remove(ROOT, name("a")).unwrap();
    assert_eq!(disk.left_over.len(), 8);
}

#[test]
fn a_chosen_cut_loses_what_is_chosen_and_nothing_else() {
    let mut disk = disk().calm();
    let folder = disk.create(ROOT, name("f"), Kind::Folder).unwrap();
    disk.sync_folder(ROOT).unwrap();
    file(&mut disk, folder, "a", b"x");
    let b = file(&mut disk, folder, "b", b"y");
    disk.sync(b).unwrap();
    disk.write(b, 0, b"z").unwrap();
    let after = |lost| {
        let mut disk = disk.clone();
        disk.cut_losing(lost);
        shown(&disk, ROOT)
    };
    assert_eq!(after(Lost::Bytes("a")), "f=(a= b=z)");
    assert_eq!(after(Lost::Bytes("b")), "f=(a=x b=y)");
    assert_eq!(after(Lost::Bytes("")), "f=(a= b=y)");
    assert_eq!(after(Lost::Names("f")), "f=()");
    assert_eq!(after(Lost::Names("")), "f=(a=x b=z)");
    assert_eq!(after(Lost::AllNames), "f=()");
}

#[test]
fn a_file_finds_the_disk_full_at_its_sync_and_then_at_each_write() {
    let mut disk = disk().calm();
    disk.fill("a");
    let a = file(&mut disk, ROOT, "a1", b"x");
    let b = file(&mut disk, ROOT, "b", b"x");
    assert_eq!(disk.sync(b), Ok(()));
    assert_eq!(disk.sync(a), Err(Errno::NOSPC));
    assert_eq!(disk.write(a, 0, b"y"), Err(Errno::NOSPC));
    assert_eq!(disk.sync(a), Ok(()));
    assert_eq!(disk.refusals(), 2);
    disk.cut_losing(Lost::Bytes(""));
    assert_eq!(disk.read(a, 0, 9).unwrap(), b"x");
}
