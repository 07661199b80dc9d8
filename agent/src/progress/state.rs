//! What the agent remembers of its sources, as a fold over entries. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use standpipe_config::names::{SourceId, StreamName};

use super::counts::Counts;
use super::journal::JournalStanding;
use super::path_text::{path_from_text, path_to_text};
use super::place::Place;
use super::streams::Streams;
use crate::identity::{Incarnation, Prefix};

/// How many sources that ended are remembered, in case that one comes back. Beyond it the oldest
/// are forgotten: the daemon forgets them too, some days after.
pub const ENDED_KEPT: usize = 1000;

/// Where one stream stands in one source (rule 8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Up to where everything is acknowledged.
    pub place: Place,
    /// The largest size seen in the current epoch: what is lost at least if the file vanishes.
    pub size: u64,
    /// Bytes before this offset of the current epoch are excluded by settings.
    #[serde(default)]
    pub excluded: u64,
    /// What became of the bytes so far.
    pub counts: Counts,
    /// The source ended here, and the daemon knows.
    #[serde(default)]
    pub is_final: bool,
}

impl Standing {
    /// Nothing read, nothing known.
    pub fn beginning(epoch: u64) -> Self {
        Self {
            place: Place::beginning(epoch),
            size: 0,
            excluded: 0,
            counts: Counts::default(),
            is_final: false,
        }
    }
}

/// One thing that changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A source was minted, or what identifies it is known better.
    Source {
        /// The source.
        source: SourceId,
        /// Where it was first seen, by [`path_to_text`]; later entries do not change that.
        path: String,
        /// What tells it apart.
        incarnation: Incarnation,
        /// How it begins.
        prefix: Prefix,
    },
    /// A source was truncated: `epoch` begins, and the one before held at least `closed_at` bytes.
    Epoch {
        /// The source.
        source: SourceId,
        /// The epoch that begins.
        epoch: u64,
        /// Largest size seen in the epoch before.
        closed_at: u64,
    },
    /// A source goes on in a copy that was made of its file (its `Source` entry says in which).
    Copied {
        /// The source.
        source: SourceId,
        /// What the copy held when it was recognised.
        size: u64,
    },
    /// A stream moved on in a source.
    Standing {
        /// The source.
        source: SourceId,
        /// The stream.
        stream: StreamName,
        /// Where it stands.
        standing: Standing,
    },
    /// A stream goes on in another source (rule 4).
    Left {
        /// The source that it left.
        source: SourceId,
        /// The stream.
        stream: StreamName,
    },
    /// A source ended long ago and is forgotten; its counts go to the totals.
    Forgotten {
        /// The source.
        source: SourceId,
    },
    /// What became of the bytes of forgotten sources (only in snapshots).
    Totals {
        /// The sums.
        counts: Counts,
    },
    /// A journal's entries are acknowledged up to here.
    Journal {
        /// Which journal.
        name: String,
        /// The stream that it feeds.
        stream: StreamName,
        /// Where it stands.
        standing: JournalStanding,
    },
    /// The very first look at all files is over: what appears from now on is read from its
    /// beginning.
    Begun,
    /// An entry of a later version that may be skipped.
    #[serde(other)]
    Unknown,
}

/// One source.
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    /// Where it was first seen.
    pub path: PathBuf,
    /// What tells it apart.
    pub incarnation: Incarnation,
    /// How it begins.
    pub prefix: Prefix,
    /// The current epoch.
    pub epoch: u64,
    /// Earlier epochs that a stream may not have passed yet, and how many bytes each held.
    pub closed: BTreeMap<u64, u64>,
    /// Its file is a copy of the one that was read first, and had this size. What had been read
    /// may have been more.
    pub copied: Option<u64>,
    /// Where each stream stands.
    pub streams: Streams,
}

impl Source {
    /// Whether all its streams know that it ended.
    pub fn is_final(&self) -> bool {
        self.streams.values().all(|standing| standing.is_final)
    }

    /// The largest size seen in the current epoch.
    pub fn size(&self) -> u64 {
        let sizes = self.streams.values().map(|standing| {
            let here = standing.place.epoch == self.epoch;
            standing
                .size
                .max(if here { standing.place.offset } else { 0 })
        });
        sizes.max().unwrap_or(0)
    }
}

/// Everything that is remembered.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    /// All sources.
    pub sources: HashMap<SourceId, Source>,
    /// What became of the bytes of sources that are forgotten.
    pub totals: Counts,
    /// The very first look at all files is over.
    pub begun: bool,
    /// Sources that ended, oldest first.
    pub ended: VecDeque<SourceId>,
    /// Where journals stand, by their name and the stream that they feed.
    pub journals: BTreeMap<(String, StreamName), JournalStanding>,
}

