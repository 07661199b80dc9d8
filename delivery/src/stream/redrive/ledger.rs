//! The ledger of redrives: which lines of which error objects were put back (rule 27). Durable, in the
//! stream's folder, from the first redrive on.
//!
//! A batch is named here before it is stored. Whether it was is known from the journal, which knows
//! the last batch that it stored: so only the last one named can be in doubt, and never for long.
//!
//! ```json
//! {"entry":"batch","number":7,"content":"…","object":"errors/…","lines":[[0,120]]}
//! {"entry":"aside","object":"errors/…"}
//! {"entry":"stored","number":7}                                       of a snapshot
//! {"entry":"object","object":"errors/…","lines":[[0,120]],"aside":true}        the same
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use serde::{Deserialize, Serialize};
use standpipe_config::files::{EntryLog, FileError, LogError, LogKind};

use super::ranges::Ranges;
use crate::journal::Batch;

/// The ledger's log.
const KIND: LogKind = LogKind {
    name: "redrive",
    magic: *b"SPRD",
    version: 1,
};

/// So many objects that were moved aside are remembered, the newest: an upload that was given up may
/// still arrive, and put one of them back to where it was.
const ASIDE_KEPT: usize = 20_000;

/// A stream's ledger, open.
#[derive(Debug)]
pub(in crate::stream) struct Ledger {
    log: EntryLog,
    state: State,
}

/// Why a ledger cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum LedgerError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "the ledger of redrives {path} makes no sense: {why}; restore it, or what was put back may be put back again"
    )]
    Senseless { path: String, why: String },
}

impl From<FileError> for LedgerError {
    fn from(error: FileError) -> Self {
        Self::Log(error.into())
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Entry {
    Batch(Named),
    Aside {
        object: String,
    },
    Stored {
        number: u64,
    },
    Object {
        object: String,
        lines: Ranges,
        aside: bool,
    },
}

/// A batch that is about to be stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Named {
    number: u64,
    content: String,
    object: String,
    lines: Ranges,
}

impl Named {
    fn is(&self, batch: Batch) -> bool {
        self.number == batch.number && self.content == batch.content.to_string()
    }
}

/// What the entries add up to.
#[derive(Default, Debug)]
struct State {
    objects: BTreeMap<String, Done>,
    /// Those moved aside, oldest first.
    aside: VecDeque<String>,
    /// The last batch that was stored for certain.
    stored: u64,
    /// The one named after it.
    named: Option<Named>,
}

#[derive(Default, Debug)]
struct Done {
    lines: Ranges,
    is_aside: bool,
}

impl State {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Batch(named) => {
                // One that has the same number was never stored.
                if let Some(before) = self.named.take().filter(|b| b.number < named.number) {
                    self.store(before);
                }
                self.named = Some(named);
            }
            Entry::Aside { object } => {
                if let Some(named) = self.named.take() {
                    self.store(named);
                }
                self.move_aside(object);
            }
            Entry::Stored { number } => self.stored = number,
            Entry::Object {
                object,
                lines,
                aside,
            } => {
                self.objects.entry(object.clone()).or_default().lines = lines;
                if aside {
                    self.move_aside(object);
                }
            }
        }
    }

    fn store(&mut self, named: Named) {
        self.stored = named.number;
        let done = self.objects.entry(named.object).or_default();
        done.lines.add(&named.lines);
    }

    fn move_aside(&mut self, object: String) {
        let done = self.objects.entry(object.clone()).or_default();
        if !std::mem::replace(&mut done.is_aside, true) {
            self.aside.push_back(object);
        }
        if self.aside.len() > ASIDE_KEPT
            && let Some(oldest) = self.aside.pop_front()
        {
            self.objects.remove(&oldest);
        }
    }

    /// Decides about the batch named last: `last` is what the journal stored last.
    fn settle(&mut self, last: Batch) -> Result<(), String> {
        if let Some(named) = self.named.take_if(|named| named.is(last)) {
            self.store(named);
        }
        let voided = self.named.take();
        let fits = voided.is_none_or(|named| named.number == last.number + 1);
        match fits && self.stored == last.number {
            true => Ok(()),
            false => Err(format!(
                "it ends with batch {}, and the journal with batch {}",
                self.stored, last.number
            )),
        }
    }

    fn snapshot(&self) -> Vec<Entry> {
        let stored = Entry::Stored {
            number: self.stored,
        };
        let entry = |object: &String, done: &Done| Entry::Object {
            object: object.clone(),
            lines: done.lines.clone(),
            aside: done.is_aside,
        };
        let partly = self.objects.iter().filter(|(_, done)| !done.is_aside);
        let aside = self.aside.iter();
        let aside = aside.filter_map(|object| Some((object, self.objects.get(object)?)));
        let objects = partly
            .chain(aside)
            .map(|(object, done)| entry(object, done));
        std::iter::once(stored).chain(objects).collect()
    }
}

impl Ledger {
    /// Opens the ledger in a stream's folder; `last` is what the journal stored last. Where there is
    /// none it is begun, or, unless `begins`, there is none. Blocks.
    pub(super) fn open(
        folder: &Path,
        last: Batch,
        begins: bool,
    ) -> Result<Option<Self>, LedgerError> {
        if last.number == 0 && !begins && !EntryLog::exists(folder, KIND)? {
            return Ok(None);
        }
        let opened = EntryLog::open(folder, KIND)?;
        let mut ledger = Self {
            log: opened.log,
            state: State::default(),
        };
        for bytes in &opened.entries {
            let entry = serde_json::from_slice(bytes);
            let entry = entry.map_err(|e| ledger.senseless(e.to_string()))?;
            ledger.state.apply(entry);
        }
        ledger.settle(last)?;
        Ok(Some(ledger))
    }

    /// Which lines of an object were put back.
    pub(super) fn done(&self, object: &str) -> Ranges {
        let done = self.state.objects.get(object);
        done.map(|done| done.lines.clone()).unwrap_or_default()
    }

    /// Names a batch that is about to be stored; durable on return. Blocks.
    pub(super) fn name(
        &mut self,
        batch: Batch,
        object: &str,
        lines: Ranges,
    ) -> Result<(), LedgerError> {
        if self.log.wants_compaction() {
            let state: Result<Vec<_>, _> = self.state.snapshot().iter().map(encode).collect();
            self.log.compact(&state?)?;
        }
        self.append(Entry::Batch(Named {
            number: batch.number,
            content: batch.content.to_string(),
            object: object.to_owned(),
            lines,
        }))
    }

    /// Decides about the batch named last, by what the journal stored last.
    pub(super) fn settle(&mut self, last: Batch) -> Result<(), LedgerError> {
        let settled = self.state.settle(last);
        settled.map_err(|why| self.senseless(why))
    }

    /// An object was moved aside; durable on return. Blocks.
    pub(super) fn aside(&mut self, object: &str) -> Result<(), LedgerError> {
        self.append(Entry::Aside {
            object: object.to_owned(),
        })
    }

    fn append(&mut self, entry: Entry) -> Result<(), LedgerError> {
        self.log.append(&[encode(&entry)?])?;
        self.state.apply(entry);
        Ok(())
    }

    fn senseless(&self, why: String) -> LedgerError {
        LedgerError::Senseless {
            path: self.log.path().display().to_string(),
            why,
        }
    }
}

fn encode(entry: &Entry) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(entry).map_err(|e| LedgerError::Senseless {
        path: KIND.name.to_owned(),
        why: e.to_string(),
    })
}

#[cfg(test)]
mod tests;
