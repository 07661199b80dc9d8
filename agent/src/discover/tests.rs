use std::fs;
use std::os::unix::ffi::OsStrExt;

use tempfile::TempDir;

use super::*;

fn flow(folder: &Path, paths: &[&str], exclude: &[&str]) -> Flow {
    let paths = paths
        .iter()
        .map(|path| format!("{}/{path}", folder.display()))
        .collect();
    Flow {
        exclude: exclude.iter().map(|&text| text.to_owned()).collect(),
        ..Flow::new(paths, "web".parse().unwrap())
    }
}

fn tree() -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in [
        "app.log",
        "app.log.1",
        "app.log.2.gz",
        "other.txt",
        "a/app.log",
        "a/b/app.log",
        "a/b/c/deep.log",
        "z/app.log",
    ] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    fs::create_dir(folder.path().join("dir.log")).unwrap();
    folder
}

fn found(folder: &TempDir, paths: &[&str], exclude: &[&str]) -> Vec<String> {
    let discover = Discover::new(&[flow(folder.path(), paths, exclude)]).unwrap();
    let found = discover.find(&Disk::real());
    for path in found.paths.keys() {
        assert!(discover.matches(0, path), "{path:?}");
    }
    let relative = |path: &PathBuf| {
        let path = path.strip_prefix(folder.path()).unwrap();
        path.display().to_string()
    };
    found.paths.keys().map(relative).collect()
}

#[test]
fn patterns_find_what_they_say() {
    let tree = tree();
    assert_eq!(found(&tree, &["app.log"], &[]), ["app.log"]);
    assert_eq!(
        found(&tree, &["app.log*"], &["*.gz"]),
        ["app.log", "app.log.1"]
    );
    assert_eq!(
        found(&tree, &["*/app.log"], &[]),
        ["a/app.log", "z/app.log"]
    );
    assert_eq!(
        found(&tree, &["**/app.log"], &[]),
        ["a/app.log", "a/b/app.log", "app.log", "z/app.log"]
    );
    assert_eq!(
        found(&tree, &["a/**"], &[]),
        ["a/app.log", "a/b/app.log", "a/b/c/deep.log"]
    );
    assert_eq!(
        found(&tree, &["{a/b,z}/app.log"], &[]),
        ["a/b/app.log", "z/app.log"]
    );
    assert_eq!(
        found(&tree, &["app.log", "[ao]*.{log,txt}"], &[]),
        ["app.log", "other.txt"]
    );
    assert!(found(&tree, &["no/such/*.log", "app.log/x"], &[]).is_empty());
}

#[test]
fn exclusion_is_by_whole_path_too() {
    let tree = tree();
    let whole = format!("{}/a/*", tree.path().display());
    assert_eq!(found(&tree, &["*/app.log"], &[&whole]), ["z/app.log"]);
}

#[test]
fn names_are_bytes_and_links_are_followed_once() {
    let folder = TempDir::new().unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"\xff.log"));
    fs::write(&odd, "x").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("sub/loop")).unwrap();
    std::os::unix::fs::symlink(&odd, folder.path().join("sub/link.log")).unwrap();
    let discover = Discover::new(&[flow(folder.path(), &["*.log", "sub/**/*.log"], &[])]).unwrap();
    let found = discover.find(&Disk::real());
    let paths: Vec<_> = found.paths.into_keys().collect();
    assert_eq!(paths, [folder.path().join("sub/link.log"), odd]);
    assert!(found.folders.contains(folder.path()));
    assert!(found.folders.contains(&folder.path().join("sub")));
}

#[test]
fn a_path_in_two_flows_is_listed_once_with_both() {
    let tree = tree();
    let flows = [
        flow(tree.path(), &["app.log", "*.log"], &[]),
        flow(tree.path(), &["app*"], &["*.[0-9]*"]),
    ];
    let found = Discover::new(&flows).unwrap().find(&Disk::real());
    assert_eq!(found.paths[&tree.path().join("app.log")], [0, 1]);
    assert_eq!(found.paths.len(), 1);
}

#[test]
fn no_notices_are_wanted_of_what_is_polled() {
    let tree = tree();
    let polled = Flow {
        watch: Watching::Poll,
        ..flow(tree.path(), &["a/*.log"], &[])
    };
    let flows = [polled, flow(tree.path(), &["z/*.log"], &[])];
    let found = Discover::new(&flows).unwrap().find(&Disk::real());
    assert_eq!(found.paths.len(), 2);
    let folders: Vec<_> = found.folders.into_iter().collect();
    assert_eq!(folders, [tree.path().join("z")]);
}
