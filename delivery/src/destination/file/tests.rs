use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::destination::{Attempts, Notes, Outcome, Provenance, content_hash};
use standpipe_config::names::{LaneId, Run};

/// A sealed file with `content`, to be delivered as `key`.
fn sealed(spool: &TempDir, key: &str, content: &[u8]) -> Object {
    let path = spool.path().join("sealed");
    fs::write(&path, content).unwrap();
    Object {
        key: key.into(),
        size: content.len() as u64,
        hash: content_hash(&path).unwrap(),
        encoding: None,
        path,
        rows: None,
        waiting_from: 0,
        is_last_try: false,
        provenance: Provenance {
            lane: LaneId([1; 16]),
            run: Run([2; 8]),
            first: 0,
            last: 0,
            records: 1,
        },
        notes: Notes::of([(1, Attempts::default())]).0.remove(0),
    }
}

async fn deliver(root: &Path, object: &Object) -> Result<Outcome, Failure> {
    let group = [object.clone()];
    Folder::new(root).deliver(&group).await.remove(0)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |e: io::Result<fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
    entries.map(name).collect()
}

/// Spools on this file system and, where there is one in memory, on another: linked and copied.
fn spools() -> Vec<TempDir> {
    let here = TempDir::new().unwrap();
    let elsewhere = TempDir::new_in("/dev/shm").ok();
    std::iter::once(here).chain(elsewhere).collect()
}

#[tokio::test]
async fn a_file_appears_whole_under_its_exact_name_and_nothing_beside_it() {
    for spool in spools() {
        let out = TempDir::new().unwrap();
        let root = out.path().join("not/there");
        let object = sealed(&spool, "a%20b/é/x.parquet", &[7; 600_000]);
        deliver(&root, &object).await.unwrap();
        let folder = root.join("a%20b/é");
        assert_eq!(fs::read(folder.join("x.parquet")).unwrap(), [7; 600_000]);
        assert_eq!(names(&folder), ["x.parquet"]);
    }
}

/// Rule 17: killed after the file appeared and before that was remembered.
#[tokio::test]
async fn delivering_again_what_is_there_is_done() {
    for spool in spools() {
        let out = TempDir::new().unwrap();
        let object = sealed(&spool, "d/x", b"content");
        deliver(out.path(), &object).await.unwrap();
        deliver(out.path(), &object).await.unwrap();
        assert_eq!(names(&out.path().join("d")), ["x"]);
    }
}

/// Rule 17: a name that holds other content halts, and both are named; nothing is overwritten.
#[tokio::test]
async fn a_name_with_other_content_halts_and_names_both() {
    for content in [&b"contenX"[..], b"longer content"] {
        for spool in spools() {
            let out = TempDir::new().unwrap();
            let object = sealed(&spool, "x", b"content");
            fs::write(out.path().join("x"), content).unwrap();
            let failure = deliver(out.path(), &object).await.unwrap_err();
            assert_eq!(failure.verdict, Verdict::Halt);
            let both = [out.path().join("x"), object.path.clone()];
            let named = |path: &PathBuf| failure.message.contains(path.to_str().unwrap());
            assert!(both.iter().all(named), "{failure}");
            assert_eq!(fs::read(out.path().join("x")).unwrap(), content);
        }
    }
}

/// Killed while it copied: what is left is hidden, and gone after the next attempt.
#[tokio::test]
async fn what_a_killed_copy_left_does_not_stay() {
    for spool in spools() {
        let out = TempDir::new().unwrap();
        let object = sealed(&spool, "x", b"content");
        let left = aside(out.path(), "x");
        assert!(left.file_name().unwrap().to_str().unwrap().starts_with('.'));
        fs::write(&left, b"con").unwrap();
        deliver(out.path(), &object).await.unwrap();
        assert_eq!(names(out.path()), ["x"]);
    }
}

#[tokio::test]
async fn a_sealed_file_that_is_gone_or_changed_halts() {
    for spool in spools() {
        let out = TempDir::new().unwrap();
        let mut object = sealed(&spool, "x", b"content");
        fs::remove_file(&object.path).unwrap();
        let failure = deliver(out.path(), &object).await.unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
        object.path = "/proc/version".into();
        let failure = deliver(out.path(), &object).await.unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
        assert!(names(out.path()).is_empty());
    }
}

#[tokio::test]
async fn what_is_wrong_says_what_to_do_about_it() {
    let spool = TempDir::new().unwrap();
    let out = TempDir::new().unwrap();
    fs::write(out.path().join("file"), b"").unwrap();
    let in_a_file = sealed(&spool, "file/x", b"1");
    let failure = deliver(out.path(), &in_a_file).await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");

    let too_long = sealed(&spool, &"x".repeat(300), b"1");
    let failure = deliver(out.path(), &too_long).await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Divert, "{failure}");
}

#[test]
fn errors_of_the_system_get_the_verdict_of_their_kind() {
    let verdict = |errno: Errno| {
        let error = Err::<(), _>(errno).doing("write", Path::new("x"));
        failure(error.unwrap_err()).verdict
    };
    assert_eq!(verdict(Errno::NOSPC), Verdict::Retry);
    assert_eq!(verdict(Errno::DQUOT), Verdict::Retry);
    assert_eq!(verdict(Errno::IO), Verdict::Retry);
    assert_eq!(verdict(Errno::ACCESS), Verdict::Halt);
    assert_eq!(verdict(Errno::ROFS), Verdict::Halt);
    assert_eq!(verdict(Errno::NAMETOOLONG), Verdict::Divert);
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_halts() {
    let (spool, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::set_permissions(out.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let probe = fs::write(out.path().join("probe"), b"");
    if probe.is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let failure = deliver(out.path(), &sealed(&spool, "d/x", b"1"))
        .await
        .unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
}

/// An attempt whose future was dropped still runs; the same key is not written twice at once.
#[tokio::test]
async fn one_key_is_written_by_one_attempt_at_a_time() {
    let (spool, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = Folder::new(out.path());
    let object = sealed(&spool, "x", b"1");
    let busy = Busy::with(&folder.busy, "x").unwrap();
    let refused = folder.put(&object).unwrap_err();
    assert_eq!(refused.verdict, Verdict::Retry, "{refused}");
    drop(busy);
    folder.put(&object).unwrap();
}

/// What is known to be durable spares syncs; what somebody removed is not known any more.
#[tokio::test]
async fn a_folder_that_was_removed_is_not_taken_for_durable() {
    let (out, spool) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = Folder::new(out.path());
    let group = [sealed(&spool, "a/b/x", b"x")];
    folder.deliver(&group).await.remove(0).unwrap();
    let known = |path: &str| lock(&folder.durable).contains(&out.path().join(path));
    assert!(known("") && known("a") && known("a/b"));
    fs::remove_dir_all(out.path().join("a")).unwrap();
    folder.create(&out.path().join("a/c")).unwrap();
    assert!(known("") && !known("a"));
    folder.create(&out.path().join("a/b")).unwrap();
    assert!(!known("a/b"));
}
