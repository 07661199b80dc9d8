use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use super::Compiled;

/// Compiles a component as after a start; whether it was found compiled.
fn start(folder: &Path) -> bool {
    let compiled = Compiled::open(folder).unwrap();
    let mut config = Config::new();
    config.cache(Some(compiled.cache()));
    let engine = Engine::new(&config).unwrap();
    let bytes = wat::parse_str(include_str!("../tests/unruly.wat")).unwrap();
    Component::from_binary(&engine, &bytes).unwrap();
    compiled.note();
    compiled.hits() == 1
}

fn written(folder: &Path) -> PathBuf {
    let compiled = Compiled::open(folder).unwrap();
    match compiled.written().as_slice() {
        [path] => path.clone(),
        other => panic!("one file, not {other:?}"),
    }
}

#[test]
fn what_was_compiled_is_found() {
    let folder = TempDir::new().unwrap();
    assert!(!start(folder.path()));
    assert!(start(folder.path()));
    assert!(start(folder.path()));
}

#[test]
fn what_is_damaged_is_compiled_again() {
    let folder = TempDir::new().unwrap();
    start(folder.path());
    let (path, digests) = (written(folder.path()), folder.path().join("digests"));
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [flipped, whole[..whole.len() - 1].to_vec(), Vec::new()] {
        fs::write(&path, damaged).unwrap();
        assert!(!start(folder.path()));
        assert!(start(folder.path()));
    }
    // A crash came before the digest was written, or its bytes were lost.
    let digest = digests.join(path.file_name().unwrap());
    fs::write(&digest, "").unwrap();
    assert!(!start(folder.path()));
    fs::remove_dir_all(&digests).unwrap();
    assert!(!start(folder.path()));
    // A crash came while the code was written: what is left must not keep it from being kept.
    fs::rename(&path, path.with_extension("wip-atomic-write-mod")).unwrap();
    assert!(!start(folder.path()));
    assert!(start(folder.path()));
}

#[test]
fn digests_of_nothing_go() {
    let folder = TempDir::new().unwrap();
    start(folder.path());
    fs::remove_file(written(folder.path())).unwrap();
    Compiled::open(folder.path()).unwrap();
    assert_eq!(
        fs::read_dir(folder.path().join("digests")).unwrap().count(),
        0
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_said() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let why = Compiled::open(&path.join("compiled")).unwrap_err();
    assert!(why.contains("file"), "{why}");
}