impl State {
    /// Takes in one change. What does not fit (a source that is not there) changes nothing.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Source {
                source,
                path,
                incarnation,
                prefix,
            } => self.identified(*source, path, *incarnation, *prefix),
            Entry::Epoch {
                source,
                epoch,
                closed_at,
            } => {
                if let Some(known) = self.sources.get_mut(source) {
                    known.closed.insert(epoch.saturating_sub(1), *closed_at);
                    known.epoch = *epoch;
                    known.copied = None;
                    for standing in known.streams.values_mut() {
                        (standing.size, standing.excluded) = (0, 0);
                    }
                }
            }
            Entry::Copied { source, size } => {
                if let Some(known) = self.sources.get_mut(source) {
                    known.copied = Some(*size);
                }
            }
            Entry::Standing {
                source,
                stream,
                standing,
            } => self.stands(*source, stream, *standing),
            Entry::Left { source, stream } => self.left(source, stream),
            Entry::Forgotten { source } => self.forgotten(source),
            Entry::Totals { counts } => self.totals.add(counts),
            Entry::Journal {
                name,
                stream,
                standing,
            } => {
                let named = (name.clone(), stream.clone());
                self.journals.insert(named, standing.clone());
            }
            Entry::Begun => self.begun = true,
            Entry::Unknown => {}
        }
    }

    /// The same state as the fewest entries.
    pub fn snapshot(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::Totals {
            counts: self.totals,
        }];
        if self.begun {
            entries.push(Entry::Begun);
        }
        let live = self.sources.keys().filter(|id| !self.ended.contains(id));
        // The order in which sources ended is part of the state.
        for id in live.chain(&self.ended) {
            if let Some(source) = self.sources.get(id) {
                source_entries(*id, source, &mut entries);
            }
        }
        let journals = self.journals.iter();
        entries.extend(journals.map(|((name, stream), standing)| Entry::Journal {
            name: name.clone(),
            stream: stream.clone(),
            standing: standing.clone(),
        }));
        entries
    }

    /// The oldest ended source, if more are remembered than need be.
    pub fn to_forget(&self) -> Option<SourceId> {
        let oldest = self.ended.front().copied();
        oldest.filter(|_| self.ended.len() > ENDED_KEPT)
    }

    fn identified(
        &mut self,
        source: SourceId,
        path: &str,
        incarnation: Incarnation,
        prefix: Prefix,
    ) {
        match self.sources.get_mut(&source) {
            Some(known) => {
                known.incarnation = incarnation;
                known.prefix = prefix;
            }
            None => {
                let new = Source {
                    path: path_from_text(path),
                    incarnation,
                    prefix,
                    epoch: 0,
                    closed: BTreeMap::new(),
                    copied: None,
                    streams: Streams::default(),
                };
                self.sources.insert(source, new);
            }
        }
    }

    fn stands(&mut self, id: SourceId, stream: &StreamName, standing: Standing) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        match source.streams.get_mut(stream) {
            Some(before) => *before = standing,
            None => {
                source.streams.insert(stream.clone(), standing);
            }
        }
        let oldest = source.streams.values().map(|s| s.place.epoch).min();
        source
            .closed
            .retain(|epoch, _| oldest.is_none_or(|oldest| *epoch >= oldest));
        let ended = source.is_final();
        let listed = self.ended.contains(&id);
        if ended && !listed {
            self.ended.push_back(id);
        } else if listed && !ended {
            self.ended.retain(|other| *other != id);
        }
    }

    fn left(&mut self, id: &SourceId, stream: &StreamName) {
        let Some(source) = self.sources.get_mut(id) else {
            return;
        };
        if let Some(standing) = source.streams.remove(stream) {
            self.totals.add(&standing.counts);
        }
        if source.streams.is_empty() {
            self.forgotten(id);
        }
    }

    fn forgotten(&mut self, id: &SourceId) {
        if let Some(source) = self.sources.remove(id) {
            let standings = source.streams.values();
            standings.for_each(|standing| self.totals.add(&standing.counts));
        }
        self.ended.retain(|other| other != id);
    }
}

fn source_entries(id: SourceId, source: &Source, entries: &mut Vec<Entry>) {
    entries.push(Entry::Source {
        source: id,
        path: path_to_text(&source.path),
        incarnation: source.incarnation,
        prefix: source.prefix,
    });
    for (epoch, closed_at) in &source.closed {
        entries.push(Entry::Epoch {
            source: id,
            epoch: epoch + 1,
            closed_at: *closed_at,
        });
    }
    if source.epoch > 0 && !source.closed.contains_key(&(source.epoch - 1)) {
        entries.push(Entry::Epoch {
            source: id,
            epoch: source.epoch,
            closed_at: 0,
        });
    }
    if let Some(size) = source.copied {
        entries.push(Entry::Copied { source: id, size });
    }
    // The one farthest behind first: it keeps the closed epochs from being dropped as passed.
    let mut streams: Vec<_> = source.streams.iter().collect();
    streams.sort_by_key(|(_, standing)| standing.place.epoch);
    entries.extend(
        streams
            .into_iter()
            .map(|(stream, standing)| Entry::Standing {
                source: id,
                stream: stream.clone(),
                standing: *standing,
            }),
    );
}
