//! What the journal's tests say, in a few words each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_config::frame::{Frame, Mark, Outcome, Range, Tail};
use standpipe_config::names::{AgentId, Fingerprint, SourceId};
use standpipe_config::records::{Builder, Records};
use standpipe_config::settings::delivery::HighWater;

use super::segment::{SEGMENT, file_id};
use super::{Append, Appended, Content, Journal, LocalJournal, OpenError, Options, Refusal};
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
