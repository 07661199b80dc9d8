//! What becomes durable, and when: births before anything is sent under them (rule 1), and places
//! soon after they were acknowledged.

use std::time::Duration;

use standpipe_config::names::SourceId;

use super::{Follower, Key};
use crate::progress::{Entry, ProgressError, Standing};

/// At most one sync of progress in this time; nothing but bandwidth depends on it.
pub const COMMIT_INTERVAL: Duration = Duration::from_millis(100);

impl Follower {
    /// When [`commit`](Self::commit) is due, if anything waits for it.
    pub fn commit_at(&self) -> Option<Duration> {
        let moved = !self.dirty.is_empty() || self.journals.are_dirty();
        let waits = moved || self.progress.is_staged();
        waits.then(|| self.last_commit + COMMIT_INTERVAL)
    }

    /// Makes progress durable. A full disk is a normal state: it is tried again.
    pub fn commit(&mut self) -> Result<(), ProgressError> {
        self.last_commit = self.disk.now();
        // Nothing is added to what a full disk refused, so that it does not grow.
        if self.progress.is_staged() && !self.sync()? {
            return Ok(());
        }
        for (key, stream) in std::mem::take(&mut self.dirty) {
            self.stage_standing(key, stream);
        }
        self.stage_journals();
        while let Some(source) = self.progress.state().to_forget() {
            self.forget(source);
        }
        self.sync().map(|_| ())
    }

    pub(super) fn forget(&mut self, source: SourceId) {
        self.progress.stage(&Entry::Forgotten { source });
        self.dormant.retain(|_, sources| {
            sources.retain(|other| *other != source);
            !sources.is_empty()
        });
    }

    pub(super) fn stage_standing(&mut self, key: Key, stream: usize) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        file.noted = file.seen;
        let Some(cursor) = file.cursor(stream) else {
            return;
        };
        let place = file.kept_place(cursor);
        let entry = Entry::Standing {
            source: cursor.source,
            stream: self.streams[stream].name.clone(),
            standing: Standing {
                place,
                size: file.seen,
                excluded: cursor.excluded,
                counts: cursor.counts,
                is_final: cursor.is_final,
            },
        };
        self.staged.push((key, stream, place));
        self.progress.stage(&entry);
        self.grow_prefix(key);
    }

    /// Whether everything staged is durable now.
    fn sync(&mut self) -> Result<bool, ProgressError> {
        match self.progress.sync().map_err(ProgressError::from) {
            Ok(()) => {
                self.full = false;
                for (key, stream, place) in std::mem::take(&mut self.staged) {
                    let file = self.files.get_mut(&key);
                    if let Some(cursor) = file.and_then(|file| file.cursor_mut(stream)) {
                        cursor.committed = place;
                    }
                }
                self.journals.are_durable();
                Ok(true)
            }
            Err(error) if error.passes() => {
                if !std::mem::replace(&mut self.full, true) {
                    tracing::error!(%error, "progress cannot be written: new files wait until there is room");
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes what rule 1 asks for durable. Without it nothing may be sent.
    pub(super) fn sync_births(&mut self) -> Result<bool, ProgressError> {
        if self.progress.must_sync() {
            return self.sync();
        }
        Ok(true)
    }
}
