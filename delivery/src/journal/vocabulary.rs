//! What the journal's tests say, in a few words each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use standpipe_config::files::show;
use standpipe_config::frame::{Frame, Mark, Outcome, Range, Tail};
use standpipe_config::names::{AgentId, Fingerprint, SourceId};
use standpipe_config::records::{Builder, Records};
use standpipe_config::settings::delivery::HighWater;
use tokio::sync::oneshot;

use super::segment::{SEGMENT, file_id};
use super::writer::{Order, Writer};
use super::{Append, Appended, Content, Journal, LocalJournal, OpenError, Options, Refusal, birth};
use crate::disk::{DataFolder, Quota};

pub(super) const AGENT: AgentId = AgentId([7; 16]);

pub(super) fn source(number: u8) -> SourceId {
    SourceId([number; 16])
}

pub(super) fn records(texts: &[&str]) -> Records {
    let mut builder = Builder::default();
    texts.iter().for_each(|t| builder.push_plain(t.as_bytes()));
    builder.finish()
}

pub(super) fn range(source: SourceId, epoch: u64, start: u64, end: u64) -> Range {
    Range {
        source,
        epoch,
        start,
        end,
        committed: start,
        tail: Some(tail(end)),
    }
}

pub(super) fn tail(end: u64) -> Tail {
    Tail {
        length: end.min(1024) as u16,
        hash: Fingerprint::of(&end.to_le_bytes()),
    }
}

pub(super) fn mark(source: SourceId, epoch: u64, offset: u64) -> Mark {
    Mark {
        source,
        epoch,
        offset,
        tail: Some(tail(offset)),
    }
}

pub(super) fn quota(folder: &Path, bytes: u64) -> Arc<Quota> {
    let folder = DataFolder::new(folder, HighWater::Free(0));
    Arc::new(Quota::new(bytes, Arc::new(folder)))
}

pub(super) fn options(folder: &Path) -> Options {
    Options {
        segment_bytes: 64 * 1024,
        recycled: 2,
        sealed: None,
        quota: quota(folder, 1 << 30),
    }
}

pub(super) async fn open(folder: &Path) -> LocalJournal {
    open_sealed(folder, None).await.expect("opens")
}

pub(super) async fn open_sealed(
    folder: &Path,
    sealed: Option<u64>,
) -> Result<LocalJournal, OpenError> {
    let options = Options {
        sealed,
        ..options(folder)
    };
    LocalJournal::open(folder, options).await
}

pub(super) fn text(texts: &[&str]) -> Append {
    Append {
        permit: None,
        content: Content::Text(records(texts)),
        idempotency_key: None,
    }
}

pub(super) fn frames(frames: Vec<Frame>) -> Append {
    Append {
        permit: None,
        content: Content::Frames(AGENT, frames),
        idempotency_key: None,
    }
}

pub(super) async fn store(journal: &LocalJournal, texts: &[&str]) -> Appended {
    journal.append(text(texts)).await.expect("stored")
}

/// Sends one frame of records.
pub(super) async fn send(
    journal: &LocalJournal,
    range: Range,
    texts: &[&str],
) -> Result<Outcome, Refusal> {
    let append = frames(vec![Frame::Records(range, records(texts))]);
    let appended = journal.append(append).await?;
    Ok(appended.answers[0].0)
}

/// All records from `position` to the end, read with the budget.
pub(super) async fn all_from(journal: &LocalJournal, position: u64, budget: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = position;
    while at < journal.end() {
        let chunk = journal.read(at, budget).await.expect("reads");
        for row in chunk.rows() {
            assert_eq!(row.position, at, "positions follow each other");
            found.push(String::from_utf8(row.bytes.to_vec()).expect("text"));
            at += 1;
        }
    }
    found
}

/// The segment files, oldest first.
pub(super) fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| file_id(path, SEGMENT).is_some())
        .collect();
    found.sort();
    found
}

/// Opens the journal and writes each list of requests as one group, without a rest entry, as if it
/// was killed right after.
pub(super) fn write_groups(folder: &Path, sealed: Option<u64>, groups: Vec<Vec<Append>>) {
    let options = Options {
        sealed,
        ..options(folder)
    };
    let mut writer = birth::open(folder, &options).expect("opens");
    for group in groups {
        serve(&mut writer, group, false);
    }
}

/// Lets the writer serve the requests as one group, and then rest.
pub(super) fn serve(
    writer: &mut Writer,
    group: Vec<Append>,
    rests: bool,
) -> Vec<Result<Appended, Refusal>> {
    let (orders, queue) = sync_channel(group.len() + 1);
    let mut answers = Vec::new();
    for append in group {
        let (reply, answer) = oneshot::channel();
        orders.send(Order::Append(append, reply)).expect("queued");
        answers.push(answer);
    }
    if rests {
        orders.send(Order::Stop).expect("queued");
    }
    drop(orders);
    writer.run(&queue).expect("goes on");
    let answer = |answer: oneshot::Receiver<_>| answer.blocking_recv().expect("answered");
    answers.into_iter().map(answer).collect()
}

/// Puts the files of one folder into another, which is emptied.
pub(super) fn copy(from: &Path, to: &Path) {
    for old in std::fs::read_dir(to).expect("a folder") {
        std::fs::remove_file(old.expect("an entry").path()).expect("removed");
    }
    for file in std::fs::read_dir(from).expect("a folder") {
        let file = file.expect("an entry");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

/// Changes the bytes of a file.
pub(super) fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("reads");
    change(&mut bytes);
    show(path, &bytes).expect("writes");
}
