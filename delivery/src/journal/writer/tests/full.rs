//! A disk that is really full: a small tmpfs, which only root may mount.

use std::process::Command;

use super::*;

/// A file system of 4 MiB.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder.path());
        if mount.output().is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: a tmpfs cannot be mounted here (only root may)");
        None
    }

    fn folder(&self) -> std::path::PathBuf {
        self.0.path().join("journal")
    }

    /// Takes all the space that is left, until the file is removed.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.path().join("filler");
        let mut size = 4096;
        let _ = std::fs::remove_file(&path);
        while std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &[1; 4096]))
            .is_ok()
        {
            size += 4096;
        }
        assert!(size < 8 * 1024 * 1024);
        path
    }

    /// The high-water mark looks elsewhere, so that the disk itself refuses.
    fn options(&self, sealed: Option<u64>) -> Options {
        Options {
            segment_bytes: 256 * 1024,
            recycled: 2,
            sealed,
            quota: quota(Path::new("/"), 1 << 30),
        }
    }

    async fn open(&self, sealed: Option<u64>) -> LocalJournal {
        let opened = LocalJournal::open(&self.folder(), self.options(sealed)).await;
        opened.expect("opens")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[tokio::test]
async fn a_full_disk_refuses_keeps_what_was_accepted_and_recovers_alone_rule_28() {
    let Some(small) = Small::mount() else { return };
    let journal = small.open(None).await;
    let end = fill(&journal).await;
    assert!(end > 100, "{end}");
    assert_eq!(all_from(&journal, 0, 1 << 20).await.len() as u64, end);
    journal.kill();
    let journal = small.open(Some(0)).await;
    assert_eq!(journal.end(), end);
    journal.release(end).await.expect("released");
    assert!(fill(&journal).await > end + 100, "the space came back");
}

#[tokio::test]
async fn a_journal_opens_on_a_full_disk_and_takes_records_when_there_is_room() {
    let Some(small) = Small::mount() else { return };
    let journal = small.open(None).await;
    store(&journal, &["a"]).await;
    journal.kill();
    let filler = small.fill();
    let journal = small.open(None).await;
    // What the last segment did not use is free again, if no one else takes it.
    let filler_again = small.fill();
    assert_eq!(all_from(&journal, 0, 1).await, ["a"]);
    let large = "x".repeat(200_000);
    let mut stored = 1;
    while journal.append(text(&[&large])).await.is_ok() {
        stored += 1;
        assert!(stored < 10, "the disk is full");
    }
    std::fs::remove_file(&filler)
        .or(std::fs::remove_file(&filler_again))
        .expect("removed");
    assert_eq!(store(&journal, &[&large]).await.first_position, stored);
}

/// Makes the disk full and the active segment's promised space vanish, as on a file system that
/// allocates late.
fn break_promise(small: &Small, writer: &Writer) -> std::path::PathBuf {
    writer.active.file.set_len(writer.at).expect("cut");
    small.fill()
}

#[test]
fn a_group_that_finds_no_room_is_refused_undone_and_never_found_again_rule_28() {
    let Some(small) = Small::mount() else { return };
    let folder = small.folder();
    let mut writer = birth::open(&folder, &small.options(None)).expect("opens");
    serve(&mut writer, vec![text(&["kept"])], false);
    let filler = break_promise(&small, &writer);
    let record = "x".repeat(9_000);
    let frame = |start| {
        let range = range(source(1), 0, start, start + 10);
        frames(vec![standpipe_config::frame::Frame::Records(
            range,
            records(&[&record]),
        )])
    };
    let refused = serve(
        &mut writer,
        vec![text(&["first of the group"]), frame(0)],
        false,
    );
    for answer in refused {
        assert!(
            matches!(answer, Err(Refusal::Full(Full::Disk(_)))),
            "{answer:?}"
        );
    }
    assert!(writer.shared.sources(AGENT).is_empty());
    assert_eq!(writer.synced.totals.accepted_records, 1);
    let refused = serve(&mut writer, vec![text(&["still full"])], false);
    assert!(refused[0].is_err());
    std::fs::remove_file(filler).expect("removed");
    let stored = serve(&mut writer, vec![frame(0)], true);
    let answers = &stored[0].as_ref().expect("stored").answers;
    assert_eq!(
        answers[0].0,
        standpipe_config::frame::Outcome::Stored,
        "not held"
    );
    drop(writer);
    let writer = birth::open(&folder, &small.options(None)).expect("opens");
    assert_eq!(writer.synced.position, 2, "kept, and the repeated frame");
}

/// A text request of one record, and one behind it that finds no room; both are refused.
fn refuse_two(writer: &mut Writer, small: &Small) {
    let filler = break_promise(small, writer);
    let keyed = Append {
        idempotency_key: Some("once".to_owned()),
        ..text(&["first of the group"])
    };
    let large = text(&[&"x".repeat(9_000)]);
    let refused = serve(writer, vec![keyed, large], false);
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    std::fs::remove_file(filler).expect("removed");
}

/// Rule 28: a caller that was refused sends its records again, so they must not be found.
#[test]
fn what_was_written_of_a_refused_group_is_not_found_after_a_crash() {
    let Some(small) = Small::mount() else { return };
    let folder = small.folder();
    let mut writer = birth::open(&folder, &small.options(None)).expect("opens");
    serve(&mut writer, vec![text(&["kept"])], false);
    refuse_two(&mut writer, &small);
    drop(writer);
    let writer = birth::open(&folder, &small.options(None)).expect("opens");
    assert_eq!(writer.synced.position, 1, "only what was kept");
    assert_eq!(writer.synced.totals.accepted_records, 1);
}

/// Rules 10 and 28: a request that was refused is no repeat when it comes again.
#[test]
fn the_key_of_a_refused_request_is_free_again() {
    let Some(small) = Small::mount() else { return };
    let mut writer = birth::open(&small.folder(), &small.options(None)).expect("opens");
    serve(&mut writer, vec![text(&["kept"])], false);
    refuse_two(&mut writer, &small);
    let again = Append {
        idempotency_key: Some("once".to_owned()),
        ..text(&["first of the group"])
    };
    let stored = serve(&mut writer, vec![again], false);
    assert_eq!(stored[0].as_ref().expect("stored").first_position, 1);
    assert_eq!(
        writer.synced.position, 2,
        "stored, not answered as a repeat"
    );
}
