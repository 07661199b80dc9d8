//! What is held of agents' sources: which range is new, which a repeat (rules 2 to 7).
//!
//! A change is made when its frame is put into a group, so that later frames of the same group
//! see it, and becomes visible from outside with the group's sync; a group that cannot be written
//! is undone.

use std::collections::{HashMap, HashSet};

use standpipe_config::frame::{Evidence, HeldSource, Mark, Range};
use standpipe_config::names::{AgentId, SourceId};

const HOUR: u64 = 60 * 60 * 1000;

/// Running time in milliseconds for which a final source is remembered (rule 7).
pub(super) const FINAL_KEPT: u64 = 7 * 24 * HOUR;

/// Running time in milliseconds for which a source is remembered that its agent no longer names.
pub(super) const MISSING_KEPT: u64 = HOUR;

/// Running time in milliseconds for which a source is remembered that shows no sign of life, as
/// when its agent is gone for good.
pub(super) const SILENT_KEPT: u64 = 30 * 24 * HOUR;

/// What to do with a range (rule 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    /// New: store it and move the mark to its end.
    Store,
    /// A repeat.
    Held,
    /// Neither: the agent splits again from the mark.
    Expected,
}

/// Decides about a range that holds `records` records (rule 3).
pub(super) fn decide(mark: Option<&Mark>, range: &Range, records: usize) -> Decision {
    let current = mark.filter(|mark| mark.epoch == range.epoch);
    let older = mark.is_some_and(|mark| range.epoch < mark.epoch);
    // Records of no bytes would be new again and again.
    let impossible = range.start > range.end || (range.start == range.end && records > 0);
    match current {
        _ if older || impossible => Decision::Expected,
        Some(mark) if range.end <= mark.offset => Decision::Held,
        Some(mark) if range.start == mark.offset => Decision::Store,
        Some(_) => Decision::Expected,
        None if range.start == range.committed => Decision::Store,
        None => Decision::Expected,
    }
}

/// One source.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Source {
    /// The agent that spoke of it last.
    pub(super) agent: AgentId,
    /// Up to where it is held; `None` while only evidence came.
    pub(super) mark: Option<Mark>,
    pub(super) is_final: bool,
    pub(super) evidence: Option<Box<Evidence>>,
    /// Running time of the last sign of life.
    pub(super) seen: u64,
    /// Running time of the first list of its agent that did not name it.
    pub(super) missing: Option<u64>,
}

impl Source {
    fn new(agent: AgentId, running: u64) -> Self {
        Self {
            agent,
            mark: None,
            is_final: false,
            evidence: None,
            seen: running,
            missing: None,
        }
    }

    fn has_expired(&self, running: u64) -> bool {
        let past = |since: u64, kept: u64| running.saturating_sub(since) > kept;
        past(self.seen, SILENT_KEPT)
            || (self.is_final && past(self.seen, FINAL_KEPT))
            || self.missing.is_some_and(|since| past(since, MISSING_KEPT))
    }
}

/// All sources of a lane.
#[derive(Default, Debug)]
pub(super) struct Marks {
    sources: HashMap<SourceId, Source>,
    /// What the sources that the group in hand changed were before it.
    before: HashMap<SourceId, Option<Source>>,
}

impl Marks {
    /// What is held of a source, changes in hand included.
    pub(super) fn mark(&self, source: SourceId) -> Option<&Mark> {
        self.sources.get(&source)?.mark.as_ref()
    }

    /// Moves a mark to the end of a range that was decided to be stored.
    pub(super) fn store(&mut self, agent: AgentId, range: &Range, running: u64) {
        self.change(agent, range.source, running, |source| {
            source.is_final = false;
            source.mark = Some(Mark {
                source: range.source,
                epoch: range.epoch,
                offset: range.end,
                tail: range.tail,
            });
        });
    }

