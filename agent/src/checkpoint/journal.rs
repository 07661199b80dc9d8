//! Going back in the system's journal, which has entries and no offsets.

use standpipe_config::names::{SourceId, StreamName};
use standpipe_config::settings::agent::Settings;

use super::{CheckpointError, Remembered, open};
use crate::progress::{Entry, JournalStanding, Progress, ProgressError};

/// Where to go back to in a journal.
#[derive(Clone, Debug)]
pub struct JournalRewind {
    /// The journal, as `checkpoint show` names it.
    pub journal: String,
    /// One stream only.
    pub stream: Option<StreamName>,
    /// What follows the entry with this cursor is sent again; `None`: all that there is.
    pub after: Option<String>,
}

pub(super) fn remembered(progress: &Progress) -> impl Iterator<Item = Remembered> {
    let journals = progress.state().journals.iter();
    journals.map(|((name, stream), standing)| Remembered {
        path: name.clone(),
        id: standing.source,
        stream: stream.clone(),
        inode: 0,
        epoch: 0,
        acknowledged: standing.offset,
        cursor: standing.cursor.clone(),
        is_final: false,
        bytes: standing.counts,
    })
}

/// Goes back in a journal, under a new source; the streams that do.
///
/// Whether the journal has an entry with the cursor shows when it is read: an agent that does not find
/// it says so, and begins with the first entry there is.
pub fn rewind_journal(
    settings: &Settings,
    order: &JournalRewind,
) -> Result<Vec<StreamName>, CheckpointError> {
    let (_lock, mut progress) = open(settings)?;
    let wanted = |stream: &StreamName| order.stream.as_ref().is_none_or(|only| only == stream);
    let journals = progress.state().journals.keys();
    let chosen = journals.filter(|(name, stream)| *name == order.journal && wanted(stream));
    let chosen: Vec<StreamName> = chosen.map(|(_, stream)| stream.clone()).collect();
    if chosen.is_empty() {
        return Err(CheckpointError::UnknownJournal(order.journal.clone()));
    }
    for stream in &chosen {
        let source = SourceId::mint().map_err(ProgressError::from)?;
        progress.stage(&Entry::Journal {
            name: order.journal.clone(),
            stream: stream.clone(),
            standing: JournalStanding {
                cursor: order.after.clone(),
                ..JournalStanding::beginning(source)
            },
        });
    }
    progress.sync().map_err(ProgressError::from)?;
    Ok(chosen)
}