    /// Notes what identifies a source.
    pub(super) fn identify(&mut self, agent: AgentId, evidence: &Evidence, running: u64) {
        self.change(agent, evidence.source, running, |source| {
            source.evidence = Some(Box::new(evidence.clone()));
        });
    }

    /// Whether all of a source is held up to where it is said to end, as far as is known.
    pub(super) fn reaches(&self, source: SourceId, epoch: u64, offset: u64) -> bool {
        self.mark(source)
            .is_none_or(|mark| (mark.epoch, mark.offset) >= (epoch, offset) || mark.epoch < epoch)
    }

    /// Notes that nothing of a source will follow.
    pub(super) fn conclude(&mut self, agent: AgentId, id: SourceId, epoch: u64, running: u64) {
        let Some(source) = self.sources.get(&id) else {
            return;
        };
        if source.mark.is_none_or(|mark| mark.epoch <= epoch) {
            self.change(agent, id, running, |source| source.is_final = true);
        }
    }

    /// Notes which sources an agent follows, and forgets those it has not named for a while.
    pub(super) fn live(&mut self, agent: AgentId, named: &[SourceId], running: u64) {
        let named: HashSet<SourceId> = named.iter().copied().collect();
        let of_agent: Vec<SourceId> = self
            .sources
            .iter()
            .filter(|(_, source)| source.agent == agent)
            .map(|(id, _)| *id)
            .collect();
        for id in of_agent {
            if named.contains(&id) {
                self.change(agent, id, running, |_| {});
            } else {
                self.miss(id, running);
            }
        }
    }

    fn miss(&mut self, id: SourceId, running: u64) {
        self.keep_before(id);
        if let Some(source) = self.sources.get_mut(&id) {
            source.missing.get_or_insert(running);
            if source.has_expired(running) {
                self.sources.remove(&id);
            }
        }
    }

    /// Forgets sources whose time is over (rule 7). Only between groups.
    pub(super) fn forget(&mut self, running: u64) {
        self.sources
            .retain(|_, source| !source.has_expired(running));
    }

    /// Every change is a sign of life.
    fn change(
        &mut self,
        agent: AgentId,
        id: SourceId,
        running: u64,
        change: impl FnOnce(&mut Source),
    ) {
        self.keep_before(id);
        let source = self
            .sources
            .entry(id)
            .or_insert_with(|| Source::new(agent, running));
        source.agent = agent;
        source.seen = running;
        source.missing = None;
        change(source);
    }

    fn keep_before(&mut self, id: SourceId) {
        self.before
            .entry(id)
            .or_insert_with(|| self.sources.get(&id).cloned());
    }

    /// The group in hand is synced.
    pub(super) fn commit(&mut self) {
        self.before.clear();
    }

    /// The group in hand was refused.
    pub(super) fn undo(&mut self) {
        for (id, before) in self.before.drain() {
            match before {
                Some(source) => self.sources.insert(id, source),
                None => self.sources.remove(&id),
            };
        }
    }

    /// What is durable of an agent's sources (rule 6).
    pub(super) fn held(&self, agent: AgentId) -> Vec<HeldSource> {
        let unchanged = self
            .sources
            .iter()
            .filter(|(id, _)| !self.before.contains_key(id))
            .map(|(_, source)| source);
        unchanged
            .chain(self.before.values().flatten())
            .filter(|source| source.agent == agent)
            .filter_map(held)
            .collect()
    }

    /// All sources, for a snapshot. Only between groups.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources.iter().map(|(id, source)| (*id, source))
    }

    /// Takes over a source from a snapshot.
    pub(super) fn restore(&mut self, id: SourceId, source: Source) {
        self.sources.insert(id, source);
    }
}

fn held(source: &Source) -> Option<HeldSource> {
    Some(HeldSource {
        mark: source.mark?,
        is_final: source.is_final,
        evidence: source.evidence.as_deref().cloned(),
    })
}

#[cfg(test)]
mod tests;
